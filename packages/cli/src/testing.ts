/** `izwi/testing`: models for tests, without weights or with tiny ones. */
export * from "@izwi/sdk/testing";
