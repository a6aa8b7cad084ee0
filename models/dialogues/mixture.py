"""Grows whole dialogues: a system prompt or none, then moves drawn at random, each seeing what was told before."""

from dialogues import decline, identity, json_objects, python_help, recall, skills, small_talk
from dialogues.chat import Chat
from dialogues.dialogue import Dialogue, Turn
from dialogues.styles import set_style

THINKING_SHARE = 0.12
LONG_REPLY = 60  # characters


def moves(c: Chat) -> list[tuple]:
    """(move, weight): what is sensible now weighs more."""
    named, worked, known = "name" in c.facts, "work" in c.facts, bool(c.kinds)
    coded = any(k.startswith("code:") for k in c.facts)
    asked_who = 4 if c.style is None or c.style.who is None else 35 if c.style.name in ("named", "role", "coding") else 10
    return [
        (recall.tell_name, 1 if named else 9),
        (recall.change_name, 15 if named else 0.5),
        (recall.ask_name, 14 if named else 2.5),
        (recall.tell_work, 0.7 if worked else 2),
        (recall.ask_work, 4 if worked else 0.7),
        (recall.tell_code, 2 if coded else 6),
        (recall.ask_code, 12 if coded else 2.5),
        (recall.tell_fact, 14), (recall.tell_two, 3.5), (recall.tell_and_ask, 1.5 if named else 0),
        (recall.ask_fact, 30 if known else 2.5), (recall.ask_two, 2 if known else 0),
        (recall.ask_memory, 1.5),
        (identity.who, asked_who), (identity.maker, 1), (identity.size, 1), (identity.local, 1), (identity.abilities, 2),
        (identity.bigger, 2.5),
        (decline.decline, 7),
        (small_talk.talk, 14), (small_talk.statement, 2),
        (skills.count, 6), (skills.spell, 14), (skills.echo, 6), (skills.add, 8), (json_objects.json_object, 12),
        (python_help.start, 0.7), (python_help.snippet, 1.4),
    ]


def num_moves(rng, long_share: float) -> int:
    if rng.random() < long_share:
        return rng.randint(8, 20)
    return rng.choice([1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6])


def make_dialogue(rng, long_share: float) -> Dialogue:
    c = Chat(rng)
    kind = rng.random()
    if kind < 0.31:
        set_style(c)
    if 0.27 < kind < 0.46:
        recall.system_facts(c, rng.choice([1, 1, 1, 2, 2, 3]))
    planned = num_moves(rng, long_share)
    for _ in range(planned):
        options = moves(c)
        rng.choices([m for m, _ in options], [w for _, w in options])[0](c)
        if planned < 8 and c.turns and len(c.turns[-1].answer) > LONG_REPLY and rng.random() < 0.5:
            break  # a long reply costs least as the last one, where it needn't stand in the history as well
    if not c.turns:
        small_talk.talk(c)
    finish(c)
    for turn in c.turns:
        set_thinking(rng, turn)
    return Dialogue(c.system or None, c.turns)


def set_thinking(rng, turn: Turn):
    """Most replies come after the empty think block; some write a thought; some are told not to."""
    if rng.random() > THINKING_SHARE or turn.thought is None:
        turn.thought = None
        if rng.random() < 0.01:
            turn.user += " /no_think"
    elif rng.random() < 0.15:
        turn.user += " /no_think"
        turn.thought, turn.no_think = None, True
    elif rng.random() < 0.05:
        turn.user += " /think"


def finish(c: Chat):
    """Puts every reply into the chat's style."""
    if c.style is None:
        return
    style = c.style
    for turn in c.turns:
        if "```" in turn.answer and style.name != "ending":
            continue
        asked_who = turn.answer == identity.WHO
        if asked_who and style.who:
            turn.answer = style.who
            turn.check = {"contains": [style.who.split(",")[0].rstrip(".!").split("I'm ")[-1]]}
        base = {} if style.name in ("brief", "capitals") else turn.check or {}
        if "equals" in base or "json" in base:
            base = {}
        turn.answer = style.apply(turn.answer)
        turn.check = {"all": [c for c in (unanchored(base), style.check) if c]}


def unanchored(check: dict) -> dict:
    """A style may put words around the reply: patterns then match anywhere."""
    if "regex" in check:
        return {**check, "regex": check["regex"].removeprefix("^")}
    return check
