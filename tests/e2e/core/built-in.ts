import {
  loadModel,
  type ChatEvent,
  type ChatRequest,
  type EndEvent,
  type LoadModelOptions,
  type Model,
} from "@izwi/core";

/** The built-in model through the real addon. */
export const loadBuiltin = (options: LoadModelOptions = {}): Promise<Model> => loadModel("builtin", options);

/** A request whose answer can't end before `maxTokens`: the tokens that end a turn are ruled out. */
export function endless(model: Model, content: string, maxTokens: number): ChatRequest {
  const ends = ["<|im_end|>", "<|endoftext|>"].flatMap((token) => model.tokenize(token, { parseSpecial: true }));
  const logitBias = Object.fromEntries(ends.map((id) => [id, -100]));
  return { messages: [{ role: "user", content }], maxTokens, logitBias, temperature: 0 };
}

/** A whole answer. */
export interface Answer {
  text: string;
  reasoning: string;
  events: ChatEvent[];
  end: EndEvent;
}

/** Reads a chat to its end. */
export async function read(chat: AsyncIterable<ChatEvent>): Promise<Answer> {
  const events: ChatEvent[] = [];
  for await (const event of chat) events.push(event);
  const joined = (type: ChatEvent["type"]) =>
    events.map((event) => (event.type === type && "text" in event ? event.text : "")).join("");
  const end = events.at(-1);
  if (end?.type !== "end") throw new Error(`The last event is ${JSON.stringify(end)}.`);
  return { text: joined("text-delta"), reasoning: joined("reasoning-delta"), events, end };
}

/** Waits until the engine is idle: a cancelled answer ends with the engine's next step, not with the call. */
export async function untilIdle(model: Model): Promise<void> {
  for (let waited = 0; waited < 5000; waited += 10) {
    const { running, waiting } = model.stats();
    if (running === 0 && waiting === 0) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  throw new Error(`The engine is still busy: ${JSON.stringify(model.stats())}`);
}
