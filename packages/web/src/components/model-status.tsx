import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { Model } from "../api/models.js";
import { loadingSince } from "../state/models.js";

const TEXTS = { ready: "Loaded", loading: "Loading…", downloaded: "On disk", error: "Can't be loaded" } as const;

/** Whether a model is loaded; of one that is being loaded, how much of it, or for how long where the server can't tell. */
export function ModelStatus({ model }: { model: Model }): VNode {
  const since = loadingSince(model.id);
  const status = since === undefined ? model.status : "loading";
  return (
    <span class={`status ${status}`}>
      {TEXTS[status]}
      {since !== undefined && <HowFar model={model} since={since} />}
    </span>
  );
}

/** How much of a model is loaded, or for how long it has been loading where the server can't tell. */
export function HowFar({ model, since }: { model: Model | undefined; since: number }): VNode {
  const fraction = model?.loadedFraction;
  // What little comes after the weights has no share of its own.
  return fraction === undefined ? (
    <Elapsed since={since} />
  ) : (
    <span> {Math.min(99, Math.floor(fraction * 100))} %</span>
  );
}

/** The seconds since a time, counted on; what takes less than two needs no counting. */
function Elapsed({ since }: { since: number }): VNode | null {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((now.value - since) / 1000);
  return seconds < 2 ? null : <span aria-hidden="true"> {seconds} s</span>;
}
