import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

interface Manifest {
  name: string;
  version: string;
}

/** An npm registry on this machine that knows the tarballs of one folder, each in one version, and nothing else. */
export async function serveRegistry(folder: string): Promise<{ url: string; close(): Promise<void> }> {
  const packages = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith(".tgz"))
      .map((file) => {
        const tarball = readFileSync(join(folder, file));
        const manifest = readManifest(tarball);
        return [manifest.name, { file, tarball, manifest }];
      }),
  );
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    const byFile = [...packages.values()].find(({ file }) => path === `-/${file}`);
    if (byFile) return void response.end(byFile.tarball);
    const found = packages.get(path);
    if (!found)
      return void response.writeHead(404, { "content-type": "application/json" }).end(`{"error":"not found"}`);
    const { file, tarball, manifest } = found;
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const dist = { tarball: `http://${request.headers.host}/-/${file}`, integrity };
    const versions = { [manifest.version]: { ...manifest, dist } };
    const packument = { name: manifest.name, "dist-tags": { latest: manifest.version }, versions };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(packument));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The `package/package.json` in a tarball: blocks of 512 bytes, each file's header with its name and octal size. */
function readManifest(tarball: Buffer): Manifest {
  const tar = gunzipSync(tarball);
  for (let offset = 0; offset < tar.length;) {
    const name = tar.toString("utf8", offset, offset + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("utf8", offset + 124, offset + 136), 8) || 0;
    const start = offset + 512;
    if (name === "package/package.json") return JSON.parse(tar.toString("utf8", start, start + size)) as Manifest;
    offset = start + Math.ceil(size / 512) * 512;
  }
  throw new Error("A tarball has no package.json.");
}
