// npm start: build what is missing or stale, then `izwi chat` in this terminal. Arguments after -- are passed on.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { main, ROOT } from "./process.mjs";

await main(async () => {
  await build();
  return foreground(process.execPath, [join(ROOT, "packages/cli/bin/izwi.js"), "chat", ...process.argv.slice(2)]);
});

/** Runs a program as if it were this one: its terminal, its signals, its exit code. */
function foreground(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit" });
    // Ctrl+C reaches the child from the terminal itself; this process only has to outlive it.
    process.on("SIGINT", () => {});
    for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
