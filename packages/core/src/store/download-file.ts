import { open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { IzwiError } from "../errors.js";
import { download } from "./download/download.js";
import type { LocatedFile } from "./download/locate.js";
import { PartialFile, removePartial, type FileIdentity } from "./download/partial-file.js";
import { checkFreeSpace } from "./free-space.js";
import { given } from "./given.js";
import { installed, type Installed } from "./installed.js";
import { ask, pin, recordOf } from "./pinned-target.js";
import { partialPath, putInPlace, verify } from "./place.js";
import type { PullContext } from "./pull-context.js";
import type { PullTarget } from "./pull-target.js";

/** Downloads, checks and puts in place. A content that isn't right is fetched once more, from its beginning. */
export async function downloadFile(
  target: PullTarget,
  first: LocatedFile,
  context: PullContext,
  stillHeld: () => Promise<boolean>,
): Promise<Installed> {
  const part = partialPath(target.path);
  let file = first;
  for (let again = false; ; again = true) {
    const pinned = pin(target, file);
    file = await fetchContent(pinned, file, context);
    const expected = pin(target, file);
    const { size } = await stat(part);
    const sha256 = await verify(part, size, context);
    const right = expected.sha256 === undefined ? await beginsAsGguf(part) : sha256 === expected.sha256;
    if (right) {
      const record = recordOf(target, { bytes: size, sha256, revision: file.revision });
      await putInPlace(part, target.path, record, stillHeld);
      await removePartial(part);
      return { ...installed(record), origin: "downloaded" };
    }
    await removePartial(part);
    if (expected.sha256 === undefined) {
      throw new IzwiError("INVALID_MODEL_FILE", `${target.source} is no GGUF file. Is it a page for people?`);
    }
    if (again) {
      const message = `What ${file.url.host} sends for ${target.key} isn't the right file: its SHA-256 is ${sha256}, not ${expected.sha256}.`;
      throw new IzwiError("CHECKSUM_MISMATCH", message);
    }
    context.report.event({ type: "retry", attempt: 1, retries: 1, delayMs: 0, reason: "The file's hash isn't right." });
    file = await ask(target, context);
  }
}

async function fetchContent(target: PullTarget, file: LocatedFile, context: PullContext): Promise<LocatedFile> {
  const { http, signal = new AbortController().signal, report, tuning, connections } = context;
  const part = partialPath(target.path);
  // A mirror may not tell the hash or the size that somebody else has pinned.
  const withPins = (file: LocatedFile): LocatedFile => {
    const { bytes, sha256 } = pin(target, file);
    return { ...file, ...given({ bytes, sha256 }) };
  };
  const identityOf = ({ bytes, sha256, validator }: LocatedFile): FileIdentity => ({
    source: target.source,
    bytes,
    sha256,
    validator,
  });
  const first = withPins(file);
  const partial = await PartialFile.open(part, identityOf(first), tuning.saveEveryMs);
  try {
    await checkFreeSpace(dirname(part), Math.max(0, (first.bytes ?? 0) - partial.there.bytes));
    report.beginDownload(partial.there.bytes, first.bytes);
    const fetched = await download({
      http,
      partial,
      file: first,
      locate: async () => withPins(await ask(target, context)),
      identityOf,
      connections,
      segmentBytes: tuning.segmentBytes,
      stallMs: tuning.stallMs,
      retry: tuning.retry,
      signal,
      onBytes: (bytes) => report.downloaded(bytes),
      onRetry: (notice) => report.event({ type: "retry", ...notice }),
      onRestart: (file) => report.beginDownload(0, file.bytes),
    });
    await partial.sync();
    return fetched;
  } finally {
    await partial.close();
  }
}

async function beginsAsGguf(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString("latin1") === "GGUF";
  } finally {
    await file.close();
  }
}
