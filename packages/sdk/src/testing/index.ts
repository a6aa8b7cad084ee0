export { recording } from "./recording.js";
export type { RecordingMode, RecordingOptions } from "./recording.js";
export { scripted, ScriptedBackend } from "./scripted.js";
export type { ScriptedAnswer, ScriptedOptions, ScriptedReply } from "./scripted.js";
export { tinyModel, tinyModelBytes } from "./tiny-model.js";
export type { TinyModel, TinyModelOptions } from "./tiny-model.js";
