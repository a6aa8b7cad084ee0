/** What a pull is doing, in words: one line for a terminal that is drawn again and again, or now and then for a log. */
import type { DownloadProgress, PullProgress } from "@izwi/core";
import { fileSize } from "./model-text.js";
import { harmless } from "./printer.js";

/** One line about what happens now, at most `columns` wide where that is possible. */
export function progressLine(event: PullProgress, columns: number): string {
  switch (event.type) {
    case "resolve":
      return `Asking for ${harmless(event.name)}…`;
    case "wait":
      return `Process ${event.pid} is downloading it${share(event)}; waiting…`;
    case "search":
      return `Reading a copy that ${event.store} has${share(event)}…`;
    case "link":
      return `Found in ${event.store}`;
    case "retry":
      return retryText(event);
    case "verify":
      return `Checking${share(event)}…`;
    case "download":
      return downloadLine(event, columns);
  }
}

export function retryText({ reason, delayMs, attempt, retries }: Extract<PullProgress, { type: "retry" }>): string {
  const when = delayMs >= 1000 ? ` in ${duration(delayMs)}` : "";
  return `${harmless(reason)} Trying again${when} (${attempt} of ${retries})…`;
}

function downloadLine(event: DownloadProgress, columns: number): string {
  const { bytes, totalBytes, bytesPerSecond, etaMs } = event;
  const rate = bytesPerSecond > 0 ? `${fileSize(bytesPerSecond)}/s` : "";
  if (totalBytes === undefined) return [fileSize(bytes), rate].filter(Boolean).join("  ");
  const rest = etaMs === undefined || bytes >= totalBytes ? "" : `${duration(etaMs)} left`;
  const facts = [percent(bytes, totalBytes), `${fileSize(bytes)} of ${fileSize(totalBytes)}`, rate, rest];
  const text = facts.filter(Boolean).join("  ");
  const room = columns - text.length - 6;
  return room < 10 ? text : `${bar(bytes / totalBytes, Math.min(room, 30))}  ${text}`;
}

/** Eight steps for each character. */
const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

export function bar(share: number, width: number): string {
  const steps = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = "█".repeat(steps >> 3);
  return `${full}${eighths[steps & 7]}`.padEnd(width, "░");
}

/** Never 100 % before the end. */
export function percent(bytes: number, totalBytes: number): string {
  if (totalBytes === 0) return "100 %";
  const share = Math.floor((bytes / totalBytes) * 100);
  return `${bytes < totalBytes ? Math.min(share, 99) : 100} %`;
}

function share({ bytes, totalBytes }: { bytes?: number; totalBytes?: number }): string {
  return bytes === undefined || totalBytes === undefined ? "" : `: ${percent(bytes, totalBytes)}`;
}

export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
