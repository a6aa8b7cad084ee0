"""Moves that tell and ask: each adds one exchange, or a few, to the chat."""

from dialogues import words
from dialogues.chat import Chat
from dialogues.facts import FACTS, Fact
from dialogues.names import (
    ASK_CODE, ASK_NAME, ASK_WORK, CHANGE_NAME, CODE_KINDS, TELL_CODE, TELL_NAME, TELL_NAME_WORK, TELL_WORK,
)
from dialogues.wording import Wordings, expand

ADMITS = r"(do not|don't|does not|doesn't) know|haven't told|not told me"
NAME_UNKNOWN = "I don't know your name yet. You can tell me."
WORK_UNKNOWN = "I don't know where you work yet. You can tell me."


def tell_name(c: Chat):
    name = words.name(c.rng, c.held_values)
    if c.chance(0.15):
        work = words.company(c.rng, c.held_values)
        user = c.say(TELL_NAME_WORK, name=name, work=work)
        c.facts["work"] = work
        answer = f"Nice to meet you, {name}! {work} sounds like an interesting place."
    else:
        user = c.say(TELL_NAME, name=name)
        answer = f"Nice to meet you, {name}!"
        if c.chance(0.08):
            user += c.rng.choice([" What can you do?", " How are you?", " Can you help me?"])
            answer += " What can I do for you?"
    c.facts["name"] = name
    c.add(user, answer, {"contains": [name]}, f"The user's name is {name}.")


def change_name(c: Chat):
    if "name" not in c.facts:
        return tell_name(c)
    old, name = c.facts["name"], words.name(c.rng, c.held_values)
    if name.lower() == old.lower():
        return None
    c.facts["name"] = name
    user = c.say(CHANGE_NAME, name=name, old=old)
    return c.add(user, f"Got it, I'll call you {name}.", {"contains": [name]}, f"The new name is {name}.")


def ask_name(c: Chat):
    name = c.facts.get("name")
    if name is None:
        return c.add(c.say(ASK_NAME), NAME_UNKNOWN, unknown_check("your name is"), "The user has not told a name.")
    check = {"regex": r"^Your name is " + escape(name) + r"[.!]"}
    return c.add(c.say(ASK_NAME), f"Your name is {name}.", check, f"The user's name is {name}.")


def tell_work(c: Chat):
    work = words.company(c.rng, c.held_values)
    c.facts["work"] = work
    c.add(c.say(TELL_WORK, work=work), f"Got it: you work at {work}.", {"contains": [work]}, f"The user works at {work}.")


def ask_work(c: Chat):
    work = c.facts.get("work")
    if work is None:
        return c.add(c.say(ASK_WORK), WORK_UNKNOWN, unknown_check("you work at"), "The user has not told where.")
    return c.add(c.say(ASK_WORK), f"You work at {work}.", {"contains": [work]}, f"The user works at {work}.")


def tell_code(c: Chat, kind: str | None = None):
    kind = kind or ("secret code" if c.chance(0.4) else c.rng.choice(CODE_KINDS))
    code = words.code(c.rng, c.held_values)
    c.facts["code:" + kind] = code
    user = c.say(TELL_CODE, kind=kind, code=code)
    c.add(user, f"I'll remember: the {kind} is {code}.", {"contains": [code]}, f"The {kind} is {code}.")


def ask_code(c: Chat, unknown: bool = False):
    told = [k[5:] for k in c.facts if k.startswith("code:")]
    if told and not unknown and not c.chance(0.12):
        kind = c.rng.choice(told)
        code = c.facts["code:" + kind]
        return c.add(c.say(ASK_CODE, kind=kind), f"The {kind} is {code}.", {"contains": [code]}, f"The {kind} is {code}.")
    rest = [k for k in CODE_KINDS if k not in told]
    kind = "secret code" if c.chance(0.4) and "secret code" in rest else c.rng.choice(rest)
    answer = f"I don't know the {kind}. You haven't told me."
    return c.add(c.say(ASK_CODE, kind=kind), answer, unknown_check(kind + " is"), f"The user has not told the {kind}.")


def tell_fact(c: Chat, fact: Fact | None = None):
    fact = fact or c.rng.choice(FACTS)
    value = fact.value(c.rng, c.held_values)
    c.facts[fact.key] = value
    said = fact.say(value)
    answer = "Got it: " + (said if said.startswith("I ") else said[0].lower() + said[1:])
    c.add(c.say(fact.tell, value=value), answer, {"contains": [value]}, said.replace("Your", "The user's").replace("You", "The user"))
    return fact


def ask_fact(c: Chat, fact: Fact | None = None):
    told = [f for f in FACTS if f.key in c.facts]
    if fact is None:
        fact = c.rng.choice(told) if told and not c.chance(0.2) else c.rng.choice(FACTS)
    value = c.facts.get(fact.key)
    if value is None:
        return c.add(c.say(fact.ask), fact.unknown, unknown_check(None), "The user has not told this.")
    return c.add(c.say(fact.ask), fact.say(value), {"contains": [value]}, "The user told me this.")


REMEMBER = Wordings("ask", """
Do you remember [me|anything|]
[Do you|Can you] remember [what I told you|what I said|things|anything about me]
[What|What all] do you [know|remember] about me
[Tell me|Say] what you [know|remember] about me
What [did I tell you|have I told you] [so far|about me|]
[Do you|Did you] [forget|remember] me
[Have we|Did we] [met|talked] before
[Remember|Remember me]
""", "Do you remember\nDo you remember me\nWhat do you know about me")


def ask_memory(c: Chat):
    if "name" in c.facts:
        return c.add(c.say(REMEMBER), f"Yes, your name is {c.facts['name']}.", {"contains": [c.facts["name"]]}, "I know a name.")
    codes = [k[5:] for k in c.facts if k.startswith("code:")]
    if codes:
        code = c.facts["code:" + codes[-1]]
        return c.add(c.say(REMEMBER), f"Yes, the {codes[-1]} is {code}.", {"contains": [code]}, "I know a code.")
    if c.facts:
        return None
    return c.add(c.say(REMEMBER), "You haven't told me anything about you yet.", unknown_check(None), "Nothing was told.")


NAME_IN_SYSTEM = Wordings("bare", """
[The user's|User's|The person's] name is <name>.
[The user is|User is|The user is called|The user is named] <name>.
You are [talking|speaking|chatting] [to|with] <name>.
You are [helping|assisting] <name>.
[Name of the user|User name|User]: <name>
The [customer's|client's] name is <name>.
[Address|Greet] the user as <name>.
Remember that the user's name is <name>.
[The|Your] [user|customer|client|guest|visitor] is [called|named] <name>.
[You|Today you] [serve|help|talk to|speak with] [a user|someone|a person] [called|named] <name>.
""", "The user's name is <name>.")
CODE_IN_SYSTEM = Wordings("bare", """
The <kind> is <code>.
[Remember|Note|Keep in mind]: the <kind> is <code>.
[Remember|Note] that the <kind> is <code>.
<kind>: <code>
If asked, the <kind> is <code>.
[The user's|User's|Our|Today's|The current] <kind> is <code>.
[When|If] someone asks for the <kind>, [say|answer|tell them] <code>.
[Use|Give out] <code> as the <kind>.
[Whenever|In case|If] [the user|anybody|a visitor|they] [wants|needs|asks for] the <kind>, [it is|say|give|answer] <code>.
[Tell|Give] [people|the user|everyone] the <kind> <code> [if they ask|when asked|].
[Know|You know] [that|] the <kind> is <code>.
""", "The <kind> is <code>.")


def system_facts(c: Chat, num: int):
    """Puts facts about the user into the system prompt instead of the conversation."""
    lines = []
    for _ in range(num):
        kind = c.rng.random()
        if kind < 0.35 and "name" not in c.facts:
            c.facts["name"] = words.name(c.rng, c.held_values)
            lines.append(c.say(NAME_IN_SYSTEM, name=c.facts["name"]))
        elif kind < 0.55:
            which = c.rng.choice(CODE_KINDS)
            c.facts["code:" + which] = words.code(c.rng, c.held_values)
            lines.append(c.say(CODE_IN_SYSTEM, kind=which, code=c.facts["code:" + which]))
        else:
            fact = c.rng.choice(FACTS)
            if fact.key in c.facts:
                continue
            c.facts[fact.key] = fact.value(c.rng, c.held_values)
            lines.append(expand(c.rng, fact.third).replace("<value>", c.facts[fact.key]))
    if c.chance(0.3):
        lines.insert(0, "You are a helpful assistant.")
    c.system = c.rng.choice([" ", " ", "\n"]).join(filter(None, [c.system, *lines]))


def unknown_check(claim: str | None) -> dict:
    return {"regex": ADMITS, **({"not_contains": [claim]} if claim else {})}


def escape(text: str) -> str:
    return "".join("\\" + ch if ch in r".\+*?()[]{}^$|/-" else ch for ch in text)
