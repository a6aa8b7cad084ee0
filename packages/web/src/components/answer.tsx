import { useSignal } from "@preact/signals";
import { Check, CircleAlert, Copy, GitBranch, RefreshCw, StepForward, Volume2, VolumeX } from "lucide";
import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import type { Message } from "../conversation/message.js";
import { copyText } from "../markdown/block-view.js";
import type { LiveAnswer, Phase } from "../state/answering.js";
import { branchOff, continueAnswer, regenerate } from "../state/conversation-actions.js";
import { modelById } from "../state/models.js";
import { notify } from "../state/notices.js";
import { canSpeak, speak, speaking, stopSpeaking } from "../state/speech.js";
import { AnswerStats } from "./answer-stats.js";
import { BranchSwitch } from "./branch-switch.js";
import { IconButton } from "./icon-button.js";
import { Icon } from "./icon.js";
import { Markdown } from "./markdown.js";
import { ContextFull } from "./context-full.js";
import { HowFar } from "./model-status.js";
import { Thinking } from "./thinking.js";

interface Props {
  message: Message;
  live: LiveAnswer | undefined;
  branches: boolean;
  isLast: boolean;
  busy: boolean;
}

/** What the model said. */
export function Answer({ message, live, branches, isLast, busy }: Props): VNode {
  if (live) return <GrowingAnswer live={live} />;
  const { content, reasoning, reasoningMs = 0, error, toolCalls } = message;
  return (
    <article class="message answer" aria-label="Izwi">
      {reasoning !== undefined && <Thinking text={reasoning} ms={reasoningMs} />}
      {content !== "" && <Markdown text={content} />}
      {toolCalls?.map(({ id, name, arguments: args }) => (
        <p key={id} class="tool-call">
          Called <code>{name}</code> with <code>{args}</code>
        </p>
      ))}
      {error !== undefined && message.overflow !== true && <Failure message={message} error={error} busy={busy} />}
      {error !== undefined && message.overflow && <ContextFull message={message} error={error} busy={busy} />}
      {error === undefined && <Cut message={message} isLast={isLast} busy={busy} />}
      {content !== "" && <Actions message={message} branches={branches} isLast={isLast} busy={busy} />}
      {content === "" && branches && (
        <div class="actions">
          <BranchSwitch message={message} />
        </div>
      )}
    </article>
  );
}

function GrowingAnswer({ live }: { live: LiveAnswer }): VNode {
  const { phase, content, reasoning, reasoningMs } = live.progress.value;
  const thinks = phase === "thinking";
  return (
    <article class="message answer growing" aria-label="Izwi" aria-busy="true">
      {reasoning !== "" && (
        <Thinking text={reasoning} ms={thinks ? undefined : reasoningMs} onAnswerNow={() => live.answerNow()} />
      )}
      {content !== "" && <Markdown text={content} growing />}
      {content === "" && !thinks && <Waiting phase={phase} model={live.model} />}
    </article>
  );
}

function Waiting({ phase, model }: { phase: Phase; model: string | undefined }): VNode {
  const since = useRef(Date.now());
  return (
    <p class="waiting">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span class={phase === "waiting" ? "off-screen" : "shimmer"}>
        {phase === "loading" && "Loading the model…"}
        {phase === "summarizing" && "Summarising the oldest messages…"}
        {phase === "waiting" && "Reading your message…"}
        {phase === "loading" && <HowFar model={modelById(model)} since={since.current} />}
      </span>
    </p>
  );
}

function Failure({ message, error, busy }: { message: Message; error: string; busy: boolean }): VNode {
  return (
    <div class="failure" role="alert">
      <Icon icon={CircleAlert} size={17} />
      <span>{error}</span>
      <button type="button" class="small-button" disabled={busy} onClick={() => void regenerate(message)}>
        Try again
      </button>
      {message.content !== "" && (
        <button type="button" class="small-button" disabled={busy} onClick={() => void continueAnswer(message)}>
          Continue
        </button>
      )}
    </div>
  );
}

/** Says that an answer has no proper end, and offers to go on. */
function Cut({ message, isLast, busy }: { message: Message; isLast: boolean; busy: boolean }): VNode | null {
  const anything = message.content !== "" || message.reasoning !== undefined;
  const empty = message.content === "" && message.toolCalls === undefined;
  if (message.end === "stop" && !empty) return null;
  const why = cutText(message.end);
  return (
    <p class="cut">
      <span>{why}</span>
      {isLast && anything && message.end !== "stop" && (
        <button type="button" class="small-button" disabled={busy} onClick={() => void continueAnswer(message)}>
          <Icon icon={StepForward} size={14} />
          Continue
        </button>
      )}
      {isLast && (!anything || message.end === "stop") && (
        <button type="button" class="small-button" disabled={busy} onClick={() => void regenerate(message)}>
          <Icon icon={RefreshCw} size={14} />
          Try again
        </button>
      )}
    </p>
  );
}

function cutText(end: Message["end"]): string {
  if (end === "stop") return "The model said nothing.";
  return end === "length" ? "The longest answer was reached." : "Stopped before its end.";
}

function Actions({ message, branches, isLast, busy }: Omit<Props, "live">): VNode {
  const copied = useSignal(false);
  const copy = async () => {
    if (!(await copyText(message.content))) return notify("The clipboard can't be used.", { kind: "error" });
    copied.value = true;
    setTimeout(() => (copied.value = false), 2000);
  };
  const spoken = speaking.value === message.id;
  return (
    <div class={isLast ? "actions shown" : "actions"}>
      {branches && <BranchSwitch message={message} />}
      <IconButton
        icon={copied.value ? Check : Copy}
        size={16}
        label={copied.value ? "Copied" : "Copy answer"}
        onClick={() => void copy()}
      />
      <IconButton
        icon={RefreshCw}
        size={16}
        label="Regenerate answer"
        disabled={busy}
        onClick={() => void regenerate(message)}
      />
      {canSpeak.value && (
        <IconButton
          icon={spoken ? VolumeX : Volume2}
          size={16}
          label={spoken ? "Stop reading aloud" : "Read aloud"}
          onClick={() => (spoken ? stopSpeaking() : void speak(message))}
        />
      )}
      <IconButton icon={GitBranch} size={16} label="Branch off from here" onClick={() => void branchOff(message)} />
      {message.usage && <AnswerStats usage={message.usage} model={message.model} />}
    </div>
  );
}
