export { createIzwi, izwi } from "./provider.js";
export type { IzwiModelSettings, IzwiProvider, IzwiProviderSettings } from "./provider.js";
