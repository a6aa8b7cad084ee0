"""Trains the built-in model. `python train.py --out DIR --minutes 90`; `--resume` goes on from DIR/last.pt; `--init FILE.gguf`
starts from a trained file's weights, grown to the shape asked for.

Phase 1 copies random tokens (loss on the second copy only) until copying is learned; it teaches recall, and without it the
dialogues teach it very slowly. Phase 2 is dialogues, with a little copying kept. The learning rate follows the clock. The
options and figures of every run are kept in the checkpoint and in DIR/runs.json.
"""

import argparse
import json
import os
import random
import signal
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
import torch.nn.functional as F

from batches import DialogueStream, copy_batch
from grow import grown, read
from model import Config, Qwen3
from optimizer import Optimizers
from tokenizer import load_tokenizer

COPY_DONE = 0.1
COPY_SHARE = 0.05  # of phase 2's steps; four times that while copying isn't good
CHECKPOINT_SECONDS = 180


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, required=True, help="folder of the checkpoints and the log")
    p.add_argument("--minutes", type=float, default=90, help="wall-clock length of this run")
    p.add_argument("--decay-share", type=float, default=0.5, help="last share of the run in which the rate falls to 0")
    p.add_argument("--warmup", type=float, default=60, help="seconds until the full rate")
    p.add_argument("--muon-lr", type=float, default=0.01)
    p.add_argument("--adam-lr", type=float, default=0.004)
    p.add_argument("--tokens", type=int, default=2200, help="positions in one step")
    p.add_argument("--long", type=float, default=0.06, help="share of long dialogues")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--copy-only", action="store_true", help="phase 1 alone: needs no tokenizer")
    start = p.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true")
    start.add_argument("--init", type=Path, help="a GGUF of the same vocabulary and heads: its weights are the start")
    p.add_argument("--bf16", action="store_true", help="matrices multiplied in bfloat16, for CPUs that are faster so")
    for name, default in Config().to_dict().items():
        if isinstance(default, int):
            p.add_argument("--" + name.replace("_", "-"), type=int, default=default)
    return p.parse_args()


def save(path: Path, model, optimizers, progress):
    """Writes aside, then renames: a run stopped in the middle leaves the previous checkpoint whole."""
    state = {
        "config": model.c.to_dict(),
        "model": model.state_dict(),
        "optimizers": optimizers.state_dict(),
        "progress": progress,
    }
    aside = path.with_suffix(".part")
    torch.save(state, aside)
    os.replace(aside, path)
    path.with_name("runs.json").write_text(json.dumps(progress["runs"], indent=1) + "\n")


def loss_of(model, batch):
    """Mean cross entropy over the batch's target positions; logits are made for those only."""
    hidden = model.hidden(batch.ids, batch.positions, batch.mask, rows=batch.target_rows)
    return F.cross_entropy(model.logits(hidden), batch.targets)


def rate(elapsed: float, total: float, decay_share: float, warmup: float) -> float:
    """Warm-up, plateau, then a straight line to zero."""
    rest = max(0.0, total - elapsed) / (total * decay_share)
    return min(1.0, rest, 0.05 + elapsed / warmup)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    config = Config(**{k: getattr(args, k) for k, v in Config().to_dict().items() if isinstance(v, int)})
    progress = {"step": 0, "tokens": 0, "phase": 1, "copy_loss": 9.0, "seconds": 0.0, "runs": []}
    checkpoint = None
    if args.resume:
        checkpoint = torch.load(args.out / "last.pt", weights_only=True)
        config, progress = Config(**checkpoint["config"]), checkpoint["progress"]
    random.seed(args.seed + progress["step"])
    torch.manual_seed(args.seed + progress["step"])
    model = grown(read(args.init), config) if args.init else Qwen3(config)
    if args.init:
        progress["phase"] = 2
    optimizers = Optimizers(model, args.muon_lr, args.adam_lr)
    if checkpoint:
        model.load_state_dict(checkpoint["model"])
        optimizers.load_state_dict(checkpoint["optimizers"])
    model.use_half_products(args.bf16)
    print(json.dumps({"parameters": model.num_parameters(), **config.to_dict()}), flush=True)
    options = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
    progress["runs"].append({"options": options, "parameters": model.num_parameters()})
    run(args, model, optimizers, progress)


def run(args, model, optimizers, progress):
    stream = None
    start = last_save = last_log = time.time()
    seconds_before = progress["seconds"]
    total = args.minutes * 60
    recent = {}
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))  # ends the run with a checkpoint
    while (elapsed := time.time() - start) < total and not stopped:
        if progress["phase"] == 1 and progress["copy_loss"] < COPY_DONE:
            progress["phase"] = 2
            print("copying is learned; dialogues from here", flush=True)
        if progress["phase"] == 2 and args.copy_only:
            break
        if progress["phase"] == 2 and stream is None:
            stream = DialogueStream(load_tokenizer(), args.tokens, args.long, random.Random(random.random()))
        share = COPY_SHARE if progress["copy_loss"] < COPY_DONE else 4 * COPY_SHARE
        copying = progress["phase"] == 1 or random.random() < share
        batch = copy_batch(random, model.c.vocab_size) if copying else stream.next()
        loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizers.step(rate(elapsed, total, args.decay_share, args.warmup))
        kind = "copy" if copying else "dialogue"
        old = recent.get(kind, loss.item())
        recent[kind] = 0.95 * old + 0.05 * loss.item()
        if copying:
            progress["copy_loss"] = recent["copy"]
        progress["step"] += 1
        progress["tokens"] += batch.ids.numel()
        progress["seconds"] = seconds_before + time.time() - start
        progress["runs"][-1].update({k: progress[k] for k in ("step", "tokens", "seconds")}, loss=dict(recent))
        if time.time() - last_log > 20:
            last_log = time.time()
            shown = {k: round(v, 4) for k, v in recent.items()}
            figures = {k: round(v, 3) for k, v in progress.items() if k != "runs"}
            print(json.dumps({**figures, **shown}), flush=True)
        if time.time() - last_save > CHECKPOINT_SECONDS:
            last_save = time.time()
            save(args.out / "last.pt", model, optimizers, progress)
    save(args.out / "last.pt", model, optimizers, progress)


if __name__ == "__main__":
    main()
