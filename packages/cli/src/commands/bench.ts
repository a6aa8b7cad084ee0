/** `izwi bench`: a model's speed, or how fast answers come from it or from a server. */
import type { AnswerSettings } from "../bench/answers.js";
import type { SpeedSettings } from "../bench/speed.js";
import type { ExitCode } from "../exit-code.js";
import type { CommandContext } from "./context.js";

export type BenchSettings = ({ what: "speed" } & SpeedSettings) | ({ what: "answers" } & AnswerSettings);

export async function benchCommand(settings: BenchSettings, context: CommandContext): Promise<ExitCode> {
  if (settings.what === "speed") {
    const { measureSpeed } = await import("../bench/speed.js");
    return measureSpeed(settings, context);
  }
  const { measureAnswers } = await import("../bench/answers.js");
  return measureAnswers(settings, context);
}
