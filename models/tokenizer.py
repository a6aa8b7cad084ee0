"""The tokenizer: byte-level BPE with Qwen2's split pattern and NFC, so that any Qwen2-type GGUF tokenizer reproduces it.

`python tokenizer.py` trains it on generated dialogues and writes tokenizer.json beside this file.
"""

import random
from functools import lru_cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

PATH = Path(__file__).with_name("tokenizer.json")
VOCAB_SIZE = 2048
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
]
END_OF_TEXT, START, END, THINK, END_THINK = range(5)
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def new_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(QWEN2_SPLIT), behavior="isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train(texts) -> Tokenizer:
    tokenizer = new_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@lru_cache(maxsize=1)
def load_tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(PATH))


def encode_text(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


def main():
    from dialogues import make_dialogue

    rng = random.Random(7)
    texts = []
    for _ in range(20000):
        d = make_dialogue(rng, long_share=0)
        texts.append("system\n" + d.system if d.system else "user\n")
        for turn in d.turns:
            given, written = turn.target()
            texts += ["user\n" + turn.user, "assistant\n", (given + written).replace("<think>", "").replace("</think>", "")]
    tokenizer = train(texts)
    tokenizer.save(str(PATH))
    print(tokenizer.get_vocab_size(), "tokens")


if __name__ == "__main__":
    main()
