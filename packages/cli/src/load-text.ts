/** How far the loading of a model is, in a line for a terminal. */
import type { LoadProgress } from "@izwi/core";
import { fileSize } from "./model-text.js";
import { harmless, type Printer, type Progress } from "./printer.js";
import { bar, percent } from "./pull-text.js";

/** Small models are there before anything need be said. */
const PATIENCE_MS = 500;
const BAR_WIDTH = 30;

/** "Loading…", with a bar once it is known how much there is to load. `told` goes to the load as its `onProgress`. */
export function loadingLine(name: string, printer: Printer): Progress & { told: (progress: LoadProgress) => void } {
  const text = `Loading ${harmless(name)}…`;
  const line = printer.progress(text, PATIENCE_MS);
  return { ...line, told: (progress) => line.update(loadLine(text, progress, printer.columns)) };
}

/** One line, at most `columns` wide where that is possible. */
export function loadLine(text: string, { loadedBytes, totalBytes }: LoadProgress, columns: number): string {
  const facts = `${percent(loadedBytes, totalBytes)}  ${fileSize(loadedBytes)} of ${fileSize(totalBytes)}`;
  const room = Math.min(columns - text.length - facts.length - 8, BAR_WIDTH);
  return room < 10 ? `${text}  ${facts}` : `${text}  ${bar(loadedBytes / totalBytes, room)}  ${facts}`;
}
