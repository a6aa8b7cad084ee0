import { CATALOG } from "../catalog/catalog.js";
import {
  parseModelReference,
  referenceKey,
  type HubReference,
  type ModelReference,
} from "../catalog/model-reference.js";
import { IzwiError } from "../errors.js";
import { locate, type LocatedFile } from "./download/locate.js";
import { statusFailure, type HttpAnswer, type HttpClient } from "./download/http.js";
import { chooseFile } from "./hub/choose-file.js";
import type { HubClient, HubFile } from "./hub/hub-client.js";
import type { LockedModel } from "./lock-file.js";
import { nearMatches } from "./near-matches.js";
import { inside, safeName } from "./safe-name.js";

/** One file that is to be installed: which, where from and where to. */
export interface PullTarget {
  /** The name that pulls it again. */
  key: string;
  /** The folder in the models directory; none for a file that lies in it. */
  folder: string | undefined;
  path: string;
  repository?: string;
  revision?: string;
  /** In the repository, or at the end of the address. */
  file: string;
  /** The address, without what is secret in it. */
  source: string;
  license?: string;
  /** What the file must be. Undefined where nobody said so yet. */
  bytes?: number;
  sha256?: string;
  /** Who says so, for the message when it isn't. */
  pinnedBy?: "the catalogue" | "izwi.lock";
  locate: (signal?: AbortSignal) => Promise<LocatedFile>;
}

export interface TargetContext {
  modelsDir: string;
  http: HttpClient;
  hub: HubClient;
  signal?: AbortSignal | undefined;
}

/** What the name stands for; `MODEL_NOT_FOUND` with near matches when it is none. */
export function referenceTo(name: string): ModelReference {
  const reference = parseModelReference(name);
  if (reference !== undefined) return reference;
  const near = nearMatches(
    name.trim(),
    CATALOG.flatMap((entry) => [entry.id, ...entry.aliases]),
  );
  const hint = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
  throw new IzwiError(
    "MODEL_NOT_FOUND",
    `No model is called "${name}".${hint} Give a name of the catalogue, hf:organization/repository or an address.`,
  );
}

/** The target of a reference, as the catalogue or the hub has it now. */
export async function targetOf(reference: ModelReference, context: TargetContext): Promise<PullTarget> {
  const key = referenceKey(reference);
  switch (reference.kind) {
    case "catalog": {
      const { id, repository, file, bytes, sha256, license, revision = "main" } = reference.entry;
      const target = fromHub(key, { repository, revision, file }, id, context);
      return { ...target, bytes, sha256, license, pinnedBy: "the catalogue" };
    }
    case "hub":
      return fromHub(key, await hubFile(reference, context), hubFolder(reference.repository), context);
    case "url":
      return fromAddress(key, reference.url, reference.file, context);
  }
}

/** The target that `izwi.lock` pins, and no other. */
export function lockedTarget(reference: ModelReference, locked: LockedModel, context: TargetContext): PullTarget {
  const key = referenceKey(reference);
  const { repository, revision, url, file, bytes, sha256 } = locked;
  const pins = { bytes, sha256, pinnedBy: "izwi.lock" } as const;
  checkLocked(key, locked);
  if (repository === undefined || revision === undefined) {
    // The reference's own address may be signed; the lock file has it without.
    const address = reference.kind === "url" ? reference.url : new URL(url ?? "");
    return { ...fromAddress(key, address, file, context), ...pins };
  }
  const catalogued = reference.kind === "catalog" && file === reference.entry.file;
  const folder = catalogued ? reference.entry.id : hubFolder(repository);
  return { ...fromHub(key, { repository, revision, file }, folder, context), ...pins };
}

/** What a lock file names is as much from outside as what a person types, and is checked the same way. */
function checkLocked(key: string, { repository, revision, url, file }: LockedModel): void {
  const name = repository === undefined ? (url ?? "") : `hf:${repository}@${revision}/${file}`;
  try {
    if (parseModelReference(name) !== undefined) return;
  } catch (error) {
    throw new IzwiError("LOCK_MISMATCH", `The lock file's entry of ${key} can't be used: ${(error as Error).message}`);
  }
  throw new IzwiError("LOCK_MISMATCH", `The lock file's entry of ${key} names no file.`);
}

async function hubFile(reference: HubReference, { hub, signal }: TargetContext): Promise<HubFile> {
  const { repository, revision, file, quantization } = reference;
  if (file !== undefined) return { repository, revision, file };
  const files = await hub.listFiles(repository, revision, signal);
  return { repository, revision, file: chooseFile(files, quantization, repository) };
}

function fromHub(key: string, file: HubFile, folder: string, { modelsDir, hub }: TargetContext): PullTarget {
  return {
    key,
    folder,
    path: inside(modelsDir, folder, safeName(file.file)),
    ...file,
    source: hub.addressOf(file).href,
    locate: (signal) => hub.locate(file, signal),
  };
}

function fromAddress(key: string, url: URL, file: string, { modelsDir, http }: TargetContext): PullTarget {
  return {
    key,
    folder: undefined,
    path: inside(modelsDir, safeName(file)),
    file,
    source: `${url.origin}${url.pathname}`,
    locate: (signal) => locate(http, url, { signal, failure: addressFailure(url) }),
  };
}

const hubFolder = (repository: string): string => safeName(repository);

function addressFailure(url: URL): (answer: HttpAnswer) => Error {
  return (answer) => {
    if (answer.status === 404 || answer.status === 410) {
      return new IzwiError("MODEL_NOT_FOUND", `There is no file at ${url.origin}${url.pathname}.`);
    }
    if (answer.status === 401 || answer.status === 403) {
      return new IzwiError("ACCESS_DENIED", `${url.host} doesn't give out ${url.pathname} (status ${answer.status}).`);
    }
    return statusFailure(answer);
  };
}
