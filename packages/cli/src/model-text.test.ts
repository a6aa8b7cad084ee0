import { expect, it } from "vitest";
import { fakeInfo } from "./fakes/fake-core.js";
import { describeModel } from "./model-text.js";

it("says that a context is short for want of memory", () => {
  const info = { ...fakeInfo, contextLength: 2048, trainedContextLength: 40_960 };
  expect(describeModel(info)).toContain(" · context 2048 tokens · ");
  expect(describeModel({ ...info, contextShortened: true })).toContain(
    " · context 2048 tokens (of 40960, for want of memory) · ",
  );
});
