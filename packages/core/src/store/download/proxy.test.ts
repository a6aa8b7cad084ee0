import { expect, it } from "vitest";
import { proxyFor } from "./proxy.js";

const at = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env);

it("takes the proxy of the address's protocol, lower-case names first", () => {
  const env = { HTTPS_PROXY: "http://secure:1", HTTP_PROXY: "http://plain:2" };
  expect(at("https://hub/", env)).toBe("http://secure:1");
  expect(at("http://hub/", env)).toBe("http://plain:2");
  expect(at("https://hub/", { ...env, https_proxy: "lower:3" })).toBe("http://lower:3");
  expect(at("https://hub/", { HTTP_PROXY: "http://plain:2" })).toBeUndefined();
  expect(at("https://hub/", { ALL_PROXY: "http://all:4" })).toBe("http://all:4");
  expect(at("https://hub/", {})).toBeUndefined();
});

it.each([
  ["hub.example", true],
  ["example", true],
  [".example", true],
  ["*.example", true],
  ["*", true],
  ["other, hub.example", true],
  ["hub.example:443", true],
  ["hub.example:80", false],
  ["ub.example", false],
  ["hub", false],
  ["", false],
])("NO_PROXY=%j: direct %s", (noProxy, direct) => {
  const proxy = at("https://hub.example/x", { HTTPS_PROXY: "http://p", NO_PROXY: noProxy });
  expect(proxy === undefined).toBe(direct);
});

it("knows IPv6 addresses", () => {
  const env = { HTTP_PROXY: "http://p" };
  expect(at("http://[::1]:8080/", { ...env, NO_PROXY: "::1" })).toBeUndefined();
  expect(at("http://[::1]:8080/", { ...env, NO_PROXY: "[::1]:8080" })).toBeUndefined();
  expect(at("http://[::1]:8080/", { ...env, NO_PROXY: "[::1]:9" })).toBe("http://p");
});
