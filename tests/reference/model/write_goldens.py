"""Writes the goldens of crates/model/tests/fidelity: log-probabilities by transformers. See README.md."""

import argparse
import json
import math
import os
import subprocess
import tempfile
from pathlib import Path

import torch

from cases import CASES
from dequantized_model import load

REPOSITORY = Path(__file__).resolve().parents[3]
GOLDENS = REPOSITORY / "crates/model/tests/fixtures/fidelity"
# Which experts are used is a choice: where two are nearly even, rounding alone decides. Tokens are picked such that
# the scores of the last expert in and the first one out differ by at least this much.
ROUTER_MARGIN = 0.1
CANDIDATES = 48


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="names of cases; by default all")
    wanted = parser.parse_args().cases or [case.name for case in CASES]
    torch.manual_seed(0)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        if case.name in wanted:
            golden = make_golden(case)
            (GOLDENS / f"{case.name}.json").write_text(to_json(golden))


@torch.inference_mode()
def make_golden(case):
    models, checksums = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for quantization in case.quantizations:
            path = Path(folder) / f"{quantization}.gguf"
            write_model(case.arguments(quantization), path)
            models[quantization], checksums[quantization] = load(path)
    sequences = [
        choose_tokens(list(models.values()), length, seed=index + 1)
        for index, (length, _) in enumerate(case.sequences)
    ]
    firsts = [first for _, first in case.sequences]
    golden = {"model": case.sizes, "sequences": [], "quantizations": {}}
    for token_ids, first in zip(sequences, firsts):
        golden["sequences"].append({"first": first, "token_ids": token_ids})
    for quantization, model in models.items():
        log_probs = [score(model, token_ids)[first:] for token_ids, first in zip(sequences, firsts)]
        golden["quantizations"][quantization] = {"checksum": checksums[quantization], "log_probs": log_probs}
        print(f"{case.name} {quantization}: {describe(model, sequences[0], log_probs)}", flush=True)
    return golden


def write_model(arguments, path):
    program = os.environ.get("RANDOM_GGUF")
    command = [program] if program else ["cargo", "run", "--release", "--quiet", "--example", "random_gguf", "--"]
    subprocess.run([*command, *arguments, str(path)], check=True, cwd=REPOSITORY, stdout=subprocess.DEVNULL)


def score(model, token_ids):
    """log p(token[i + 1] | token[0..=i]) for each i."""
    logits = model(torch.tensor([token_ids])).logits[0, :-1]
    log_probs = torch.log_softmax(logits.double(), dim=-1)
    return log_probs.gather(1, torch.tensor(token_ids[1:])[:, None])[:, 0].tolist()


def choose_tokens(models, length, seed):
    """Random token ids; in models with experts, such that no router of any of the models is nearly undecided."""
    generator = torch.Generator().manual_seed(seed)
    vocab_size = models[0].config.vocab_size
    if not hasattr(models[0].config, "num_experts_per_tok"):
        return torch.randint(vocab_size, (length,), generator=generator).tolist()
    token_ids = []
    while len(token_ids) < length:
        candidates = torch.randperm(vocab_size, generator=generator)[:CANDIDATES]
        prefix = torch.tensor(token_ids, dtype=torch.long).expand(len(candidates), -1)
        rows = torch.cat([prefix, candidates[:, None]], dim=1)
        margins = torch.stack([last_margins(model, rows) for model in models]).amin(dim=0)
        best = int(margins.argmax())
        if margins[best] < ROUTER_MARGIN:
            raise ValueError(f"no candidate has a margin of {ROUTER_MARGIN}: the best has {margins[best]:.3f}")
        token_ids.append(int(candidates[(margins >= ROUTER_MARGIN).int().argmax()]))
    return token_ids


def last_margins(model, rows):
    """For the last position of each row: the least gap, over all layers, between the experts used and the others."""
    num_used = model.config.num_experts_per_tok
    scores = []
    hooks = [
        layer.mlp.gate.register_forward_hook(lambda _module, _inputs, outputs: scores.append(outputs[0]))
        for layer in model.model.layers
    ]
    model(rows)
    for hook in hooks:
        hook.remove()
    margins = []
    for layer_scores in scores:
        last = layer_scores.reshape(rows.shape[0], rows.shape[1], -1)[:, -1]
        ordered = last.sort(dim=-1, descending=True).values
        margins.append(ordered[:, num_used - 1] - ordered[:, num_used])
    return torch.stack(margins).amin(dim=0)


def describe(model, token_ids, log_probs):
    logits = model(torch.tensor([token_ids])).logits[0]
    mean = sum(map(sum, log_probs)) / sum(map(len, log_probs))
    uniform = -math.log(model.config.vocab_size)
    return f"logits' deviation {logits.std(dim=-1).mean():.2f}, mean log p {mean:.2f} (uniform {uniform:.2f})"


def to_json(golden):
    """One line for each list of numbers."""
    rounded = json.loads(json.dumps(golden), parse_float=lambda text: round(float(text), 6))
    text = json.dumps(rounded, indent=1)
    lines, depth = [], 0
    for line in text.splitlines():
        inner = line.strip()
        is_number = inner.rstrip(",").lstrip("-").replace(".", "", 1).replace("e-", "", 1).isdigit()
        if is_number or (inner in ("]", "],") and depth):
            lines[-1] += (" " if inner.rstrip(",")[0].isdigit() or inner[0] == "-" else "") + inner
            depth = depth if is_number else 0
        else:
            lines.append(line)
            depth = 1 if inner.endswith("[") else 0
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
