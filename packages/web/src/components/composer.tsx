import { useSignal } from "@preact/signals";
import { ArrowUp, Brain, Square } from "lucide";
import type { VNode } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { withSetting } from "../conversation/settings.js";
import { liveAnswers } from "../state/answering.js";
import { serverDown } from "../state/connection.js";
import { send } from "../state/conversation-actions.js";
import { models, modelsKnown } from "../state/models.js";
import { chat, setSettings } from "../state/open-chat.js";
import { narrow, onFocusWanted } from "../state/view.js";
import { drafts, setDraft } from "../storage/preferences.js";
import { ContextMeter } from "./context-meter.js";
import { Icon } from "./icon.js";
import { matchingCommands, runCommand, type SlashCommand } from "./slash-commands.js";

/** A new chat's draft isn't bound to its id, so that it survives a reload. */
const NEW = "new";

/** Where the person writes. */
export function Composer({ isNew }: { isNew: boolean }): VNode {
  const { id, settings } = chat.value;
  const draftId = isNew ? NEW : id;
  const text = drafts.value[draftId] ?? "";
  const chosen = useSignal(0);
  const dismissed = useSignal("");
  const listId = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const live = liveAnswers.value.get(id);
  const commands = dismissed.value === text ? [] : matchingCommands(text);
  const thinks = settings.thinking !== undefined && settings.thinking !== false;
  const sendable = text.trim() !== "" && !serverDown.value;

  useEffect(() => onFocusWanted(() => field.current?.focus()), []);
  useEffect(() => {
    if (!narrow.peek()) field.current?.focus();
  }, [id]);
  useEffect(() => fit(field.current), [text]);

  const write = (next: string) => {
    chosen.value = 0;
    dismissed.value = "";
    setDraft(draftId, next);
  };
  const run = (command: SlashCommand) => {
    if (command.argument !== undefined && command.name !== "think" && command.name !== "system") {
      write(`/${command.name} `);
      return;
    }
    write("");
    command.run("");
  };
  const submit = () => {
    if (text.trim().startsWith("/") && runCommand(text)) return write("");
    if (!sendable || live) return;
    write("");
    void send(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // A key that ends an input method's word isn't one for the page.
    if (event.isComposing || event.keyCode === 229) return;
    if (commands.length > 0 && commandKey(event.key)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    }
  };
  const commandKey = (key: string): boolean => {
    const command = commands[chosen.value];
    if (key === "ArrowDown") chosen.value = (chosen.value + 1) % commands.length;
    else if (key === "ArrowUp") chosen.value = (chosen.value - 1 + commands.length) % commands.length;
    else if ((key === "Enter" || key === "Tab") && command) run(command);
    else if (key === "Escape") dismissed.value = text;
    else return false;
    return true;
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {commands.length > 0 && <CommandList id={listId} commands={commands} chosen={chosen.value} onChoose={run} />}
      <div class="composer-box">
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder={models.value.length === 0 && modelsKnown.value ? "No model is installed" : "Message Izwi"}
          aria-label="Message"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={commands.length > 0 ? listId : undefined}
          aria-activedescendant={commands.length > 0 ? `${listId}-${chosen.value}` : undefined}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <div class="composer-foot">
          <button
            type="button"
            class={thinks ? "pill on" : "pill"}
            aria-pressed={thinks}
            title="Let the model think before it answers"
            onClick={() => setSettings(withSetting(settings, "thinking", thinks ? undefined : true))}
          >
            <Icon icon={Brain} size={15} />
            Think
          </button>
          <span class="space" />
          <ContextMeter />
          {live ? (
            <button type="button" class="send stop" aria-label="Stop" title="Stop (Esc)" onClick={() => live.stop()}>
              <Icon icon={Square} size={14} />
            </button>
          ) : (
            <button type="submit" class="send" aria-label="Send" title="Send (Enter)" disabled={!sendable}>
              <Icon icon={ArrowUp} size={19} />
            </button>
          )}
        </div>
      </div>
    </form>
  );
}

interface ListProps {
  id: string;
  commands: readonly SlashCommand[];
  chosen: number;
  onChoose: (command: SlashCommand) => void;
}

function CommandList({ id, commands, chosen, onChoose }: ListProps): VNode {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);
  return (
    <ul class="command-list" ref={list} id={id} role="listbox" aria-label="Commands">
      {commands.map((command, index) => (
        <li
          key={command.name}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          // Not on click: the field would lose the focus first.
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(command);
          }}
        >
          <span class="command-name">
            /{command.name} {command.argument && <i>{command.argument}</i>}
          </span>
          <span class="command-hint">{command.hint}</span>
        </li>
      ))}
    </ul>
  );
}

/** Makes the field as high as its text, for browsers that don't do so by themselves. */
function fit(field: HTMLTextAreaElement | null): void {
  if (!field || CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
