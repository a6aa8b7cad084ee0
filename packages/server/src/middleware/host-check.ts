import type { MiddlewareHandler } from "hono";
import { ApiError } from "../openai/errors.js";

export interface HostCheckOptions {
  /** Names that the server may be called by, besides those of this machine itself; `any` switches the check off. */
  hosts: readonly string[] | "any";
  /** Origins of web pages that may call, or `*`. A page of the server's own origin always may. */
  origins: readonly string[] | "*";
}

/**
 * Refuses what a web page of somebody else could send through the user's browser. A page can't choose the Host header:
 * where a name of its own was made to point here (DNS rebinding), the name shows in it. And it can't leave out Origin.
 */
export function hostCheck({ hosts, origins }: HostCheckOptions): MiddlewareHandler {
  const known = hosts === "any" ? undefined : new Set(hosts.map((host) => host.toLowerCase()));
  return async (c, next) => {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    const name = hostname(host);
    if (known && !(name !== undefined && (isLoopbackName(name) || known.has(name) || known.has(host.toLowerCase())))) {
      throw new ApiError(403, {
        message: `The server isn't known by the name "${host}". Allow the name when you start the server, or call localhost.`,
        type: "permission_denied_error",
        code: "host_not_allowed",
      });
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && !originAllowed(origin, host, origins)) {
      throw notAllowed(origin);
    }
    await next();
  };
}

/** Lets pages of other origins change nothing, where any origin may call and no key is asked for. */
export const ownPagesOnly: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header("origin");
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  if (c.req.method !== "GET" && origin !== undefined && !originAllowed(origin, host, [])) throw notAllowed(origin);
  await next();
};

function originAllowed(origin: string, host: string, origins: readonly string[] | "*"): boolean {
  if (origins === "*" || origins.includes(origin)) return true;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  // Behind a proxy the scheme may differ; the host is what tells whose page it is.
  return url !== undefined && /^https?:$/.test(url.protocol) && url.host === host.toLowerCase();
}

function notAllowed(origin: string): ApiError {
  return new ApiError(403, {
    message: `Pages of ${origin} may not call this server. Allow that origin when you start the server.`,
    type: "permission_denied_error",
    code: "origin_not_allowed",
  });
}

/** `[::1]:8080` gives `[::1]`, and what no URL could have gives undefined. */
function hostname(host: string): string | undefined {
  const url = `http://${host}/`;
  if (/[/@?#\\\s]/.test(host) || !URL.canParse(url)) return undefined;
  return new URL(url).hostname;
}

/** The names that always mean this machine, in the form that URL gives them. */
export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}
