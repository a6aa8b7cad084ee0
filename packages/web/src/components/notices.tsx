import { X } from "lucide";
import type { VNode } from "preact";
import { announcement, dismiss, notices } from "../state/notices.js";
import { IconButton } from "./icon-button.js";

/** Short messages, and what screen readers are told. */
export function Notices(): VNode {
  return (
    <>
      <div class="notices" role="status">
        {notices.value.map(({ id, text, kind, action }) => (
          <div key={id} class={`notice ${kind}`}>
            <span>{text}</span>
            {action && (
              <button
                type="button"
                class="notice-action"
                onClick={() => {
                  action.run();
                  dismiss(id);
                }}
              >
                {action.label}
              </button>
            )}
            <IconButton icon={X} label="Dismiss" size={15} onClick={() => dismiss(id)} />
          </div>
        ))}
      </div>
      <div class="off-screen" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}
