import type { VNode } from "preact";
import type { Pull } from "../api/catalog.js";
import { stopPull } from "../state/catalog.js";
import { durationText, sizeText } from "./model-text.js";

/** How far a download is: bytes, speed and time left, or what else happens. */
export function PullProgress({ pull }: { pull: Pull }): VNode {
  const { id, bytes, totalBytes } = pull;
  const share = totalBytes ? Math.min(1, bytes / totalBytes) : undefined;
  return (
    <div class="pull">
      <div class="pull-head">
        <span>{phaseText(pull)}</span>
        {share !== undefined && <b>{Math.floor(share * 100)} %</b>}
      </div>
      <progress
        aria-label={`Download of ${id}`}
        max={1}
        value={share}
        class={pull.phase === "retrying" ? "retrying" : undefined}
      />
      <div class="pull-foot">
        <span>{detailText(pull)}</span>
        <button type="button" class="small-button" onClick={() => void stopPull(id)} aria-label={`Cancel: ${id}`}>
          Cancel
        </button>
      </div>
    </div>
  );
}

function phaseText({ phase, retryReason }: Pull): string {
  switch (phase) {
    case "starting":
    case "resolving":
      return "Asking the hub…";
    case "waiting":
      return "Another program is downloading it…";
    case "searching":
      return "Looking for it on this machine…";
    case "linking":
      return "Found on this machine, nothing to download…";
    case "downloading":
      return "Downloading…";
    case "retrying":
      return `Trying again: ${retryReason ?? "the connection was lost."}`;
    case "verifying":
      return "Checking the file…";
  }
}

function detailText({ phase, bytes, totalBytes, bytesPerSecond, etaMs }: Pull): string {
  if (totalBytes === undefined && bytes === 0) return "";
  const parts = [
    totalBytes === undefined ? sizeText(bytes) : `${sizeText(bytes)} of ${sizeText(totalBytes)}`,
    phase === "downloading" && bytesPerSecond > 0 && `${sizeText(bytesPerSecond)}/s`,
    phase === "downloading" && etaMs !== undefined && `${durationText(etaMs)} left`,
  ];
  return parts.filter(Boolean).join(" · ");
}
