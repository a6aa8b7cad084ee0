import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { hubFailure } from "../hub/hub-failure.js";
import { networkFailure, redirectTarget, statusFailure, type HttpAnswer } from "./http.js";
import { contentRange } from "./locate.js";
import { TransientError } from "./retry.js";

const answer = (status: number, headers: Record<string, string> = {}, url = "https://hub.example/x"): HttpAnswer => ({
  url: new URL(url),
  status,
  headers,
  body: Readable.from([]),
  discard: () => {},
});

describe("redirects", () => {
  const to = (location: string, url?: string) => redirectTarget(answer(302, { location }, url))?.href;

  it("lead on, relative or absolute", () => {
    expect(to("/y")).toBe("https://hub.example/y");
    expect(to("https://cdn.example/y?s=1")).toBe("https://cdn.example/y?s=1");
    expect(to("http://b/", "http://a/")).toBe("http://b/");
    expect(redirectTarget(answer(200, { location: "/y" }))).toBeUndefined();
  });

  it("never lead from https to http, to a file, or to nowhere", () => {
    for (const location of ["http://hub.example/y", "file:///etc/passwd", "https://"]) {
      expect(() => to(location), location).toThrow(expect.objectContaining({ code: "DOWNLOAD_FAILED" }));
    }
    expect(() => redirectTarget(answer(302))).toThrow(/nowhere/);
  });
});

describe("failures", () => {
  it("are tried again when they may pass", () => {
    for (const status of [408, 425, 429, 500, 503])
      expect(statusFailure(answer(status))).toBeInstanceOf(TransientError);
    for (const status of [400, 404, 418])
      expect(statusFailure(answer(status))).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(statusFailure(answer(429, { "retry-after": "7" }))).toMatchObject({ retryAfterMs: 7000 });
  });

  it("of the network say what is wrong, in words", () => {
    const failure = (code: string) =>
      networkFailure(new URL("https://hub.example/x"), Object.assign(new Error("raw"), { code }));
    expect(failure("ENOTFOUND").message).toBe("hub.example can't be reached: its name isn't known.");
    expect(failure("ECONNRESET")).toBeInstanceOf(TransientError);
    expect(failure("SELF_SIGNED_CERT_IN_CHAIN")).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(failure("SELF_SIGNED_CERT_IN_CHAIN").message).toContain("NODE_EXTRA_CA_CERTS");
    expect(failure("ESTRANGE").message).toContain("raw");
  });

  it.each([
    [401, "GatedRepo", "ACCESS_DENIED"],
    [403, "GatedRepo", "ACCESS_DENIED"],
    [404, "RepoNotFound", "MODEL_NOT_FOUND"],
    [404, "EntryNotFound", "MODEL_NOT_FOUND"],
    [404, "RevisionNotFound", "MODEL_NOT_FOUND"],
    [403, "DisabledRepo", "ACCESS_DENIED"],
    [401, "", "MODEL_NOT_FOUND"],
    [403, "", "ACCESS_DENIED"],
    [404, "", "MODEL_NOT_FOUND"],
    [400, "", "DOWNLOAD_FAILED"],
  ])("of a hub: %i %s is %s", (status, code, expected) => {
    const question = { endpoint: "https://hub.example", repository: "org/m", revision: "main", hasToken: false };
    const failure = hubFailure(answer(status, code === "" ? {} : { "x-error-code": code }), question);
    expect(failure).toMatchObject({ code: expected });
    expect(failure.message).toMatch(/org\/m|hub\.example/);
  });
});

it("reads Content-Range", () => {
  expect(contentRange("bytes 0-9/100")).toEqual({ start: 0, end: 10, total: 100 });
  expect(contentRange("bytes 5-5/*")).toEqual({ start: 5, end: 6, total: undefined });
  for (const wrong of [undefined, "", "bytes */100", "items 0-9/100", "bytes 0-x/1"]) {
    expect(contentRange(wrong)).toBeUndefined();
  }
});
