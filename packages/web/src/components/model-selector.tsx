import { ChevronDown } from "lucide";
import type { VNode } from "preact";
import { loading, defaultModel, models, refreshModels } from "../state/models.js";
import { chat, chooseModel } from "../state/open-chat.js";
import { useEffect } from "preact/hooks";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";
import { statusText } from "./model-text.js";

/** Which model answers: loaded ones first. Choosing one has it loaded. */
export function ModelSelector(): VNode {
  const id = chat.value.model ?? defaultModel.value?.id;
  const busy = id !== undefined && loading.value.has(id);
  useEffect(() => void refreshModels(), [id]);
  return (
    <Menu
      label={`Model: ${id ?? "none"}`}
      class="model-selector"
      items={models.value.map((model) => ({
        label: model.id,
        checked: model.id === id,
        detail: <span class={`status ${model.status}`}>{statusText(model, loading.value)}</span>,
        run: () => chooseModel(model.id),
      }))}
    >
      <span class="model-name">{id ?? "No model"}</span>
      {busy && <span class="spinner" role="img" aria-label="Loading" />}
      <Icon icon={ChevronDown} size={16} />
    </Menu>
  );
}
