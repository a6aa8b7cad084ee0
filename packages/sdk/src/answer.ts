import { IzwiError, type ChatEvent, type EndEvent, type ToolCall } from "@izwi/core";
import type { BackendStream } from "./backends/backend.js";

/** What has come of one answer of the model. */
export class Answer {
  text = "";
  reasoning = "";
  toolCalls: ToolCall[] = [];
  #end: EndEvent | undefined;

  add(event: ChatEvent): void {
    switch (event.type) {
      case "text-delta":
        this.text += event.text;
        break;
      case "reasoning-delta":
        this.reasoning += event.text;
        break;
      case "tool-call":
        this.toolCalls.push({ name: event.name, arguments: event.arguments });
        break;
      case "end":
        this.#end = event;
        break;
    }
  }

  get isEmpty(): boolean {
    return this.text === "" && this.reasoning === "" && this.toolCalls.length === 0;
  }

  get end(): EndEvent {
    if (this.#end === undefined) throw new IzwiError("INTERNAL", "The answer ended without its end event.");
    return this.#end;
  }
}

/** The event types that a session hands on as they are. */
export type PassedOn = Exclude<ChatEvent, { type: "tool-call" | "end" }>;

/** Reads an answer to its end into `answer`, and gives those of its events that concern readers of the session. */
export async function* readAnswer(stream: BackendStream, answer: Answer): AsyncGenerator<PassedOn, void> {
  for await (const event of stream) {
    answer.add(event);
    if (event.type !== "tool-call" && event.type !== "end") yield event;
  }
  void answer.end;
}
