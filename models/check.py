"""The trainer's quick probe: runs heldout.jsonl (or `--dialogues FILE`) free-running with the quantized weights, in Python, without the engine.

`python check.py CHECKPOINT [--limit 40] [--category spelling] [--show 3]`. The measurement that counts is evaluate.mjs.
"""

import argparse
import json
import os
import re
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import gguf
import torch

from dialogues.dialogue import EMPTY_THINK
from export_gguf import load
from grow import read
from model import KVCache
from tokenizer import END, START, encode_text, load_tokenizer

HERE = Path(__file__).parent


def quantized(model):
    """The same model with every matrix rounded through Q8_0."""
    kind = gguf.GGMLQuantizationType.Q8_0
    for p in model.parameters():
        if p.ndim == 2:
            p.data = torch.from_numpy(gguf.quants.dequantize(gguf.quants.quantize(p.data.numpy(), kind), kind)).clone()
    return model


@torch.no_grad()
def replies(model, prompts: list[list[int]], max_tokens: int) -> list[list[int]]:
    """Greedy answers to many prompts at once: padded on the left, so that all end in the same column."""
    length = max(map(len, prompts))
    pad = torch.tensor([length - len(p) for p in prompts])
    ids = torch.tensor([[0] * (length - len(p)) + p for p in prompts])
    columns = torch.arange(length)
    seen = columns[None] >= pad[:, None]
    mask = (seen[:, None, :] & (columns[:, None] >= columns[None])) | torch.eye(length, dtype=torch.bool)
    cache = KVCache()
    hidden = model.hidden(ids, (columns[None] - pad[:, None]).clamp(min=0), mask[:, None], cache)
    outputs, done = [[] for _ in prompts], [False] * len(prompts)
    for step in range(max_tokens):
        tokens = model.logits(hidden[:, -1]).argmax(-1)
        for row, token in enumerate(tokens.tolist()):
            done[row] |= token == END
            if not done[row]:
                outputs[row].append(token)
        if all(done):
            break
        seen = torch.cat([seen, torch.ones(len(prompts), 1, dtype=torch.bool)], 1)
        hidden = model.hidden(tokens[:, None], (length + step - pad)[:, None], seen[:, None, None], cache)
    return outputs


class Session:
    """One conversation's trunk: earlier answers stand in it without their thinking."""

    def __init__(self, tokenizer, dialogue):
        self.tokenizer, self.dialogue = tokenizer, dialogue
        self.newline = encode_text(tokenizer, "\n")
        self.ids, self.log, self.good, self.checked = [], [], 0, 0
        if dialogue.get("system"):
            self.ids += [START, *encode_text(tokenizer, "system\n" + dialogue["system"]), END, *self.newline]

    def prompt(self, user: str) -> list[int]:
        self.ids += [START, *encode_text(self.tokenizer, "user\n" + user), END, *self.newline]
        self.ids += [START, *encode_text(self.tokenizer, "assistant\n")]
        return self.ids + encode_text(self.tokenizer, EMPTY_THINK)

    def take(self, turn: dict, output: list[int]):
        answer = self.tokenizer.decode(output, skip_special_tokens=False).split("</think>")[-1].strip()
        self.ids += [*encode_text(self.tokenizer, answer), END, *self.newline]
        fine = "check" not in turn or passes(turn["check"], answer)
        self.checked += "check" in turn
        self.good += "check" in turn and fine
        self.log.append(f"    U: {turn['user']}\n    A: {answer}" + ("" if fine else f"   <-- {turn['check']}"))

    def passed(self) -> bool:
        return self.good >= self.checked * self.dialogue.get("needed", 1)


def play(model, tokenizer, dialogues: list[dict], max_tokens: int = 90) -> list[Session]:
    sessions = [Session(tokenizer, d) for d in dialogues]
    for index in range(max(len(d["turns"]) for d in dialogues)):
        active = [s for s in sessions if index < len(s.dialogue["turns"])]
        turns = [s.dialogue["turns"][index] for s in active]
        outputs = replies(model, [s.prompt(t["user"]) for s, t in zip(active, turns)], max_tokens)
        for session, turn, output in zip(active, turns, outputs):
            session.take(turn, output)
    return sessions


def passes(check: dict, reply: str) -> bool:
    """The same rules as in evaluate.mjs."""
    low = reply.lower().strip()
    tests = {
        "contains": lambda v: all(re.search(r"(?<!\w)" + re.escape(s.lower()) + r"(?!\w)", low) for s in v),
        "not_contains": lambda v: all(s.lower() not in low for s in v),
        "equals": lambda v: low == v.lower().strip(),
        "regex": lambda v: re.search(v, reply.strip(), re.I) is not None,
        "starts_with": lambda v: low.startswith(v.lower()),
        "ends_with": lambda v: low.endswith(v.lower()),
        "max_words": lambda v: 0 < len(low.split()) <= v,
        "no_lowercase": lambda v: bool(re.search("[A-Z]", reply)) and not re.search("[a-z]", reply),
        "json": lambda v: parse(reply) == v,
        "all": lambda v: all(passes(c, reply) for c in v),
    }
    return all(tests[k](v) for k, v in check.items())


def parse(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("checkpoint", type=Path)
    p.add_argument("--dialogues", type=Path, default=HERE / "heldout.jsonl")
    p.add_argument("--limit", type=int, default=40)
    p.add_argument("--category")
    p.add_argument("--show", type=int, default=2, help="failures printed in each category")
    args = p.parse_args()
    torch.set_num_threads(1)
    model = read(args.checkpoint) if args.checkpoint.suffix == ".gguf" else quantized(load(args.checkpoint))
    model, tokenizer = model.eval(), load_tokenizer()
    cells = defaultdict(list)
    for line in args.dialogues.open():
        dialogue = json.loads(line)
        cell = cells[dialogue["category"], dialogue["wording"]]
        if args.category in (None, dialogue["category"]) and len(cell) < args.limit:
            cell.append(dialogue)
    for key, dialogues in cells.items():
        if not dialogues:
            continue
        sessions = play(model, tokenizer, dialogues)
        failed = [s for s in sessions if not s.passed()]
        for s in failed[: args.show]:
            print(f"  system: {s.dialogue.get('system')}", *s.log, sep="\n")
        good = len(sessions) - len(failed)
        print(f"{key[0]:16} {key[1]:8} {good:4}/{len(sessions):<4} {100 * good / len(sessions):5.1f}%", flush=True)


if __name__ == "__main__":
    main()
