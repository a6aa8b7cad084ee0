import type { Candidate } from "./foreign-stores.js";
import { given } from "./given.js";
import type { InstallRecord } from "./install-record.js";
import type { LinkKind } from "./link-file.js";

/** How a file came to be in the models directory. */
export interface Installed {
  /** Where it is, if not at the target's place. */
  path?: string;
  bytes: number;
  sha256: string;
  repository?: string;
  /** The commit. */
  revision?: string;
  license?: string;
  /** `installed`: it was there. */
  origin: "installed" | "downloaded" | "linked";
  /** For `linked`: whose file, where, and how. */
  linked?: Candidate & { how: LinkKind };
}

/** What a record says of a file that is there. */
export function installed(record: InstallRecord): Installed {
  const { bytes, sha256, repository, revision, license } = record;
  return { ...given({ repository, revision, license }), bytes, sha256, origin: "installed" };
}
