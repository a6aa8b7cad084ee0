import { CATALOG } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { TestApp, type Json } from "../openai/fakes/test-app.js";

async function get(path: string): Promise<{ status: number; body: Json }> {
  const response = await new TestApp().app.request(path);
  return { status: response.status, body: (await response.json()) as Json };
}

describe("GET /v1/models", () => {
  it("lists the models in OpenAI's shape", async () => {
    const { status, body } = await get("/v1/models");
    expect(status).toBe(200);
    expect(body).toEqual({
      object: "list",
      data: [
        {
          id: "fake",
          object: "model",
          created: 1_700_000_000,
          owned_by: "izwi",
          status: "ready",
          size_bytes: 1064,
          builtin: true,
        },
        {
          id: "org/other-0.6B",
          object: "model",
          created: 1_700_000_001,
          owned_by: "izwi",
          status: "downloaded",
          size_bytes: 2064,
          builtin: false,
        },
      ],
    });
  });
});

describe("GET /v1/models/{id}", () => {
  it.each([
    ["fake", "fake"],
    ["Fake", "fake"],
    ["builtin", "fake"],
    ["org/other-0.6B", "org/other-0.6B"],
    ["org%2Fother-0.6B", "org/other-0.6B"],
    ["org/other-0.6b.gguf", "org/other-0.6B"],
  ])("finds %s", async (name, id) => {
    const { status, body } = await get(`/v1/models/${name}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, object: "model" });
  });

  it("tells how long a conversation may be, where that is known", async () => {
    const app = new TestApp();
    const [first, second] = app.models.listings;
    app.models.listings = [{ ...first!, contextLength: 4096 }, second!];
    const body = (await (await app.app.request("/v1/models")).json()) as Json;
    expect(body.data.map(({ max_model_len }: Json) => max_model_len)).toEqual([4096, undefined]);
  });

  it("finds a model of the catalogue by each of its names", async () => {
    const app = new TestApp();
    const entry = CATALOG.find(({ aliases }) => aliases.length > 0)!;
    app.models.listings = [{ ...app.models.listings[1]!, id: entry.id }];
    for (const name of [entry.id, ...entry.aliases]) {
      const response = await app.app.request(`/v1/models/${name}`);
      expect(response.status, name).toBe(200);
      expect(await response.json()).toMatchObject({ id: entry.id });
    }
  });

  it("answers with 404 and the names that there are", async () => {
    const { status, body } = await get("/v1/models/gpt-4");
    expect(status).toBe(404);
    expect(body.error).toMatchObject({ code: "model_not_found", param: "model", type: "invalid_request_error" });
    expect(body.error.message).toMatch(/"gpt-4".*fake, org\/other-0\.6B/);
  });
});
