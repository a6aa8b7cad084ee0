import { ChevronLeft, ChevronRight } from "lucide";
import type { VNode } from "preact";
import type { Message } from "../conversation/message.js";
import { alternativesOf } from "../conversation/tree.js";
import { messages, showBranch } from "../state/open-chat.js";
import { IconButton } from "./icon-button.js";

/** Goes through a message's alternatives: other answers, or other wordings of the question. */
export function BranchSwitch({ message }: { message: Message }): VNode {
  const all = alternativesOf(messages.value, message);
  const at = all.findIndex(({ id }) => id === message.id);
  const show = (index: number) => {
    const other = all[index];
    if (other) showBranch(other);
  };
  return (
    <span class="branches">
      <IconButton
        icon={ChevronLeft}
        size={15}
        label="Previous version"
        disabled={at <= 0}
        onClick={() => show(at - 1)}
      />
      <span aria-label={`Version ${at + 1} of ${all.length}`}>
        {at + 1}/{all.length}
      </span>
      <IconButton
        icon={ChevronRight}
        size={15}
        label="Next version"
        disabled={at >= all.length - 1}
        onClick={() => show(at + 1)}
      />
    </span>
  );
}
