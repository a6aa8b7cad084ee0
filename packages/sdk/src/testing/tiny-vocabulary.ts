/** Tokens that stand for more than their letters. */
export const SPECIAL_TOKENS = [
  "<|endoftext|>",
  "<|im_start|>",
  "<|im_end|>",
  "<think>",
  "</think>",
  "<tool_call>",
  "</tool_call>",
  "<tool_response>",
  "</tool_response>",
] as const;

const CONTROL: readonly string[] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const TOKEN_TYPES = { normal: 1, control: 3, userDefined: 4 };

/** What byte pairs are joined by: ordinary words, so that ordinary texts have few tokens. */
const SAMPLE =
  "the a and to of in is it you that he was for on are with as they be at one have this from or had by hot but some " +
  "what there we can out other were all your when up use word how said an each she which do their time if will way " +
  "about many then them would write like so these her long make thing see him two has look more day could go come " +
  "did my sound no most number who over know water than call first people may down side been now find any new work " +
  "part take get place made live where after back little only round man year came show every good me give our under " +
  "name very through just form much great think say help low line before turn cause same mean differ move right boy " +
  "old too does tell sentence set three want air well also play small end put home read hand port large spell add " +
  "even land here must big high such follow act why ask men change went light kind off need house picture try us";

export interface TinyVocabulary {
  /** Spelled in the byte-level alphabet; a token's id is its index. */
  tokens: string[];
  types: number[];
  merges: string[];
  /** The id of a special token. */
  id(special: (typeof SPECIAL_TOKENS)[number]): number;
}

/** A byte-level BPE vocabulary with Qwen's special tokens: 256 bytes, as many merges as fit, the special ones last. */
export function tinyVocabulary(size: number): TinyVocabulary {
  const bytes = byteAlphabet();
  const merges = learnMerges(SAMPLE, size - bytes.length - SPECIAL_TOKENS.length);
  const ordinary = [...bytes, ...merges.map(([left, right]) => left + right)];
  const types = ordinary.map(() => TOKEN_TYPES.normal);
  for (const token of SPECIAL_TOKENS) {
    types.push(CONTROL.includes(token) ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined);
  }
  return {
    tokens: [...ordinary, ...SPECIAL_TOKENS],
    types,
    merges: merges.map((pair) => pair.join(" ")),
    id: (special) => ordinary.length + SPECIAL_TOKENS.indexOf(special),
  };
}

/** How GPT-2's tokenizers spell each byte as a character that can be seen. */
function byteAlphabet(): string[] {
  const visible = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let hidden = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : 256 + hidden++));
}

/** The space as the alphabet spells it. */
const SPACE = "Ġ";

/** Byte-pair encoding: joins the most frequent pair of neighbours, again and again. */
function learnMerges(sample: string, count: number): [string, string][] {
  const words = sample.split(" ").map((word) => [SPACE, ...word]);
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const pairs = new Map<string, number>();
    for (const word of words) {
      for (let at = 1; at < word.length; at++) {
        const pair = `${word[at - 1]} ${word[at]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...pairs].reduce<[string, number]>((a, b) => (b[1] > a[1] ? b : a), ["", 0]);
    if (best === "") break;
    const [left, right] = best.split(" ") as [string, string];
    merges.push([left, right]);
    for (const word of words) {
      for (let at = 1; at < word.length; at++) {
        if (word[at - 1] === left && word[at] === right) word.splice(at - 1, 2, left + right);
      }
    }
  }
  return merges;
}
