"""Starts from a trained GGUF instead of from nothing, in its own shape or a larger one that computes the same at first.

New layers go behind the old ones they copy and add nothing yet (their output matrices are zero); new rows of the MLP and new
dimensions of the hidden state are read by random weights but hold zero, until training fills them.
"""

from pathlib import Path

import gguf
import torch

from export_gguf import gguf_name
from model import Config, Qwen3

FIELDS = {
    "num_layers": "block_count",
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_heads": "attention.head_count",
    "num_kv_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "context_length": "context_length",
}
WIDER_INPUT = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
OUTPUT = ("o_proj", "down_proj")


def read(path: Path) -> Qwen3:
    """The GGUF as a torch model, its matrices dequantized."""
    reader = gguf.GGUFReader(path)
    shape = {name: int(reader.fields["qwen3." + key].contents()) for name, key in FIELDS.items()}
    tensors = {t.name: torch.tensor(gguf.quants.dequantize(t.data, t.tensor_type)) for t in reader.tensors}
    model = Qwen3(Config(vocab_size=len(tensors["token_embd.weight"]), **shape))
    model.load_state_dict({name: tensors[gguf_name(name)] for name in model.state_dict()})
    return model


def sources(old: int, new: int) -> list[tuple[int, bool]]:
    """For each new layer, the old one it comes from and whether it is that one itself: extra ones are spread evenly."""
    if new < old:
        raise ValueError(f"a model of {old} layers can't start one of {new}")
    copies = [1 + ((i + 1) * (new - old) // old - i * (new - old) // old) for i in range(old)]
    return [(i, copy == 0) for i in range(old) for copy in range(copies[i])]


def grown(model: Qwen3, c: Config) -> Qwen3:
    """A model of shape c that gives the same logits."""
    old = model.c
    for name in ("vocab_size", "num_heads", "num_kv_heads", "head_dim"):
        if getattr(old, name) != getattr(c, name):
            raise ValueError(f"{name} is {getattr(old, name)} in the file to start from and can't become {getattr(c, name)}")
    result = Qwen3(c)
    state, given = result.state_dict(), model.state_dict()
    for name in state:
        if not name.startswith("layers."):
            state[name].copy_(widened(name, given[name], state[name], old, c))
    for index, (source, itself) in enumerate(sources(old.num_layers, c.num_layers)):
        for name in (n for n in state if n.startswith(f"layers.{index}.")):
            before = given[name.replace(f"layers.{index}.", f"layers.{source}.", 1)]
            state[name].copy_(widened(name, before, state[name], old, c))
            if not itself and any(part in name for part in OUTPUT):
                state[name].zero_()
    return result


def widened(name: str, old, fresh, before: Config, c: Config):
    """`old` inside a tensor of the new shape. `fresh` gives the random weights of what reads the new dimensions."""
    if fresh.ndim == 1:
        if old.shape == fresh.shape and "norm" in name and old.shape[0] != c.hidden_size:
            return old  # the norms of q and k, whose size is the head's
        # The mean square is now taken over more dimensions, of which the new ones are zero.
        scale = (before.hidden_size / c.hidden_size) ** 0.5
        return torch.cat([old, torch.ones(len(fresh) - len(old))]) * scale
    reads = any(part in name for part in WIDER_INPUT)
    result = fresh.clone() if reads else torch.zeros_like(fresh)
    result[: old.shape[0], : old.shape[1]] = old
    return result
