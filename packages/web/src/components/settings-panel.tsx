import { RotateCcw, X } from "lucide";
import type { VNode } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import {
  NUMBER_FIELDS,
  SYSTEM_PRESETS,
  toSetting,
  withoutSampling,
  withSetting,
  type ChatSettings,
  type NumberField,
} from "../conversation/settings.js";
import type { Overflow } from "../conversation/window.js";
import { chat, setSettings, setSystem } from "../state/open-chat.js";
import { settingsOpen } from "../state/view.js";
import { IconButton } from "./icon-button.js";
import { Icon } from "./icon.js";

/** How this conversation's answers are made. New ones start with the same. */
export function SettingsPanel(): VNode {
  const { settings } = chat.value;
  const kept = withoutSampling(settings);
  const panel = useRef<HTMLElement>(null);
  useLayoutEffect(() => panel.current?.querySelector("textarea")?.focus({ preventScroll: true }), []);
  return (
    <aside
      class="settings"
      aria-label="Settings"
      ref={panel}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        settingsOpen.value = false;
      }}
    >
      <header class="settings-head">
        <h2>Settings</h2>
        <IconButton icon={X} label="Close settings" onClick={() => (settingsOpen.value = false)} />
      </header>
      <div class="settings-body">
        <SystemPrompt />
        <section class="settings-section">
          <div class="section-head">
            <h3>Sampling</h3>
            {Object.keys(settings).length > Object.keys(kept).length && (
              <button type="button" class="small-button" onClick={() => setSettings(kept)}>
                <Icon icon={RotateCcw} size={13} />
                Reset
              </button>
            )}
          </div>
          <p class="hint">What is left empty is as the model's makers recommend.</p>
          <ThinkingBudget settings={settings} />
          {NUMBER_FIELDS.map((field) => (
            <NumberRow key={field.name} field={field} settings={settings} />
          ))}
        </section>
        <WhenFull settings={settings} />
      </div>
    </aside>
  );
}

function SystemPrompt(): VNode {
  const { system } = chat.value;
  const id = useId();
  return (
    <section class="settings-section">
      <div class="section-head">
        <h3 id={id}>System prompt</h3>
        {system !== "" && (
          <button type="button" class="small-button" onClick={() => setSystem("")}>
            Clear
          </button>
        )}
      </div>
      <textarea
        class="text-field"
        rows={5}
        aria-labelledby={id}
        placeholder="How should the model behave?"
        value={system}
        onInput={(event) => setSystem(event.currentTarget.value)}
      />
      <div class="presets" role="group" aria-label="Presets">
        {SYSTEM_PRESETS.map(({ label, text }) => (
          <button
            type="button"
            key={label}
            class={system === text ? "pill on" : "pill"}
            aria-pressed={system === text}
            title={text}
            onClick={() => setSystem(system === text ? "" : text)}
          >
            {label}
          </button>
        ))}
      </div>
    </section>
  );
}

/** The field is empty where the model's own value holds. */
function NumberRow({ field, settings }: { field: NumberField; settings: ChatSettings }): VNode {
  const id = useId();
  const { name, label, hint, min, max, step } = field;
  return (
    <div class="setting">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        inputMode="decimal"
        {...{ min, max, step }}
        placeholder="auto"
        value={settings[name] ?? ""}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          const value = toSetting(field, event.currentTarget.value);
          setSettings(withSetting(settings, name, value));
          event.currentTarget.value = value === undefined ? "" : String(value);
        }}
      />
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}

const WHEN_FULL: readonly { overflow: Overflow; label: string }[] = [
  { overflow: "error", label: "Ask me" },
  { overflow: "slide", label: "Leave out the oldest" },
  { overflow: "summarize", label: "Summarise the oldest" },
];

function WhenFull({ settings }: { settings: ChatSettings }): VNode {
  const { overflow: chosen = "error" } = settings;
  const id = useId();
  return (
    <section class="settings-section">
      <h3 id={id}>When the context is full</h3>
      <div class="presets" role="group" aria-labelledby={id}>
        {WHEN_FULL.map(({ overflow, label }) => (
          <button
            type="button"
            key={overflow}
            class={overflow === chosen ? "pill on" : "pill"}
            aria-pressed={overflow === chosen}
            onClick={() => setSettings(withSetting(settings, "overflow", overflow))}
          >
            {label}
          </button>
        ))}
      </div>
      <p class="hint">A model keeps a limited number of words in mind. The conversation itself stays whole.</p>
    </section>
  );
}

const BUDGET: NumberField = { ...NUMBER_FIELDS[6]!, min: 1, max: 32_768 };

function ThinkingBudget({ settings }: { settings: ChatSettings }): VNode {
  const id = useId();
  const budget = typeof settings.thinking === "object" ? settings.thinking.budget : undefined;
  return (
    <div class="setting">
      <label for={id}>Thinking budget</label>
      <input
        id={id}
        type="number"
        min={BUDGET.min}
        max={BUDGET.max}
        placeholder="none"
        value={budget ?? ""}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          const value = toSetting(BUDGET, event.currentTarget.value);
          const thinks = settings.thinking !== undefined && settings.thinking !== false;
          setSettings(withSetting(settings, "thinking", value === undefined ? thinks || undefined : { budget: value }));
        }}
      />
      <p class="hint" id={`${id}-hint`}>
        The most tokens of thinking, after which the answer begins.
      </p>
    </div>
  );
}
