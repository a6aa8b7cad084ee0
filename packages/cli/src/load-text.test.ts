import { expect, it } from "vitest";
import { loadLine } from "./load-text.js";
import { bar } from "./pull-text.js";

it("shows how much of a model is loaded, with a bar where there is room", () => {
  const progress = { loadedBytes: 1e9, totalBytes: 4e9 };
  expect(loadLine("Loading a…", progress, 100)).toBe(`Loading a…  ${bar(0.25, 30)}  25 %  1.0 GB of 4.0 GB`);
  expect(loadLine("Loading a…", progress, 60)).toBe(`Loading a…  ${bar(0.25, 20)}  25 %  1.0 GB of 4.0 GB`);
  expect(loadLine("Loading a…", progress, 20)).toBe("Loading a…  25 %  1.0 GB of 4.0 GB");
});
