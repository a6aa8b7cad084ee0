import { chat } from "@izwi/sdk";
import { startServer, type RunningServer } from "@izwi/server";
import { afterAll, beforeAll } from "vitest";
import { sessionContract } from "./contract.js";

const MODEL = "izwi-tiny";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer({ port: 0, preload: [MODEL] });
  await server.ready;
});
afterAll(() => server.close({ graceMs: 1000 }));

sessionContract(
  "in this process",
  (options) => chat({ model: MODEL, ...options }),
  (path) => chat.load(path),
);

sessionContract(
  "behind a server",
  (options) => chat({ model: MODEL, baseUrl: `${server.url}/v1`, ...options }),
  (path) => chat.load(path, { baseUrl: `${server.url}/v1` }),
);
