"""The trainer's quick probe: runs heldout.jsonl free-running with the quantized weights, in Python, without the engine.

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


class Session:
    """One greedy conversation. Each reply is computed on a copy of the trunk's cache, as thinking is dropped later."""

    def __init__(self, model, tokenizer, system):
        self.model, self.tokenizer = model, tokenizer
        self.ids = []
        if system:
            self.ids += [START, *encode_text(tokenizer, "system\n" + system), END, *encode_text(tokenizer, "\n")]

    @torch.no_grad()
    def reply(self, user: str, max_tokens: int = 128, given: str = EMPTY_THINK) -> str:
        newline = encode_text(self.tokenizer, "\n")
        self.ids += [START, *encode_text(self.tokenizer, "user\n" + user), END, *newline]
        self.ids += [START, *encode_text(self.tokenizer, "assistant\n")]
        prompt = self.ids + encode_text(self.tokenizer, given)
        cache, position, out = KVCache(), len(prompt), []
        hidden = self.model.hidden(torch.tensor([prompt]), cache=cache)
        while len(out) < max_tokens:
            token = int(self.model.logits(hidden[0, -1]).argmax())
            if token == END:
                break
            out.append(token)
            hidden = self.model.hidden(torch.tensor([[token]]), torch.tensor([[position]]), cache=cache)
            position += 1
        text = self.tokenizer.decode(out, skip_special_tokens=False)
        answer = text.split("</think>")[-1].strip()
        self.ids += [*encode_text(self.tokenizer, answer), END, *newline]
        return answer


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
    p.add_argument("--limit", type=int, default=40)
    p.add_argument("--category")
    p.add_argument("--show", type=int, default=2, help="failures printed in each category")
    args = p.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = quantized(load(args.checkpoint)), load_tokenizer()
    tally, shown, total = defaultdict(lambda: [0, 0]), defaultdict(int), defaultdict(int)
    for line in (HERE / "heldout.jsonl").open():
        d = json.loads(line)
        key = (d["category"], d["wording"])
        if (args.category and d["category"] != args.category) or total[key] >= args.limit:
            continue
        total[key] += 1
        session = Session(model, tokenizer, d.get("system"))
        good, log = True, []
        for turn in d["turns"]:
            reply = session.reply(turn["user"])
            fine = "check" not in turn or passes(turn["check"], reply)
            good &= fine
            log.append(f"    U: {turn['user']}\n    A: {reply}" + ("" if fine else f"   <-- {turn['check']}"))
        tally[key][0] += good
        tally[key][1] += 1
        if not good and shown[key] < args.show:
            shown[key] += 1
            print(f"{key} system: {d.get('system')}", *log, sep="\n")
    for key, (good, all_) in sorted(tally.items()):
        print(f"{key[0]:16} {key[1]:8} {good:4}/{all_:<4} {100 * good / all_:5.1f}%")


if __name__ == "__main__":
    main()
