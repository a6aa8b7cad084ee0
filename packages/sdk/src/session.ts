import { IzwiError, type ChatRequest, type ToolChoice } from "@izwi/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { AsyncLocalStorage } from "node:async_hooks";
import { abortable, onAbort } from "./abort.js";
import { cacheFileOf, saveCacheFile } from "./cache-file.js";
import type { Connection } from "./connection.js";
import { ContextWindow } from "./context-window.js";
import { aborted, invalid, isAborted, sessionClosed } from "./errors.js";
import { copyOf, turnsOf, type HistoryMessage } from "./history.js";
import { ReplyLog, type ReplyStream } from "./reply-stream.js";
import { NO_TIMINGS, NO_USAGE, type Reply } from "./reply.js";
import type { InferOutput } from "./schema.js";
import { SendQueue } from "./send-queue.js";
import {
  checkTurnSettings,
  DEFAULT_TEMPERATURE,
  merged,
  type SendOptions,
  type TurnSettings,
  type TypedSendOptions,
} from "./settings.js";
import { toCoreTools } from "./tools.js";
import { readTranscript, writeTranscript, type Transcript } from "./transcript.js";
import { runTurn, type TurnControl, type TurnResult } from "./turn.js";
import { TypedResult } from "./typed-result.js";

/** What a session begins with. */
export interface SessionState {
  system: string | undefined;
  memory: boolean;
  settings: TurnSettings;
  window: ContextWindow;
  messages: HistoryMessage[];
}

type AnySendOptions = SendOptions & Partial<Pick<TypedSendOptions<StandardSchemaV1>, "schema" | "jsonSchema">>;

/** The session whose tool is running: what it waits for can't be this session's own queue. */
const toolsOf = new AsyncLocalStorage<Session>();

/** How often a typed answer may be asked for. */
const TYPED_ATTEMPTS = 2;

/**
 * A conversation with a model. Made by `chat()` and `chat.load()`; close it, or declare it with `await using`.
 *
 * Sends are answered one after another in the order in which they were asked for. One that fails or is aborted leaves
 * the history as it was.
 */
export class Session implements AsyncDisposable, Disposable {
  readonly #queue = new SendQueue();
  readonly #closing = new AbortController();
  /** Sends that haven't ended, queued ones included. */
  readonly #open = new Set<ReplyLog<unknown>>();
  #connection: Connection;
  #state: SessionState;
  #lastReply: Reply | undefined;
  /** Grows when the history is put aside: an answer that comes later isn't recorded. */
  #epoch = 0;
  #closed: Promise<void> | undefined;

  /** @internal Use `chat()`. */
  constructor(connection: Connection, state: SessionState) {
    this.#connection = connection;
    this.#state = state;
    connection.bind(this);
  }

  /** The instructions for the whole conversation; may be set, for the sends that come after. */
  get system(): string | undefined {
    return this.#state.system;
  }

  set system(system: string | undefined) {
    if (system !== undefined && typeof system !== "string") throw invalid("system", "a text", system);
    this.#state.system = system;
    this.#state.window.cut(this.#state.messages.length);
  }

  /** What was said, oldest first: a copy. The system prompt isn't part of it. */
  get history(): HistoryMessage[] {
    return this.#state.messages.map(copyOf);
  }

  /** The name that the model was asked for by; once it is loaded, the name that it is known by. */
  get model(): string | undefined {
    return this.#connection.model;
  }

  get temperature(): number {
    return this.#state.settings.temperature ?? DEFAULT_TEMPERATURE;
  }

  /** Whether the model sees what was said before. */
  get memory(): boolean {
    return this.#state.memory;
  }

  /** Everything about the newest answer: counts, times, how full the context is. */
  get lastReply(): Reply | undefined {
    return this.#lastReply && structuredClone(this.#lastReply);
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Loads the model now rather than with the first send. */
  async ready(): Promise<void> {
    this.#throwIfClosed();
    await abortable(this.#connection.backend(), this.#closing.signal).catch((error: unknown) => {
      throw this.closed ? sessionClosed() : error;
    });
  }

  /** Sends a message and gives the answer: its text, or with a `schema` the validated value. */
  send<S extends StandardSchemaV1>(message: string, options: TypedSendOptions<S>): Promise<InferOutput<S>>;
  send(message: string, options?: SendOptions): Promise<string>;
  async send(message: string, options: AnySendOptions = {}): Promise<unknown> {
    return this.#begin(message, options, TYPED_ATTEMPTS).result;
  }

  /** The same as `send`. */
  sendAsync<S extends StandardSchemaV1>(message: string, options: TypedSendOptions<S>): Promise<InferOutput<S>>;
  sendAsync(message: string, options?: SendOptions): Promise<string>;
  async sendAsync(message: string, options: AnySendOptions = {}): Promise<unknown> {
    return this.#begin(message, options, TYPED_ATTEMPTS).result;
  }

  /** Sends a message and gives the answer while it comes. It is on its way at once, read or not. */
  stream<S extends StandardSchemaV1>(message: string, options: TypedSendOptions<S>): ReplyStream<InferOutput<S>>;
  stream(message: string, options?: SendOptions): ReplyStream;
  stream(message: string, options: AnySendOptions = {}): ReplyStream<unknown> {
    // What was streamed can't be taken back, so a typed answer has one try.
    return this.#begin(message, options, 1);
  }

  /** Forgets what was said; the system prompt and the settings stay. An answer on its way isn't recorded any more. */
  clear(): void {
    this.#epoch += 1;
    this.#state.messages = [];
    this.#state.window.cut(0);
  }

  /** `clear()`, with another system prompt or none. */
  reset(options: { system?: string } = {}): void {
    this.clear();
    this.system = options.system;
  }

  /**
   * Takes back the newest `turns` turns, a question with its answer each. What stays isn't computed again.
   *
   * @returns how many were there to take back
   */
  rewind(turns = 1): number {
    if (!Number.isInteger(turns) || turns < 0) throw invalid("turns", "a whole number, 0 or more", turns);
    const all = turnsOf(this.#state.messages);
    const kept = all.slice(0, Math.max(0, all.length - turns));
    this.#epoch += 1;
    this.#state.messages = kept.flat();
    this.#state.window.cut(this.#state.messages.length);
    return all.length - kept.length;
  }

  /**
   * A second session that has said the same so far, and goes its own way from here; the two share the loaded model and
   * what it has computed. Close both.
   */
  fork(): Session {
    this.#throwIfClosed();
    const { system, memory, settings, window, messages } = this.#state;
    return new Session(this.#connection.share(), {
      system,
      memory,
      settings: { ...settings },
      window: new ContextWindow(window.overflow, window.state),
      messages: messages.map(copyOf),
    });
  }

  /**
   * Saves the conversation to a readable JSON file, after the sends before have been answered. Never half a file.
   *
   * @param options `cache`: also keep what the model has computed of it, in `path + ".kv"` (some 100 KiB for each token of
   * a model of 0.6 billion parameters). A session that is loaded from there goes on at once, instead of reading its
   * history again; where the model, its quantization or the version of Izwi differs, the file is passed over.
   */
  async save(path: string, options: { cache?: boolean } = {}): Promise<void> {
    this.#throwIfInTool();
    return this.#queue.add(async () => {
      this.#throwIfClosed();
      await writeTranscript(path, await this.#transcript());
      if (options.cache === true) {
        await saveCacheFile(cacheFileOf(path), this.#connection.opened, this.#continuation());
      }
    });
  }

  /** Goes on with a saved conversation in the place of this one: its messages, system prompt, settings and model. */
  async load(path: string): Promise<void> {
    this.#throwIfInTool();
    return this.#queue.add(async () => {
      this.#throwIfClosed();
      const transcript = await readTranscript(path);
      const connection = this.#connection.forModel(transcript.model?.name);
      const { tools, onToolCall } = this.#state.settings;
      const { overflow } = this.#state.window;
      this.#epoch += 1;
      this.#state = stateOf(transcript, { ...(tools && { tools }), ...(onToolCall && { onToolCall }) }, overflow);
      this.#lastReply = undefined;
      if (connection !== this.#connection) {
        await this.#connection.release();
        this.#connection = connection;
        connection.bind(this);
      }
      await connection.restore(cacheFileOf(path));
    });
  }

  /** Ends the answer on its way with a `CLOSED` error and frees the model, unless other sessions use it. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** `using`: closes without waiting for it. */
  [Symbol.dispose](): void {
    this.close().catch(() => undefined);
  }

  async #close(): Promise<void> {
    this.#closing.abort(sessionClosed());
    for (const log of this.#open) log.fail(sessionClosed());
    await this.#queue.idle();
    await this.#connection.release();
  }

  #begin(message: string, options: AnySendOptions, attempts: number): ReplyLog<unknown> {
    const abort = new AbortController();
    const control: TurnControl = { left: false, thinkingEnded: false, stream: undefined };
    let begun = false;
    const log: ReplyLog<unknown> = new ReplyLog({
      leave: () => {
        control.left = true;
        abort.abort();
        // Nothing to wait for, least of all the sends before it.
        if (!begun) log.finish(nothing(this.model), "");
      },
      endThinking: () => {
        control.thinkingEnded = true;
        control.stream?.endThinking();
      },
    });
    try {
      this.#throwIfInTool();
    } catch (error) {
      log.fail(error);
      return log;
    }
    this.#open.add(log);
    const signals = [options?.signal, this.#closing.signal];
    // Fails at once, also while it is still waiting for its turn.
    const stopListening = signals.map((signal) =>
      onAbort(signal, (reason) => {
        log.fail(signal === this.#closing.signal ? sessionClosed() : aborted(reason));
        abort.abort(reason);
      }),
    );
    const work = async (): Promise<void> => {
      begun = true;
      try {
        if (!log.ended) await this.#turn(message, options, attempts, log, control, abort.signal);
      } catch (error) {
        if (control.left && isAborted(error)) log.finish(nothing(this.model), "");
        else log.fail(this.closed ? sessionClosed() : error);
      } finally {
        for (const stop of stopListening) stop();
        this.#open.delete(log);
      }
    };
    void this.#queue.add(work);
    return log;
  }

  async #turn(
    message: string,
    options: AnySendOptions,
    attempts: number,
    log: ReplyLog<unknown>,
    control: TurnControl,
    signal: AbortSignal,
  ): Promise<void> {
    const settings = checkedSettings(message, options, this.#state.settings);
    const { schema, jsonSchema } = options;
    const typed = schema === undefined ? undefined : new TypedResult(schema, jsonSchema, attempts);
    const backend = await abortable(this.#connection.backend(), signal);
    const { system, memory, window, messages } = this.#state;
    const epoch = this.#epoch;
    const result = await runTurn({
      backend,
      window,
      system,
      history: memory ? messages : [],
      question: message,
      settings,
      toolChoice: options.toolChoice,
      responseFormat: options.responseFormat,
      typed,
      firstCall: 1 + countCalls(messages),
      signal,
      control,
      within: (work) => toolsOf.run(this, work),
      write: (event) => log.write(event),
    });
    this.#record(result, epoch, log);
  }

  #record({ messages, reply, value }: TurnResult, epoch: number, log: ReplyLog<unknown>): void {
    // Failed meanwhile, by a signal or close(): then nothing has happened.
    if (log.ended) return;
    if (epoch === this.#epoch) this.#state.messages.push(...messages);
    this.#lastReply = reply;
    log.finish(reply, value);
  }

  async #transcript(): Promise<Transcript> {
    const { system, memory, settings, window, messages } = this.#state;
    return {
      model: await this.#connection.identity(),
      system,
      memory,
      settings,
      overflow: window.overflow,
      window: window.state,
      messages,
    };
  }

  /** The request that the next question would be added to. */
  #continuation(): ChatRequest {
    const { system, memory, settings, window, messages } = this.#state;
    const tools = toCoreTools(settings.tools ?? {});
    return { messages: window.sent(system, memory ? messages : []), ...(tools.length > 0 && { tools }) };
  }

  #throwIfClosed(): void {
    if (this.closed) throw sessionClosed();
  }

  /** A tool that waits for the session which waits for the tool would wait for ever. */
  #throwIfInTool(): void {
    if (toolsOf.getStore() !== this) return;
    throw new IzwiError(
      "INVALID_REQUEST",
      "A tool can't send, save or load in the session that called it: use fork().",
    );
  }
}

/** A session's state from a saved one; functions, which a file can't hold, come from elsewhere. */
export function stateOf(
  transcript: Transcript,
  functions: Pick<TurnSettings, "tools" | "onToolCall">,
  overflow: ContextWindow["overflow"],
): SessionState {
  const { system, memory, settings, messages, window } = transcript;
  return {
    system,
    memory,
    settings: { ...settings, ...functions },
    window: new ContextWindow(transcript.overflow ?? overflow, window),
    messages,
  };
}

/** The reply of a send that was left before it began. */
function nothing(model = ""): Reply {
  const context = { used: 0, limit: undefined, dropped: 0 };
  const counts = { usage: NO_USAGE, timings: NO_TIMINGS };
  return { text: "", reasoning: "", toolRuns: [], steps: 0, finishReason: "left", ...counts, context, model };
}

function checkedSettings(message: unknown, options: AnySendOptions, session: TurnSettings): TurnSettings {
  if (typeof message !== "string") throw invalid("message", "a text", message);
  checkTurnSettings(options);
  const settings = merged(session, options);
  checkToolChoice(options.toolChoice, settings);
  return settings;
}

function checkToolChoice(choice: ToolChoice | undefined, { tools = {} }: TurnSettings): void {
  if (choice === undefined || choice === "auto" || choice === "none") return;
  const names = Object.keys(tools);
  if (names.length === 0) throw new IzwiError("INVALID_REQUEST", "toolChoice needs tools to choose from.");
  if (choice !== "required" && !names.includes(choice?.name)) {
    throw invalid("toolChoice", `"auto", "none", "required" or { name } with one of ${names.join(", ")}`, choice);
  }
}

function countCalls(messages: readonly HistoryMessage[]): number {
  return messages.reduce((sum, message) => sum + (message.role === "tool" ? 1 : 0), 0);
}
