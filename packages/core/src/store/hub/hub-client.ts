import { IzwiError } from "../../errors.js";
import type { HttpClient } from "../download/http.js";
import { locate, type LocatedFile } from "../download/locate.js";
import { hubFailure, type HubQuestion } from "./hub-failure.js";

/** A file in a repository. */
export interface HubFile {
  repository: string;
  revision: string;
  file: string;
}

/** Most pages of a repository's list of files; a thousand files each. */
const MAX_PAGES = 20;
/** More than any list of a thousand files takes. */
const MAX_PAGE_BYTES = 16 << 20;

/** A hub that speaks Hugging Face's protocol. */
export class HubClient {
  readonly #http: HttpClient;
  readonly #endpoint: string;
  readonly #hasToken: boolean;

  constructor(http: HttpClient, endpoint: string, hasToken: boolean) {
    this.#http = http;
    this.#endpoint = endpoint;
    this.#hasToken = hasToken;
  }

  /** The file's address, as for a browser. */
  addressOf({ repository, revision, file }: HubFile): URL {
    const path = file.split("/").map(encodeURIComponent).join("/");
    return new URL(`${this.#endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${path}`);
  }

  locate(file: HubFile, signal?: AbortSignal): Promise<LocatedFile> {
    const failure = (answer: Parameters<typeof hubFailure>[0]) => hubFailure(answer, this.#question(file));
    return locate(this.#http, this.addressOf(file), { signal, failure });
  }

  /** The paths of all files in the repository. */
  async listFiles(repository: string, revision: string, signal?: AbortSignal): Promise<string[]> {
    const start = `${this.#endpoint}/api/models/${repository}/tree/${encodeURIComponent(revision)}?recursive=true`;
    const files: string[] = [];
    let page: URL | undefined = new URL(start);
    for (let count = 0; page !== undefined && count < MAX_PAGES; count++) {
      const answer = await this.#http.get(page, { signal, headers: { accept: "application/json" } });
      if (answer.status !== 200) {
        answer.discard();
        throw hubFailure(answer, this.#question({ repository, revision }));
      }
      files.push(...pathsIn(await readText(answer.body, answer.url.host), answer.url.host));
      page = nextPage(answer.headers["link"], page);
    }
    return files;
  }

  #question(about: Partial<HubFile> & { repository: string; revision: string }): HubQuestion {
    return { ...about, endpoint: this.#endpoint, hasToken: this.#hasToken };
  }
}

async function readText(body: AsyncIterable<Buffer>, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_PAGE_BYTES) throw new IzwiError("DOWNLOAD_FAILED", `${host} sends too long a list of files.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function pathsIn(text: string, host: string): string[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  if (!Array.isArray(list))
    throw new IzwiError("DOWNLOAD_FAILED", `${host} doesn't answer as a hub does: no list of files.`);
  return list.flatMap((item: unknown) => {
    const { type, path } = (item ?? {}) as { type?: unknown; path?: unknown };
    return typeof path === "string" && type !== "directory" ? [path] : [];
  });
}

/** The address in `Link: <…>; rel="next"`, if it is at the same place. */
function nextPage(link: string | undefined, from: URL): URL | undefined {
  const [, address] = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? "") ?? [];
  if (address === undefined || !URL.canParse(address, from.href)) return undefined;
  const next = new URL(address, from);
  return next.origin === from.origin ? next : undefined;
}
