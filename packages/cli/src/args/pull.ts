/** `izwi pull` as typed. */
import type { Command } from "commander";
import { addCommonOptions, nonEmpty } from "./options.js";

export interface PullFlags {
  model?: string;
  force: boolean;
  yes: boolean;
  /** false = --no-reuse */
  reuse: boolean;
  lock: boolean;
  frozen: boolean;
  json: boolean;
}

const afterHelp = `
MODEL is a name that 'izwi list' shows, hf:organization/repository (with :Q4_K_M, /file.gguf or @revision), or the
address of a .gguf file. An interrupted download goes on when the command is run again. A file that Ollama, LM Studio,
llama.cpp or the Hugging Face cache has already is linked, not downloaded.

With an izwi.lock in the working directory, what is pulled is noted in it; --lock makes one. --frozen takes exactly
what it pins, and without MODEL all of that: for CI and containers.

Environment:
  HF_TOKEN           for repositories that ask for it
  HF_ENDPOINT        a mirror of Hugging Face
  HF_HUB_OFFLINE     1: download nothing
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS   as everywhere

Examples:
  izwi pull qwen3-4b
  izwi pull hf:unsloth/Qwen3-1.7B-GGUF:Q8_0
  izwi pull --frozen`;

export function addPull(program: Command, done: (flags: PullFlags, command: Command) => void): void {
  const pull = program
    .command("pull")
    .alias("download")
    .description("download a model")
    .argument("[model]", "which one", nonEmpty("MODEL"))
    .option("-f, --force", "download it also when it is there, and replace another file at its place")
    .option("-y, --yes", "don't ask")
    .option("--no-reuse", "don't use another program's copy")
    .option("--lock", "note what was pulled in izwi.lock, for --frozen")
    .option("--frozen", "take exactly what izwi.lock pins")
    .option("--json", "tell what happens as JSON, one object a line")
    .addHelpText("after", afterHelp);
  addCommonOptions(pull, "-v, --verbose");
  pull.action((model: string | undefined) => {
    const { force = false, yes = false, reuse, lock = false, frozen = false, json = false } = pull.opts();
    done({ ...(model !== undefined && { model }), force, yes, reuse, lock, frozen, json }, pull);
  });
}
