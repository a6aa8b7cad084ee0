export { scripted, ScriptedBackend } from "./scripted.js";
export type { ScriptedAnswer, ScriptedOptions, ScriptedReply } from "./scripted.js";
