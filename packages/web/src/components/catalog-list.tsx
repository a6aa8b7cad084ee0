import { useSignal } from "@preact/signals";
import { CircleAlert, Download } from "lucide";
import type { VNode } from "preact";
import { useId } from "preact/hooks";
import type { Catalog, CatalogModel, Unfinished } from "../api/catalog.js";
import { pull, pullFailures, pulls, remove } from "../state/catalog.js";
import { Icon } from "./icon.js";
import { sizeText } from "./model-text.js";
import { PullProgress } from "./pull-progress.js";

/** The models that can be brought onto this machine, and those on their way. */
export function CatalogList({ catalog }: { catalog: Catalog }): VNode {
  const { models, unfinished, memoryBytes, freeDiskBytes } = catalog;
  const known = new Set(models.map(({ id }) => id));
  const others = [...new Set([...pulls.value.keys(), ...pullFailures.value.keys(), ...unfinished.map(({ id }) => id)])];
  const partOf = (id: string) => unfinished.find((part) => part.id === id);
  const free = freeDiskBytes === undefined ? "" : ` and ${sizeText(freeDiskBytes)} of free disk space`;
  return (
    <section class="catalog" aria-labelledby="catalog-title">
      <h2 id="catalog-title">Get more models</h2>
      <p class="lead">
        This machine has {sizeText(memoryBytes)} of memory{free}.
      </p>
      <ul class="catalog-list">
        {models
          .filter(({ id, installed }) => !installed || pulls.value.has(id))
          .map((model) => (
            <CatalogItem
              key={model.id}
              id={model.id}
              model={model}
              part={partOf(model.id)}
              lacksRoom={freeDiskBytes !== undefined && model.bytes > freeDiskBytes}
            />
          ))}
        {others
          .filter((id) => !known.has(id))
          .map((id) => (
            <CatalogItem key={id} id={id} part={partOf(id)} />
          ))}
      </ul>
      <FromHub />
    </section>
  );
}

interface ItemProps {
  id: string;
  model?: CatalogModel;
  part: Unfinished | undefined;
  lacksRoom?: boolean;
}

function CatalogItem({ id, model, part, lacksRoom = false }: ItemProps): VNode {
  const running = pulls.value.get(id);
  const failure = pullFailures.value.get(id);
  const action = part ? "Resume" : failure === undefined ? "Download" : "Try again";
  return (
    <li class="catalog-item">
      <div class="catalog-row">
        <div class="model-about">
          <h3>
            {id}
            {model?.recommended && <span class="tag">Recommended</span>}
          </h3>
          {model && <p>{`${sizeText(model.bytes)} · ${sizeText(model.neededBytes)} of memory`}</p>}
          {model && !model.fits && <p class="unfit">More than this machine's memory can hold</p>}
          {part && !running && <p>{partText(part)}</p>}
        </div>
        {!running && (
          <div class="model-actions">
            {part && (
              <button type="button" class="button" aria-label={`Discard: ${id}`} onClick={() => void remove(id)}>
                Discard
              </button>
            )}
            {(model !== undefined || failure !== undefined || id.startsWith("hf:")) && (
              <button
                type="button"
                class={model?.recommended ? "button primary" : "button"}
                disabled={lacksRoom && !part}
                title={lacksRoom ? "There isn't enough room on the disk" : undefined}
                aria-label={`${action}: ${id}`}
                onClick={() => void pull(id)}
              >
                <Icon icon={Download} size={16} />
                {action}
              </button>
            )}
          </div>
        )}
      </div>
      {running && <PullProgress pull={running} />}
      {failure !== undefined && (
        <p class="pull-failure" role="alert">
          <Icon icon={CircleAlert} size={16} />
          <span>{failure}</span>
        </p>
      )}
    </li>
  );
}

function partText({ bytes, totalBytes }: Unfinished): string {
  const of = totalBytes === undefined ? "" : ` of ${sizeText(totalBytes)}`;
  return `Stopped at ${sizeText(bytes)}${of}`;
}

/** Any other model of the hub. */
function FromHub(): VNode {
  const name = useSignal("");
  const id = useId();
  const trimmed = name.value.trim();
  return (
    <form
      class="from-hub"
      onSubmit={(event) => {
        event.preventDefault();
        if (trimmed === "") return;
        name.value = "";
        void pull(/^\w+:/.test(trimmed) ? trimmed : `hf:${trimmed}`);
      }}
    >
      <label for={id}>Another one from Hugging Face</label>
      <div class="from-hub-row">
        <input
          id={id}
          class="text-field"
          value={name.value}
          placeholder="organization/repository"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-describedby={`${id}-hint`}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <button type="submit" class="button" disabled={trimmed === ""}>
          Download
        </button>
      </div>
      <p class="hint" id={`${id}-hint`}>
        A Qwen3 model as GGUF. Add <code>:Q4_K_M</code> to choose a quantization.
      </p>
    </form>
  );
}
