import { IzwiError } from "../../errors.js";
import { redirectTarget, statusFailure, type HttpAnswer, type HttpClient } from "./http.js";

/** Where a file's bytes are now, and what its server says about it. */
export interface LocatedFile {
  /** Perhaps signed, and valid for some time only. */
  url: URL;
  bytes?: number;
  sha256?: string;
  /** The server's own mark of this content. */
  validator?: string;
  /** The commit, where a hub answered. */
  revision?: string;
}

export interface LocateOptions {
  signal?: AbortSignal | undefined;
  /** The failure for an answer that is neither a success nor a redirect. */
  failure?: (answer: HttpAnswer) => Error;
}

const MAX_HOPS = 10;
/** Servers that don't know HEAD say so with one of these, though they would answer GET. */
const NO_HEAD = [400, 403, 405, 501];

/**
 * Asks for a file's size and hash without fetching it. A hub tells both in the redirect that leads to its storage: then
 * the storage isn't asked. Otherwise redirects are followed; beyond the first host by asking for one byte, because a
 * signed address is often good for GET alone.
 */
export async function locate(http: HttpClient, start: URL, options: LocateOptions = {}): Promise<LocatedFile> {
  const { signal, failure = statusFailure } = options;
  let url = start;
  let known: Omit<LocatedFile, "url"> = {};
  let method: "GET" | "HEAD" = "HEAD";
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const answer = await http.send(url, {
      method,
      signal,
      ...(method === "GET" && { headers: { range: "bytes=0-0" } }),
    });
    answer.discard();
    known = { ...known, ...hubFacts(answer) };
    const target = redirectTarget(answer);
    if (target !== undefined) {
      const elsewhere = target.origin !== url.origin;
      if (elsewhere && known.bytes !== undefined) return { ...known, url: target };
      if (elsewhere) method = "GET";
      url = target;
    } else if (answer.status === 200 || answer.status === 206) {
      return { ...contentFacts(answer), ...known, url };
    } else if (method === "HEAD" && NO_HEAD.includes(answer.status) && answer.headers["x-error-code"] === undefined) {
      method = "GET";
    } else {
      throw failure(answer);
    }
  }
  throw new IzwiError("DOWNLOAD_FAILED", `${start.host} redirects without end.`);
}

/** What a hub says about the file behind its redirect. */
function hubFacts({ headers }: HttpAnswer): Omit<LocatedFile, "url"> {
  const bytes = count(headers["x-linked-size"]);
  const etag = unquoted(headers["x-linked-etag"]);
  const revision = headers["x-repo-commit"];
  return {
    ...(bytes !== undefined && { bytes }),
    ...(etag !== undefined && /^[0-9a-f]{64}$/i.test(etag) && { sha256: etag.toLowerCase() }),
    ...(revision !== undefined && /^[0-9a-f]{40}$/i.test(revision) && { revision: revision.toLowerCase() }),
  };
}

/** What the answer says about its own content. */
function contentFacts({ status, headers }: HttpAnswer): Omit<LocatedFile, "url"> {
  const bytes = status === 206 ? contentRange(headers["content-range"])?.total : count(headers["content-length"]);
  const validator = validatorOf(headers);
  return { ...(bytes !== undefined && { bytes }), ...(validator !== undefined && { validator }) };
}

/** A mark that changes with the content: the ETag, else the date. */
export function validatorOf(headers: HttpAnswer["headers"]): string | undefined {
  return headers["etag"] ?? headers["last-modified"];
}

export interface ContentRange {
  start: number;
  end: number;
  /** Undefined where the server doesn't know it (`*`). */
  total: number | undefined;
}

/** `bytes 0-9/100` as a half-open range. */
export function contentRange(value: string | undefined): ContentRange | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(value ?? "") ?? [];
  if (first === undefined) return undefined;
  return { start: Number(first), end: Number(last) + 1, total: total === "*" ? undefined : Number(total) };
}

function count(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function unquoted(value: string | undefined): string | undefined {
  return value?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}
