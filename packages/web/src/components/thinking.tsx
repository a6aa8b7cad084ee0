import { useSignal } from "@preact/signals";
import { Brain, ChevronRight, FastForward } from "lucide";
import type { VNode } from "preact";
import { Icon } from "./icon.js";
import { Markdown } from "./markdown.js";

interface Props {
  text: string;
  /** How long it took; undefined while it goes on. */
  ms: number | undefined;
  onAnswerNow?: (() => void) | undefined;
}

/** What a model thought before it answered: folded away, and to be opened at any time. */
export function Thinking({ text, ms, onAnswerNow }: Props): VNode {
  const open = useSignal(false);
  const going = ms === undefined;
  return (
    <div class={going ? "thinking going" : "thinking"}>
      <div class="thinking-head">
        <button
          type="button"
          class="thinking-toggle"
          aria-expanded={open.value}
          onClick={() => (open.value = !open.value)}
        >
          <Icon icon={Brain} size={16} />
          <span class={going ? "shimmer" : ""}>
            {going ? "Thinking…" : ms === 0 ? "Thoughts" : `Thought for ${durationText(ms)}`}
          </span>
          <span class="chevron">
            <Icon icon={ChevronRight} size={15} />
          </span>
        </button>
        {going && onAnswerNow && (
          <button type="button" class="small-button" onClick={onAnswerNow}>
            <Icon icon={FastForward} size={14} />
            Answer now
          </button>
        )}
      </div>
      {open.value && (
        <div class="thinking-text">
          <Markdown text={text} growing={going} />
        </div>
      )}
    </div>
  );
}

export function durationText(ms: number): string {
  if (ms < 950) return "a moment";
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
