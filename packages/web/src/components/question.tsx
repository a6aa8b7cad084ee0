import { useSignal } from "@preact/signals";
import { Copy, Pencil } from "lucide";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Message } from "../conversation/message.js";
import { copyText } from "../markdown/block-view.js";
import { edit } from "../state/conversation-actions.js";
import { notify } from "../state/notices.js";
import { BranchSwitch } from "./branch-switch.js";
import { IconButton } from "./icon-button.js";

/** What the person said. */
export function Question({ message, branches, busy }: { message: Message; branches: boolean; busy: boolean }): VNode {
  const editing = useSignal(false);
  if (editing.value) return <Editor message={message} onEnd={() => (editing.value = false)} />;
  return (
    <article class="message question" aria-label="You">
      <div class="bubble">{message.content}</div>
      <div class="actions">
        {branches && <BranchSwitch message={message} />}
        <IconButton
          icon={Copy}
          size={15}
          label="Copy message"
          onClick={() => void copyText(message.content).then((done) => notify(done ? "Copied" : "Can't copy"))}
        />
        <IconButton
          icon={Pencil}
          size={15}
          label="Edit message"
          disabled={busy}
          onClick={() => (editing.value = true)}
        />
      </div>
    </article>
  );
}

function Editor({ message, onEnd }: { message: Message; onEnd: () => void }): VNode {
  const text = useSignal(message.content);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(message.content.length, message.content.length);
  }, []);
  const save = () => {
    onEnd();
    void edit(message, text.value);
  };
  return (
    <article class="message question editing" aria-label="You">
      <div class="editor">
        <textarea
          ref={field}
          rows={2}
          value={text.value}
          aria-label="Edit message"
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") onEnd();
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            save();
          }}
        />
        <div class="editor-foot">
          <span class="hint">The conversation as it is stays as another version.</span>
          <button type="button" class="button" onClick={onEnd}>
            Cancel
          </button>
          <button type="button" class="button primary" disabled={text.value.trim() === ""} onClick={save}>
            Send
          </button>
        </div>
      </div>
    </article>
  );
}
