// Measures the built-in model through the shipped file and Izwi's own engine: the dialogues of heldout.jsonl, free-running
// (the model answers every turn itself, and lives with what it said).
//
//   node models/evaluate.mjs [--model FILE] [--dialogues FILE] [--category NAME] [--limit N] [--temperature 0|default]
//                            [--kv-cache-type f16|q8_0] [--json] [--failures N]
//
// A dialogue passes if all its checks do. Exit code 1 if a target is missed, 2 for a wrong argument or an unreadable file.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadModel } from "@izwi/core";

const SHIPPED = fileURLToPath(new URL("../packages/core/assets/izwi-tiny.gguf", import.meta.url));
const HELD_OUT = fileURLToPath(new URL("./heldout.jsonl", import.meta.url));
const MAX_TOKENS = 128;
const AT_ONCE = 8;

/** Least share of dialogues passed, for wordings seen in training and for those held out. */
const RECALL = { seen: 0.98, heldout: 0.92 };
const SKILL = { seen: 0.9, heldout: 0.9 };
const TARGETS = {
  name: RECALL,
  changed_name: RECALL,
  code: RECALL,
  unknown: RECALL,
  context_facts: RECALL,
  system_facts: RECALL,
  system_style: RECALL,
  identity: RECALL,
  bigger_model: RECALL,
  decline: RECALL,
  counting: SKILL,
  spelling: SKILL,
  echo: SKILL,
  sums: SKILL,
  json: SKILL,
  small_talk: SKILL,
  python: SKILL,
  long: SKILL,
};

const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** Each kind of check, from what it expects and the reply to true or false. Letter case is ignored where a reader would. */
const CHECKS = {
  contains: (wanted, reply) =>
    wanted.every((text) => new RegExp(`(?<![\\p{L}\\p{N}_])${escapeRegExp(text)}(?![\\p{L}\\p{N}_])`, "iu").test(reply)),
  not_contains: (unwanted, reply) => unwanted.every((text) => !reply.toLowerCase().includes(text.toLowerCase())),
  equals: (wanted, reply) => reply.toLowerCase() === wanted.trim().toLowerCase(),
  regex: (pattern, reply) => new RegExp(pattern, "i").test(reply),
  starts_with: (start, reply) => reply.toLowerCase().startsWith(start.toLowerCase()),
  ends_with: (end, reply) => reply.toLowerCase().endsWith(end.toLowerCase()),
  max_words: (most, reply) => reply !== "" && reply.split(/\s+/).length <= most,
  no_lowercase: (_, reply) => /[A-Z]/.test(reply) && !/[a-z]/.test(reply),
  json: (wanted, reply) => sameObject(wanted, parseJson(reply)),
  all: (checks, reply) => checks.every((check) => passes(check, reply)),
};

function passes(check, reply) {
  return Object.entries(check).every(([kind, wanted]) => {
    if (!(kind in CHECKS)) throw new Error(`heldout.jsonl has a check of the unknown kind "${kind}"`);
    return CHECKS[kind](wanted, reply.trim());
  });
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Flat objects with the same keys and strictly equal values. */
function sameObject(a, b) {
  if (typeof b !== "object" || b === null || Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: SHIPPED },
      dialogues: { type: "string", default: HELD_OUT },
      category: { type: "string" },
      limit: { type: "string" },
      temperature: { type: "string", default: "0" },
      "kv-cache-type": { type: "string", default: "f16" },
      failures: { type: "string", default: "0" },
      json: { type: "boolean", default: false },
    },
  });
  const temperature = values.temperature === "default" ? undefined : Number(values.temperature);
  const limit = values.limit === undefined ? Infinity : Number(values.limit);
  const failures = Number(values.failures);
  if (temperature !== undefined && !(temperature >= 0)) throw new Error('--temperature takes a number or "default"');
  if (!(limit > 0)) throw new Error("--limit takes a number above 0");
  if (!(failures >= 0)) throw new Error("--failures takes a number");
  if (values.category !== undefined && !(values.category in TARGETS)) {
    throw new Error(`--category takes one of ${Object.keys(TARGETS).join(", ")}`);
  }
  return { ...values, temperature, limit, failures };
}

function readDialogues({ dialogues: file, category, limit }) {
  const taken = new Map();
  const dialogues = readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter((dialogue) => {
      const cell = `${dialogue.category}/${dialogue.wording}`;
      taken.set(cell, (taken.get(cell) ?? 0) + 1);
      return taken.get(cell) <= limit && (category === undefined || dialogue.category === category);
    });
  if (dialogues.length === 0) throw new Error(`${file} has no dialogues of that category`);
  return dialogues;
}

async function answer(model, messages, temperature) {
  let text = "";
  const request = { messages, thinking: false, maxTokens: MAX_TOKENS };
  if (temperature !== undefined) request.temperature = temperature;
  for await (const event of model.chat(request)) {
    if (event.type === "text-delta") text += event.text;
  }
  return text;
}

/** The reply, or nothing when a babbling model has filled its context: that is a failure of the model, not of the measurement. */
async function answerOrOverflow(model, messages, temperature) {
  try {
    return await answer(model, messages, temperature);
  } catch (error) {
    if (error.code === "CONTEXT_OVERFLOW") return undefined;
    throw error;
  }
}

/** Plays one dialogue; gives the transcript and whether enough of its checks passed. */
async function play(model, dialogue, temperature) {
  const messages = dialogue.system === undefined ? [] : [{ role: "system", content: dialogue.system }];
  const transcript = [];
  let checked = 0;
  let passed = 0;
  for (const { user, check } of dialogue.turns) {
    messages.push({ role: "user", content: user });
    const reply = await answerOrOverflow(model, messages, temperature);
    if (reply === undefined) return { passed: false, transcript: [...transcript, { user, reply: "(no room left in the context)" }] };
    messages.push({ role: "assistant", content: reply });
    const fine = check === undefined || passes(check, reply);
    if (check !== undefined) checked += 1;
    if (check !== undefined && fine) passed += 1;
    transcript.push({ user, reply, ...(fine ? {} : { check }) });
  }
  return { passed: passed >= checked * (dialogue.needed ?? 1), transcript };
}

async function playAll(model, dialogues, { temperature, failures }) {
  const cells = new Map();
  const queue = dialogues.values();
  const worker = async () => {
    for (const dialogue of queue) {
      const key = `${dialogue.category}/${dialogue.wording}`;
      if (!cells.has(key)) {
        const { category, wording } = dialogue;
        cells.set(key, { category, wording, passed: 0, total: 0, target: TARGETS[category][wording] });
      }
      const cell = cells.get(key);
      const result = await play(model, dialogue, temperature);
      cell.total += 1;
      if (result.passed) cell.passed += 1;
      else if (cell.total - cell.passed <= failures) printFailure(key, dialogue, result.transcript);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return [...cells.values()];
}

function printFailure(key, dialogue, transcript) {
  console.error(`${key}  system: ${dialogue.system ?? "none"}`);
  for (const { user, reply, check } of transcript) {
    console.error(`  > ${user}\n  ${reply}${check ? `   FAILS ${JSON.stringify(check)}` : ""}`);
  }
}

function printTable(cells) {
  const percent = ({ passed, total }) => ((100 * passed) / total).toFixed(1).padStart(6);
  console.log("category        wording   passed/total       %  target");
  for (const cell of cells) {
    const count = `${cell.passed}/${cell.total}`.padStart(12);
    const missed = cell.passed < cell.target * cell.total ? "  missed" : "";
    console.log(
      `${cell.category.padEnd(15)} ${cell.wording.padEnd(9)} ${count}  ${percent(cell)}  ${(100 * cell.target).toFixed(0).padStart(5)}${missed}`,
    );
  }
  for (const wording of ["seen", "heldout"]) {
    const total = sum(cells.filter((cell) => cell.wording === wording));
    if (total.total > 0) console.log(`${"all".padEnd(15)} ${wording.padEnd(9)} ${`${total.passed}/${total.total}`.padStart(12)}  ${percent(total)}`);
  }
}

function sum(cells) {
  return cells.reduce((all, cell) => ({ passed: all.passed + cell.passed, total: all.total + cell.total }), { passed: 0, total: 0 });
}

let options, dialogues, model;
try {
  options = readArguments();
  dialogues = readDialogues(options);
  model = await loadModel(options.model, { kvCacheType: options["kv-cache-type"] });
} catch (error) {
  console.error(`evaluate: ${error.message}`);
  process.exit(2);
}
try {
  const cells = await playAll(model, dialogues, options);
  if (options.json) console.log(JSON.stringify(cells, null, 2));
  else printTable(cells);
  if (cells.some((cell) => cell.passed < cell.target * cell.total)) process.exitCode = 1;
} finally {
  await model.close();
}
