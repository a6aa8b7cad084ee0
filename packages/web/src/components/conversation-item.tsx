import { useSignal } from "@preact/signals";
import { Download, Ellipsis, Pencil, Trash2 } from "lucide";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Conversation } from "../conversation/conversation.js";
import { deleteChat, exportChat, renameChat } from "../state/conversation-actions.js";
import { go, pathOf } from "../state/router.js";
import { drawerOpen } from "../state/view.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";

interface Props {
  conversation: Conversation;
  current: boolean;
  /** An answer is being written in it. */
  writing: boolean;
}

export function ConversationItem({ conversation, current, writing }: Props): VNode {
  const renaming = useSignal(false);
  const { id, title } = conversation;
  if (renaming.value) {
    return (
      <li class="conversation current">
        <TitleField
          title={title}
          onEnd={(text) => {
            renaming.value = false;
            if (text !== undefined) void renameChat(conversation, text);
          }}
        />
      </li>
    );
  }
  return (
    <li class={current ? "conversation current" : "conversation"}>
      <a
        href={pathOf({ page: "chat", conversationId: id })}
        aria-current={current ? "page" : undefined}
        title={title}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          drawerOpen.value = false;
          go({ page: "chat", conversationId: id });
        }}
        onDblClick={() => (renaming.value = true)}
      >
        {writing && <span class="writing-dot" role="img" aria-label="Answer is being written" />}
        <span class="conversation-title">{title}</span>
      </a>
      <Menu
        label={`Options for ${title}`}
        class="conversation-menu"
        align="end"
        items={[
          { label: "Rename", icon: Pencil, run: () => (renaming.value = true) },
          { label: "Export", icon: Download, run: () => void exportChat(conversation) },
          { label: "Delete", icon: Trash2, danger: true, run: () => void deleteChat(conversation) },
        ]}
      >
        <Icon icon={Ellipsis} size={16} />
      </Menu>
    </li>
  );
}

/** A title being changed: Enter or leaving the field keeps it, Escape doesn't. */
function TitleField({ title, onEnd }: { title: string; onEnd: (text: string | undefined) => void }): VNode {
  const field = useRef<HTMLInputElement>(null);
  const ended = useRef(false);
  useEffect(() => field.current?.select(), []);
  const end = (text: string | undefined) => {
    if (ended.current) return;
    ended.current = true;
    onEnd(text);
  };
  return (
    <input
      ref={field}
      class="title-field"
      defaultValue={title}
      maxLength={120}
      aria-label="Conversation title"
      onBlur={(event) => end(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") end(event.currentTarget.value);
        if (event.key === "Escape") end(undefined);
      }}
    />
  );
}
