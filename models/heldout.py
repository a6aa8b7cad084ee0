"""Writes heldout.jsonl, the evaluation's dialogues: `python heldout.py`. Always the same ones (fixed seed).

Every name, code and word in them is held out of training; half of the dialogues use wordings seen in training, half only
wordings held out. A dialogue passes if all its checks do; turns without a check are there to be lived with.
"""

import json
import random
from pathlib import Path

from dialogues import decline, identity, json_objects, python_help, recall, skills, small_talk
from dialogues.chat import Chat
from dialogues.mixture import finish
from dialogues.styles import set_style

OUT = Path(__file__).with_name("heldout.jsonl")
PER_CELL = 200
LONG_TURNS = 20
TALK = ["hello", "how", "thanks", "ok", "there", "joke", "love"]
CALM = ["hello", "how", "thanks", "bye", "there", "love", "favorite"]


def distract(c: Chat, most: int):
    """Up to `most` exchanges that say nothing about the user, unchecked."""
    for _ in range(c.rng.randint(0, most)):
        first = len(c.turns)
        c.rng.choice([talk, talk, skills.count, skills.add, decline.cannot_know, identity.who])(c)
        for turn in c.turns[first:]:
            turn.check = None


def talk(c: Chat):
    small_talk.talk(c, c.rng.choice(TALK))


def name(c: Chat):
    recall.tell_name(c)
    distract(c, 2)
    recall.ask_name(c)


def changed_name(c: Chat):
    recall.tell_name(c)
    old = c.facts["name"]
    distract(c, 1)
    while c.facts["name"] == old:
        recall.change_name(c)
    distract(c, 1)
    recall.ask_name(c)
    c.turns[-1].check["not_contains"] = [old] if old.lower() not in c.facts["name"].lower() else []


def code(c: Chat):
    recall.tell_code(c)
    kind = next(k for k in c.facts if k.startswith("code:"))[5:]
    distract(c, 2)
    while True:
        recall.ask_code(c)
        if c.turns[-1].answer == f"The {kind} is {c.facts['code:' + kind]}.":
            return
        c.turns.pop()


def unknown(c: Chat):
    distract(c, 1)
    if c.chance(0.45):
        recall.ask_name(c)
    else:
        if c.chance(0.3):
            recall.tell_name(c)
        recall.ask_code(c, unknown=True)


def context_facts(c: Chat):
    for _ in range(c.rng.choice([1, 2, 2, 3])):
        c.rng.choice([recall.tell_fact] * 5 + [recall.tell_two])(c)
    distract(c, 1)
    recall.ask_fact(c, c.kinds[c.rng.choice(list(c.kinds))])


def system_facts(c: Chat):
    while not c.facts:
        c.system = None
        recall.system_facts(c, c.rng.choice([1, 1, 2]))
    distract(c, 1)
    key = c.rng.choice(list(c.facts))
    if key == "name":
        return recall.ask_name(c)
    if key.startswith("code:"):
        c.facts = {key: c.facts[key]}
        while True:
            recall.ask_code(c)
            if c.turns[-1].answer.endswith(f"is {c.facts[key]}."):
                return None
            c.turns.pop()
    return recall.ask_fact(c, c.kinds[key])


def system_style(c: Chat):
    kind = c.rng.choice(["character"] * 4 + ["brief", "capitals", "ending", "starting", "named", "role", "coding"])
    set_style(c, kind)
    if kind in ("named", "role", "coding"):
        identity.who(c)
    elif kind in ("brief", "capitals"):
        for _ in range(c.rng.choice([1, 2])):
            c.rng.choice([calm, calm, identity.who, decline.decline])(c)
    else:
        for _ in range(c.rng.choice([1, 2, 3])):
            c.rng.choice([talk, talk, identity.who, decline.decline, recall.tell_name, recall.ask_name])(c)


def calm(c: Chat):
    small_talk.talk(c, c.rng.choice(CALM))


def with_lead(move):
    def grow(c: Chat):
        distract(c, 1)
        move(c)

    return grow


def about_itself(c: Chat):
    distract(c, 1)
    c.rng.choice([identity.who] * 3 + [identity.maker, identity.size, identity.local, identity.abilities])(c)


def chat(c: Chat):
    for _ in range(c.rng.choice([1, 2, 3])):
        small_talk.talk(c)


def python(c: Chat):
    c.rng.choice([python_help.start, python_help.snippet, python_help.snippet])(c)


def long_chat(c: Chat):
    """Twenty exchanges of every kind, all checked; it passes with nine in ten right."""
    moves = [
        recall.ask_name, recall.tell_code, recall.ask_code, recall.tell_fact, recall.ask_fact, recall.change_name, identity.who,
        identity.bigger, decline.decline, talk, talk, skills.count, skills.add, json_objects.json_object,
    ]
    recall.tell_name(c)
    while len(c.turns) < LONG_TURNS - 1:
        c.rng.choice(moves)(c)
    recall.ask_name(c)


CATEGORIES = {
    "name": name, "changed_name": changed_name, "code": code, "unknown": unknown, "context_facts": context_facts,
    "system_facts": system_facts, "system_style": system_style, "identity": about_itself, "bigger_model": with_lead(identity.bigger),
    "decline": with_lead(decline.decline), "counting": with_lead(skills.count), "spelling": with_lead(skills.spell),
    "echo": with_lead(skills.echo), "sums": with_lead(skills.add), "json": with_lead(json_objects.json_object),
    "small_talk": chat, "python": python, "long": long_chat,
}


def build(category: str, heldout: bool, index: int) -> dict:
    rng = random.Random(f"{category}/{heldout}/{index}")
    c = Chat(rng, held_values=True, held_wording=heldout)
    CATEGORIES[category](c)
    finish(c)
    turns = [{"user": t.user, **({"check": t.check} if t.check else {})} for t in c.turns]
    line = {"category": category, "wording": "heldout" if heldout else "seen", "turns": turns}
    if c.system:
        line["system"] = c.system
    if category == "long":
        line["needed"] = 0.9
    return line


def main():
    with OUT.open("w") as out:
        for category in CATEGORIES:
            for heldout in (False, True):
                if category == "long" and heldout:
                    continue
                for index in range(50 if category == "long" else PER_CELL):
                    out.write(json.dumps(build(category, heldout, index), ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{OUT.name}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
