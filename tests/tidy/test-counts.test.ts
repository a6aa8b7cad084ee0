import { expect, it } from "vitest";
import { cargoCounts, sum, vitestCounts } from "../../scripts/test-counts.mjs";

const LINE = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";

it("adds up cargo's lines, coloured or not", () => {
  const coloured = "test result: \u001b[31mFAILED\u001b[0m. 2 passed; 1 failed; 0 ignored; 0 measured";
  expect(cargoCounts(0, `running 4 tests\n${LINE}\n\n${LINE}\n`)).toEqual({ passed: 6, failed: 0, skipped: 2 });
  expect(cargoCounts(101, `${LINE}\n${coloured}\n`)).toEqual({ passed: 5, failed: 1, skipped: 1 });
});

it("counts a crash, where no failed test is named, as one failure", () => {
  expect(cargoCounts(101, "error: could not compile")).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(cargoCounts(101, LINE)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  expect(vitestCounts(1, undefined)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

it("reads vitest's report, and counts a file that can't be loaded as one failure", () => {
  const passed = { status: "passed", assertionResults: [{ status: "passed" }] };
  const broken = { status: "failed", assertionResults: [] };
  const failed = { status: "failed", assertionResults: [{ status: "failed" }] };
  const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, testResults: [passed, broken, failed] };
  expect(vitestCounts(1, report)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  expect(vitestCounts(0, { ...report, numFailedTests: 0, testResults: [passed] }).failed).toBe(0);
});

it("sums suites", () => {
  const one = { passed: 1, failed: 2, skipped: 3 };
  expect(sum([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6 });
  expect(sum([])).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
