import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { findListing, ModelList, ModelObject, toModelObject } from "../openai/models.js";
import { errorResponses, json } from "../openai/openapi-parts.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const list = createRoute({
  method: "get",
  path: "/v1/models",
  tags: ["Models"],
  summary: "The models that can be asked for",
  responses: { 200: json("All models.", ModelList), ...errorResponses() },
});

const one = createRoute({
  method: "get",
  path: "/v1/models/{id}",
  tags: ["Models"],
  summary: "One model",
  request: { params: z.object({ id: z.string().openapi({ description: "May contain slashes." }) }) },
  responses: { 200: json("The model.", ModelObject), ...errorResponses() },
});

/** GET /v1/models and /v1/models/{id} */
export function models(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  app.openAPIRegistry.registerPath(list);
  app.get("/v1/models", async (c) => {
    const listings = await context.models.list();
    return c.json({ object: "list", data: listings.map(toModelObject) } satisfies z.output<typeof ModelList>);
  });

  app.openAPIRegistry.registerPath(one);
  app.get("/v1/models/:id{.+}", async (c) => {
    const listing = findListing(c.req.param("id"), await context.models.list());
    return c.json(toModelObject(listing));
  });
}
