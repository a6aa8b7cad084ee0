/** @izwi/server without a port: notes what it was started with, and ends when a test says so. */
import { createLogger } from "@izwi/server";
import type { RunningServer, ServerOptions } from "@izwi/server";
import type { ServerPackage } from "../server.js";

export class FakeServer implements ServerPackage {
  readonly createLogger = createLogger;
  readonly started: ServerOptions[] = [];
  readonly closes: number[] = [];
  /** What starting throws. */
  failure: Error | undefined;
  /** What loading the first models throws. */
  loadFailure: Error | undefined;
  active = 0;

  readonly startServer = async (options: ServerOptions = {}): Promise<RunningServer> => {
    this.started.push(options);
    if (this.failure) throw this.failure;
    const local = options.host === undefined;
    const ready = this.loadFailure ? Promise.reject(this.loadFailure) : Promise.resolve();
    ready.catch(() => {});
    return {
      url: `http://${options.host ?? "127.0.0.1"}:${options.port}`,
      port: options.port ?? 8080,
      apiKey: options.apiKey ?? (local ? undefined : "izwi-made-key"),
      ready,
      active: this.active,
      close: async ({ graceMs = 30_000 } = {}) => void this.closes.push(graceMs),
    };
  };
}
