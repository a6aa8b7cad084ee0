import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../fakes/temporary-folder.js";
import { withLock } from "./process-lock.js";

const makePath = () => join(temporaryFolder(), "a.lock");
const pollMs = 5;

/** A process that ran and has ended. */
async function deadPid(): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ["-p", "process.pid"]);
  return Number(stdout);
}

/** This machine, as a lock file names it. */
const host = await (async () => {
  const path = makePath();
  return withLock(path, {}, async () => (JSON.parse(readFileSync(path, "utf8")) as { host: string }).host);
})();

const note = (pid: number, more: object = {}) => JSON.stringify({ pid, host, token: "another's", ...more });

describe("withLock", () => {
  it("lets one at a time in, and takes its file away", async () => {
    const path = makePath();
    let inside = 0;
    const visits = Array.from({ length: 8 }, async (_, index) => {
      await withLock(path, { pollMs }, async (stillHeld) => {
        inside++;
        expect(inside).toBe(1);
        expect(await stillHeld()).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, index % 3));
        inside--;
      });
    });
    await Promise.all(visits);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  it("gives the result, and the lock back when the work fails", async () => {
    const path = makePath();
    expect(await withLock(path, {}, async () => 7)).toBe(7);
    await expect(withLock(path, {}, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(existsSync(path)).toBe(false);
  });

  it("takes over the lock of a process that was killed, at once, even when several want it", async () => {
    const path = makePath();
    writeFileSync(path, note(await deadPid()));
    let inside = 0;
    const visits = Array.from({ length: 6 }, () =>
      withLock(path, { pollMs }, async () => {
        expect(++inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inside--;
      }),
    );
    await Promise.all(visits);
  });

  it.runIf(process.platform === "linux")("isn't fooled by a process id that is used again", async () => {
    const path = makePath();
    writeFileSync(path, note(process.pid, { begun: "1" }));
    expect(await withLock(path, { pollMs }, async () => "taken")).toBe("taken");
  });

  it("waits for a living process, says for whom, and can be told not to", async () => {
    const path = makePath();
    writeFileSync(path, note(process.ppid));
    await expect(withLock(path, { failIfTaken: true }, async () => {})).rejects.toMatchObject({ code: "MODEL_BUSY" });
    const stop = new AbortController();
    const holders: number[] = [];
    const onWait = ({ pid }: { pid: number }) => {
      holders.push(pid);
      if (holders.length === 3) stop.abort();
    };
    const waiting = withLock(path, { pollMs, onWait, signal: stop.signal }, async () => {});
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    expect(holders).toEqual([process.ppid, process.ppid, process.ppid]);
    expect(readFileSync(path, "utf8")).toContain("another's");
  });

  it("takes over what nobody has touched for long: a holder elsewhere, or one that hangs", async () => {
    for (const text of [note(1, { host: "elsewhere" }), note(process.ppid), ""]) {
      const path = makePath();
      writeFileSync(path, text);
      const longAgo = new Date(Date.now() - 3_600_000);
      utimesSync(path, longAgo, longAgo);
      await withLock(path, { pollMs }, async () => {});
    }
    const fresh = makePath();
    writeFileSync(fresh, note(1, { host: "elsewhere" }));
    await expect(withLock(fresh, { failIfTaken: true }, async () => {})).rejects.toMatchObject({ code: "MODEL_BUSY" });
  });

  it("touches its file while it works, and notices a lock that was taken over", async () => {
    const path = makePath();
    await withLock(path, { staleMs: 80, pollMs }, async (stillHeld) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await expect(withLock(path, { staleMs: 80, failIfTaken: true }, async () => {})).rejects.toMatchObject({
        code: "MODEL_BUSY",
      });
      writeFileSync(path, note(process.pid));
      expect(await stillHeld()).toBe(false);
    });
    expect(existsSync(path)).toBe(true);
  });
});
