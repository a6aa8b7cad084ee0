import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeGguf, type GgufTensor } from "./gguf-writer.js";
import { TINY_TEMPLATE } from "./tiny-template.js";
import { tinyVocabulary, type TinyVocabulary } from "./tiny-vocabulary.js";

export interface TinyModelOptions {
  /** Other weights, and so other answers, for each seed. Default: 1. */
  seed?: number;
  /** Where the file is put. Default: a folder for temporary files. */
  directory?: string;
  /** Default: 2048. */
  contextLength?: number;
}

/** A model's file. */
export interface TinyModel extends AsyncDisposable {
  /** For `chat({ model: path })`. */
  path: string;
  /** Deletes the file. */
  remove(): Promise<void>;
}

/**
 * Makes a Qwen3 model of about a megabyte whose weights are random, within a second and without any network. It is a
 * real one in every respect but its answers, which are random words: for tests of what an application does with a
 * model, not of what the model says.
 */
export async function tinyModel(options: TinyModelOptions = {}): Promise<TinyModel> {
  const { seed = 1, directory = tmpdir() } = options;
  const path = join(directory, `izwi-random-${seed}-${randomBytes(4).toString("hex")}.gguf`);
  await mkdir(directory, { recursive: true });
  await writeFile(path, tinyModelBytes(options));
  const remove = () => rm(path, { force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
}

const VOCABULARY = 512;
const LAYERS = 4;
const HIDDEN = 128;
const HEADS = 4;
const KV_HEADS = 2;
const HEAD = 32;
const FEED_FORWARD = 256;

/** The file's bytes. */
export function tinyModelBytes({ seed = 1, contextLength = 2048 }: TinyModelOptions = {}): Uint8Array {
  const vocabulary = tinyVocabulary(VOCABULARY);
  const metadata = {
    "general.architecture": "qwen3",
    "general.type": "model",
    "general.name": "Izwi random",
    "general.file_type": 7,
    "general.quantization_version": 2,
    "qwen3.block_count": LAYERS,
    "qwen3.context_length": contextLength,
    "qwen3.embedding_length": HIDDEN,
    "qwen3.feed_forward_length": FEED_FORWARD,
    "qwen3.attention.head_count": HEADS,
    "qwen3.attention.head_count_kv": KV_HEADS,
    "qwen3.attention.key_length": HEAD,
    "qwen3.attention.value_length": HEAD,
    "qwen3.attention.layer_norm_rms_epsilon": { float32: 1e-6 },
    "qwen3.rope.freq_base": { float32: 1e6 },
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.tokens": vocabulary.tokens,
    "tokenizer.ggml.token_type": { int32: vocabulary.types },
    "tokenizer.ggml.merges": vocabulary.merges,
    "tokenizer.ggml.eos_token_id": vocabulary.id("<|im_end|>"),
    "tokenizer.ggml.bos_token_id": vocabulary.id("<|endoftext|>"),
    "tokenizer.ggml.padding_token_id": vocabulary.id("<|endoftext|>"),
    "tokenizer.ggml.add_bos_token": false,
    "tokenizer.chat_template": TINY_TEMPLATE,
  };
  return writeGguf(metadata, tensors(vocabulary, gaussian(seed)));
}

function tensors(vocabulary: TinyVocabulary, next: () => number): GgufTensor[] {
  const matrix = (name: string, columns: number, rows: number): GgufTensor => {
    const scale = 1 / Math.sqrt(columns);
    const values = Float32Array.from({ length: columns * rows }, () => next() * scale);
    return { name, shape: [columns, rows], type: "Q8_0", values };
  };
  const norm = (name: string, size: number): GgufTensor => ({
    name,
    shape: [size],
    type: "F32",
    values: new Float32Array(size).fill(1),
  });
  const layers = Array.from({ length: LAYERS }, (_, layer) => {
    const at = (name: string) => `blk.${layer}.${name}.weight`;
    return [
      norm(at("attn_norm"), HIDDEN),
      matrix(at("attn_q"), HIDDEN, HEADS * HEAD),
      matrix(at("attn_k"), HIDDEN, KV_HEADS * HEAD),
      matrix(at("attn_v"), HIDDEN, KV_HEADS * HEAD),
      norm(at("attn_q_norm"), HEAD),
      norm(at("attn_k_norm"), HEAD),
      matrix(at("attn_output"), HEADS * HEAD, HIDDEN),
      norm(at("ffn_norm"), HIDDEN),
      matrix(at("ffn_gate"), HIDDEN, FEED_FORWARD),
      matrix(at("ffn_up"), HIDDEN, FEED_FORWARD),
      matrix(at("ffn_down"), FEED_FORWARD, HIDDEN),
    ];
  });
  return [embeddings(next), ...layers.flat(), norm("output_norm.weight", HIDDEN), output(vocabulary, next)];
}

/** The first column is the same for all tokens and large, so that it is there in every hidden state: see `output`. */
const CONSTANT = 6;

function embeddings(next: () => number): GgufTensor {
  const values = Float32Array.from({ length: HIDDEN * VOCABULARY }, (_, index) =>
    index % HIDDEN === 0 ? CONSTANT : next(),
  );
  return { name: "token_embd.weight", shape: [HIDDEN, VOCABULARY], type: "F32", values };
}

/**
 * The column that meets the constant works as a bias: whole words are likely, broken characters and special tokens are
 * not, and the end of the turn comes after some dozens of tokens.
 */
function output(vocabulary: TinyVocabulary, next: () => number): GgufTensor {
  const scale = 2 / Math.sqrt(HIDDEN);
  const values = Float32Array.from({ length: HIDDEN * VOCABULARY }, (_, index) => {
    if (index % HIDDEN !== 0) return next() * scale;
    const token = index / HIDDEN;
    if (token === vocabulary.id("<|im_end|>")) return 0.75;
    return /^Ġ[a-z]{2,}$/.test(vocabulary.tokens[token]!) ? 0.5 : -3;
  });
  return { name: "output.weight", shape: [HIDDEN, VOCABULARY], type: "F32", values };
}

/** Normally distributed numbers, the same for the same seed on every machine. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
