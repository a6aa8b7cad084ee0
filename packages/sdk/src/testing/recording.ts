import { IzwiError, type ChatEvent, type ChatRequest } from "@izwi/core";
import { readFile } from "node:fs/promises";
import { writeAtomically } from "../atomic-write.js";
import type { BackendStream, ChatBackend, OpenBackend } from "../backends/backend.js";
import { openBackend, type BackendOptions } from "../backends/open.js";
import { aborted, isRecord, messageOf } from "../errors.js";

export interface RecordingOptions extends BackendOptions {
  /**
   * - `replay`: only what is in the file is answered; no model is loaded.
   * - `record`: the model answers everything, and the file is written anew.
   * - `auto`: what is in the file is replayed, the rest is recorded.
   *
   * Default: `IZWI_RECORDING`, else `replay` where `CI` is set, else `auto`.
   */
  mode?: RecordingMode;
}

export type RecordingMode = "replay" | "record" | "auto";

interface RecordedAnswer {
  request: unknown;
  events: ChatEvent[];
}

interface RecordingFile {
  format: typeof FORMAT;
  version: number;
  model: string;
  contextLength?: number;
  answers: RecordedAnswer[];
}

const FORMAT = "izwi-recording";
const VERSION = 1;

/**
 * Answers from a file that an earlier run has recorded, so that tests need neither model nor network and always see the
 * same: `chat({ chatBackend: recording("fixtures/greeting.json", { model: "qwen3-0.6b" }) })`. An answer belongs to
 * exactly its request: conversation, settings and tools.
 */
export function recording(path: string, options: RecordingOptions = {}): OpenBackend {
  const { mode = modeOf(process.env), ...backend } = options;
  /** One for all sessions, which write the same file. */
  let tape: Promise<Tape> | undefined;
  return async () => {
    tape ??= Tape.read(path, mode);
    return new RecordingBackend(await tape, mode, backend);
  };
}

function modeOf(env: Readonly<Record<string, string | undefined>>): RecordingMode {
  const given = env["IZWI_RECORDING"];
  if (given === "replay" || given === "record" || given === "auto") return given;
  return env["CI"] ? "replay" : "auto";
}

/** The file's content, and the writing of it. */
class Tape {
  readonly path: string;
  readonly file: RecordingFile;
  readonly #byRequest = new Map<string, ChatEvent[]>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: RecordingFile) {
    this.path = path;
    this.file = file;
    for (const { request, events } of file.answers) this.#byRequest.set(keyOf(request), events);
  }

  static async read(path: string, mode: RecordingMode): Promise<Tape> {
    const empty: RecordingFile = { format: FORMAT, version: VERSION, model: "recorded", answers: [] };
    if (mode === "record") return new Tape(path, empty);
    try {
      const file: unknown = JSON.parse(await readFile(path, "utf8"));
      if (
        !isRecord(file) ||
        file["format"] !== FORMAT ||
        file["version"] !== VERSION ||
        !Array.isArray(file["answers"])
      ) {
        throw new Error(`it isn't a recording of version ${VERSION}`);
      }
      return new Tape(path, file as unknown as RecordingFile);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (missing && mode === "auto") return new Tape(path, empty);
      throw new IzwiError("INVALID_REQUEST", `The recording ${path} can't be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  find(request: ChatRequest): ChatEvent[] | undefined {
    return this.#byRequest.get(keyOf(request));
  }

  async add(request: ChatRequest, events: ChatEvent[], backend: ChatBackend): Promise<void> {
    const { signal: _, ...plain } = request;
    this.#byRequest.set(keyOf(plain), events);
    this.file.model = backend.model;
    const contextLength = await backend.contextLength();
    if (contextLength !== undefined) this.file.contextLength = contextLength;
    this.file.answers = this.file.answers.filter((answer) => keyOf(answer.request) !== keyOf(plain));
    this.file.answers.push({ request: plain, events });
    const text = `${JSON.stringify(this.file, undefined, 2)}\n`;
    this.#writing = this.#writing.then(() => writeAtomically(this.path, text));
    await this.#writing;
  }
}

class RecordingBackend implements ChatBackend {
  readonly #tape: Tape;
  readonly #mode: RecordingMode;
  readonly #options: BackendOptions;
  #opening: Promise<ChatBackend> | undefined;

  constructor(tape: Tape, mode: RecordingMode, options: BackendOptions) {
    this.#tape = tape;
    this.#mode = mode;
    this.#options = options;
  }

  get model(): string {
    return this.#tape.file.model;
  }

  contextLength(): Promise<number | undefined> {
    return Promise.resolve(this.#tape.file.contextLength);
  }

  async countTokens(request: ChatRequest): Promise<number | undefined> {
    return (await this.#opening)?.countTokens(request);
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): BackendStream {
    const recorded = this.#mode === "record" ? undefined : this.#tape.find(request);
    if (recorded !== undefined) return replayed(recorded, signal);
    if (this.#mode === "replay") throw missing(this.#tape.path, request);
    return this.#record(request, signal);
  }

  async release(): Promise<void> {
    const backend = await this.#opening?.catch(() => undefined);
    await backend?.release();
  }

  #record(request: ChatRequest, signal: AbortSignal): BackendStream {
    let stream: BackendStream | undefined;
    const read = async function* (this: RecordingBackend): AsyncGenerator<ChatEvent, void> {
      this.#opening ??= openBackend(this.#options);
      const backend = await this.#opening;
      stream = backend.chat(request, { signal });
      const events: ChatEvent[] = [];
      for await (const event of stream) {
        events.push(event);
        // Before the reader sees the end: then the file is there.
        if (event.type === "end") await this.#tape.add(request, events, backend);
        yield event;
      }
    };
    return { [Symbol.asyncIterator]: () => read.call(this), endThinking: () => stream?.endThinking() };
  }
}

function replayed(events: readonly ChatEvent[], signal: AbortSignal): BackendStream {
  async function* replay(): AsyncGenerator<ChatEvent, void> {
    for (const event of events) {
      if (signal.aborted) throw aborted(signal.reason);
      yield structuredClone(event);
    }
  }
  return { [Symbol.asyncIterator]: replay, endThinking: () => undefined };
}

function missing(path: string, { messages }: ChatRequest): Error {
  const last = messages.at(-1)?.content ?? "";
  return new IzwiError(
    "INVALID_REQUEST",
    `The recording ${path} has no answer to this request (its newest message: ${JSON.stringify(last.slice(0, 80))}). ` +
      `Run once with IZWI_RECORDING=auto and a model.`,
  );
}

/** Requests are the same when their JSON is, whatever the order of their fields. */
function keyOf(request: unknown): string {
  return JSON.stringify(request, (_, value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
}
