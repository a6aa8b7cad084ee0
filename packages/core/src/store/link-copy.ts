import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CATALOG } from "../catalog/catalog.js";
import { removePartial } from "./download/partial-file.js";
import { findCopy, type Candidate } from "./foreign-stores.js";
import { writeRecord } from "./install-record.js";
import { installed, type Installed } from "./installed.js";
import { linkFile } from "./link-file.js";
import { recordOf, type PinnedTarget } from "./pinned-target.js";
import { linkPath, partialPath, putInPlace, verify } from "./place.js";
import type { PullContext } from "./pull-context.js";
import type { PullTarget } from "./pull-target.js";

/** Puts in place what another program on this machine has; undefined when none has it. */
export async function linkCopy(
  target: PinnedTarget,
  context: PullContext,
  stillHeld: () => Promise<boolean>,
): Promise<Installed | undefined> {
  const { report, modelsDir, env, home, signal } = context;
  const { path, bytes: totalBytes, sha256 } = target;
  const onBytes = ({ store, path }: Candidate, bytes: number) =>
    report.often({ type: "search", store, path, bytes, totalBytes }, bytes === totalBytes);
  const copy = await findCopy({ sha256, bytes: totalBytes }, { modelsDir, env, home, signal, onBytes });
  if (copy === undefined) return undefined;
  if (copy.store === "the models directory" && isCatalogued(target)) {
    // Put there by hand, perhaps at another place: its name finds it there, and twice would be once too often.
    const record = recordOf(target, { bytes: totalBytes, sha256 });
    await writeRecord(copy.path, record, copy.path);
    return { ...installed(record), path: copy.path };
  }
  const temporary = linkPath(path);
  const how = await linkFile(copy.path, temporary, { bytes: totalBytes, directory: dirname(path), signal });
  // Between reading it and copying it, it may have changed; the others are the very bytes that were read.
  if (how === "copy" && (await verify(temporary, totalBytes, context)) !== sha256) {
    await rm(temporary, { force: true });
    return undefined;
  }
  const record = recordOf(target, { bytes: totalBytes, sha256 });
  await putInPlace(temporary, path, record, stillHeld);
  await removePartial(partialPath(path));
  report.event({ type: "link", ...copy, how });
  return { ...installed(record), origin: "linked", linked: { ...copy, how } };
}

/** Found by its hash, wherever it lies. */
function isCatalogued({ key, sha256 }: PullTarget): boolean {
  return CATALOG.some((entry) => entry.id === key && entry.sha256 === sha256);
}
