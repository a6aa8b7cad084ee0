/** The code in the guides, made into programs that can be run. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Sample {
  /** The heading above it, with its line in the document. */
  name: string;
  code: string;
}

/** The TypeScript blocks of a document, in order. */
export function samplesOf(document: string): Sample[] {
  const lines = readFileSync(join(root, document), "utf8").split("\n");
  const samples: Sample[] = [];
  let heading = basename(document);
  for (let at = 0; at < lines.length; at++) {
    if (lines[at]!.startsWith("#")) heading = lines[at]!.replace(/^#+ /, "");
    if (lines[at] !== "```ts") continue;
    const end = lines.indexOf("```", at);
    samples.push({ name: `${heading} (line ${at + 1})`, code: lines.slice(at + 1, end).join("\n") });
    at = end;
  }
  return samples;
}

/** Checks types, and compiles. Gives the programs' paths, or throws with what the compiler says. */
export function compile(samples: readonly Sample[], folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const sources = samples.map(({ code }, index) => {
    const path = join(folder, `sample-${index}.mts`);
    writeFileSync(path, code);
    return path;
  });
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    strict: true,
    exactOptionalPropertyTypes: false,
    skipLibCheck: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  const program = ts.createProgram(sources, options);
  const { diagnostics } = program.emit();
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    const host = {
      getCanonicalFileName: (name: string) => name,
      getCurrentDirectory: () => folder,
      getNewLine: () => "\n",
    };
    throw new Error(ts.formatDiagnostics(problems, host));
  }
  return sources.map((path) => path.replace(/\.mts$/, ".mjs"));
}
