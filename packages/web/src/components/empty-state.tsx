import { Code, Lightbulb, PenLine, Scale } from "lucide";
import type { VNode } from "preact";
import { send } from "../state/conversation-actions.js";
import { chat } from "../state/open-chat.js";
import { serverDown } from "../state/connection.js";
import { SYSTEM_PRESETS } from "../conversation/settings.js";
import { Icon, Mark } from "./icon.js";

const STARTS = [
  { icon: Lightbulb, label: "Explain", text: "Explain how a rainbow comes about, in three sentences." },
  { icon: Code, label: "Code", text: "Write a Python function that finds all prime numbers up to n." },
  { icon: PenLine, label: "Write", text: "Write a short, friendly note that thanks a colleague for their help." },
  { icon: Scale, label: "Decide", text: "Compare tea and coffee in a table: taste, caffeine, effort." },
];

/** What is seen before the first message. */
export function EmptyState(): VNode {
  const { system } = chat.value;
  const preset = SYSTEM_PRESETS.find(({ text }) => text === system);
  return (
    <div class="empty">
      <Mark size={52} />
      <h2>What is on your mind?</h2>
      <p class="empty-note">
        {system === ""
          ? "The model runs on this machine. Nothing you write leaves it."
          : `System prompt: ${preset?.label ?? system}`}
      </p>
      <div class="starts">
        {STARTS.map(({ icon, label, text }) => (
          <button type="button" key={label} class="start" disabled={serverDown.value} onClick={() => void send(text)}>
            <Icon icon={icon} size={18} />
            <span class="start-label">{label}</span>
            <span class="start-text">{text}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
