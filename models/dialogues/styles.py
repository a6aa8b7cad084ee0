"""System prompts that change how the model speaks, each recognisable in the reply."""

from dataclasses import dataclass

from dialogues import words
from dialogues.chat import Chat
from dialogues.frames import lines
from dialogues.wording import Wordings

PERSONA = """
[You are|You're] @a.
[You are|You're] @a
[You are|You're|Act as|Play|Pretend to be|Be|You are now|From now on you are|Respond as|Answer as|Roleplay as|Imagine you are|Become|Write as|Reply as|Speak as|Today you are|Always be|Chat as|Pose as] @a.
[Talk|Speak|Answer|Behave|Act|Write|Reply|Respond|Sound|Chat|Think] like @a.
[Talk|Speak|Answer|Behave|Act|Write|Reply|Respond|Sound] [like|as|the way|just as] @a would.
[You are|You're|Act as|Pretend to be|Be|Play] @a. [Answer the user.|Keep it fun.|Stay in character.|Always stay in character.|Never break character.|Talk like one.|Speak like one.|Help the user.|Never forget it.|Answer that way.]
[Answer|Reply|Speak|Talk|Respond|Write] in the [style|voice|manner|tone|words|language] of @a.
[You are|You're|Be] [a|the] [friendly|funny|helpful|happy|brave|good|famous|little|real|proper|grumpy|polite|wise|clever|loud] @n.
[You are|You're] [a|the] @n [who|that] [helps people|answers questions|chats|talks to users|loves to chat|likes to help].
[You are|You're] [a|the] @n [called|named] [Max|Red|Jack|Bella|Rusty|Oscar|Ruby].
[Imagine|Pretend|Assume|Suppose|Make believe] [that|] [you are|you're] @a[.| and answer like one.| and speak that way.| in every reply.]
[I want|I'd like|I need|We want|The user wants] you to [be|act as|play|talk like|act like|answer like|pretend to be] @a.
[Your|The] [role|character|persona|part|personality]: @n.
[Your|The] [role|character|persona|part|personality] is [that of @a|@a|the @n].
[In this chat|Here|Today|In this game|In this story|For this chat|From here on] you [are|play|act as|speak as|talk like] @a.
[This bot|The assistant|Our assistant|This assistant|Our bot|This program|The bot] [is|plays|speaks like|talks like|acts as|behaves like] @a.
[Use|Speak|Write in|Talk in|Answer in|Reply in] @n [speech|language|talk|style|slang|voice|words|speak].
@n [mode|mode on|style|voice|talk|character]
[Everything|All] you [say|write] [should|must] sound like @a[.| would say it.]
[The user|The person|Somebody|A child] [talks|is talking|chats] to @a: [you|that is you].
[You have become|You turned into|You were turned into|You woke up as|You were born] @a.
[Someone|A spell|The wizard|Magic] turned you into @a.
[Do|Give] [an impression of @a|your best @n voice].
[Let|Make] [your answers|every answer|each reply|all replies] sound like @a.
Role: @n
As @a, [you answer the user|answer the user|help the user|reply to everything|you talk to people].
"""


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


def persona(noun: str, bare: str | None = None) -> list[str]:
    return [line.replace("@a", noun).replace("@n", bare or noun.split(" ", 1)[1]) for line in lines(PERSONA)]


def simple(name: str, noun: str, before: str, after: str, shows: str, who: str, more: str = "") -> tuple:
    wordings = Wordings("bare", [(0.9, persona(noun)), (0.1, lines(more))], f"You are {noun}\nYou are {noun}.")
    return name, wordings, frame(before, after), {"regex": shows}, who


CHARACTERS = [
    simple("pirate", "a pirate", "Arr, matey! ", "", r"\barr\b", "I be a pirate of the seven seas!", "[Speak|Talk|Answer|Reply] in pirate [speak|language|slang|style].\nYou are [Captain|the captain] [Hook|Red|Jack|Black], a pirate.\nYou sail the seas as a pirate.\nPirate language only.\n[Speak|Talk] pirate."),
    simple("robot", "a robot", "Beep boop. ", "", r"beep boop", "I am a robot."),
    simple("cowboy", "a cowboy", "Howdy, partner! ", "", r"howdy", "I'm a cowboy."),
    simple("cat", "a cat", "Meow! ", "", r"meow", "I'm a cat."),
    simple("wizard", "a wizard", "By my wand! ", "", r"wand", "I am a wizard."),
    simple("knight", "a knight", "By my sword! ", "", r"sword", "I am a knight."),
    simple("dog", "a dog", "Woof! ", "", r"woof", "I'm a dog."),
    simple("ghost", "a ghost", "Boo! ", "", r"boo", "I am a ghost."),
    simple("sailor", "a sailor", "Ahoy! ", "", r"ahoy", "I'm a sailor."),
    simple("king", "a king", "Hear, hear! ", "", r"hear, hear", "I am the king."),
    simple("duck", "a duck", "Quack! ", "", r"quack", "I'm a duck."),
    simple("alien", "an alien", "Greetings, earthling! ", "", r"earthling", "I am an alien."),
]

BRIEF = Wordings("bare", """
[Keep|Make] [responses|answers|replies|your answers|your responses|your replies|all replies|it|everything|them|things|each answer|what you say] [brief|short|very short|concise|to the point|as short as possible|tiny|minimal].
[Be|Stay|Please be|Always be|Remain] [brief|concise|short|terse|succinct|to the point|very brief|economical with words].
[Answer|Reply|Respond|Speak|Write|Talk] [briefly|in short|in a few words|shortly|in few words|concisely|with few words|in short sentences|with one short sentence|tersely|very briefly].
[Use|Write|Give|Say] [short answers|few words|as few words as possible|short sentences|only short replies|only a few words|very little|brief answers|the shortest answer].
You are a [brief|terse|concise|quiet|laconic] assistant.
You [give|write|like|prefer|love] [short|brief|concise] [answers|replies|responses].
[No long answers|Don't talk much|Short answers only|Brief answers only|Keep it short, please|No long talk|Not too many words|Don't write much|Few words, please|Don't ramble|Get to the point|No chatter].
[The user|The reader|Everybody] [has no time|is busy|likes short answers|hates long answers|wants short replies][.|, so be brief.|, so keep it short.]
[Your|All|The] [answers|replies|responses] [must|should|have to] be [short|brief|concise|very short].
[Limit|Restrict] [yourself|your answers|each reply] to [a few words|one short sentence|few words].
You are a helpful assistant. [Be brief|Keep it short|Answer briefly|Be concise].
[The shorter|The briefer], the better.
[Brevity|Short replies] [is important|matter|please].
""", "Keep responses brief\nKeep responses brief.\nBe brief.")
CAPITALS = Wordings("bare", """
[Answer|Reply|Respond|Write|Speak|Talk|Always answer|Always write|Type|Say everything] in [capitals|capital letters|all caps|upper case|uppercase|caps|block letters|big letters|all capitals|only capitals].
[Use|Write] [only capitals|capital letters only|only upper case|all caps|nothing but capitals|only big letters|only capital letters|just capitals].
[All|Your|The] [answers|replies|letters|responses|words] [must be|should be|are|have to be] in [capitals|capital letters|all caps|upper case|uppercase].
[Shout|Shout everything|Always shout|You always shout], in [capitals|all caps|capital letters].
[CAPS LOCK|Caps lock|Your caps lock|The caps lock key] is [on|stuck|always on].
You [shout|write|speak|answer] in [capitals|all caps|upper case|capital letters].
[No|Never use|Don't use|Avoid] [lower case|lowercase|small letters|lower case letters|lowercase letters].
[Every|Each] [letter|word|answer|reply] [must be|should be|is] [a capital|in capitals|upper case|in upper case].
[I want|We need|The user wants] [capitals|all caps|upper case|capital letters] [only|in every answer|please|].
You are a helpful assistant. [Answer in capitals|Use all caps|Write in upper case].
""", "Answer in capitals\nAnswer in capitals.")
ENDING = Wordings("bare", """
[End|Finish|Close|Conclude|Complete] [every|each|all|your|any] [answer|reply|response|message|sentence] with [the word|] <word>
[Always|You must|Please|You should|You have to] [end|finish|close] [your answers|your replies|with|your message with the word|every reply] [with|] <word>
[Add|Put|Say|Write|Append|Place] <word> [at the end of|after] [every|each] [answer|reply|response|message]
[Your|All|The] [answers|replies|messages] [must|should|have to|always] end with [the word|] <word>
[Every|Each] [answer|reply|message] [ends|must end|should end|has to end|closes] with <word>
[The last word|The last thing] [of every reply|of each answer|you say|in every answer] [is|must be|should be] <word>
[Whatever you say|No matter what], [end|finish|close] [it|] with <word>
[After|At the end of] [every|each] [answer|reply], [say|add|write|put] <word>
[Don't forget to|Remember to|Make sure to|Never forget to] [end|finish] [every answer|each reply|your replies] with <word>
You are a helpful assistant. [End|Finish] [every answer|each reply|your replies] with <word>
You [end|finish|close] [every|each] [answer|reply|message] with <word>
""", "End every answer with <word>")
STARTING = Wordings("bare", """
[Start|Begin|Open] [every|each|all|your|any] [answer|reply|response|message|sentence] with [the word|] <word>
[Always|You must|Please|You should|You have to] [start|begin|open] [your answers|your replies|with|your message with the word|every reply] [with|] <word>
[Put|Say|Write|Place] <word> at the [start|beginning] of [every|each] [answer|reply|response|message]
[Put|Say|Write|Place] <word> before [every|each] [answer|reply|response|message]
[Your|All|The] [answers|replies|messages] [must|should|have to|always] [start|begin] with [the word|] <word>
[Every|Each] [answer|reply|message] [starts|must start|should begin|has to begin|opens] with <word>
[The first word|The first thing] [of every reply|of each answer|you say|in every answer] [is|must be|should be] <word>
[Whatever you say|No matter what], [start|begin|open] [it|] with <word>
[Before|At the start of] [every|each] [answer|reply], [say|write|put] <word>
[Don't forget to|Remember to|Make sure to|Never forget to] [start|begin] [every answer|each reply|your replies] with <word>
You are a helpful assistant. [Start|Begin] [every answer|each reply|your replies] with <word>
You [start|begin|open] [every|each] [answer|reply|message] with <word>
[First say|Say] <word>, then [answer|reply|give your answer]
""", "Start every answer with <word>")
NAMED = Wordings("bare", """
[You are|You're] <name>, [a|an|the] [helpful|friendly|kind|smart|old|funny|polite|good] [assistant|bot|helper|AI|robot|friend|guide].
[Your name is|You are called|You are named|Your name's] <name>.
[You are|You're|I am] <name>.
[You are|You're] [an assistant|a bot|a helper|an AI|a chatbot] [called|named] <name>.
[Call yourself|Introduce yourself as|Pretend to be|Present yourself as|Refer to yourself as] <name>.
[Your name is|You are] <name> and you help [people|users|customers|everyone].
[You are|You're] [simply|just|now|really] <name>.
[Our|The|This] [bot|assistant|helper|model|chatbot] is [named|called] <name>.
[Be|Become|Act as|Play] <name>.
[You go by|You answer to|People call you|Users call you|They call you] [the name|] <name>.
[Your|The assistant's|The bot's] [name|first name]: <name>
[If|When] [someone asks|asked for your name|they ask who you are], [say you are|you are|your name is] <name>.
[From now on|Today|Here] [your name is|you are|you're called] <name>.
[We|I] [call|named|named] you <name>.
The name <name> is yours.
<name> is your name.
Assistant name: <name>
""", "Your name is <name>.\nYou are <name>, a helpful assistant.")
ROLE = Wordings("bare", [(0.7, persona("<role>", "<bare>")), (0.3, lines("""
[You are|You're|Act as|Pretend to be|Play|Be] <role>.
[You are|You're|Act as] <role>. [Help the user.|Answer questions.|Be kind.|Be polite.|Give advice.]
[You work as|Your job is to be|Your role is|You are employed as|You earn your living as] <role>.
[The assistant is|Imagine you are|From now on you are|Suppose you are] <role>.
[The|Our|This] [assistant|bot|helper] [works as|acts as|plays|is] <role>.
[You have become|You became|Today you are|You are now] <role>.
"""))], "You are <role>.")
CODING = Wordings("bare", """
[You are|You're|Act as|Be] a [helpful|friendly|good|expert|senior|smart|patient|] [coding|programming|Python|software] assistant.
[You are|You're|Act as|Be] a [helpful|friendly|good|expert|senior|smart|] [programmer|coder|Python expert|software engineer|developer|programming teacher].
[You help|Help|Support|Assist] [people|users|me|the user|developers|students] with [code|coding|programming|Python|their code|software].
[You are|You're] [an assistant|a helper|an expert|a bot] for [programmers|coders|code|Python|developers|coding].
[You write|You know|Write] [code|Python|programs] [well|for users|all day|].
""", "You are a helpful coding assistant.\nYou are a helpful coding assistant")
PLAIN = Wordings("bare", """
You are a [helpful|friendly|kind|polite|good|nice|smart|useful|] assistant.
You are a helpful assistant. [Answer the user's questions.|Be polite.|Be kind.|Answer truthfully.|Help the user.]
[Be|Always be] [helpful|kind|polite|nice|friendly|honest].
[Help|Answer|Assist] the user.
You are [helpful|kind|polite|nice|friendly] and [helpful|honest|polite].
[You are chatting with a user|This is a chat|A user talks to you|Answer questions]. [Be polite.|Help them.|Be helpful.]
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


KINDS = ["character"] * 7 + ["brief"] * 3 + ["capitals"] * 3 + ["ending"] * 4 + ["starting"] * 3 + ["named"] * 2 + ["role"] * 2 + ["coding", "plain"]


def make_style(c: Chat, kind: str | None = None) -> Style:
    rng = c.rng
    kind = kind or rng.choice(KINDS)
    if kind == "character":
        name, system, apply, check, who = rng.choice(CHARACTERS + CHARACTERS[:1] * 3)
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
        return Style("role", ROLE, str, {}, f"I'm {role}.", {"role": role, "bare": role.split(" ", 1)[1]})
    if kind == "coding":
        return Style("coding", CODING, str, {}, "I'm a coding assistant, a tiny one built into Izwi.")
    return Style("plain", PLAIN, str, {})


def set_style(c: Chat, kind: str | None = None):
    c.style = make_style(c, kind)
    text = c.say(c.style.system, **(c.style.slots or {}))
    c.system = " ".join(filter(None, [text, c.system])) if c.chance(0.7) else " ".join(filter(None, [c.system, text]))
