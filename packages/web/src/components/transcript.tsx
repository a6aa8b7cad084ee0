import { useSignal } from "@preact/signals";
import { ArrowDown } from "lucide";
import type { RefObject, VNode } from "preact";
import { memo } from "preact/compat";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Message } from "../conversation/message.js";
import { numAlternatives } from "../conversation/tree.js";
import { numLeftOut } from "../conversation/window.js";
import { copyClickedCode } from "../markdown/block-view.js";
import { liveAnswers, type LiveAnswer } from "../state/answering.js";
import { chat, messages, path } from "../state/open-chat.js";
import { Answer } from "./answer.js";
import { WindowEdge } from "./context-full.js";
import { IconButton } from "./icon-button.js";
import { Question } from "./question.js";

/** A long conversation's end comes at once, the rest in portions while nothing else is to be done. */
const FIRST_SHOWN = 30;
const PORTION = 40;

/** This near to the end, the reader follows what comes. */
const NEAR_PX = 60;

/** The conversation, which follows its end as long as the reader is there. */
export function Transcript(): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const all = path.value;
  const { id } = chat.value;
  const shown = useShown(id, all.length);
  const { away, jump } = useFollowing(scroller, content, id, all.at(-2)?.id);
  const counts = useMemo(() => numAlternatives(messages.value), [messages.value]);
  const live = liveAnswers.value.get(id);
  const numLeft = numLeftOut(all, chat.value.window);
  const edge = numLeft === 0 ? undefined : all[numLeft]?.id;
  return (
    <div class="transcript-frame">
      <div class="transcript" ref={scroller} tabIndex={0} role="log" aria-live="off" aria-label="Conversation">
        <div class="transcript-content" ref={content} onClick={(event) => void copyClickedCode(event)}>
          {all
            .slice(-shown)
            .map((message, index, part) => [
              message.id === edge && <WindowEdge key="edge" window={chat.value.window!} />,
              <MessageView
                key={message.id}
                message={message}
                live={live?.messageId === message.id ? live : undefined}
                branches={(counts.get(message.parentId) ?? 0) > 1}
                isLast={index === part.length - 1}
                busy={live !== undefined}
              />,
            ])}
        </div>
      </div>
      {away.value && <IconButton icon={ArrowDown} label="Jump to the latest message" class="jump" onClick={jump} />}
    </div>
  );
}

interface ViewProps {
  message: Message;
  live: LiveAnswer | undefined;
  branches: boolean;
  isLast: boolean;
  busy: boolean;
}

const MessageView = memo(function MessageView({ message, live, branches, isLast, busy }: ViewProps): VNode | null {
  if (message.role === "user") return <Question message={message} branches={branches} busy={busy} />;
  if (message.role === "assistant") return <Answer {...{ message, live, branches, isLast, busy }} />;
  return (
    <article class="message tool-result" aria-label="Tool result">
      <span>{message.toolName ?? "Tool"}</span>
      <pre tabIndex={0}>{message.content}</pre>
    </article>
  );
});

/** How many messages are on the page, counted from the end. */
function useShown(conversationId: string, total: number): number {
  const shown = useSignal(FIRST_SHOWN);
  useEffect(() => {
    shown.value = FIRST_SHOWN;
  }, [conversationId]);
  useEffect(() => {
    if (shown.value >= total) return;
    const more = () => (shown.value += PORTION);
    if (!("requestIdleCallback" in globalThis)) {
      const timer = setTimeout(more, 50);
      return () => clearTimeout(timer);
    }
    const waiting = requestIdleCallback(more, { timeout: 500 });
    return () => cancelIdleCallback(waiting);
  }, [shown.value, total, conversationId]);
  return shown.value;
}

type Element = RefObject<HTMLDivElement | null>;

/**
 * Keeps the end in view while it grows, until the reader goes up; coming back to the end follows again. Tells whether
 * the reader is away from the end, and how to get there.
 */
function useFollowing(scroller: Element, content: Element, conversationId: string, questionId: string | undefined) {
  const away = useSignal(false);
  const following = useRef(true);
  useLayoutEffect(() => {
    following.current = true;
    toEnd(scroller.current);
  }, [conversationId, questionId]);
  useEffect(() => {
    const { current: box } = scroller;
    if (!box || !content.current) return;
    let lastTop = box.scrollTop;
    const onScroll = () => {
      const below = box.scrollHeight - box.clientHeight - box.scrollTop;
      if (below < NEAR_PX) following.current = true;
      else if (box.scrollTop < lastTop - 1) following.current = false;
      lastTop = box.scrollTop;
      away.value = below > NEAR_PX * 2 && !following.current;
    };
    const onWheel = (event: WheelEvent) => {
      if (event.deltaY < 0 && box.scrollHeight > box.clientHeight) following.current = false;
    };
    const observer = new ResizeObserver(() => {
      if (following.current) toEnd(box);
      else onScroll();
    });
    observer.observe(content.current);
    observer.observe(box);
    box.addEventListener("scroll", onScroll, { passive: true });
    box.addEventListener("wheel", onWheel, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", onScroll);
      box.removeEventListener("wheel", onWheel);
    };
  }, []);
  // Not smoothly: the messages on the way get their true heights only when they are seen, so the end would move away.
  const jump = () => {
    following.current = true;
    toEnd(scroller.current);
    scroller.current?.focus({ preventScroll: true });
  };
  return { away, jump };
}

function toEnd(box: HTMLDivElement | null): void {
  if (box) box.scrollTop = box.scrollHeight;
}
