"""Writes sampler.txt: what transformers' logits processors leave of random rows of logits.

Run: python crates/engine/goldens/sampler.py   (needs torch and transformers)

One case is five lines: temperature, top_k, top_p, min_p and repetition penalty; biases as id:bias; the tokens seen so
far; the logits; and the tokens that remain with their probabilities as id:probability.
"""

from pathlib import Path

import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

VOCAB_SIZE = 96
# temperature, top_k, top_p, min_p, repetition penalty
CASES = [
    (1.0, 0, 1.0, 0.0, 1.0),
    (0.6, 20, 0.95, 0.0, 1.0),
    (0.7, 20, 0.8, 0.0, 1.0),
    (1.0, 0, 0.9, 0.0, 1.0),
    (1.5, 0, 0.5, 0.0, 1.3),
    (0.8, 0, 1.0, 0.1, 1.0),
    (0.8, 5, 1.0, 0.3, 1.1),
    (2.0, 40, 0.9, 0.05, 0.8),
    (0.3, 50, 0.99, 0.01, 2.0),
    (1.0, 1, 0.5, 0.5, 1.0),
]


def case(index: int) -> list[str]:
    temperature, top_k, top_p, min_p, repetition_penalty = CASES[index]
    generator = torch.Generator().manual_seed(index)
    # Multiples of 1/64 are exact in decimal and in f32; no two are equal.
    levels = torch.randperm(1024, generator=generator)[:VOCAB_SIZE].double()
    logits = ((levels / 1024) ** 2 * 768 - 384).round().float() / 64
    seen = torch.randint(VOCAB_SIZE, (1, 12), generator=generator)
    biases = {int(token): float(bias) / 4 for token, bias in zip(torch.randperm(VOCAB_SIZE, generator=generator)[:3], torch.randint(-12, 13, (3,), generator=generator))}
    processors = LogitsProcessorList()
    processors.append(SequenceBiasLogitsProcessor([[[token], bias] for token, bias in biases.items()]))
    if repetition_penalty != 1.0:
        processors.append(RepetitionPenaltyLogitsProcessor(repetition_penalty))
    processors.append(TemperatureLogitsWarper(temperature))
    if top_k:
        processors.append(TopKLogitsWarper(top_k))
    if top_p < 1.0:
        processors.append(TopPLogitsWarper(top_p))
    if min_p > 0.0:
        processors.append(MinPLogitsWarper(min_p))
    probabilities = torch.softmax(processors(seen, logits[None].clone())[0].double(), dim=-1)
    kept = [f"{token}:{float(p):.9f}" for token, p in enumerate(probabilities) if p > 0]
    return [
        f"{temperature} {top_k} {top_p} {min_p} {repetition_penalty}",
        " ".join(f"{token}:{bias}" for token, bias in biases.items()),
        " ".join(str(int(token)) for token in seen[0]),
        " ".join(str(float(logit)) for logit in logits),
        " ".join(kept),
    ]


lines = [line for index in range(len(CASES)) for line in case(index)]
Path(__file__).with_name("sampler.txt").write_text("\n".join(lines) + "\n")
