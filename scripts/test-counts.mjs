// Reads how many tests passed, failed and were skipped from what the test runners say. A runner that fails without
// naming a failed test, because it crashed or nothing compiled, counts as one failure.

export function sum(results) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of results) for (const key of Object.keys(total)) total[key] += counts[key];
  return total;
}

/** From the output of `cargo test`: one "test result" line for each test binary. */
export function cargoCounts(code, output) {
  // oxlint-disable-next-line no-control-regex
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const lines = plain.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm);
  const results = [...lines].map(([, passed, failed, skipped]) => ({
    passed: Number(passed),
    failed: Number(failed),
    skipped: Number(skipped),
  }));
  return withCrash(code, sum(results));
}

/** From vitest's JSON report, which is undefined when there is none. */
export function vitestCounts(code, report) {
  const counts = {
    passed: report?.numPassedTests ?? 0,
    failed: report?.numFailedTests ?? 0,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  };
  // A file that throws while it's loaded has no tests to count.
  const broken = (report?.testResults ?? []).filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  counts.failed += broken.length;
  return withCrash(code, counts);
}

function withCrash(code, counts) {
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}
