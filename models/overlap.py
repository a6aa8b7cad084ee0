"""Says which wordings of handwritten.jsonl the generator can make too: `python overlap.py`. Few should, and only the plainest.

Values (names, codes, numbers) are taken out of both, then letters and digits are compared. The generator's wordings are
sampled, several thousand of each intent, so a rare one may be missed.
"""

import importlib
import json
import random
import re
from pathlib import Path

from dialogues.facts import Fact
from dialogues.small_talk import TALK
from dialogues.styles import CHARACTERS
from dialogues.wording import Wordings, expand

HERE = Path(__file__).parent
MODULES = "codes decline facts identity json_objects life names python_help recall skills small_talk styles".split()
SAMPLES = 6000


def plain(text: str) -> str:
    text = re.sub(r"<\w+>|\d+", "#", text)
    return re.sub(r"\s+", " ", re.sub(r"[^a-z0-9# ]", "", text.lower())).strip()


def every_wordings() -> list[Wordings]:
    found = [talk[0] for talk in TALK.values()] + [character[1] for character in CHARACTERS]
    for name in MODULES:
        for value in vars(importlib.import_module(f"dialogues.{name}")).values():
            found += [value] if isinstance(value, Wordings) else []
            found += [value.tell, value.ask, value.third] if isinstance(value, Fact) else []
    return found


def values(dialogue: dict) -> list[str]:
    """What the checks look for, longest first; a pattern counts as the letters in it."""
    found = set()
    for turn in dialogue["turns"]:
        check = turn.get("check", {})
        found.update(check.get("contains", []) + check.get("not_contains", []))
        found.update(check[k] for k in ("equals",) if k in check)
        found.update(re.sub(r"\\W[*+]|[\^$]", "", check[k]) for k in ("regex",) if k in check)
    return sorted(filter(None, found), key=len, reverse=True)


def main():
    rng = random.Random(0)
    known = set()
    for wordings in every_wordings():
        for _ in range(SAMPLES):
            known.add(plain(expand(rng, rng.choice(rng.choices(wordings.groups, wordings.weights)[0][1]))))
    seen, shared = set(), []
    for line in (HERE / "handwritten.jsonl").open():
        dialogue = json.loads(line)
        for text in [turn["user"] for turn in dialogue["turns"]] + [dialogue.get("system") or ""]:
            for value in values(dialogue):
                text = re.sub(r"(?i)(?<!\w)" + re.escape(value) + r"(?!\w)", "#", text)
            if plain(text) and plain(text) not in seen:
                seen.add(plain(text))
                shared += [f"{dialogue['category']}: {plain(text)}"] if plain(text) in known else []
    print(*shared, f"{len(shared)} of {len(seen)} wordings, among {len(known):,} of the generator", sep="\n")


if __name__ == "__main__":
    main()
