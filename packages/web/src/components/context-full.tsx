import { Scissors } from "lucide";
import type { VNode } from "preact";
import type { Message } from "../conversation/message.js";
import { numLeftOut, turnsOf, type ContextWindow } from "../conversation/window.js";
import { makeRoom, sendAll } from "../state/conversation-actions.js";
import { chat, path } from "../state/open-chat.js";
import { Icon } from "./icon.js";
import { newChat } from "./sidebar.js";

/** Says that the conversation is longer than the model's context, and what can be done. */
export function ContextFull({ message, error, busy }: { message: Message; error: string; busy: boolean }): VNode {
  const upTo = path.value.slice(0, path.value.indexOf(message));
  const alone = turnsOf(upTo.slice(numLeftOut(upTo, chat.value.window))).length < 2;
  return (
    <div class="failure context-full" role="alert">
      <p>
        <b>{alone ? "This message is too long for the model." : "The model can't keep all of this in mind."}</b>{" "}
        {reasonText(error)} {alone && "Edit it to make it shorter."}
      </p>
      {!alone && (
        <button
          type="button"
          class="small-button"
          disabled={busy}
          onClick={() => void makeRoom(message, "slide")}
          title="The model answers without them; they stay here"
        >
          Leave out the oldest
        </button>
      )}
      {!alone && (
        <button
          type="button"
          class="small-button"
          disabled={busy}
          onClick={() => void makeRoom(message, "summarize")}
          title="The model writes a summary of them, and answers from that"
        >
          Summarise the oldest
        </button>
      )}
      <button type="button" class="small-button" onClick={newChat}>
        New chat
      </button>
    </div>
  );
}

/** The two numbers of the server's message; the message itself where it says it in other words. */
function reasonText(error: string): string {
  const [, tokens, limit] = /\b(\d+) tokens\b.*\bholds (\d+)\b/.exec(error) ?? [];
  if (tokens === undefined || limit === undefined) return error;
  const [has, holds] = [tokens, limit].map((count) => Number(count).toLocaleString("en"));
  return `There are ${has} tokens, and its context holds ${holds}.`;
}

/** Where the part of a conversation begins that the model is sent. */
export function WindowEdge({ window: { summary } }: { window: ContextWindow }): VNode {
  return (
    <div class="window-edge">
      <p>
        <Icon icon={Scissors} size={14} />
        <span>
          {summary === undefined
            ? "The model isn't sent what is above."
            : "The model is sent a summary of what is above."}
        </span>
        <button type="button" class="small-button" onClick={sendAll}>
          Send all again
        </button>
      </p>
      {summary !== undefined && (
        <details>
          <summary>Summary</summary>
          <p>{summary}</p>
        </details>
      )}
    </div>
  );
}
