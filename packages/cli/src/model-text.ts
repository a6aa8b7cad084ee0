import type { ModelInfo } from "@izwi/core";

/** One line about a loaded model: what it is, how big, and what computes it. */
export function describeModel(info: ModelInfo): string {
  const name = info.builtin ? `${info.id} (built-in)` : info.id;
  const size = `${info.architecture}, ${parameters(info.parameterCount)} parameters, ${info.quantization}`;
  return [name, size, contextText(info), computes(info), info.path].join(" · ");
}

function contextText({ contextLength, trainedContextLength, contextShortened }: ModelInfo): string {
  const whole = `context ${contextLength} tokens`;
  return contextShortened ? `${whole} (of ${trainedContextLength}, for want of memory)` : whole;
}

/** Such as "cpu avx2, 4 threads"; with the KV cache's type where it was chosen. */
export function computes({ backend, device, isa, threads, kvCacheType }: ModelInfo): string {
  const where = [...new Set([backend, device, isa])].filter((part) => part !== "").join(" ");
  const cache = kvCacheType === "q8_0" ? ", KV cache in q8_0" : "";
  return `${where}, ${threads} ${threads === 1 ? "thread" : "threads"}${cache}`;
}

export function parameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return `${(count / 1e3).toFixed(0)} K`;
}

/** Decimal units, as download pages and shops use. */
export function fileSize(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e3).toFixed(0)} kB`;
}
