import { createApp, type AppOptions } from "../../app.js";
import { FakeModel, FakeModels } from "./fake-model.js";

export type Json = Record<string, any>;

/** The whole app over a fake model, asked without a port. */
export class TestApp {
  readonly model: FakeModel;
  readonly models: FakeModels;
  readonly app: ReturnType<typeof createApp>;

  constructor(options: Partial<AppOptions> = {}, model: FakeModel = new FakeModel()) {
    this.model = model;
    this.models = new FakeModels(model);
    this.app = createApp({ models: this.models, pingMs: 60_000, processMetrics: false, ...options });
  }

  /** Posts JSON; a string is sent as it is. */
  async post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
    return this.app.request(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json" },
      ...init,
    });
  }

  /** Posts JSON and reads the answer's. */
  async json(path: string, body: unknown): Promise<{ status: number; body: Json; headers: Headers }> {
    const response = await this.post(path, body);
    return { status: response.status, body: (await response.json()) as Json, headers: response.headers };
  }

  /** Posts JSON with `stream` and reads all events. */
  async stream(path: string, body: Json): Promise<SentEvent[]> {
    const response = await this.post(path, { ...body, stream: true });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return parseEvents(await response.text());
  }
}

/** A server-sent event; `data` is parsed unless it's `[DONE]`. A comment has none. */
export interface SentEvent {
  event?: string;
  comment?: string;
  data?: any;
}

export function parseEvents(text: string): SentEvent[] {
  if (!text.endsWith("\n\n")) throw new Error(`The stream ends within an event: ${JSON.stringify(text.slice(-80))}`);
  return text
    .slice(0, -2)
    .split("\n\n")
    .map((block) => {
      const sent: SentEvent = {};
      for (const line of block.split("\n")) {
        const [, name, value] = /^(\w*): (.*)$/.exec(line) ?? [];
        if (name === "") sent.comment = value!;
        else if (name === "event") sent.event = value!;
        else if (name === "data") sent.data = value === "[DONE]" ? value : JSON.parse(value!);
        else throw new Error(`A line that is no event: ${JSON.stringify(line)}`);
      }
      return sent;
    });
}
