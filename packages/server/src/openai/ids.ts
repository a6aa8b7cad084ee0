import { createHash, randomBytes } from "node:crypto";
import type { ModelInfo } from "@izwi/core";

/** A new id such as `chatcmpl-3f…`: unguessable, since a stored response can be read by its id. */
export function newId(prefix: "chatcmpl-" | "cmpl-" | "call_" | "resp_" | "msg_" | "rs_" | "fc_"): string {
  return prefix + randomBytes(16).toString("hex");
}

/** The present moment in whole seconds since 1970. */
export function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** The same for as long as the weights and the way they're computed with are the same. */
export function systemFingerprint(info: ModelInfo): string {
  const parts = [info.id, info.architecture, info.quantization, info.fileBytes, info.backend, info.device, info.isa];
  return `fp_${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10)}`;
}
