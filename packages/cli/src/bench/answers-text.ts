/** What `izwi bench chat` tells: for programs, and for people. */
import { columns, facts } from "../output/columns.js";
import type { Responder } from "../responder.js";
import type { AnswerSettings, Outcome } from "./answers.js";
import { spread } from "./spread.js";

export function answersValue(outcome: Outcome, responder: Responder, { clients }: AnswerSettings) {
  const { finished, left, failures, seconds } = outcome;
  const completionTokens = tokensOf(outcome);
  const { ttftMs, interTokenMs, prefillTokensPerSecond, decodeTokensPerSecond, answerMs } = spreads(outcome);
  return {
    ...{ model: responder.id, about: responder.about, clients, answers: finished.length, seconds },
    ...{ failed: count(failures), left: left.length, completionTokens },
    ...{ tokensPerSecond: completionTokens / seconds, requestsPerSecond: finished.length / seconds },
    ...{ ttftMs, interTokenMs, prefillTokensPerSecond, decodeTokensPerSecond, answerMs },
    errors: [...failures].map(([message, times]) => ({ message, times })),
    // All gaps between pieces would make this very long.
    runs: finished.map(({ gapsMs: _gaps, left: _left, ...run }) => run),
  };
}

export function answersTable(outcome: Outcome, responder: Responder, { clients }: AnswerSettings): string {
  const { finished, left, failures, seconds } = outcome;
  const { ttftMs, interTokenMs, prefillTokensPerSecond, decodeTokensPerSecond, answerMs } = spreads(outcome);
  const figures = [
    ["TTFT, ms", ttftMs],
    ["between pieces, ms", interTokenMs],
    ["prefill, tokens/s", prefillTokensPerSecond],
    ["decode, tokens/s", decodeTokensPerSecond],
    ["answer, ms", answerMs],
  ] as const;
  const rows = figures.flatMap(([name, it]) => {
    if (it === null) return [];
    const { mean, median, p90, p99, least, most } = it;
    return [[name, ...[mean, median, p90, p99, least, most].map((value) => value.toFixed(1))]];
  });
  const together = `${(tokensOf(outcome) / seconds).toFixed(1)} tokens/s, ${(finished.length / seconds).toFixed(2)} answers/s`;
  return (
    facts([
      ["model", responder.about],
      ["answers", `${finished.length}, ${clients} at a time, in ${seconds.toFixed(1)} s`],
      ["left", left.length > 0 ? `${left.length}, in the middle` : undefined],
      ...[...failures].map(([message, times], index): [string, string] => [
        index === 0 ? "failed" : "",
        `${times}: ${message}`,
      ]),
      ["together", together],
    ]) + `\n${columns(["", "MEAN", "MEDIAN", "90 %", "99 %", "LEAST", "MOST"], rows, [1, 2, 3, 4, 5, 6])}`
  );
}

function spreads({ finished, left }: Outcome) {
  const all = [...finished, ...left];
  return {
    ttftMs: spread(all.flatMap(({ ttftMs }) => ttftMs ?? [])),
    interTokenMs: spread(all.flatMap(({ gapsMs }) => gapsMs)),
    prefillTokensPerSecond: spread(finished.flatMap((run) => run.prefillTokensPerSecond ?? [])),
    decodeTokensPerSecond: spread(finished.flatMap((run) => run.decodeTokensPerSecond ?? [])),
    answerMs: spread(finished.map(({ totalMs }) => totalMs)),
  };
}

const count = (failures: Outcome["failures"]) => [...failures.values()].reduce((sum, times) => sum + times, 0);

const tokensOf = ({ finished }: Outcome) => finished.reduce((sum, run) => sum + run.completionTokens, 0);
