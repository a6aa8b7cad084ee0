import type { OpenBrowser } from "../browser.js";
import type { LoadCore } from "../core.js";
import type { Printer } from "../printer.js";
import type { KeyboardStream } from "../repl/terminal-input.js";
import type { LoadServer } from "../server.js";
import type { Environment } from "../sources.js";
import type { StopSignals } from "../stop-signals.js";

/** The outside world, as a command sees it. */
export interface CommandContext {
  stdin: KeyboardStream;
  env: Environment;
  printer: Printer;
  stop: StopSignals;
  loadCore: LoadCore;
  loadServer: LoadServer;
  openBrowser: OpenBrowser;
}
