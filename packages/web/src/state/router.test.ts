import { expect, it } from "vitest";
import { pathOf, routeOf, type Route } from "./router.js";

it.each<[string, Route]>([
  ["/chat", { page: "chat", conversationId: undefined }],
  ["/chat/", { page: "chat", conversationId: undefined }],
  ["/chat/models", { page: "models" }],
  ["/chat/c/0a1b", { page: "chat", conversationId: "0a1b" }],
  ["/chat/c/../../x", { page: "chat", conversationId: undefined }],
])("%s is a route", (path, route) => {
  expect(routeOf(path)).toEqual(route);
  expect(routeOf(pathOf(route))).toEqual(route);
});
