import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { AssistantMessage, ChatEvent, ChatMessage } from "@izwi/core";
import { Answering } from "../openai/answering.js";
import type { ApiError } from "../openai/errors.js";
import type { ServerEvent } from "../openai/event-stream.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, json, jsonBody, jsonOrStream } from "../openai/openapi-parts.js";
import { DeletedResponse, ResponseEvent, ResponseObject } from "../openai/response-object.js";
import { toResponsePlan, type ResponsePlan } from "../openai/response-request.js";
import { ResponseRequest } from "../openai/response-schema.js";
import { ResponseStore } from "../openai/response-store.js";
import { ResponseWriter } from "../openai/response-writer.js";
import { settingsOfChoice } from "../openai/sampling.js";
import type { ServedModel } from "../model-source.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const create = createRoute({
  method: "post",
  path: "/v1/responses",
  tags: ["Responses"],
  summary: "Answer items of input",
  request: { body: jsonBody(ResponseRequest, { input: "Hello!", instructions: "Be brief." }) },
  responses: { 200: jsonOrStream("The response.", ResponseObject, "ResponseEvent"), ...errorResponses() },
});

const params = z.object({ id: z.string() });

const read = createRoute({
  method: "get",
  path: "/v1/responses/{id}",
  tags: ["Responses"],
  summary: "A stored response",
  request: { params },
  responses: { 200: json("The response.", ResponseObject), ...errorResponses() },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/responses/{id}",
  tags: ["Responses"],
  summary: "Forget a stored response",
  request: { params },
  responses: { 200: json("It's gone.", DeletedResponse), ...errorResponses() },
});

/** POST /v1/responses, GET and DELETE /v1/responses/{id} */
export function responses(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  const store = new ResponseStore();

  app.openAPIRegistry.register("ResponseEvent", ResponseEvent);
  app.openAPIRegistry.registerPath(create);
  app.post(create.path, async (c) => {
    const wire = await readJson(c, ResponseRequest);
    const plan = toResponsePlan(wire, store, context.limits);
    const answering = new Answering(c, context, wire.model, "input");
    let writer: ResponseWriter | undefined;
    const events = async function* (model: ServedModel): AsyncGenerator<ServerEvent, void> {
      writer = new ResponseWriter(wire, plan.request, answering.name);
      for await (const event of answer(answering, model, plan)) {
        const written = writer.write(event);
        // Kept before the client hears of the end, so that it can go on from there at once.
        if (event.type === "end" && writer.response.store) keep(store, writer.response, plan);
        yield* written;
      }
    };
    if (wire.stream) {
      const failure = (error: ApiError) =>
        (writer ??= new ResponseWriter(wire, plan.request, answering.name)).fail(error);
      return answering.streamed(events, { failure });
    }
    return c.json(
      await answering.whole(async (model) => {
        for await (const _ of events(model));
        return writer!.response;
      }),
    );
  });

  app.openAPIRegistry.registerPath(read);
  app.get("/v1/responses/:id", (c) => c.json(store.get(c.req.param("id")).response));

  app.openAPIRegistry.registerPath(remove);
  app.delete("/v1/responses/:id", (c) => {
    const id = c.req.param("id");
    store.delete(id);
    return c.json({ id, object: "response", deleted: true } satisfies z.output<typeof DeletedResponse>);
  });
}

function answer(answering: Answering, model: ServedModel, { request }: ResponsePlan): AsyncIterable<ChatEvent> {
  return answering.observe(
    model.chat({ ...answering.client, ...settingsOfChoice(request, 0) }, { signal: answering.signal }),
  );
}

/** The whole conversation is kept with the response: the next one goes on from there. */
function keep(store: ResponseStore, response: ResponseObject, { conversation, numNew }: ResponsePlan): void {
  const message: AssistantMessage = { role: "assistant", content: "" };
  for (const item of response.output) {
    if (item.type === "message") message.content += item.content.map(({ text }) => text).join("");
    if (item.type === "reasoning") {
      message.reasoningContent = [...item.content, ...item.summary].map(({ text }) => text).join("");
    }
    if (item.type === "function_call" && item.status === "completed") {
      const { call_id, name, arguments: args } = item;
      message.toolCalls = [...(message.toolCalls ?? []), { id: call_id, name, arguments: args }];
    }
  }
  const messages: ChatMessage[] = [...conversation, message];
  store.put(response, messages, numNew + 1);
}
