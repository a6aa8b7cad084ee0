import { parseArgs } from "node:util";
import { loadModel } from "@izwi/core";

const USAGE = `Usage: node bench/speculation.mjs MODEL [options]

What guessing tokens ahead saves, and what it costs where it is of no use: the same answers without it, with guesses
from the text, and with a draft model as well.

  --draft MODEL     a draft model's file, or "builtin" (default: none)
  --prompt TEXT     what is gone on with (default: the beginning of a story)
  --chat            the prompt is a user's message
  --repeat N        the prompt so many times (default: 1)
  --tokens N        of an answer at most (default: 256)
  --rounds N        answers of each kind, taking turns (default: 3)
  --temperature N   0 always takes the likeliest token (default: 0)
  --threads N       (default: the machine's cores)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    draft: { type: "string" },
    prompt: { type: "string", default: "Once upon a time there was a lighthouse by the sea. " },
    chat: { type: "boolean", default: false },
    repeat: { type: "string", default: "1" },
    tokens: { type: "string", default: "256" },
    rounds: { type: "string", default: "3" },
    temperature: { type: "string", default: "0" },
    threads: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const [path] = positionals;
if (values.help || path === undefined) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}
const maxTokens = Number(values.tokens);
const prompt = values.prompt.repeat(Number(values.repeat));

const common = { contextLength: 4096, ...(values.threads && { threads: Number(values.threads) }) };
const settings = {
  off: { speculation: "off" },
  text: {},
  ...(values.draft && { draft: { draftModel: values.draft } }),
};
const models = {};
for (const [name, options] of Object.entries(settings)) models[name] = await loadModel(path, { ...common, ...options });

/** One answer: its text and its figures. */
async function answer(model) {
  const before = model.stats();
  const sampling = { maxTokens, temperature: Number(values.temperature), seed: 1 };
  const stream = values.chat
    ? model.chat({ messages: [{ role: "user", content: prompt }], ...sampling })
    : model.complete({ tokenIds: model.tokenize(prompt), stopTokenIds: [], ...sampling });
  let text = "";
  for await (const event of stream) {
    if (event.type === "text-delta") text += event.text;
    if (event.type !== "end") continue;
    const after = model.stats();
    const drafted = after.draftedTokens - before.draftedTokens;
    const accepted = after.acceptedTokens - before.acceptedTokens;
    const tokens = event.usage.completionTokens;
    return { text, tokens, drafted, accepted, perSecond: ((tokens - 1) * 1000) / event.timings.decodeMs };
  }
  throw new Error("The answer had no end.");
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const found = Object.fromEntries(Object.keys(models).map((name) => [name, []]));
for (const model of Object.values(models)) await answer(model);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, model] of Object.entries(models)) found[name].push(await answer(model));
}
const texts = new Set(Object.values(found).flatMap((answers) => answers.map(({ text }) => text)));
if (texts.size !== 1) throw new Error("The answers differ.");
const off = median(found.off.map(({ perSecond }) => perSecond));
console.table(
  Object.entries(found).map(([guesses, answers]) => {
    const perSecond = median(answers.map((one) => one.perSecond));
    const { tokens, drafted, accepted } = answers.at(-1);
    const ratio = (perSecond / off).toFixed(2);
    return { guesses, tokens, drafted, accepted, "tokens/s": perSecond.toFixed(1), "of off": ratio };
  }),
);
for (const model of Object.values(models)) await model.close();
