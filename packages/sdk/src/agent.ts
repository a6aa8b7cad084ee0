import type { StandardSchemaV1 } from "@standard-schema/spec";
import { chat } from "./chat.js";
import type { ReplyStream } from "./reply-stream.js";
import type { Reply } from "./reply.js";
import type { InferOutput } from "./schema.js";
import type { Session } from "./session.js";
import type { ChatOptions, SendOptions, TypedSendOptions } from "./settings.js";
import type { Tools } from "./tools.js";

export interface AgentOptions extends Omit<ChatOptions, "memory"> {
  tools: Tools;
}

/** What came of a task. */
export interface AgentResult<T = string> {
  /** The answer's text, or with a `schema` the validated value. */
  result: T;
  /** Text, tool runs, steps, counts and times. */
  reply: Reply;
}

/** An agent takes more steps than a conversation. */
const AGENT_STEPS = 16;

/** Instructions and tools for tasks that have nothing to do with one another. Close it, or use `await using`. */
export class Agent implements AsyncDisposable, Disposable {
  /** Never sent anything itself: every task begins as a copy of it. */
  readonly #template: Session;

  /** @internal Use `agent()`. */
  constructor(template: Session) {
    this.#template = template;
  }

  /** Does one task: the model calls tools until it has the answer. */
  run<S extends StandardSchemaV1>(task: string, options: TypedSendOptions<S>): Promise<AgentResult<InferOutput<S>>>;
  run(task: string, options?: SendOptions): Promise<AgentResult>;
  async run(task: string, options: SendOptions & Partial<TypedSendOptions<StandardSchemaV1>> = {}) {
    await this.#template.ready();
    await using session = this.#template.fork();
    const result: unknown = await session.send(task, options);
    return { result, reply: session.lastReply! };
  }

  /** The same, told while it happens. */
  stream(task: string, options: SendOptions = {}): ReplyStream {
    const session = this.#template.fork();
    const stream = session.stream(task, options);
    stream.reply.then(
      () => session.close(),
      () => session.close(),
    );
    return stream;
  }

  close(): Promise<void> {
    return this.#template.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.dispose](): void {
    this.#template[Symbol.dispose]();
  }
}

/** An assistant with tools that does one task at a time, each from the same beginning. */
export function agent(options: AgentOptions): Agent {
  return new Agent(chat({ maxSteps: AGENT_STEPS, ...options }));
}
