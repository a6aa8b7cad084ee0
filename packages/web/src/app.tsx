import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Banner } from "./components/banner.js";
import { ChatPage } from "./components/chat-page.js";
import { KeyDialog } from "./components/key-dialog.js";
import { ModelsPage } from "./components/models-page.js";
import { Notices } from "./components/notices.js";
import { ShortcutsDialog } from "./components/shortcuts-dialog.js";
import { Sidebar } from "./components/sidebar.js";
import { keyWanted } from "./state/connection.js";
import { chat, openChat, startChat } from "./state/open-chat.js";
import { go, route } from "./state/router.js";
import { drawerOpen, narrow, shortcutsOpen } from "./state/view.js";
import { sidebarOpen } from "./storage/preferences.js";

export function App(): VNode {
  const { page } = route.value;
  const beside = !narrow.value && sidebarOpen.value;
  const over = narrow.value && drawerOpen.value;
  useRoutedChat();
  useEffect(() => {
    document.title = page === "models" ? "Models · Izwi" : `${chat.value.title} · Izwi`;
  }, [page, chat.value.title]);
  return (
    <div class="app">
      {(beside || over) && <Sidebar />}
      {over && <div class="shade" onClick={() => (drawerOpen.value = false)} />}
      <div class="main" inert={over}>
        <Banner />
        <div class="main-row">{page === "models" ? <ModelsPage /> : <ChatPage />}</div>
      </div>
      <Notices />
      {shortcutsOpen.value && <ShortcutsDialog />}
      {keyWanted.value && <KeyDialog />}
    </div>
  );
}

/** Opens the conversation that the address names. */
function useRoutedChat(): void {
  const to = route.value;
  const id = to.page === "chat" ? to.conversationId : undefined;
  useEffect(() => {
    if (to.page !== "chat") return;
    if (id === undefined) startChat();
    else if (id !== chat.peek().id)
      void openChat(id).then((found) => found || go({ page: "chat", conversationId: undefined }, { replace: true }));
  }, [to]);
}
