import axe from "axe-core";
import type { ChatPage } from "./chat-page.js";

/** What axe objects to in the page as it is now. */
export async function violations(chat: ChatPage): Promise<string[]> {
  await chat.page.evaluate(axe.source);
  const results = (await chat.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as axe.AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}
