import type { VNode } from "preact";
import { defaultModel, modelById } from "../state/models.js";
import { chat, path } from "../state/open-chat.js";

const RADIUS = 7;
const AROUND = 2 * Math.PI * RADIUS;

/** How much of what the model can keep in mind this conversation has filled. */
export function ContextMeter(): VNode | null {
  const usage = path.value.findLast((message) => message.usage !== undefined)?.usage;
  const limit = modelById(chat.value.model ?? defaultModel.value?.id)?.contextLength;
  if (usage === undefined || limit === undefined) return null;
  const used = usage.promptTokens + usage.answerTokens;
  const share = Math.min(1, used / limit);
  const text = `Context: ${used.toLocaleString("en")} of ${limit.toLocaleString("en")} tokens`;
  const level = share > 0.9 ? "full" : share > 0.7 ? "high" : "";
  return (
    <span
      class={`context-meter ${level}`}
      role="meter"
      aria-label={text}
      aria-valuenow={Math.round(share * 100)}
      title={text}
    >
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <circle class="ring" cx="9" cy="9" r={RADIUS} />
        <circle class="fill" cx="9" cy="9" r={RADIUS} stroke-dasharray={`${share * AROUND} ${AROUND}`} />
      </svg>
      {Math.round(share * 100)} %
    </span>
  );
}
