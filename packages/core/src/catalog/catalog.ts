/** One model that is known by name, with the file it stands for. */
export interface CatalogEntry {
  /** The name shown to people, lower case. */
  id: string;
  /** Other names that mean this model. */
  aliases: readonly string[];
  /** The repository on Hugging Face. */
  repository: string;
  /** The file in that repository; its name is case-sensitive. */
  file: string;
  /** The file's exact size. */
  bytes: number;
  sha256: string;
  /** The commit that the size and the hash belong to, where it is known. */
  revision?: string;
  /** The licence's SPDX name. */
  license: string;
  /** What the KV cache takes for each token of a conversation, as 16-bit numbers. */
  kvBytesPerToken: number;
  /** The longest conversation that the model was trained for, in tokens. */
  contextLength: number;
}

/** The name used where none is given. */
export const DEFAULT_MODEL = "qwen3-chat-0.6b-4bit";

/** What is the same in all of Qwen3's first generation. */
const FIRST_QWEN3 = { license: "Apache-2.0", contextLength: 40_960 } as const;

/** Every model that has a name of its own, smallest first. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    id: DEFAULT_MODEL,
    aliases: ["qwen3-0.6b-4bit", "qwen3-0.6b", "qwen3-chat-0.6b", "qwen3-0.6b-q4"],
    repository: "unsloth/Qwen3-0.6B-GGUF",
    file: "Qwen3-0.6B-Q4_K_M.gguf",
    bytes: 396_705_472,
    sha256: "ac2d97712095a558e31573f62f466a3f9d93990898b0ec79d7c974c1780d524a",
    ...FIRST_QWEN3,
    kvBytesPerToken: 114_688,
  },
  {
    id: "qwen3-0.6b-8bit",
    aliases: ["qwen3-chat-0.6b-8bit", "qwen3-0.6b-q8", "qwen3-0.6b-gguf"],
    repository: "Qwen/Qwen3-0.6B-GGUF",
    file: "Qwen3-0.6B-Q8_0.gguf",
    bytes: 639_446_688,
    sha256: "9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031",
    revision: "23749fefcc72300e3a2ad315e1317431b06b590a",
    ...FIRST_QWEN3,
    kvBytesPerToken: 114_688,
  },
  {
    id: "qwen3-1.7b-4bit",
    aliases: ["qwen3-1.7b", "qwen3-chat-1.7b-4bit", "qwen3-chat-1.7b", "qwen3-1.7b-q4"],
    repository: "ggml-org/Qwen3-1.7B-GGUF",
    file: "Qwen3-1.7B-Q4_K_M.gguf",
    bytes: 1_282_439_264,
    sha256: "d2387ca2dbfee2ffabce7120d3770dadca0b293052bc2f0e138fdc940d9bc7b5",
    revision: "daeb8e2d528a760970442092f6bf1e55c3b659eb",
    ...FIRST_QWEN3,
    kvBytesPerToken: 114_688,
  },
  {
    id: "qwen3-1.7b-8bit",
    aliases: ["qwen3-chat-1.7b-8bit", "qwen3-1.7b-q8", "qwen3-1.7b-gguf"],
    repository: "Qwen/Qwen3-1.7B-GGUF",
    file: "Qwen3-1.7B-Q8_0.gguf",
    bytes: 1_834_426_016,
    sha256: "061b54daade076b5d3362dac252678d17da8c68f07560be70818cace6590cb1a",
    revision: "90862c4b9d2787eaed51d12237eafdfe7c5f6077",
    ...FIRST_QWEN3,
    kvBytesPerToken: 114_688,
  },
  {
    id: "qwen3-4b-4bit",
    aliases: ["qwen3-4b", "qwen3-chat-4b-4bit", "qwen3-chat-4b", "qwen3-4b-q4", "qwen3-4b-gguf"],
    repository: "Qwen/Qwen3-4B-GGUF",
    file: "Qwen3-4B-Q4_K_M.gguf",
    bytes: 2_497_280_256,
    sha256: "7485fe6f11af29433bc51cab58009521f205840f5b4ae3a32fa7f92e8534fdf5",
    revision: "bc640142c66e1fdd12af0bd68f40445458f3869b",
    ...FIRST_QWEN3,
    kvBytesPerToken: 147_456,
  },
  {
    id: "qwen3-8b-4bit",
    aliases: ["qwen3-8b", "qwen3-chat-8b-4bit", "qwen3-chat-8b", "qwen3-8b-q4", "qwen3-8b-gguf"],
    repository: "Qwen/Qwen3-8B-GGUF",
    file: "Qwen3-8B-Q4_K_M.gguf",
    bytes: 5_027_783_488,
    sha256: "d98cdcbd03e17ce47681435b5150e34c1417f50b5c0019dd560e4882c5745785",
    revision: "7c41481f57cb95916b40956ab2f0b139b296d974",
    ...FIRST_QWEN3,
    kvBytesPerToken: 147_456,
  },
  {
    id: "qwen3-14b-4bit",
    aliases: ["qwen3-14b", "qwen3-chat-14b-4bit", "qwen3-chat-14b", "qwen3-14b-q4", "qwen3-14b-gguf"],
    repository: "Qwen/Qwen3-14B-GGUF",
    file: "Qwen3-14B-Q4_K_M.gguf",
    bytes: 9_001_752_960,
    sha256: "500a8806e85ee9c83f3ae08420295592451379b4f8cf2d0f41c15dffeb6b81f0",
    revision: "530227a7d994db8eca5ab5ced2fb692b614357fd",
    ...FIRST_QWEN3,
    kvBytesPerToken: 163_840,
  },
  {
    id: "qwen3-30b-a3b-4bit",
    aliases: [
      "qwen3-30b-a3b",
      "qwen3-chat-30b-a3b-4bit",
      "qwen3-chat-30b-a3b",
      "qwen3-30b-a3b-q4",
      "qwen3-30b-a3b-gguf",
    ],
    repository: "Qwen/Qwen3-30B-A3B-GGUF",
    file: "Qwen3-30B-A3B-Q4_K_M.gguf",
    bytes: 18_556_685_824,
    sha256: "0d003f6662faee786ed5da3e31b29c978de5ae5d275c8794c606a7f3c01aa8f5",
    revision: "e4d4bafdfb96a411a163846265362aceb0b9c63a",
    ...FIRST_QWEN3,
    kvBytesPerToken: 98_304,
  },
  {
    id: "qwen3-32b-4bit",
    aliases: ["qwen3-32b", "qwen3-chat-32b-4bit", "qwen3-chat-32b", "qwen3-32b-q4", "qwen3-32b-gguf"],
    repository: "Qwen/Qwen3-32B-GGUF",
    file: "Qwen3-32B-Q4_K_M.gguf",
    bytes: 19_762_149_024,
    sha256: "efd971561896866f0e910cce52761ca77b1b138090c7f15fe284676d57d1f689",
    revision: "938a7432affaec9157f883a87164e2646ae17555",
    ...FIRST_QWEN3,
    kvBytesPerToken: 262_144,
  },
];

/** Names are the same when their letters and digits are: `Qwen3 0.6B` is `qwen3-0.6b`. */
export function sameName(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

/** The entry of that id, alias or file name, if there is one. */
export function findInCatalog(name: string): CatalogEntry | undefined {
  return CATALOG.find((entry) =>
    [entry.id, ...entry.aliases, entry.file, entry.file.replace(/\.gguf$/, "")].some((known) => sameName(known, name)),
  );
}

/** The entry for a repository's file, if it is one. The hub's names of repositories ignore case, those of files don't. */
export function findRepositoryFile(repository: string, file: string): CatalogEntry | undefined {
  return CATALOG.find((entry) => entry.repository.toLowerCase() === repository.toLowerCase() && entry.file === file);
}

/** Where the entry's file can be downloaded. */
export function downloadUrl(entry: CatalogEntry): string {
  return `https://huggingface.co/${entry.repository}/resolve/${entry.revision ?? "main"}/${entry.file}`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
