/** The engines, and how the peers get here: by their package's name, from the registries. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildExample } from "./model-files.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const VENV = here(".cache/peer");
const PYTHON = here(process.platform === "win32" ? ".cache/peer/Scripts/python.exe" : ".cache/peer/bin/python3");
export const LLAMA_CPP_PYTHON = "0.3.36";

/** In the order of their turns. `settings` have a name each; the better one of a workload is quoted. */
export const ENGINES = [
  { name: "izwi", settings: [{}], command: () => [process.execPath, here("engines/izwi.mjs")] },
  {
    name: "llama.cpp",
    settings: [{ flashAttention: false }, { flashAttention: true }],
    command: () => [PYTHON, here("engines/llama-cpp.py")],
    install: installLlamaCpp,
  },
  {
    name: "node-llama-cpp",
    settings: [{ flashAttention: false }, { flashAttention: true }],
    command: () => [process.execPath, here("engines/node-llama-cpp.mjs")],
    install: installNodeLlamaCpp,
  },
  {
    name: "izwi without JavaScript",
    settings: [{}],
    command: () => [buildExample("izwi-runtime", "engine")],
    only: "decode-128-rust",
  },
];

function installNodeLlamaCpp() {
  if (existsSync(here("node_modules/node-llama-cpp"))) return;
  console.error("installing node-llama-cpp, about 725 MB");
  execFileSync("npm", ["install", "--prefix", here(".")], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Built here for this very CPU: the strongest that llama.cpp gets. */
function installLlamaCpp() {
  const isThere = () => execFileSync(PYTHON, ["-c", "import llama_cpp"], { stdio: "ignore" });
  try {
    return isThere();
  } catch {
    console.error(`building llama.cpp from llama-cpp-python ${LLAMA_CPP_PYTHON}: minutes, on few cores half an hour`);
  }
  const quietly = { stdio: ["ignore", "ignore", "inherit"] };
  execFileSync("python3", ["-m", "venv", VENV], quietly);
  const build = { CMAKE_ARGS: "-DGGML_NATIVE=ON -DCMAKE_BUILD_TYPE=Release -DLLAVA_BUILD=OFF" };
  const wanted = ["--no-binary", "llama-cpp-python", `llama-cpp-python==${LLAMA_CPP_PYTHON}`];
  execFileSync(PYTHON, ["-m", "pip", "install", ...wanted], { ...quietly, env: { ...process.env, ...build } });
  isThere();
}
