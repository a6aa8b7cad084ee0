import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { Model } from "../api/models.js";
import { loadingSince } from "../state/models.js";

const TEXTS = { ready: "Loaded", loading: "Loading…", downloaded: "On disk", error: "Can't be loaded" } as const;

/** Whether a model is loaded. Of one that is being loaded nobody knows how much is left, but for how long it has been. */
export function ModelStatus({ model }: { model: Model }): VNode {
  const since = loadingSince(model.id);
  const status = since === undefined ? model.status : "loading";
  return (
    <span class={`status ${status}`}>
      {TEXTS[status]}
      {since !== undefined && <Elapsed since={since} />}
    </span>
  );
}

/** The seconds since a time, counted on; what takes less than two needs no counting. */
export function Elapsed({ since }: { since: number }): VNode | null {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((now.value - since) / 1000);
  return seconds < 2 ? null : <span aria-hidden="true"> {seconds} s</span>;
}
