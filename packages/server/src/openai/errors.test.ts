import { ERROR_CODES, IzwiError } from "@izwi/core";
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { describe, expect, it } from "vitest";
import { ApiError, invalidRequest, paramOf, toErrorResponse, validationHook } from "./errors.js";

const issuesOf = (schema: z.ZodType, value: unknown) => invalidRequest(schema.safeParse(value).error!.issues).body;

describe("toErrorResponse", () => {
  it.each([
    ["MODEL_NOT_FOUND", 404, "model_not_found", "model"],
    ["INVALID_MODEL_FILE", 400, "invalid_model_file", "model"],
    ["UNSUPPORTED_MODEL", 400, "unsupported_model", "model"],
    ["INVALID_REQUEST", 400, "invalid_value", null],
    ["CONTEXT_OVERFLOW", 400, "context_length_exceeded", "messages"],
    ["TEMPLATE_ERROR", 400, "template_error", "messages"],
    ["QUEUE_FULL", 429, "queue_full", null],
    ["OUT_OF_MEMORY", 503, "out_of_memory", null],
    ["CLOSED", 503, "model_unavailable", null],
    ["DEVICE_UNAVAILABLE", 500, "device_unavailable", null],
    ["ADDON_UNAVAILABLE", 500, "addon_unavailable", null],
    ["INTERNAL", 500, "internal_error", null],
    ["ABORTED", 499, "aborted", null],
  ] as const)("answers %s with %i", (code, status, wireCode, param) => {
    const answer = toErrorResponse(new IzwiError(code, "It went wrong: 12 of 10."));
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code: wireCode, param });
    expect(answer.body.error.message).toBe(
      code === "ABORTED" ? "The request was aborted." : "It went wrong: 12 of 10.",
    );
    expect(Object.keys(answer.body.error).sort()).toEqual(["code", "message", "param", "type"]);
  });

  it("has an answer for every code", () => {
    for (const code of ERROR_CODES) expect(toErrorResponse(new IzwiError(code, "x")).status).toBeGreaterThan(399);
  });

  it("says when to try again, where that helps", () => {
    const retry = (error: unknown) => toErrorResponse(error).headers["retry-after"];
    expect(retry(new IzwiError("QUEUE_FULL", "full"))).toMatch(/^\d+$/);
    expect(retry(new IzwiError("CLOSED", "closed"))).toMatch(/^\d+$/);
    expect(retry(new IzwiError("OUT_OF_MEMORY", "no room"))).toMatch(/^\d+$/);
    expect(retry(new IzwiError("INVALID_REQUEST", "no"))).toBeUndefined();
  });

  it("answers an abort with its own reason, where it has one", () => {
    const timeout = new ApiError(504, { message: "Too slow." });
    expect(toErrorResponse(new IzwiError("ABORTED", "aborted", { cause: timeout })).status).toBe(504);
    const gone = new DOMException("gone", "AbortError");
    expect(toErrorResponse(new IzwiError("ABORTED", "aborted", { cause: gone })).status).toBe(499);
    expect(toErrorResponse(gone).status).toBe(499);
  });

  it("names the field that core's message begins with", () => {
    const param = (message: string) => toErrorResponse(new IzwiError("INVALID_REQUEST", message)).body.error.param;
    expect(param("responseFormat.schema must be an object")).toBe("response_format.schema");
    expect(param("logitBias must be an object")).toBe("logit_bias");
    expect(param("messages[3].content must be a string")).toBe("messages[3].content");
    expect(param("The model must be a path")).toBeNull();
  });

  it("keeps hono's status and an ApiError's headers", () => {
    expect(toErrorResponse(new HTTPException(413, { message: "Payload Too Large" }))).toMatchObject({
      status: 413,
      body: { error: { message: "Payload Too Large", type: "invalid_request_error" } },
    });
    const error = new ApiError(405, { message: "no" }, { headers: { allow: "GET" } });
    expect(toErrorResponse(error).headers).toEqual({ allow: "GET" });
  });

  it("tells nothing of an error that it doesn't know", () => {
    for (const secret of [new Error("secret"), "secret", undefined, { status: 999, message: "secret" }]) {
      const answer = toErrorResponse(secret);
      expect(answer.status).toBe(500);
      expect(answer.body.error.type).toBe("server_error");
      expect(JSON.stringify(answer)).not.toContain("secret");
    }
  });
});

describe("invalidRequest", () => {
  it("names the first field that is wrong", () => {
    const schema = z.object({ a: z.object({ b: z.array(z.number()) }), c: z.string() });
    expect(issuesOf(schema, { a: { b: [1, "x"] }, c: "y" })).toMatchObject({ param: "a.b[1]", code: "invalid_value" });
    expect(issuesOf(schema, { a: { b: [] } })).toEqual({
      message: "c is required.",
      type: "invalid_request_error",
      param: "c",
      code: "missing_required_parameter",
    });
  });

  it("goes into unions, to the alternative that got furthest", () => {
    const schema = z.object({ x: z.union([z.string(), z.array(z.object({ text: z.string() }))], { error: "odd" }) });
    expect(issuesOf(schema, { x: [{ text: 1 }] }).param).toBe("x[0].text");
    expect(issuesOf(schema, { x: 5 })).toMatchObject({ param: "x", message: "x: odd" });
    expect(issuesOf(schema, {})).toMatchObject({ param: "x", message: "x is required." });
  });

  it("throws from a validation hook", () => {
    const result = z.object({ a: z.string() }).safeParse({});
    expect(() => validationHook(result as never)).toThrow(ApiError);
    expect(() => validationHook({ success: true })).not.toThrow();
  });
});

it("writes paths as people do", () => {
  expect(paramOf(["messages", 0, "content", 2, "type"])).toBe("messages[0].content[2].type");
  expect(paramOf([])).toBeNull();
});
