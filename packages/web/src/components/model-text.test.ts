import { expect, it } from "vitest";
import { durationText, sizeText } from "./model-text.js";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [9940, "9.9 kB"],
  [9960, "10 kB"],
  [1_595_136, "1.6 MB"],
  [396_705_472, "397 MB"],
  [999_600_000, "1.0 GB"],
  [18_556_685_824, "19 GB"],
])("%i bytes are %s", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

it.each([
  [0, "1 s"],
  [59_400, "59 s"],
  [59_600, "1 min 0 s"],
  [200_000, "3 min 20 s"],
  [3_600_000, "1 h 0 min"],
  [7_530_000, "2 h 5 min"],
])("%i ms are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
