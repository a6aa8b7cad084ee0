/** A question that is answered with yes or no. */
import { createInterface } from "node:readline/promises";
import type { CommandContext } from "./commands/context.js";

/** Somebody is there to answer. */
export function canAsk({ stdin, printer }: CommandContext): boolean {
  return stdin.isTTY === true && printer.stderrIsTerminal;
}

/** True for y or yes; false for anything else, for the input's end, and when the program is asked to stop. */
export async function confirm(question: string, { stdin, printer, stop }: CommandContext): Promise<boolean> {
  // Without `terminal`, the system's own line editing is used, and Ctrl+C comes as a signal.
  const lines = createInterface({ input: stdin, output: printer.terminal, terminal: false });
  const ended = new AbortController();
  lines.once("close", () => ended.abort());
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: AbortSignal.any([stop.signal, ended.signal]) });
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch {
    printer.aside("\n");
    return false;
  } finally {
    lines.close();
  }
}
