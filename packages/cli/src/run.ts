/** Parse, resolve, act: from an argument list to an exit code. */
import { parseArgs } from "./args.js";
import type { Invocation } from "./args.js";
import type { CommonFlags } from "./args/options.js";
import type { OpenBrowser } from "./browser.js";
import type { CommandContext } from "./commands/context.js";
import { readConfig } from "./config-file.js";
import type { LoadCore } from "./core.js";
import { ExitCode } from "./exit-code.js";
import { describeFailure, UsageError } from "./failure.js";
import { packageVersion } from "./package-info.js";
import { harmless, Printer } from "./printer.js";
import type { OutputStream } from "./printer.js";
import type { KeyboardStream } from "./repl/terminal-input.js";
import type { LoadServer } from "./server.js";
import { serveSettings } from "./serve-settings.js";
import {
  chatSettings,
  kvCacheTypeOf,
  measureSettings,
  modelsDirectory,
  outputFormat,
  serverAddress,
} from "./settings.js";
import { Sources } from "./sources.js";
import type { Environment } from "./sources.js";
import { StopSignals } from "./stop-signals.js";
import type { SignalSource } from "./stop-signals.js";

/** Everything outside this program; a test hands in its own. */
export interface World {
  stdin: KeyboardStream;
  stdout: OutputStream;
  stderr: OutputStream;
  env: Environment;
  signals: SignalSource;
  loadCore: LoadCore;
  loadServer: LoadServer;
  openBrowser: OpenBrowser;
}

const nothingToSay: Invocation = { command: "say", stdout: "", stderr: "", exitCode: ExitCode.ok };
const noFlags: CommonFlags = { quiet: false, verbose: false, color: true };

export async function run(argv: readonly string[], world: World): Promise<ExitCode> {
  const completing = argv[0] === "__complete";
  const invocation = completing ? nothingToSay : parseArgs(argv, packageVersion());
  const common = invocation.command === "say" ? noFlags : invocation.common;
  const printer = new Printer({ ...world, ...common });
  const stop = new StopSignals(world.signals);
  try {
    const context = { ...world, printer, stop };
    const code = completing ? await completeWords(argv.slice(1), context) : await act(invocation, context);
    await printer.flush();
    if (printer.writeError === undefined) return code;
    throw new Error(`The output can't be written: ${printer.writeError.message}`);
  } catch (error) {
    const usage = error instanceof UsageError;
    printer.fail(describeFailure(error, "one-shot"));
    if (!usage && error instanceof Error && error.stack !== undefined) printer.detail(error.stack);
    await printer.flush();
    return usage ? ExitCode.usage : ExitCode.failure;
  } finally {
    stop.dispose();
  }
}

/** For shells: no command of its own, because nothing in the words may be taken for an option of this program. */
async function completeWords(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { completeCommand } = await import("./commands/completions.js");
  return completeCommand(words, context);
}

/** Each command's module is imported only when it runs. */
async function act(invocation: Invocation, context: CommandContext): Promise<ExitCode> {
  if (invocation.command === "say") {
    context.printer.verbatim(invocation.stdout, invocation.stderr);
    return invocation.exitCode;
  }
  const { common } = invocation;
  // These must work, or help to mend it, where the file is wrong.
  if (invocation.command === "config") {
    const { configCommand } = await import("./commands/config.js");
    const format = outputFormat(common, false, "table");
    return configCommand({ ...invocation.flags, askedFor: common.config, format }, context);
  }
  if (invocation.command === "doctor") {
    const { doctorCommand } = await import("./commands/doctor.js");
    const format = outputFormat(common, invocation.flags.json, "table");
    return doctorCommand({ askedFor: common.config, modelsDir: common.modelsDir, format }, context);
  }
  if (invocation.command === "completions") {
    const { completionsCommand } = await import("./commands/completions.js");
    return completionsCommand(invocation.shell, context);
  }
  const config = await readConfig(common.config, context.env);
  for (const warning of config.warnings) context.printer.notice(harmless(warning));
  const sources = new Sources(context.env, config);
  const modelsDir = modelsDirectory(common, sources);
  switch (invocation.command) {
    case "chat": {
      const settings = chatSettings(invocation.flags, common, sources, context.stdin.isTTY === true);
      const { chatCommand } = await import("./commands/chat.js");
      return chatCommand(settings, context);
    }
    case "serve": {
      const settings = serveSettings(invocation.flags, common, sources);
      const { serveCommand } = await import("./commands/serve.js");
      return serveCommand(settings, context);
    }
    case "pull": {
      const { pullCommand } = await import("./commands/pull.js");
      const { json, ...flags } = invocation.flags;
      const kvCacheType = kvCacheTypeOf(sources);
      return pullCommand({ ...flags, modelsDir, kvCacheType, format: outputFormat(common, json, "table") }, context);
    }
    case "list": {
      const { listCommand } = await import("./commands/list.js");
      const { json, ...flags } = invocation.flags;
      const kvCacheType = kvCacheTypeOf(sources);
      return listCommand({ ...flags, modelsDir, kvCacheType, format: outputFormat(common, json, "table") }, context);
    }
    case "show": {
      const { showCommand } = await import("./commands/show.js");
      const { json, ...flags } = invocation.flags;
      const kvCacheType = kvCacheTypeOf(sources);
      return showCommand({ ...flags, modelsDir, kvCacheType, format: outputFormat(common, json, "plain") }, context);
    }
    case "rm": {
      const { rmCommand } = await import("./commands/rm.js");
      return rmCommand({ ...invocation.flags, modelsDir, format: outputFormat(common, false, "table") }, context);
    }
    case "tokenize": {
      const { tokenizeCommand } = await import("./commands/tokenize.js");
      return tokenizeCommand({ ...invocation.flags, ...measureSettings(invocation.flags, common, sources) }, context);
    }
    case "perplexity": {
      const { perplexityCommand } = await import("./commands/perplexity.js");
      return perplexityCommand({ ...invocation.flags, ...measureSettings(invocation.flags, common, sources) }, context);
    }
    case "bench": {
      const { benchCommand } = await import("./commands/bench.js");
      const server = common.server === undefined ? {} : { server: serverAddress(common, sources) };
      const settings = { ...invocation.flags, ...measureSettings(invocation.flags, common, sources), ...server };
      return benchCommand(settings, context);
    }
    case "status": {
      const { statusCommand } = await import("./commands/status.js");
      const { json, ...flags } = invocation.flags;
      const server = serverAddress(common, sources);
      return statusCommand({ ...flags, server, format: outputFormat(common, json, "table") }, context);
    }
    case "ps": {
      const { psCommand } = await import("./commands/status.js");
      const format = outputFormat(common, invocation.flags.json, "table");
      return psCommand({ server: serverAddress(common, sources), format }, context);
    }
    case "server-models": {
      const { serverModelsCommand } = await import("./commands/server-models.js");
      const server = serverAddress(common, sources);
      return serverModelsCommand(
        { ...invocation.flags, server, format: outputFormat(common, false, "table") },
        context,
      );
    }
    case "tts": {
      const { ttsCommand } = await import("./commands/tts.js");
      return ttsCommand({ ...invocation.flags, format: outputFormat(common, false, "table") }, context);
    }
    case "version": {
      const { versionCommand } = await import("./commands/version.js");
      const format = outputFormat(common, false, "plain");
      return versionCommand({ full: invocation.full, modelsDir, format }, context);
    }
  }
}
