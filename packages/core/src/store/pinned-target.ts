import { IzwiError } from "../errors.js";
import type { LocatedFile } from "./download/locate.js";
import { Backoff, withRetries } from "./download/retry.js";
import { given } from "./given.js";
import type { InstallRecord } from "./install-record.js";
import type { PullContext } from "./pull-context.js";
import type { PullTarget } from "./pull-target.js";

/** How often the first question is asked again: without a network, a person wants to know soon. */
export const BRIEF = 3;

/** A target of which is known what it must be. */
export type PinnedTarget = PullTarget & { bytes: number; sha256: string };

export function isPinned(target: PullTarget): target is PinnedTarget {
  return target.bytes !== undefined && target.sha256 !== undefined;
}

/** The target as the server has it now. What the catalogue or a lock file pins stays as they say. */
export function pin(target: PullTarget, file: LocatedFile): PullTarget {
  const { bytes, sha256, revision, ...rest } = target;
  const pinned = rest.pinnedBy === undefined ? { bytes: file.bytes ?? bytes, sha256: file.sha256 } : { bytes, sha256 };
  return { ...rest, ...given({ ...pinned, revision: file.revision ?? revision }) };
}

/** Where the file is now; a failure when it isn't the one that is pinned. */
export async function ask(
  target: PullTarget,
  { report, tuning, signal }: PullContext,
  patience = Infinity,
): Promise<LocatedFile> {
  report.event({ type: "resolve", name: target.key });
  const { retry } = tuning;
  const backoff = new Backoff({ ...retry, retries: Math.min(retry.retries, patience) }, (notice) =>
    report.event({ type: "retry", ...notice }),
  );
  const file = await withRetries(backoff, signal, () => target.locate(signal));
  const { pinnedBy, bytes, sha256, key } = target;
  const other = (what: string, is: unknown, should: unknown) =>
    new IzwiError(
      "CHECKSUM_MISMATCH",
      `${file.url.host} has another file for ${key} than ${pinnedBy} says: its ${what} is ${is}, not ${should}.`,
    );
  if (pinnedBy !== undefined && sha256 !== undefined && file.sha256 !== undefined && file.sha256 !== sha256) {
    throw other("SHA-256", file.sha256, sha256);
  }
  if (pinnedBy !== undefined && bytes !== undefined && file.bytes !== undefined && file.bytes !== bytes) {
    throw other("size", file.bytes, bytes);
  }
  return file;
}

/** What to note of the file once it is there. Only a commit is a revision for good. */
export function recordOf(
  { key, source, repository, revision, file, license }: PullTarget,
  content: { bytes: number; sha256: string; revision?: string | undefined },
): InstallRecord {
  const { bytes, sha256 } = content;
  const commit = [content.revision, revision].find((name) => name !== undefined && /^[0-9a-f]{40}$/.test(name));
  return { key, source, ...given({ repository, revision: commit, license }), file, bytes, sha256 };
}
