import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.js";
import { watchServer } from "./state/connection.js";
import { loadLibrary, watchOtherWindows } from "./state/library.js";
import { refreshModels } from "./state/models.js";
import { liveAnswers } from "./state/answering.js";
import { chat, openChat, reopen } from "./state/open-chat.js";
import { followHistory, route } from "./state/router.js";
import { watchKeys } from "./state/shortcuts.js";
import { watchVoices } from "./state/speech.js";
import { watchWidth } from "./state/view.js";
import { theme } from "./storage/preferences.js";
import "./styles/index.css";

effect(() => void (document.documentElement.dataset["theme"] = theme.value));
watchWidth();
watchKeys();
watchVoices();
followHistory();
watchServer();
watchOtherWindows((id) => {
  if (id === chat.peek().id && !liveAnswers.peek().has(id)) void reopen();
});
void refreshModels();
// The stored conversations come first, so that an address that names one finds it.
await loadLibrary();
const { page, ...named } = route.peek();
if (page === "chat" && "conversationId" in named && named.conversationId !== undefined) {
  await openChat(named.conversationId);
}
render(<App />, document.getElementById("app")!);
