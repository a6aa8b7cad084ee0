import { ChevronDown } from "lucide";
import type { VNode } from "preact";
import { defaultModel, loadingSince, models, refreshModels } from "../state/models.js";
import { chat, chooseModel } from "../state/open-chat.js";
import { useEffect } from "preact/hooks";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";
import { ModelStatus } from "./model-status.js";

/** Which model answers: loaded ones first. Choosing one has it loaded. */
export function ModelSelector(): VNode {
  const id = chat.value.model ?? defaultModel.value?.id;
  const busy = id !== undefined && loadingSince(id) !== undefined;
  useEffect(() => void refreshModels(), [id]);
  return (
    <Menu
      label={`Model: ${id ?? "none"}`}
      class="model-selector"
      items={models.value.map((model) => ({
        label: model.id,
        checked: model.id === id,
        detail: <ModelStatus model={model} />,
        run: () => chooseModel(model.id),
      }))}
    >
      <span class="model-name">{id ?? "No model"}</span>
      {busy && <span class="spinner" role="img" aria-label="Loading" />}
      <Icon icon={ChevronDown} size={16} />
    </Menu>
  );
}
