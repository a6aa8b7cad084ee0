"""A small byte-level BPE vocabulary with Qwen3's special tokens, as a GGUF file holds it and as transformers reads it."""

import json

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX, Qwen2Tokenizer

from corpus import CORPUS

NUM_ORDINARY = 768
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
CONTROL_TOKENS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
]
PRINTED_TOKENS = [
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
    "<tool_response>", "</tool_response>", "<think>", "</think>",
]
NUM_UNUSED = 4


def train():
    """The ordinary tokens' ids and the merges, each 'left right'."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=NUM_ORDINARY, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    vocab = tokenizer.get_vocab()
    tokens = sorted(vocab, key=vocab.get)
    merges = [" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    return tokens, merges


def as_gguf(tokens, merges):
    """The tokenizer metadata of a GGUF file, in the form of Vocabulary."""
    everything = tokens + CONTROL_TOKENS + PRINTED_TOKENS
    first_unused = len(everything)
    everything += [f"[PAD{first_unused + index}]" for index in range(NUM_UNUSED)]
    types = [NORMAL] * len(tokens) + [CONTROL] * len(CONTROL_TOKENS) + [USER_DEFINED] * len(PRINTED_TOKENS) + [UNUSED] * NUM_UNUSED
    return {
        "model": "gpt2",
        "pre": "qwen2",
        "tokens": everything,
        "token_types": types,
        "merges": merges,
        "eos_token_id": everything.index("<|im_end|>"),
        "bos_token_id": everything.index("<|endoftext|>"),
        "padding_token_id": everything.index("<|endoftext|>"),
    }


def as_transformers(tokens, merges):
    """transformers' tokenizer of Qwen2 and Qwen3 with the same ids."""
    tokenizer = Qwen2Tokenizer(
        vocab={token: index for index, token in enumerate(tokens)},
        merges=[tuple(merge.split(" ")) for merge in merges],
        unk_token=None, eos_token="<|endoftext|>", pad_token="<|endoftext|>",
    )
    tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in CONTROL_TOKENS])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in PRINTED_TOKENS])
    expected = as_gguf(tokens, merges)["tokens"]
    for token in CONTROL_TOKENS + PRINTED_TOKENS:
        assert tokenizer.convert_tokens_to_ids(token) == expected.index(token), token
    return tokenizer
