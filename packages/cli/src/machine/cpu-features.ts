/** The instructions that matter for models, as the system names them. */
import { readFileSync } from "node:fs";

const wanted =
  /^(avx|avx2|fma|f16c|avx_vnni|avx512f|avx512bw|avx512_vnni|avx512_bf16|amx_tile|amx_int8|asimd|asimddp|i8mm|bf16|sve|sve2)$/;

/** Empty where the system has no such list: then only the engine knows. */
export function cpuFeatures(file = "/proc/cpuinfo"): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? "";
  return [...new Set(flags.split(/\s+/).filter((flag) => wanted.test(flag)))];
}
