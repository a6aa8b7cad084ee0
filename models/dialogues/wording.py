"""How people word things. A wording is a pattern: [a|b] is a choice (it nests), <slot> is filled in later.

The core of a wording, with its choices made, belongs by hash either to training or, for a fixed share, to the evaluation
only. Openers, endings, casing, lost punctuation and typos are added around it afterwards.
"""

import hashlib
import re

HELD_OUT_PERCENT = 12
ASK_OPENERS = """hey, |ok, |okay |so, |so |and |hi! |hi, |um, |quick question: |one more thing: |by the way, |now, |well, |alright, |
great. |thanks. |thank you! |hello, |just checking: |cool, |sorry, |wait, |btw |hmm, |ok |right, |hey |please, |nice. |
I was wondering, |I have a question: |good. |oh, |also, |but """.replace("\n", "").split("|")
TELL_OPENERS = """hey, |ok, |so, |so |and |hi! |hi, |hello! |hello, |well, |by the way, |btw, |btw |just so you know, |oh, |also, |
hey! |good morning! |listen, |fyi, |fyi |you should know: |right, |ok so |alright, |hi there! |yo, """.replace("\n", "").split("|")
ASK_ENDINGS = [", please", " please", " pls", " then", " now", ", thanks", " plz"]
TELL_ENDINGS = [", ok", " btw", ", by the way", " :)", ", thanks"]


def core_is_held_out(core: str) -> bool:
    plain = re.sub(r"[^a-z0-9<> ]", "", core.lower())
    digest = hashlib.blake2b(b"core:" + plain.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % 100 < HELD_OUT_PERCENT


def expand(rng, pattern: str) -> str:
    """Resolves choices, innermost first."""
    while "[" in pattern:
        pattern = re.sub(r"\[([^\[\]]*)\]", lambda m: rng.choice(m[1].split("|")), pattern, count=1)
    return re.sub(r" +", " ", pattern).strip()


class Wordings:
    """All wordings of one intent. kind: "ask", "tell" or "bare" (nothing added around)."""

    def __init__(self, kind: str, patterns: str | list, pinned: str = ""):
        """patterns: one a line, or groups of them as (weight, list)."""
        self.kind = kind
        if isinstance(patterns, str):
            patterns = [(1.0, [p.strip() for p in patterns.strip().splitlines() if p.strip()])]
        self.groups = [(weight, group) for weight, group in patterns if group]
        self.weights = [weight for weight, _ in self.groups]
        self.pinned = [p.strip() for p in pinned.strip().splitlines() if p.strip()]
        self.pinned_plain = {re.sub(r"[^a-z0-9<> ]", "", p.lower()) for p in self.pinned}

    def core(self, rng, held: bool) -> str:
        if self.pinned and not held and rng.random() < 0.12:
            return rng.choice(self.pinned)
        for _ in range(400):
            core = expand(rng, rng.choice(rng.choices(self.groups, self.weights)[0][1]))
            plain = re.sub(r"[^a-z0-9<> ]", "", core.lower())
            pinned = plain in self.pinned_plain
            if (core_is_held_out(core) and not pinned) == held:
                return core
        raise ValueError(f"no {'held-out' if held else 'training'} wording in {self.groups[0][1][:2]}")

    def say(self, rng, held: bool, plain: bool = False, **slots) -> str:
        """plain: neither opener nor ending nor punctuation, to stand inside a longer message."""
        return self.worded(rng, self.core(rng, held), plain, **slots)

    def worded(self, rng, core: str, plain: bool = False, **slots) -> str:
        if self.kind != "bare" and not plain:
            core = surround(rng, core, self.kind)
        core = noise(rng, core)
        return re.sub(r"<(\w+)>", lambda m: str(slots[m[1]]), core)


FILLERS = "really just actually kindly quickly simply now again maybe um like perhaps also then please still".split()


# What the meaning of a message doesn't hang on, as long as the rest of it is there.
SOFT = """tell give show remind say remember recall know note please can could would mind want like need keep earlier before
again people friends everyone really just actually let write forgot forgotten think told said mentioned hear check see wonder
happen saved stored noted fetch find list print usually always mostly simply""".split()


def loosened(rng, text: str, stranger: str) -> str:
    """The message with a word more, a word less, or `stranger` in place of one that its meaning doesn't hang on."""
    words = text.split(" ")
    draw = rng.random()
    if draw < 0.3 and len(words) > 2:
        words.insert(rng.randrange(1, len(words)), rng.choice(FILLERS))
        return " ".join(words)
    soft = [i for i, word in enumerate(words) if word.lower().strip(",.:?!") in SOFT]
    if not soft or len(words) < 3:
        return text
    words[rng.choice(soft)] = "" if draw < 0.5 else stranger
    return " ".join(filter(None, words))


def surround(rng, core: str, kind: str) -> str:
    openers, endings = (ASK_OPENERS, ASK_ENDINGS) if kind == "ask" else (TELL_OPENERS, TELL_ENDINGS)
    mark = "?" if kind == "ask" and is_question(core) else "."
    if rng.random() < 0.25:
        opener = rng.choice(openers)
        keep = core.startswith(("I ", "I'", "<"))
        core = opener + (core if keep else core[0].lower() + core[1:])
    if rng.random() < 0.12:
        core = core + rng.choice(endings)
    if core[-1] in ".!?:)":
        return core
    chance = rng.random()
    if mark == "?":
        return core + ("?" if chance < 0.7 else "" if chance < 0.95 else "??")
    return core + (mark if chance < 0.45 else "" if chance < 0.9 else "!")


def is_question(core: str) -> bool:
    starts = ("wh", "who", "do ", "does", "did", "can ", "could", "are ", "is ", "how", "have", "will", "would", "am ")
    return core.lower().startswith(starts)


def noise(rng, text: str) -> str:
    """Casing, lost punctuation and typos, outside the slots."""
    parts = re.split(r"(<\w+>)", text)
    casing, drop = rng.random(), rng.random() < 0.25
    typo = rng.random() < 0.03
    for i in range(0, len(parts), 2):
        part = parts[i]
        if casing < 0.42:
            part = part.lower()
        elif casing < 0.424:
            part = part.upper()
        elif i == 0 and part:
            part = part[0].upper() + part[1:]
        if drop:
            part = re.sub(r"['!,]|\.$", "", part)
        if typo and len(part) > 4:
            part = misspell(rng, part)
        parts[i] = part
    return "".join(parts).strip()


def misspell(rng, text: str) -> str:
    i = rng.randrange(1, len(text) - 1)
    if not (text[i].isalpha() and text[i - 1].isalpha()):
        return text
    kind = rng.random()
    if kind < 0.35:
        return text[: i - 1] + text[i] + text[i - 1] + text[i + 1 :]
    if kind < 0.7:
        return text[:i] + text[i + 1 :]
    return text[:i] + text[i] + text[i:]
