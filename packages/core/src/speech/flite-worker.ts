/** The thread in which Flite speaks: it computes without a pause, and must not hold up anything else meanwhile. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

export interface FliteSetup {
  /** The WebAssembly file. */
  module: string;
  /** Where it may write. */
  folder: string;
  voice: string;
}

export interface FliteRequest {
  id: number;
  text: string;
  /** How much longer than usual: 2 is half as fast. */
  stretch: number;
}

/** One request isn't wanted any more. */
export interface FliteDrop {
  dropped: number;
}

export interface FliteAnswer {
  id: number;
  wav?: Uint8Array;
  error?: string;
}

interface WebAssemblyCalls {
  compile(bytes: Uint8Array): Promise<object>;
  Instance: new (module: object, imports: object) => object;
}

// Node's types know WebAssembly only together with a browser's.
const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyCalls };

const { module: file, folder, voice } = workerData as FliteSetup;
const dropped = new Set<number>();
const { WASI } = await quietly(() => import("node:wasi"));
const flite = await WebAssembly.compile(readFileSync(file));

function speak({ text, stretch }: FliteRequest): Uint8Array {
  const args = ["flite", "-voice", voice, "--setf", `duration_stretch=${stretch}`, "-t", text, "-o", "/speech.wav"];
  const wasi = new WASI({ version: "preview1", args, env: {}, preopens: { "/": folder }, returnOnExit: true });
  // It keeps what it allocates, so each text gets an instance of its own; that takes some 30 ms.
  const instance = new WebAssembly.Instance(flite, wasi.getImportObject());
  const code = wasi.start(instance) as unknown;
  if (code !== 0) throw new Error(`it ended with code ${String(code)}`);
  const output = join(folder, "speech.wav");
  const wav = new Uint8Array(readFileSync(output));
  rmSync(output);
  return wav;
}

parentPort!.on("message", (message: FliteRequest | FliteDrop) => {
  if ("dropped" in message) return void dropped.add(message.dropped);
  // Lets drops that have arrived behind it come first.
  setImmediate(() => answer(message));
});

function answer(request: FliteRequest): void {
  const { id } = request;
  if (dropped.delete(id)) return;
  try {
    const wav = speak(request);
    parentPort!.postMessage({ id, wav } satisfies FliteAnswer, [wav.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort!.postMessage({ id, error: (error as Error).message } satisfies FliteAnswer);
  }
}

/** Without Node's word that WASI is experimental, which nobody who listens can do anything about. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] === "ExperimentalWarning" && /\bWASI\b/.test(String(warning))) return;
    (emit as (...args: unknown[]) => void)(warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return await load();
  } finally {
    process.emitWarning = emit;
  }
}
