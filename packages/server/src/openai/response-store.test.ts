import type { ChatMessage } from "@izwi/core";
import { expect, it } from "vitest";
import { ApiError } from "./errors.js";
import type { ResponseObject } from "./response-object.js";
import { ResponseStore } from "./response-store.js";

function response(id: string, text = ""): ResponseObject {
  const output = [{ id: `msg_${id}`, type: "message", role: "assistant", status: "completed", content: [] }];
  return { id, object: "response", instructions: text, output } as unknown as ResponseObject;
}

const messages: ChatMessage[] = [{ role: "user", content: "Hi" }];

it("gives back what was put in, with its items", () => {
  const store = new ResponseStore();
  store.put(response("a"), messages, 1);
  expect(store.get("a")).toMatchObject({ response: { id: "a" }, messages });
  expect(store.item("msg_a", "input")).toMatchObject({ id: "msg_a" });
});

it("says with a 404 what isn't there", () => {
  const store = new ResponseStore();
  for (const read of [() => store.get("a"), () => store.item("msg_a", "input"), () => store.delete("a")]) {
    expect(read).toThrow(ApiError);
    expect(read).toThrow(expect.objectContaining({ status: 404 }));
  }
});

it("forgets what is deleted", () => {
  const store = new ResponseStore();
  store.put(response("a"), messages, 1);
  store.delete("a");
  expect(() => store.get("a")).toThrow(/^There is no/);
  expect(() => store.item("msg_a", "input")).toThrow(/^There is no/);
  expect(store.numEntries).toBe(0);
});

it("makes room by number, and keeps what was used lately", () => {
  const store = new ResponseStore({ maxEntries: 2 });
  store.put(response("a"), messages, 1);
  store.put(response("b"), messages, 1);
  store.get("a");
  store.put(response("c"), messages, 1);
  expect(store.numEntries).toBe(2);
  expect(() => store.get("b")).toThrow(/^There is no/);
  expect(() => store.item("msg_b", "input")).toThrow(/^There is no/);
  expect(store.get("a")).toBeDefined();
  expect(store.get("c")).toBeDefined();
});

it("makes room by size, and doesn't keep what is too large by itself", () => {
  const store = new ResponseStore({ maxSize: 2500 });
  store.put(response("a", "x".repeat(1000)), messages, 1);
  store.put(response("b", "x".repeat(1000)), messages, 1);
  store.put(response("c", "x".repeat(1000)), messages, 1);
  expect(() => store.get("a")).toThrow(/^There is no/);
  expect(store.get("c")).toBeDefined();
  store.put(response("d", "x".repeat(5000)), messages, 1);
  expect(() => store.get("d")).toThrow(/^There is no/);
  expect(store.numEntries).toBe(2);
  for (const id of ["b", "c"]) store.delete(id);
  store.put(response("e", "x".repeat(2000)), messages, 1);
  expect(store.get("e")).toBeDefined();
});
