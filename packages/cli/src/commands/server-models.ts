/** `izwi models load` and `unload`: has the running server do it. */
import type { ServerModelFlags } from "../args/status.js";
import type { OutputFormat } from "../args/options.js";
import { canAsk, confirm } from "../confirm.js";
import { ExitCode } from "../exit-code.js";
import { UsageError } from "../failure.js";
import { structured } from "../output/result.js";
import { harmless } from "../printer.js";
import { ServerClient } from "../server-client.js";
import type { ServerAddress } from "../server-client.js";
import type { CommandContext } from "./context.js";
import { asking } from "./status.js";

interface ServedModel {
  id: string;
  status: string;
}

export type ServerModelSettings = ServerModelFlags & { server: ServerAddress; format: OutputFormat };

/** A large model on a slow disk takes its time. */
const loadTimeoutMs = 30 * 60_000;

export async function serverModelsCommand(settings: ServerModelSettings, context: CommandContext): Promise<ExitCode> {
  const client = new ServerClient(settings.server, context.stop.signal);
  if (settings.action === "load") return load(settings.model, settings.wait, client, settings.format, context);
  if (settings.model !== "all") return unload([settings.model], client, settings.format, context);
  if (!settings.yes) {
    if (!canAsk(context)) throw new UsageError("Nobody is there to be asked: give --yes to unload all.");
    if (!(await confirm("Unload all models?", context))) {
      return context.stop.signal.aborted ? context.stop.exitCode : ExitCode.failure;
    }
  }
  let loaded: string[] = [];
  const code = await asking(context, async () => {
    loaded = (await client.health()).models.filter(({ status }) => status === "ready").map(({ id }) => id);
  });
  if (code !== ExitCode.ok) return code;
  if (loaded.length === 0) context.printer.talk("No model is loaded.");
  return unload(loaded, client, settings.format, context);
}

async function load(
  model: string,
  wait: boolean,
  client: ServerClient,
  format: OutputFormat,
  context: CommandContext,
): Promise<ExitCode> {
  const { printer } = context;
  const progress = printer.progress(`Loading ${harmless(model)}…`, 300);
  try {
    return await asking(context, async () => {
      const path = `/v1/admin/models/${encodeURIComponent(model)}/load${wait ? "?wait=true" : ""}`;
      const served = await client.json<ServedModel>("POST", path, loadTimeoutMs).finally(() => progress.done());
      tell(served, served.status === "ready" ? "is loaded." : "is being loaded.", format, context);
    });
  } finally {
    progress.done();
  }
}

async function unload(
  models: readonly string[],
  client: ServerClient,
  format: OutputFormat,
  context: CommandContext,
): Promise<ExitCode> {
  let code: ExitCode = ExitCode.ok;
  for (const model of models) {
    const one = await asking(context, async () => {
      const path = `/v1/admin/models/${encodeURIComponent(model)}/unload`;
      tell(await client.json<ServedModel>("POST", path, 60_000), "is unloaded.", format, context);
    });
    if (one !== ExitCode.ok) code = one;
  }
  return code;
}

function tell(served: ServedModel, what: string, format: OutputFormat, { printer }: CommandContext): void {
  printer.data(structured(format, served) ?? (format === "plain" ? `${served.id}\n` : ""));
  printer.talk(`${harmless(served.id)} ${what}`);
}
