import { useSignal } from "@preact/signals";
import { Box, MessageSquare, Trash2 } from "lucide";
import type { VNode } from "preact";
import type { Model } from "../api/models.js";
import { catalog, remove, removing } from "../state/catalog.js";
import { load, loadingSince, unload } from "../state/models.js";
import { chooseModel, startChat } from "../state/open-chat.js";
import { Dialog } from "./dialog.js";
import { IconButton } from "./icon-button.js";
import { Icon } from "./icon.js";
import { ModelStatus } from "./model-status.js";
import { sizeText } from "./model-text.js";

/** A model on this machine, and what can be done with it. */
export function InstalledModel({ model }: { model: Model }): VNode {
  const { id, bytes, builtin, contextLength, status } = model;
  const asking = useSignal(false);
  const leaving = removing.value.has(id);
  const busy = loadingSince(id) !== undefined || status === "loading" || leaving;
  const facts = [
    sizeText(bytes),
    contextLength !== undefined && `${contextLength.toLocaleString("en")} tokens of context`,
    builtin && "comes with Izwi",
  ];
  return (
    <li class="model-card">
      <span class="model-icon">
        <Icon icon={Box} size={20} />
      </span>
      <div class="model-about">
        <h3>{id}</h3>
        <p>{facts.filter(Boolean).join(" · ")}</p>
      </div>
      <ModelStatus model={model} />
      <div class="model-actions">
        <button
          type="button"
          class="button primary"
          disabled={leaving}
          onClick={() => {
            startChat();
            chooseModel(id);
          }}
        >
          <Icon icon={MessageSquare} size={16} />
          Chat
        </button>
        {status === "ready" ? (
          <button type="button" class="button" disabled={leaving} onClick={() => void unload(id)}>
            Unload
          </button>
        ) : (
          <button type="button" class="button" disabled={busy} onClick={() => void load(id)}>
            {busy && !leaving ? "Loading…" : "Load"}
          </button>
        )}
        {!builtin && catalog.value !== undefined && (
          <IconButton icon={Trash2} label={`Remove ${id}`} disabled={leaving} onClick={() => (asking.value = true)} />
        )}
      </div>
      {asking.value && <RemoveDialog model={model} onClose={() => (asking.value = false)} />}
    </li>
  );
}

function RemoveDialog({ model: { id, bytes }, onClose }: { model: Model; onClose: () => void }): VNode {
  return (
    <Dialog title={`Remove ${id}?`} onClose={onClose}>
      <div class="dialog-text">
        <p>
          Its file of {sizeText(bytes)} is deleted from this machine. Conversations with it stay, and it can be
          downloaded again.
        </p>
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Keep
          </button>
          <button
            type="button"
            class="button danger"
            onClick={() => {
              onClose();
              void remove(id);
            }}
          >
            Remove
          </button>
        </div>
      </div>
    </Dialog>
  );
}
