/** `izwi/ai`: a provider for the AI SDK that runs in this process. */
export * from "@izwi/sdk/ai";
