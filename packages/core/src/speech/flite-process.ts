/**
 * The process in which Flite speaks. Not a thread: Node's WASI may crash after some dozens of instances, which would take
 * the whole program with it.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

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

const { module: file, folder, voice } = JSON.parse(process.argv[2]!) as FliteSetup;
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

process.on("message", (message: FliteRequest | FliteDrop) => {
  if ("dropped" in message) return void dropped.add(message.dropped);
  // Lets drops that have arrived behind it come first.
  setImmediate(() => answer(message));
});
// The program that wanted to hear it is gone.
process.on("disconnect", () => process.exit());
// Ctrl+C is the program's matter: it ends this process when it has to.
process.on("SIGINT", () => {});

function answer(request: FliteRequest): void {
  const { id } = request;
  if (dropped.delete(id)) return;
  let result: FliteAnswer;
  try {
    result = { id, wav: speak(request) };
  } catch (error) {
    result = { id, error: (error as Error).message };
  }
  process.send!(result);
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
