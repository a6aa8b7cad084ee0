"""Turns dialogues into training batches.

A chat template drops the thinking of earlier turns: the reply that the model writes begins after a think block, the same
reply in the history has none. So each assistant turn is laid out twice in one sequence: as a branch (think block, reply,
end: the training target, seen by nothing else) and as the trunk goes on (the reply as history: no loss). A mask and
position ids make the branch invisible to what follows, so every turn is a target in exactly the form it has at use.
"""

from dataclasses import dataclass

import torch

from dialogues import Dialogue, make_dialogue
from tokenizer import END, START, encode_text

FIRST_PLAIN_ID = 9
POOL = 240  # dialogues made at once, then sorted by length
LONGEST = 1600  # positions, branches included


@dataclass
class Batch:
    ids: torch.Tensor  # [B, L]
    positions: torch.Tensor  # [B, L]
    mask: torch.Tensor | None  # [B, 1, L, L], 0 where a position may look, minus infinity elsewhere
    target_rows: torch.Tensor  # [N] indexes into the flattened B * L
    targets: torch.Tensor  # [N]


@dataclass
class Sequence:
    ids: list
    positions: list
    branches: list  # 0 is the trunk
    target_rows: list
    targets: list


def copy_batch(rng, vocab_size: int) -> Batch:
    """Random tokens, a separator, the same tokens; about a thousand positions."""
    n = rng.randint(3, 24)
    batch = max(1, 1000 // (2 * n + 1))
    first = torch.randint(FIRST_PLAIN_ID, vocab_size, (batch, n))
    if rng.random() < 0.5:  # from a few tokens only: what repeats within itself is harder to copy
        few = torch.randint(FIRST_PLAIN_ID, vocab_size, (batch, rng.randint(2, 12)))
        first = few.gather(1, torch.randint(0, few.shape[1], (batch, n)))
    ids = torch.cat([first, torch.full((batch, 1), START), first], 1)
    length = ids.shape[1]
    offset = rng.randint(0, 200)
    rows = (torch.arange(batch)[:, None] * length + torch.arange(n, 2 * n)).flatten()
    positions = (torch.arange(length) + offset).expand(batch, length)
    return Batch(ids, positions, None, rows, first.flatten())


def layout(dialogue: Dialogue, tokenizer) -> Sequence:
    """One dialogue as trunk and branches; rows are relative to the sequence."""
    s = Sequence([], [], [], [], [])
    position = 0
    newline = encode_text(tokenizer, "\n")

    def put(ids, branch, at):
        s.ids += ids
        s.positions += range(at, at + len(ids))
        s.branches += [branch] * len(ids)
        return at + len(ids)

    if dialogue.system is not None:
        system = [START, *encode_text(tokenizer, "system\n" + dialogue.system), END, *newline]
        position = put(system, 0, position)
    for index, turn in enumerate(dialogue.turns):
        user = [START, *encode_text(tokenizer, "user\n" + turn.user), END, *newline]
        position = put(user + [START, *encode_text(tokenizer, "assistant\n")], 0, position)
        given, written = turn.target()
        given = encode_text(tokenizer, given)
        written = [*encode_text(tokenizer, written), END]
        put(given + written, index + 1, position)
        end = len(s.ids)
        first = end - len(written)
        s.target_rows += range(first - 1, end - 1)
        s.targets += written
        if index + 1 < len(dialogue.turns):
            position = put([*encode_text(tokenizer, turn.answer), END, *newline], 0, position)
    return s


class DialogueStream:
    """Endless batches of about `tokens` positions, each of dialogues of similar length."""

    def __init__(self, tokenizer, tokens: int, long_share: float, rng):
        self.tokenizer, self.tokens, self.long_share, self.rng = tokenizer, tokens, long_share, rng
        self.ready: list[Batch] = []

    def next(self) -> Batch:
        if not self.ready:
            self.fill()
        return self.ready.pop()

    def fill(self):
        pool = [layout(make_dialogue(self.rng, self.long_share), self.tokenizer) for _ in range(POOL)]
        pool = [s for s in pool if len(s.ids) <= LONGEST]
        pool.sort(key=lambda s: len(s.ids))
        group: list[Sequence] = []
        for s in pool:
            if group and (len(group) + 1) * len(s.ids) > self.tokens:
                self.ready.append(collate(group))
                group = []
            group.append(s)
        if group:
            self.ready.append(collate(group))
        self.rng.shuffle(self.ready)


def collate(group: list[Sequence]) -> Batch:
    """Pads on the right; padding looks at itself only, so that no row of the mask is empty."""
    length = max(len(s.ids) for s in group)
    size = len(group)
    ids = torch.zeros(size, length, dtype=torch.long)
    positions = torch.zeros(size, length, dtype=torch.long)
    branches = torch.full((size, length), -1)
    rows, targets = [], []
    for b, s in enumerate(group):
        n = len(s.ids)
        ids[b, :n] = torch.tensor(s.ids)
        positions[b, :n] = torch.tensor(s.positions)
        branches[b, :n] = torch.tensor(s.branches)
        rows += [b * length + r for r in s.target_rows]
        targets += s.targets
    same = branches[:, :, None] == branches[:, None, :]
    trunk = (branches == 0)[:, None, :]
    mask = (same | trunk) & torch.ones(length, length, dtype=torch.bool).tril()
    mask |= torch.eye(length, dtype=torch.bool)
    bias = torch.zeros(mask.shape).masked_fill_(~mask, float("-inf"))
    return Batch(ids, positions, bias[:, None], torch.tensor(rows), torch.tensor(targets))
