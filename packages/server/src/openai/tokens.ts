import { z } from "@hono/zod-openapi";
import type { ServedModel } from "../model-source.js";
import { ModelField, promptFields } from "./chat-schema.js";
import { badParameter } from "./errors.js";

/** The body of POST /tokenize. */
export const TokenizeRequest = z
  .object({
    model: ModelField,
    content: z.string().nullish().openapi({ description: "The text." }),
    text: z.string().nullish().openapi({ description: "The same as content." }),
    prompt: z.string().nullish().openapi({ description: "The same as content." }),
    parse_special: z.boolean().nullish().openapi({
      description: "Whether <|im_end|> and the like are the tokens of that name. Default: true.",
    }),
    with_pieces: z.boolean().nullish().openapi({ description: "Tell each token's text, too." }),
  })
  .openapi("TokenizeRequest");

const Piece = z.object({
  id: z.int(),
  piece: z.string().openapi({ description: "Has U+FFFD where the token is only a part of a character." }),
});

/** The answer of POST /tokenize. */
export const TokenizeResponse = z
  .object({ tokens: z.union([z.array(z.int()), z.array(Piece)]), count: z.int(), max_model_len: z.int() })
  .openapi("TokenizeResponse");

/** The body of POST /detokenize. */
export const DetokenizeRequest = z
  .object({ model: ModelField, tokens: z.array(z.int().min(0).max(0xffff_ffff)) })
  .openapi("DetokenizeRequest");

/** The answer of POST /detokenize. */
export const DetokenizeResponse = z.object({ content: z.string() }).openapi("DetokenizeResponse");

/** The body of POST /apply-template. */
export const ApplyTemplateRequest = z.object({ model: ModelField, ...promptFields }).openapi("ApplyTemplateRequest");

/** The answer of POST /apply-template. */
export const ApplyTemplateResponse = z.object({ prompt: z.string() }).openapi("ApplyTemplateResponse");

/** Tokenizes what the body has under one of the names that servers have for it. */
export function tokenizeText(
  wire: z.output<typeof TokenizeRequest>,
  model: ServedModel,
): z.output<typeof TokenizeResponse> {
  const text = wire.content ?? wire.text ?? wire.prompt;
  if (text == null) throw badParameter("content", "content is required.", "missing_required_parameter");
  const ids = model.tokenize(text, { parseSpecial: wire.parse_special ?? true });
  const tokens = wire.with_pieces ? ids.map((id) => ({ id, piece: model.detokenize([id]) })) : ids;
  return { tokens, count: ids.length, max_model_len: model.info.contextLength };
}
