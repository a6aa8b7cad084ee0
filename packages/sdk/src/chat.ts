import { cacheFileOf } from "./cache-file.js";
import { Connection } from "./connection.js";
import { ContextWindow } from "./context-window.js";
import { Session, stateOf } from "./session.js";
import { checkChatOptions, merged, type ChatOptions } from "./settings.js";
import { readTranscript } from "./transcript.js";

/** Starts a conversation: `chat()`. `chat.load` goes on with a saved one. */
export interface Chat {
  /**
   * Returns at once; the model is loaded with the first send, or by `session.ready()`. Sessions of one process that use
   * the same file with the same options share the loaded model.
   */
  (options?: ChatOptions): Session;
  /**
   * Goes on with a conversation that `session.save` wrote: its messages, system prompt, settings and model.
   *
   * @param overrides options that hold in the place of the saved ones; tools and keys aren't saved, and can be given
   */
  load(path: string, overrides?: ChatOptions): Promise<Session>;
}

function start(options: ChatOptions = {}): Session {
  checkChatOptions(options);
  return new Session(new Connection(options), {
    system: options.system,
    memory: options.memory ?? true,
    settings: merged({}, options),
    window: new ContextWindow(options.overflow),
    messages: [],
  });
}

async function load(path: string, overrides: ChatOptions = {}): Promise<Session> {
  checkChatOptions(overrides);
  const transcript = await readTranscript(path);
  const { tools, onToolCall } = overrides;
  const state = stateOf(
    {
      ...transcript,
      system: overrides.system ?? transcript.system,
      memory: overrides.memory ?? transcript.memory,
      settings: merged(transcript.settings, overrides),
      overflow: overrides.overflow ?? transcript.overflow,
    },
    { ...(tools && { tools }), ...(onToolCall && { onToolCall }) },
    "error",
  );
  const model = overrides.model ?? transcript.model?.name;
  const connection = new Connection({ ...overrides, ...(model !== undefined && { model }) });
  await connection.restore(cacheFileOf(path));
  return new Session(connection, state);
}

export const chat: Chat = Object.assign(start, { load });
