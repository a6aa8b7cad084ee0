"""Moves that tell and ask: each adds one exchange, or a few, to the chat."""

from dialogues import codes, words
from dialogues.chat import Chat
from dialogues.codes import ASK_CODE, CHANGE_CODE, TELL_CODE
from dialogues.facts import Fact, stated
from dialogues.life import draw_fact
from dialogues.names import ASK_NAME, ASK_WORK, CHANGE_NAME, TELL_NAME, TELL_NAME_WORK, TELL_WORK
from dialogues.wording import Wordings

ADMITS = r"(do not|don't|does not|doesn't) know|haven't told|not told me"
NAME_UNKNOWN = "I don't know your name yet. You can tell me."
WORK_UNKNOWN = "I don't know where you work yet. You can tell me."


def tell_name(c: Chat):
    name = words.name(c.rng, c.held_values)
    if c.chance(0.12):
        work = words.company(c.rng, c.held_values)
        user = c.say(TELL_NAME_WORK, name=name, work=work)
        c.facts["work"] = work
        answer = f"Nice to meet you, {name}! {work} sounds like an interesting place."
    else:
        user = c.say(TELL_NAME, name=name, noise=c.noun())
        answer = f"Nice to meet you, {name}!"
        if c.chance(0.06):
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
    user = c.say(TELL_WORK, work=work, noise=c.noun())
    c.add(user, f"Got it: you work at {work}.", {"contains": [work]}, f"The user works at {work}.")


def ask_work(c: Chat):
    work = c.facts.get("work")
    if work is None:
        return c.add(c.say(ASK_WORK), WORK_UNKNOWN, unknown_check("you work at"), "The user has not told where.")
    return c.add(c.say(ASK_WORK), f"You work at {work}.", {"contains": [work]}, f"The user works at {work}.")


def tell_code(c: Chat, kind: str | None = None):
    """A new code, or now and then another one for a kind that was told already."""
    told = [k[5:] for k in c.facts if k.startswith("code:")]
    again = kind is None and bool(told) and c.chance(0.3)
    kind = kind or (c.rng.choice(told) if again else codes.kind(c.rng, c.held_values))
    code = words.code(c.rng, c.held_values)
    c.facts["code:" + kind] = code
    user = c.say(CHANGE_CODE if again else TELL_CODE, kind=kind, code=code, noise=c.noun())
    c.add(user, f"I'll remember: the {kind} is {code}.", {"contains": [code]}, f"The {kind} is {code}.")


def ask_code(c: Chat, unknown: bool = False):
    told = [k[5:] for k in c.facts if k.startswith("code:")]
    if told and not unknown and not c.chance(0.12):
        kind = c.rng.choice(told)
        code = c.facts["code:" + kind]
        return c.add(c.say(ASK_CODE, kind=kind), f"The {kind} is {code}.", {"contains": [code]}, f"The {kind} is {code}.")
    kind = codes.kind(c.rng, c.held_values)
    while kind in told:
        kind = codes.kind(c.rng, c.held_values)
    answer = f"I don't know the {kind}. You haven't told me."
    return c.add(c.say(ASK_CODE, kind=kind), answer, unknown_check(kind + " is"), f"The user has not told the {kind}.")


def new_fact(c: Chat) -> tuple[Fact, str]:
    """Draws a fact with its value and takes it into the chat's memory."""
    fact = draw_fact(c.rng, c.held_values)
    value = fact.value(c.rng, c.held_values)
    c.facts[fact.key], c.kinds[fact.key] = value, fact
    return fact, value


def tell_fact(c: Chat) -> Fact:
    fact, value = new_fact(c)
    said = fact.say(value)
    thought = said.replace("Your", "The user's").replace("You", "The user")
    c.add(c.say(fact.tell, value=value, **fact.slots), "Got it: " + uncapitalized(said), {"contains": [value]}, thought)
    return fact


def tell_two(c: Chat):
    """Two things in one message."""
    joint = c.rng.choice([" and ", " and ", ". ", ". ", ", ", ". And ", ". Also, ", ". Oh, and "])
    if c.chance(0.4):
        name = words.name(c.rng, c.held_values)
        first, answer, shown = c.bare(TELL_NAME, name=name, noise=c.noun()), f"Nice to meet you, {name}! Got it: ", [name]
        c.facts["name"] = name
    else:
        fact, value = new_fact(c)
        first, answer, shown = c.bare(fact.tell, value=value, **fact.slots), "Got it: " + uncapitalized(fact.say(value))[:-1] + ", and ", [value]
    fact, value = new_fact(c)
    second = c.bare(fact.tell, value=value, **fact.slots)
    if joint[0] == ".":
        first = first.rstrip(".")
        second = second[0].upper() + second[1:] if c.chance(0.7) else second
    elif first[-1] in ".?!":
        joint = " "
    answer += uncapitalized(fact.say(value))
    user = first + joint + second + c.rng.choice([".", ".", "", "!"])
    c.add(user, answer, {"contains": [*shown, value]}, "The user tells me two things.")


def ask_fact(c: Chat, fact: Fact | None = None):
    """Asks for a fact told, by default the chat's choice: seldom one that wasn't told."""
    if fact is None:
        if c.kinds and not c.chance(0.15):
            fact = c.kinds[c.rng.choice(list(c.kinds))]
        else:
            fact = draw_fact(c.rng, c.held_values)
    value = c.facts.get(fact.key)
    user = c.say(fact.ask, **fact.slots)
    if value is None:
        return c.add(user, fact.unknown, unknown_check(None), "The user has not told this.")
    return c.add(user, fact.say(value), {"contains": [value]}, "The user told me this.")


def ask_two(c: Chat):
    """Two questions in one message, both about what was told."""
    known = list(c.kinds) + (["name"] if "name" in c.facts else [])
    if len(known) < 2:
        return None
    parts, replies, shown = [], [], []
    for key in c.rng.sample(known, 2):
        fact = c.kinds.get(key)
        parts.append(c.bare(fact.ask, **fact.slots) if fact else c.bare(ASK_NAME))
        replies.append(fact.say(c.facts[key]) if fact else f"Your name is {c.facts[key]}.")
        shown.append(c.facts[key])
    user = parts[0] + c.rng.choice([" and ", "? And ", "? ", ", and "]) + parts[1] + c.rng.choice(["?", "?", ""])
    return c.add(user, " ".join(replies), {"contains": shown}, "The user asks two things.")


def tell_and_ask(c: Chat):
    """A fact and a question about something else, in one message."""
    if "name" not in c.facts:
        return tell_two(c)
    fact, value = new_fact(c)
    told = c.bare(fact.tell, value=value, **fact.slots)
    user = told.rstrip(".?!") + c.rng.choice([". ", ". ", ". And ", ", "]) + c.bare(ASK_NAME) + c.rng.choice(["?", "?", ""])
    answer = f"Got it: {uncapitalized(fact.say(value))} Your name is {c.facts['name']}."
    return c.add(user, answer, {"contains": [value, c.facts["name"]]}, "The user tells me something and asks for the name.")


REMEMBER = Wordings("ask", """
Do you remember [me|anything|]
[Do you|Can you] remember [what I told you|what I said|things|anything about me]
[What|What all] do you [know|remember] about me
[Tell me|Say|List] what you [know|remember|noted|learned] about me
What [did I tell you|have I told you] [so far|about me|]
[Do you|Did you] [forget|remember] me
[Have we|Did we] [met|talked] before
[Remember|Remember me]
[What|Which] [things|facts] do you [know|remember] about me
[What have you|What did you] [noted|learned|learn|note] about me
""", "Do you remember\nDo you remember me\nWhat do you know about me")


def ask_memory(c: Chat):
    if "name" in c.facts:
        return c.add(c.say(REMEMBER), f"Yes, your name is {c.facts['name']}.", {"contains": [c.facts["name"]]}, "I know a name.")
    told = [k[5:] for k in c.facts if k.startswith("code:")]
    if told:
        code = c.facts["code:" + told[-1]]
        return c.add(c.say(REMEMBER), f"Yes, the {told[-1]} is {code}.", {"contains": [code]}, "I know a code.")
    if c.facts:
        return None
    return c.add(c.say(REMEMBER), "You haven't told me anything about you yet.", unknown_check(None), "Nothing was told.")


NAME_IN_SYSTEM = Wordings("bare", [
    (0.6, stated("""
@who's name is <name>
@who is [called|named|known as] <name>
@who is <name>
the name of @who is <name>
you are [talking|speaking|chatting|writing] [to|with] <name>
you are [helping|assisting|serving|supporting|advising] <name>
<name> is [the user's name|the name of the user|the user|who you talk to|your user]
the [person|human|man|woman|guest|visitor] [in this chat|you talk to|on the other end|you help] is [called|named|] <name>
[their|his|her] name is <name>
""").groups[0][1]),
    (0.4, [line.strip() for line in """
[Name of the user|User name|User|Username|Name|Customer|Client|Guest]: <name>
[Address|Greet] the user as <name>.
[You|Today you] [serve|help|talk to|speak with] [a user|someone|a person|a customer] [called|named] <name>.
Call the user <name>.
The user calls themselves <name>.
<name> is [talking to you|writing to you|the one who asks|chatting with you].
[Be kind to|Be nice to|Help|Assist|Welcome|Serve] <name>, [the user|your user|who is the user|who writes to you].
You are <name>'s [assistant|helper|bot|friend].
You [belong to|work for] <name>.
""".strip().splitlines()]),
], "The user's name is <name>.")
CODE_IN_SYSTEM = Wordings("bare", [
    (0.55, stated("""
the <kind> is <code>
the <kind> is <code>
our <kind> is <code>
[today's|the current|the right|the new] <kind> is <code>
@who's <kind> is <code>
<code> is the <kind>
the <kind> [was set to|has been changed to|will be|should be] <code>
""").groups[0][1]),
    (0.45, [line.strip() for line in """
<kind>: <code>
<kind> = <code>
If asked, the <kind> is <code>.
[When|If] [someone|the user|anybody] asks for the <kind>, [say|answer|tell them|reply|give] <code>.
[Use|Give out|Tell] <code> as the <kind>.
[Whenever|In case|If] [the user|anybody|a visitor|they] [wants|needs|asks for] the <kind>, [it is|say|give|answer] <code>.
[Tell|Give] [people|the user|everyone] the <kind> <code> [if they ask|when asked|].
[Know|You know] [that|] the <kind> is <code>.
[Asked|When asked] for the <kind>, [say|answer] <code>.
The <kind> for [today|everyone|this week|the team|guests] is <code>.
""".strip().splitlines()]),
], "The <kind> is <code>.")


def system_facts(c: Chat, num: int):
    """Puts facts about the user into the system prompt instead of the conversation."""
    stated_lines = []
    for _ in range(num):
        kind = c.rng.random()
        if kind < 0.3 and "name" not in c.facts:
            c.facts["name"] = words.name(c.rng, c.held_values)
            stated_lines.append(c.say(NAME_IN_SYSTEM, name=c.facts["name"]))
        elif kind < 0.5:
            which = codes.kind(c.rng, c.held_values)
            c.facts["code:" + which] = words.code(c.rng, c.held_values)
            stated_lines.append(c.say(CODE_IN_SYSTEM, kind=which, code=c.facts["code:" + which]))
        else:
            fact = draw_fact(c.rng, c.held_values)
            if fact.key in c.facts:
                continue
            c.facts[fact.key], c.kinds[fact.key] = fact.value(c.rng, c.held_values), fact
            stated_lines.append(c.say(fact.third, value=c.facts[fact.key], **fact.slots))
    if c.chance(0.3):
        stated_lines.insert(0, c.rng.choice(["You are a helpful assistant.", "You are a friendly assistant.", "Be helpful.", "You help people."]))
    if c.chance(0.1):
        stated_lines.append(c.rng.choice(["Be kind.", "Answer the user.", "Be helpful.", "Help them.", "Answer their questions."]))
    c.system = c.rng.choice([" ", " ", "\n"]).join(filter(None, [c.system, *stated_lines]))


def unknown_check(claim: str | None) -> dict:
    return {"regex": ADMITS, **({"not_contains": [claim]} if claim else {})}


def uncapitalized(text: str) -> str:
    return text if text.startswith("I ") else text[0].lower() + text[1:]


def escape(text: str) -> str:
    return "".join("\\" + ch if ch in r".\+*?()[]{}^$|/-" else ch for ch in text)
