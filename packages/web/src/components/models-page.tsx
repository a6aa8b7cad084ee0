import { Box, Copy, MessageSquare } from "lucide";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { Model } from "../api/models.js";
import { copyText } from "../markdown/block-view.js";
import { load, loading, models, modelsKnown, refreshModels, unload } from "../state/models.js";
import { notify } from "../state/notices.js";
import { chooseModel, startChat } from "../state/open-chat.js";
import { IconButton } from "./icon-button.js";
import { Icon } from "./icon.js";
import { sizeText, statusText } from "./model-text.js";
import { PageHead } from "./page-head.js";

const REFRESH_MS = 5000;
const PULL = "izwi pull qwen3-chat-0.6b-4bit";

/** The models of this machine. */
export function ModelsPage(): VNode {
  useEffect(() => {
    void refreshModels();
    const timer = setInterval(() => void refreshModels(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <main class="page">
      <PageHead title="Models" />
      <div class="models">
        <div class="models-content">
          <h2>Models</h2>
          <p class="lead">They run on this machine. One that isn't loaded is loaded by its first question.</p>
          {models.value.length === 0 && modelsKnown.value && <p class="nothing">No model is installed.</p>}
          <ul class="model-list">
            {models.value.map((model) => (
              <ModelCard key={model.id} model={model} />
            ))}
          </ul>
          <section class="more-models">
            <h3>Get another one</h3>
            <p>In a terminal:</p>
            <p class="command">
              <code>{PULL}</code>
              <IconButton
                icon={Copy}
                size={16}
                label="Copy command"
                onClick={() => void copyText(PULL).then((done) => notify(done ? "Copied" : "Can't copy"))}
              />
            </p>
            <p class="hint">
              <code>izwi list</code> shows all models that Izwi knows, with their sizes.
            </p>
          </section>
        </div>
      </div>
    </main>
  );
}

function ModelCard({ model }: { model: Model }): VNode {
  const { id, bytes, builtin, contextLength, status } = model;
  const busy = loading.value.has(id) || status === "loading";
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
      <span class={`status badge ${busy ? "loading" : status}`}>{statusText(model, loading.value)}</span>
      <div class="model-actions">
        {status === "ready" && (
          <button type="button" class="button" onClick={() => void unload(id)}>
            Unload
          </button>
        )}
        {status !== "ready" && (
          <button type="button" class="button" disabled={busy} onClick={() => void load(id)}>
            {busy ? "Loading…" : "Load"}
          </button>
        )}
        <button
          type="button"
          class="button primary"
          onClick={() => {
            startChat();
            chooseModel(id);
          }}
        >
          <Icon icon={MessageSquare} size={16} />
          Chat
        </button>
      </div>
    </li>
  );
}
