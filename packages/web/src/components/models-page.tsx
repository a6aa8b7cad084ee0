import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { catalog, refreshCatalog } from "../state/catalog.js";
import { models, modelsKnown, refreshModels } from "../state/models.js";
import { CatalogList } from "./catalog-list.js";
import { InstalledModel } from "./installed-model.js";
import { PageHead } from "./page-head.js";

const REFRESH_MS = 5000;

/** The models of this machine, and those that it could have. */
export function ModelsPage(): VNode {
  useEffect(() => {
    const refresh = () => {
      void refreshModels();
      void refreshCatalog();
    };
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <main class="page">
      <PageHead title="Models" />
      <div class="models">
        <div class={catalog.value ? "models-content two" : "models-content"}>
          <section aria-labelledby="installed-title">
            <h2 id="installed-title">On this machine</h2>
            <p class="lead">One that isn't loaded is loaded by its first question.</p>
            {models.value.length === 0 && modelsKnown.value && <p class="nothing">No model is installed.</p>}
            <ul class="model-list">
              {models.value.map((model) => (
                <InstalledModel key={model.id} model={model} />
              ))}
            </ul>
          </section>
          {catalog.value && <CatalogList catalog={catalog.value} />}
        </div>
      </div>
    </main>
  );
}
