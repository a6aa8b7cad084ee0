import { Download, Eraser, SlidersHorizontal } from "lucide";
import type { VNode } from "preact";
import { clearChat, exportChat } from "../state/conversation-actions.js";
import { chat, isStored, path } from "../state/open-chat.js";
import { settingsOpen } from "../state/view.js";
import { Composer } from "./composer.js";
import { EmptyState } from "./empty-state.js";
import { IconButton } from "./icon-button.js";
import { ModelSelector } from "./model-selector.js";
import { PageHead } from "./page-head.js";
import { SettingsPanel } from "./settings-panel.js";
import { Transcript } from "./transcript.js";

export function ChatPage(): VNode {
  const empty = path.value.length === 0;
  return (
    <>
      <main class="page">
        <PageHead title={chat.value.title}>
          <ModelSelector />
          <span class="space" />
          <IconButton
            icon={Download}
            label="Export chat"
            disabled={!isStored.value}
            class="wide-only"
            onClick={() => void exportChat(chat.value)}
          />
          <IconButton icon={Eraser} label="Clear chat" disabled={empty} onClick={() => void clearChat()} />
          <IconButton
            icon={SlidersHorizontal}
            label="Settings"
            expanded={settingsOpen.value}
            onClick={() => (settingsOpen.value = !settingsOpen.value)}
          />
        </PageHead>
        {empty ? <EmptyState /> : <Transcript />}
        <Composer isNew={!isStored.value} />
        <p class="caution">Models make mistakes. Check what matters.</p>
      </main>
      {settingsOpen.value && <SettingsPanel />}
    </>
  );
}
