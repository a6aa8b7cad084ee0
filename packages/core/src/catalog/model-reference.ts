import { IzwiError } from "../errors.js";
import { findInCatalog, findRepositoryFile, type CatalogEntry } from "./catalog.js";

/** A file in a repository of the hub, as far as a name says which one. */
export interface HubReference {
  kind: "hub";
  /** `organization/name`. */
  repository: string;
  /** A commit, a branch or a tag. */
  revision: string;
  /** Somebody chose the revision. Else it is `main`. */
  revisionChosen: boolean;
  /** The file's path in the repository. */
  file?: string;
  /** What the file's name must contain, such as `Q4_K_M`. */
  quantization?: string;
}

/** What the name of a model to download stands for. */
export type ModelReference =
  { kind: "catalog"; entry: CatalogEntry } | HubReference | { kind: "url"; url: URL; file: string };

const HUB_HOSTS = ["huggingface.co", "www.huggingface.co", "hf.co"];

/**
 * Understands the name of a model to download: a catalogue name; `hf:organization/repository`, which may go on with
 * `@revision` and with `:quantization`, `:file.gguf` or `/path/file.gguf`; the address of a `.gguf` file. An address
 * on Hugging Face means the file in its repository. A name that is none of these is undefined; one that is almost one
 * of these is an `INVALID_REQUEST`.
 */
export function parseModelReference(name: string): ModelReference | undefined {
  const text = name.trim();
  const entry = findInCatalog(text);
  if (entry) return { kind: "catalog", entry };
  const [, afterScheme] = /^(?:hf:(?:\/\/)?|(?:hf\.co|huggingface\.co)\/)(.*)$/is.exec(text) ?? [];
  if (afterScheme !== undefined) return pinned(parseHubName(afterScheme, text));
  if (/^https?:\/\//i.test(text)) return parseAddress(text);
  return undefined;
}

/** The key of a reference in `izwi.lock`: the same for all names of the same thing, and a name itself. */
export function referenceKey(reference: ModelReference): string {
  switch (reference.kind) {
    case "catalog":
      return reference.entry.id;
    case "url":
      // A signed address's query is a secret, and changes each time.
      return `${reference.url.origin}${reference.url.pathname}`;
    case "hub": {
      const { repository, revision, revisionChosen, file, quantization } = reference;
      const which = file === undefined ? quantization && `:${quantization}` : `/${file}`;
      return `hf:${repository}${revisionChosen ? `@${revision}` : ""}${which ?? ""}`;
    }
  }
}

/** Whether a file's name has the quantization as one of its parts: `Q4_K_M` is in `Qwen3-0.6B-Q4_K_M.gguf`. */
export function namesQuantization(file: string, quantization: string): boolean {
  const escaped = quantization.replace(/[^A-Za-z0-9_]/g, "\\$&");
  return new RegExp(`(?:^|[-./])(?:UD-)?${escaped}(?:[-./]|$)`, "i").test(file);
}

/** A file that the catalogue knows is meant as the catalogue has it, unless somebody chose a revision. */
function pinned(reference: HubReference): ModelReference {
  const { repository, file, quantization, revisionChosen } = reference;
  if (revisionChosen) return reference;
  const entry = file === undefined ? quantized(repository, quantization) : findRepositoryFile(repository, file);
  return entry ? { kind: "catalog", entry } : reference;
}

function quantized(repository: string, quantization: string | undefined): CatalogEntry | undefined {
  if (quantization === undefined) return undefined;
  const name = repository.slice(repository.indexOf("/") + 1).replace(/-GGUF$/i, "");
  return findRepositoryFile(repository, `${name}-${quantization.toUpperCase()}.gguf`);
}

function parseHubName(rest: string, name: string): HubReference {
  const [, organization, repository, revision, quantizationOrFile, path] =
    /^([^/@:]+)\/([^/@:]+)(?:@(refs\/\w+\/\w+|[^/:]+))?(?::(.+)|\/(.+))?$/.exec(rest) ?? [];
  if (organization === undefined || repository === undefined) {
    throw malformed(name, "after hf: comes organization/repository, then perhaps :quantization or /file.gguf");
  }
  const byColon = quantizationOrFile !== undefined && !/\.gguf$/i.test(quantizationOrFile);
  const file = byColon ? undefined : (quantizationOrFile ?? path);
  return hubReference(name, {
    repository: `${organization}/${repository}`,
    revision,
    file,
    quantization: byColon ? quantizationOrFile : undefined,
  });
}

interface HubParts {
  repository: string;
  revision?: string | undefined;
  file?: string | undefined;
  quantization?: string | undefined;
}

/** Checks each part: all of them become parts of an address, and the file's name one of a path. */
function hubReference(name: string, { repository, revision, file, quantization }: HubParts): HubReference {
  const parts = repository.split("/");
  if (!parts.every((part) => /^[A-Za-z0-9][\w.-]{0,95}$/.test(part) && !part.includes(".."))) {
    throw malformed(name, `"${repository}" can't be a repository's name`);
  }
  if (revision !== undefined && (!/^\w[\w./-]*$/.test(revision) || revision.includes(".."))) {
    throw malformed(name, `"${revision}" can't be a revision`);
  }
  if (file !== undefined) checkFile(name, file);
  if (quantization !== undefined && !/^[A-Za-z0-9][\w.-]*$/.test(quantization)) {
    throw malformed(name, `"${quantization}" can't be a quantization; Q4_K_M is one`);
  }
  return {
    kind: "hub",
    repository,
    revision: revision ?? "main",
    revisionChosen: revision !== undefined,
    ...(file !== undefined && { file }),
    ...(quantization !== undefined && { quantization }),
  };
}

function checkFile(name: string, file: string): void {
  const parts = file.split("/");
  // eslint-disable-next-line no-control-regex
  const safe = parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[\\\u0000-\u001f]/.test(part));
  if (!safe) throw malformed(name, `"${file}" can't be a file in a repository`);
  if (!/\.gguf$/i.test(file)) throw malformed(name, `"${file}" isn't a GGUF file: its name must end in .gguf`);
  if (/-\d{5}-of-\d{5}\.gguf$/i.test(file))
    throw malformed(name, "models that are split into several files can't be used");
}

function parseAddress(text: string): ModelReference {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw malformed(text, "the address can't be read");
  }
  if (url.username !== "" || url.password !== "") throw malformed(text, "a password doesn't belong into an address");
  const path = decoded(text, url.pathname).slice(1);
  if (HUB_HOSTS.includes(url.hostname.toLowerCase())) return parseHubAddress(text, path);
  const file = path.slice(path.lastIndexOf("/") + 1);
  checkFile(text, file);
  url.hash = "";
  return { kind: "url", url, file };
}

/** `organization/repository`, alone or with `/resolve/revision/path`, as the hub's pages show it. */
function parseHubAddress(text: string, path: string): ModelReference {
  const [organization, repository, kind, revision, ...file] = path.replace(/\/+$/, "").split("/");
  const known = kind === undefined || ["resolve", "blob", "raw", "tree"].includes(kind);
  if (!organization || !repository || !known)
    throw malformed(text, "that is no address of a model's repository or file");
  return pinned(
    hubReference(text, {
      repository: `${organization}/${repository}`,
      revision: revision === "main" ? undefined : revision,
      file: file.length > 0 ? file.join("/") : undefined,
    }),
  );
}

function decoded(text: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw malformed(text, "the address can't be read");
  }
}

function malformed(name: string, why: string): IzwiError {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return new IzwiError("INVALID_REQUEST", `"${shown}" names no model: ${why}.`);
}
