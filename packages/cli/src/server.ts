import type * as IzwiServer from "@izwi/server";

/** What `izwi serve` uses of @izwi/server, by name, so that tests can hand in a fake; imported only when it runs. */
export type ServerPackage = Pick<typeof IzwiServer, "startServer" | "createLogger">;

export type LoadServer = () => Promise<ServerPackage>;

export const loadServer: LoadServer = () => import("@izwi/server");
