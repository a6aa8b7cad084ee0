/** Python packages for the tests of clients that are written in Python, installed once into an ignored folder. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../node_modules/.cache/izwi-python", import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL("python/requirements.txt", import.meta.url));

/** The folder of the environment's programs, or in words why there is none: then the tests are skipped by that name. */
export function pythonPrograms(): { bin: string } | { missing: string } {
  const windows = process.platform === "win32";
  const bin = join(FOLDER, windows ? "Scripts" : "bin");
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  const stamp = join(FOLDER, "requirements.txt");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return { bin };
  const python = windows ? "python" : "python3";
  if (spawnSync(python, ["-c", "import venv, ensurepip"]).status !== 0) return { missing: "Python 3 isn't installed" };
  mkdirSync(FOLDER, { recursive: true });
  const steps: [string, string[]][] = [
    [python, ["-m", "venv", "--clear", FOLDER]],
    [join(bin, "python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]],
  ];
  for (const [command, args] of steps) {
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status === 0) continue;
    // Python is there, so on a build server this is a failure and no reason to skip.
    if (process.env["CI"]) throw new Error(stderr);
    return { missing: "the Python packages can't be installed" };
  }
  writeFileSync(stamp, wanted);
  return { bin };
}
