/** `import { chat } from "izwi"`: the session library, so that one package is enough. */
export * from "@izwi/sdk";
