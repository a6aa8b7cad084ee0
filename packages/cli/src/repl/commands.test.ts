import { describe, expect, it } from "vitest";
import { parseCommand } from "./commands.js";

describe("parseCommand", () => {
  it.each(["exit", "quit", "EXIT", " Quit ", "/exit", "/quit", "/q", "/bye", "/BYE"])("%j leaves", (line) => {
    expect(parseCommand(line)).toEqual({ name: "exit" });
  });

  it.each([
    ["clear", { name: "clear" }],
    ["/Clear", { name: "clear" }],
    ["help", { name: "help" }],
    ["/help", { name: "help" }],
    ["/?", { name: "help" }],
    ["/help set", { name: "help" }],
    ["/think", { name: "think" }],
    ["/no-think", { name: "no-think" }],
    ["/retry", { name: "retry" }],
    ["/model", { name: "model" }],
    ["/system", { name: "system" }],
    ["/system You are a pirate", { name: "system", text: "You are a pirate" }],
    ['/system "You are a pirate"', { name: "system", text: "You are a pirate" }],
    ["/system none", { name: "system", text: "" }],
    ["/stats", { name: "stats" }],
    ["/stats ON", { name: "stats", on: true }],
    ["/stats off", { name: "stats", on: false }],
    ["/set", { name: "set" }],
    ["/set temperature 0.5", { name: "set", option: "temperature", value: "0.5" }],
    ["/set top_k=5", { name: "set", option: "top_k", value: "5" }],
    ["/set seed default", { name: "set", option: "seed" }],
  ])("%j", (line, command) => {
    expect(parseCommand(line)).toEqual(command);
  });

  it.each(["exit strategies?", "quit smoking", "help me", "clear the table", "q", "bye", "think", "exit.", "1/2", ""])(
    "%j is a message",
    (line) => {
      expect(parseCommand(line)).toBeUndefined();
    },
  );

  it.each([
    ["/claer", /no command \/claer\. Did you mean \/clear\?/],
    ["/etc/passwd holds what?", /no command \/etc\/passwd\. Type help.*"""/],
    ["/constructor", /no command/],
    ["/mistake", /no command/],
    ["/exit now", /\/exit takes nothing/],
    ["/stats maybe", /on or off/],
    ["/set temperature", /\/set temperature 0\.5/],
    ["/set a b c", /name and a value/],
  ])("%j is a mistake", (line, message) => {
    expect(parseCommand(line)).toEqual({ name: "mistake", message: expect.stringMatching(message) });
  });
});
