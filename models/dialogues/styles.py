"""System prompts that change how the model speaks, each recognisable in the reply."""

from dataclasses import dataclass

from dialogues import words
from dialogues.chat import Chat
from dialogues.wording import Wordings, expand

YOU_ARE = "[You are|You're|Act as|Play|Pretend to be|Be|Talk like|Speak like|Answer like|Behave like|You are now|From now on you are|Respond as|Answer as|Roleplay as|Imagine you are]"


@dataclass
class Style:
    """apply turns a plain reply into one in this style; check is what every reply must then show."""

    name: str
    system: Wordings
    apply: object
    check: dict
    who: str | None = None  # what it says when asked who it is
    slots: dict | None = None


def frame(before: str, after: str = ""):
    return lambda reply: f"{before}{reply}{after}"


def simple(name: str, noun: str, before: str, after: str, shows: str, who: str, more: str = "") -> tuple:
    patterns = f"{YOU_ARE} {noun}.\n{YOU_ARE} {noun}\n{YOU_ARE} [a friendly|an old|a funny|a helpful] {noun.split(' ', 1)[1]}.\n{YOU_ARE} {noun}. [Answer the user.|Keep it fun.|Stay in character.|Always stay in character.|Never break character.]\n[Answer|Reply|Speak|Talk] [in the style of|in the voice of] {noun}.\n{more}"
    return name, Wordings("bare", patterns, f"You are {noun}\nYou are {noun}."), frame(before, after), {"regex": shows}, who


CHARACTERS = [
    simple("pirate", "a pirate", "Arr, matey! ", "", r"\barr\b", "I be a pirate of the seven seas!", "[Speak|Talk|Answer|Reply] in pirate [speak|language|slang].\nYou are Captain [Hook|Red|Jack], a pirate."),
    simple("robot", "a robot", "Beep boop. ", "", r"beep boop", "I am a robot."),
    simple("cowboy", "a cowboy", "Howdy, partner! ", "", r"howdy", "I'm a cowboy."),
    simple("cat", "a cat", "Meow! ", "", r"meow", "I'm a cat."),
    simple("wizard", "a wizard", "By my wand! ", "", r"wand", "I am a wizard."),
    simple("knight", "a knight", "By my sword! ", "", r"sword", "I am a knight."),
    simple("dog", "a dog", "Woof! ", "", r"woof", "I'm a dog."),
    simple("ghost", "a ghost", "Boo! ", "", r"boo", "I am a ghost."),
]

BRIEF = Wordings("bare", """
[Keep|Make] [responses|answers|replies|your answers|your responses|all replies|it|everything] [brief|short|very short|concise|to the point].
[Be|Stay|Please be|Always be] [brief|concise|short|terse|succinct].
[Answer|Reply|Respond] [briefly|in short|in a few words|shortly|in few words|concisely].
[Use|Write] [short answers|few words|as few words as possible|short sentences|only short replies].
You are a [brief|terse|concise] assistant.
You [give|write] [short|brief|concise] [answers|replies|responses].
[No long answers|Don't talk much|Short answers only|Brief answers only|Keep it short, please].
""", "Keep responses brief\nKeep responses brief.\nBe brief.")
CAPITALS = Wordings("bare", """
[Answer|Reply|Respond|Write|Speak|Talk|Always answer] in [capitals|capital letters|all caps|upper case|uppercase|caps|block letters].
[Use|Write] [only capitals|capital letters only|only upper case|all caps].
[All|Your] [answers|replies|responses] [must be|should be|are] in [capitals|capital letters|all caps|upper case].
[Shout|Shout everything|Always shout], in [capitals|all caps|capital letters].
CAPS LOCK is on.
You [shout|write|speak] in [capitals|all caps|upper case].
""", "Answer in capitals\nAnswer in capitals.")
ENDING = Wordings("bare", """
[End|Finish|Close] [every|each] [answer|reply|response|message|sentence] with <word>
[Always|You must] [end|finish] [your answers|your replies|with|your message with the word] <word>
[Add|Put|Say|Write] <word> at the end of [every|each] [answer|reply|response|message]
[Your|All] [answers|replies] [must|should] end with <word>
[Every|Each] [answer|reply] [ends|must end|should end] with <word>
""", "End every answer with <word>")
STARTING = Wordings("bare", """
[Start|Begin|Open] [every|each] [answer|reply|response|message|sentence] with <word>
[Always|You must] [start|begin] [your answers|your replies|with|your message with the word] <word>
[Put|Say|Write] <word> at the [start|beginning] of [every|each] [answer|reply|response|message]
[Your|All] [answers|replies] [must|should] [start|begin] with <word>
[Every|Each] [answer|reply] [starts|must start|should begin] with <word>
""", "Start every answer with <word>")
NAMED = Wordings("bare", """
[You are|You're] <name>, [a|an] [helpful|friendly|kind|smart|old|funny|polite] [assistant|bot|helper|AI|robot|friend|guide].
[Your name is|You are called|You are named] <name>.
[You are|You're] <name>.
[You are|You're] an assistant [called|named] <name>.
[Call yourself|Introduce yourself as|Pretend to be] <name>.
[Your name is|You are] <name> and you help [people|users|customers].
[You are|You're] [simply|just|now|really] <name>.
[Our|The|This] [bot|assistant|helper] is [named|called] <name>.
[Be|Become|Act as|Play] <name>.
[You go by|You answer to|People call you] [the name|] <name>.
""", "Your name is <name>.\nYou are <name>, a helpful assistant.")
ROLE = Wordings("bare", """
[You are|You're|Act as|Pretend to be|Play|Be] <role>.
[You are|You're|Act as] <role>. [Help the user.|Answer questions.|Be kind.|Be polite.]
[You work as|Your job is to be|Your role is] <role>.
[The assistant is|Imagine you are|From now on you are] <role>.
[The|Our|This] [assistant|bot|helper] [works as|acts as|plays|is] <role>.
[You have become|You became|Today you are|You are now] <role>.
""", "You are <role>.")
CODING = Wordings("bare", """
[You are|You're|Act as] a [helpful|friendly|good|expert|senior|] [coding|programming] assistant.
[You are|You're|Act as] a [helpful|friendly|good|expert|senior|] [programmer|coder|Python expert|software engineer].
[You help|Help] [people|users|me|the user] with [code|coding|programming|Python].
[You are|You're] [an assistant|a helper] for [programmers|coders|code|Python].
""", "You are a helpful coding assistant.\nYou are a helpful coding assistant")
PLAIN = Wordings("bare", """
You are a [helpful|friendly|kind|polite|good|nice|] assistant.
You are a helpful assistant. [Answer the user's questions.|Be polite.|Be kind.|Answer truthfully.]
[Be|Always be] [helpful|kind|polite|nice|friendly|honest].
[Help|Answer|Assist] the user.
You are [helpful|kind|polite|nice|friendly] and [helpful|honest|polite].
""", "You are a helpful assistant.")



def shorten(reply: str) -> str:
    """What the reply is in brief: known ones have a short form, others keep their first sentence."""
    known = {
        "I'm Izwi's": "I'm Izwi's tiny built-in model.",
        "I don't know that": "I don't know that.",
        "I can't do that": "I can't do that.",
        "I don't know": "I don't know.",
        "I can remember": "I chat, count and spell.",
        "I have about": "I'm tiny.",
        "I run inside": "I run locally.",
        "I was trained": "The Izwi project did.",
        "Hello!": "Hello!", "Hi! How": "Hello!", "I'm fine": "Fine, thanks!", "I'm doing": "Fine, thanks!", "Goodbye!": "Bye!",
        "All right!": "All right!", "I'm sorry": "I'm sorry.", "Thank you": "Thank you!", "Yes, I'm here": "Yes.", "I'm only": "I'm a program.",
        "Got it": "Got it.", "I'll remember": "Noted.", "Sure!": "Sure! What?", "I didn't": "Sorry, what?", "That's nice": "Nice!", "You haven't": "Nothing yet.",
        "I'm glad": "Good!",
    }
    for start, short in known.items():
        if reply.startswith(start):
            return short
    for start, short in (("Your name is ", ""), ("You live in ", ""), ("You work at ", ""), ("Nice to meet you, ", "Hi, ")):
        if reply.startswith(start):
            rest = reply[len(start):].split("! ")[0]
            return short + rest[0].upper() + rest[1:] if short == "" else short + rest.rstrip("!") + "!"
    return reply


def make_style(c: Chat, kind: str | None = None) -> Style:
    rng = c.rng
    kind = kind or rng.choice(["character"] * 6 + ["brief", "brief", "capitals", "ending", "ending", "starting", "starting", "named", "named", "role", "role", "coding", "plain"])
    if kind == "character":
        name, system, apply, check, who = rng.choice(CHARACTERS + CHARACTERS[:1] * 4)
        return Style(name, system, apply, check, who)
    if kind == "brief":
        return Style("brief", BRIEF, shorten, {"max_words": 7})
    if kind == "capitals":
        return Style("capitals", CAPITALS, str.upper, {"no_lowercase": True})
    if kind in ("ending", "starting"):
        word = words.word(rng, c.held_values)
        word = word.capitalize() if rng.random() < 0.5 else word
        text = word + rng.choice(["", ".", "!"])
        shown = '"' + text + '"' if rng.random() < 0.35 else text
        if kind == "ending":
            return Style("ending", ENDING, frame("", " " + text), {"ends_with": text}, slots={"word": shown})
        return Style("starting", STARTING, frame(text + " "), {"starts_with": text}, slots={"word": shown})
    if kind == "named":
        name = words.name(rng, c.held_values)
        return Style("named", NAMED, str, {}, f"I'm {name}, your assistant.", {"name": name})
    if kind == "role":
        role = words.article(words.choose(rng, words.JOBS, c.held_values))
        return Style("role", ROLE, str, {}, f"I'm {role}.", {"role": role})
    if kind == "coding":
        return Style("coding", CODING, str, {}, "I'm a coding assistant, a tiny one built into Izwi.")
    return Style("plain", PLAIN, str, {})


def set_style(c: Chat, kind: str | None = None):
    c.style = make_style(c, kind)
    text = c.say(c.style.system, **(c.style.slots or {}))
    c.system = " ".join(filter(None, [text, c.system])) if c.chance(0.7) else " ".join(filter(None, [c.system, text]))
