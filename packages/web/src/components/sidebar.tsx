import { useSignal } from "@preact/signals";
import { Box, Keyboard, MessageSquare, Monitor, Moon, PanelLeftClose, Search, SquarePen, Sun, Upload } from "lucide";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { groupByAge, type Conversation } from "../conversation/conversation.js";
import { liveAnswers } from "../state/answering.js";
import { importChats } from "../state/conversation-actions.js";
import { pullsShare } from "../state/catalog.js";
import { conversations, search } from "../state/library.js";
import { chat, isStored, startChat } from "../state/open-chat.js";
import { go, route, type Route } from "../state/router.js";
import { drawerOpen, focusComposer, narrow, shortcutsOpen } from "../state/view.js";
import { sidebarOpen, theme, type Theme } from "../storage/preferences.js";
import { ConversationItem } from "./conversation-item.js";
import { IconButton } from "./icon-button.js";
import { Icon, Mark } from "./icon.js";
import { Menu } from "./menu.js";

export function Sidebar(): VNode {
  return (
    <nav class="sidebar" aria-label="Main">
      <div class="brand">
        <Mark />
        <span class="brand-name">Izwi</span>
        <IconButton
          icon={PanelLeftClose}
          label="Close sidebar"
          onClick={() => (narrow.value ? (drawerOpen.value = false) : (sidebarOpen.value = false))}
        />
      </div>
      <button type="button" class="new-chat" onClick={newChat}>
        <Icon icon={SquarePen} size={17} />
        New chat
      </button>
      <ul class="pages">
        <PageLink to={chatRoute()} current={route.value.page === "chat"} icon={MessageSquare} label="Chat" />
        <PageLink to={{ page: "models" }} current={route.value.page === "models"} icon={Box} label="Models">
          {pullsShare.value !== undefined && (
            <span class="page-note">
              <span class="off-screen">Downloading: </span>
              {Math.floor(pullsShare.value * 100)} %
            </span>
          )}
        </PageLink>
      </ul>
      <Conversations />
      <Foot />
    </nav>
  );
}

export function newChat(): void {
  startChat();
  drawerOpen.value = false;
  focusComposer();
}

function chatRoute(): Route {
  return { page: "chat", conversationId: isStored.value ? chat.value.id : undefined };
}

interface LinkProps {
  to: Route;
  current: boolean;
  icon: typeof Box;
  label: string;
  /** What is going on there. */
  children?: ComponentChildren;
}

function PageLink({ to, current, icon, label, children }: LinkProps): VNode {
  return (
    <li>
      <a
        class={current ? "page-link current" : "page-link"}
        href={to.page === "models" ? "/chat/models" : "/chat"}
        aria-current={current ? "page" : undefined}
        onClick={(event) => {
          event.preventDefault();
          drawerOpen.value = false;
          go(to);
        }}
      >
        <Icon icon={icon} size={17} />
        {label}
        {children}
      </a>
    </li>
  );
}

function Conversations(): VNode {
  const wanted = useSignal("");
  const found = useFound(wanted.value);
  const all = conversations.value;
  const shown = useMemo(() => (found ? all.filter(found) : all), [all, found]);
  const groups = useMemo(() => groupByAge(shown, Date.now()), [shown]);
  return (
    <div class="conversations">
      {all.length > 0 && (
        <label class="search">
          <Icon icon={Search} size={15} />
          <span class="off-screen">Search conversations</span>
          <input
            type="search"
            id="conversation-search"
            placeholder="Search"
            value={wanted.value}
            onInput={(event) => (wanted.value = event.currentTarget.value)}
          />
        </label>
      )}
      <div class="conversation-list">
        {groups.map(({ label, conversations }) => (
          <section key={label} aria-label={label}>
            <h2>{label}</h2>
            <ul>
              {conversations.map((conversation) => (
                <ConversationItem
                  key={conversation.id}
                  conversation={conversation}
                  current={route.value.page === "chat" && chat.value.id === conversation.id}
                  writing={liveAnswers.value.has(conversation.id)}
                />
              ))}
            </ul>
          </section>
        ))}
        {shown.length === 0 && (
          <p class="nothing">
            {all.length === 0 ? "Your conversations will be kept here, in this browser." : "Nothing found."}
          </p>
        )}
      </div>
    </div>
  );
}

/** Whether a conversation is one that was searched for: by its title at once, by its messages a moment later. */
function useFound(wanted: string): ((conversation: Conversation) => boolean) | undefined {
  const inMessages = useSignal<ReadonlySet<string>>(new Set());
  const text = wanted.trim().toLowerCase();
  useEffect(() => {
    inMessages.value = new Set();
    if (text === "") return;
    let current = true;
    const timer = setTimeout(() => {
      void search(text).then((ids) => current && (inMessages.value = ids));
    }, 150);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const ids = inMessages.value;
  return useMemo(
    () => (text === "" ? undefined : ({ id, title }) => title.toLowerCase().includes(text) || ids.has(id)),
    [text, ids],
  );
}

const THEMES: { name: Theme; label: string; icon: typeof Sun }[] = [
  { name: "system", label: "As the system", icon: Monitor },
  { name: "light", label: "Light", icon: Sun },
  { name: "dark", label: "Dark", icon: Moon },
];

function Foot(): VNode {
  const files = useRef<HTMLInputElement>(null);
  const chosen = THEMES.find(({ name }) => name === theme.value) ?? THEMES[0]!;
  return (
    <div class="sidebar-foot">
      <Menu
        label="Theme"
        placement="above"
        items={THEMES.map(({ name, label, icon }) => ({
          ...{ label, icon },
          checked: name === theme.value,
          run: () => (theme.value = name),
        }))}
      >
        <Icon icon={chosen.icon} />
      </Menu>
      <IconButton icon={Upload} label="Import conversations" onClick={() => files.current?.click()} />
      <IconButton icon={Keyboard} label="Keyboard shortcuts" onClick={() => (shortcutsOpen.value = true)} />
      <span class="foot-note">On this device</span>
      <input
        ref={files}
        type="file"
        hidden
        multiple
        accept="application/json,.json"
        aria-label="Files to import"
        onChange={(event) => {
          void importChats([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
}
