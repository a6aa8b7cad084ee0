import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "./package-root.js";

it("is the folder with this package's package.json and this source", () => {
  expect(existsSync(join(packageRoot(), "package.json"))).toBe(true);
  expect(existsSync(join(packageRoot(), "src", "package-root.ts"))).toBe(true);
});
