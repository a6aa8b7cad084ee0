/** Which proxy leads to an address, by the usual variables. */

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy's address from `HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`; undefined where `NO_PROXY` names the host,
 * and for this machine itself. The lower-case names come first, as everywhere.
 */
export function proxyFor(url: URL, env: Environment): string | undefined {
  const set = (name: string) => (env[name.toLowerCase()] ?? env[name])?.trim() || undefined;
  const proxy = (url.protocol === "https:" ? set("HTTPS_PROXY") : set("HTTP_PROXY")) ?? set("ALL_PROXY");
  if (proxy === undefined || isDirect(url, set("NO_PROXY") ?? "")) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

/** Names match themselves and what lies below them; `*` matches all; a port, where given, must be the same. */
function isDirect(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, bracketed, plain, entryPort] = /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(entry) ?? [];
      const name = (bracketed ?? plain ?? entry).replace(/^\*?\./, "");
      return (entryPort === undefined || entryPort === port) && (host === name || host.endsWith(`.${name}`));
    });
}
