"""Facts about the user: how each kind is told, asked for, and put into a system prompt."""

from dataclasses import dataclass

from dialogues import words
from dialogues.wording import Wordings


@dataclass
class Fact:
    """One kind of fact. value(rng, held) makes one; say(value) is the reply's sentence, about "you"."""

    key: str
    tell: Wordings
    ask: Wordings
    value: object
    say: object
    third: str  # the same fact in a system prompt, about the user
    unknown: str


def favourite(thing: str, pool) -> Fact:
    """Users type both spellings; the reply keeps to one."""
    typed = "[color|colour]" if thing == "color" else thing
    return Fact(
        key="favorite " + thing,
        tell=Wordings("tell", f"""
My [favorite|favourite] {typed} is <value>
My [favorite|favourite] {typed} is <value>
The {typed} I like [best|most] is <value>
[I like|I love] the {typed} <value> [best|most]
[Remember|Note|Keep in mind|Please remember] [that|] my [favorite|favourite] {typed} is <value>
<value> is my [favorite|favourite] {typed}
[Of all|Among] {typed}s I [like|love|prefer] <value>
my fav {typed} is <value>
[When it comes to|As for] {typed}s, [my favorite is|I like|I prefer] <value>
"""),
        ask=Wordings("ask", f"""
[What's|What is|What was] my [favorite|favourite] {typed}
[Do you|Can you] [remember|know|recall|tell me] my [favorite|favourite] {typed}
[Which|What] {typed} do I [like|love|prefer] [best|most|]
[Tell|Remind] me [of|] my [favorite|favourite] {typed}
[Tell|Remind] me [what|which] my [favorite|favourite] {typed} is
[What|Which] is the {typed} I [like|love] [best|most]
[What|Which] {typed} did I say [I like|was my favorite|is my favorite]
[Which|What] {typed} is my [favorite|favourite]
whats my fav {typed}
[Say|Name] my [favorite|favourite] {typed}
""", f"What is my favorite {thing}\nWhat's my favorite {thing}"),
        value=pool,
        say=lambda v: f"Your favorite {thing} is {v}.",
        third=f"[The user's|User's] [favorite|favourite] {typed} is <value>.",
        unknown=f"I don't know your favorite {thing} yet. You can tell me.",
    )


def relation(who: str) -> Fact:
    return Fact(
        key=who + " name",
        tell=Wordings("tell", f"""
My {who}'s name is <value>
My {who} is [called|named] <value>
[I have|I've got|I've] a {who} [called|named] <value>
[I have|I've got] a {who}, [her|his|the] name is <value>
[Remember|Note|Please remember] [that|] my {who} is [called|named] <value>
<value> is my {who}
<value> is the name of my {who}
The name of my {who} is <value>
We [named|call] our {who} <value>
My {who} <value> is [great|lovely|funny|sweet]
"""),
        ask=Wordings("ask", f"""
[What's|What is|What was] my {who}'s name
[What's|What is] my {who} called
[What's|What is] the name of my {who}
[Do you|Can you] [remember|know|tell me|recall] my {who}'s name
[Tell|Remind] me [of|] my {who}'s name
How is my {who} called
[Tell|Remind] me what my {who} is called
[What|Which] name [does|did] my {who} have
What did I say my {who}'s name was
What [did I name|do I call] my {who}
[Say|Give me] my {who}'s name
""", f"What is my {who}'s name\nWhat's my {who}'s name"),
        value=words.name,
        say=lambda v: f"Your {who}'s name is {v}.",
        third=f"[The user's|User's] {who} is [called|named] <value>.",
        unknown=f"I don't know your {who}'s name yet. You can tell me.",
    )


def pool(items):
    """Mostly the usual values, sometimes a word nobody expects, so that the reply must copy."""
    return lambda rng, held: words.choose(rng, items, held) if rng.random() < 0.6 else words.word(rng, held)


CITY = Fact(
    "city",
    Wordings("tell", """
I live in <value>
[I'm|I am] living in <value>
[I'm|I am] [from|based in] <value>
[My home is|My house is|My flat is] in <value>
[My city is|My home town is|My hometown is] <value>
I [moved|have moved|just moved] to <value>
I [come|came] from <value>
<value> is [my home|my city|where I live]
[Remember|Note] that I live in <value>
The [city|place|town] I live in is <value>
I reside in <value>
"""),
    Wordings("ask", """
Where do I live
[What|Which] [city|town|place] do I live in
[In which|In what] city do I live
[Do you|Can you] [remember|know|tell me|recall] where I live
[Tell|Remind] me where I live
Where [is my home|am I living|is my house|am I based]
Where did I say I live
[What's|What is] my [city|home town|hometown]
[What|Which] is the city I live in
[Say|Name] the [city|place] where I live
""", "Where do I live\nWhich city do I live in"),
    pool(words.CITIES), lambda v: f"You live in {v}.", "The user lives in <value>.",
    "I don't know where you live yet. You can tell me.",
)
JOB = Fact(
    "job",
    Wordings("tell", """
[I'm|I am] <value>
I work as <value>
[I'm|I am] <value> by [trade|profession]
[My job|My work|My profession] is [being|to be|] <value>
[I became|I've become] <value>
[I'm|I am] working as <value>
[I earn my living|I make a living] as <value>
[I'm|I am] employed as <value>
[Remember|Note] that I [am|work as] <value>
For a living [I'm|I work as] <value>
[I'm|I am] [now|actually|really] <value>
""", "I'm <value>\nI am <value>"),
    Wordings("ask", """
[What's|What is] my [job|profession|occupation|work]
What do I do [for a living|for work|]
What do I work as
[Do you|Can you] [remember|know|tell me|recall] my [job|profession]
[Do you|Can you] [remember|know] what I do [for a living|for work|]
[Tell|Remind] me [of|] [my job|what I do|my profession]
What [did I say|did I tell you] my job [was|is]
[Which|What] job do I have
[How do I|How do I] [earn my living|make money]
""", "What is my job\nWhat's my job\nWhat do I do for a living"),
    lambda rng, held: words.article(words.choose(rng, words.JOBS, held)), lambda v: f"You are {v}.", "The user is <value>.",
    "I don't know your job yet. You can tell me.",
)
AGE = Fact(
    "age",
    Wordings("tell", """
[I'm|I am] <value> [years old|]
[I'm|I am] <value> years [old|of age]
My age is <value>
I [turned|just turned|recently turned] <value>
[I have|I've] lived for <value> years
[I have|I've] [already|just|] [reached|hit] the age of <value>
[I'll|I will] tell you my age: <value>
[Remember|Note] that I'm <value> [years old|]
I was [born|] <value> years ago
[I'm|I am] [now|already|only|just] <value> [years old|]
""", "I'm <value>\nI am <value>"),
    Wordings("ask", """
How old am I
[What's|What is|What was] my age
[Do you|Can you] [remember|know|tell me|recall] [how old I am|my age]
[Tell|Remind] me [how old I am|my age]
How old did I say I [am|was]
How many years old am I
[Say|Give me] my age
At what age am I
""", "How old am I\nWhat is my age"),
    lambda rng, held: str(rng.randint(6, 98)), lambda v: f"You are {v} years old.", "The user is <value> years old.",
    "I don't know how old you are. You can tell me.",
)
BIRTHDAY = Fact(
    "birthday",
    Wordings("tell", """
My birthday is [on|] <value>
I was born on <value>
[I have|I celebrate] my birthday on <value>
[Remember|Note] that my birthday is on <value>
<value> is my birthday
[I came|I was brought] into the world on <value>
[My date of birth|My birth date] is <value>
"""),
    Wordings("ask", """
When is my birthday
[When's|When was] my birthday
[What|Which] day is my birthday
[Do you|Can you] [remember|know|tell me|recall] my birthday
[Do you|Can you] [remember|know] when [my birthday is|I was born]
[Tell|Remind] me [of|when is|] my birthday
[What's|What is] my [birthday|birth date|date of birth]
When was I born
""", "When is my birthday"),
    lambda rng, held: f"{words.choose(rng, words.MONTHS, False)} {rng.randint(1, 28)}", lambda v: f"Your birthday is on {v}.",
    "The user's birthday is on <value>.", "I don't know your birthday yet. You can tell me.",
)
HOBBY = Fact(
    "hobby",
    Wordings("tell", """
My hobby is <value>
My [favorite|main|] hobby is <value>
[I do|I practice] <value> [in my free time|on weekends|as a hobby]
In my free time I [do|like|enjoy] <value>
As a hobby I do <value>
[Remember|Note] that my hobby is <value>
I spend my free time on <value>
"""),
    Wordings("ask", """
[What's|What is] my [favorite|main|] hobby
[Which|What] hobby do I have
[Do you|Can you] [remember|know|tell me|recall] my hobby
[Tell|Remind] me [of|what is|] my hobby
What do I do in my free time
What hobby did I [mention|tell you about]
""", "What is my hobby\nWhat's my hobby"),
    pool(words.HOBBIES), lambda v: f"Your hobby is {v}.", "The user's hobby is <value>.",
    "I don't know your hobby yet. You can tell me.",
)
LANGUAGE = Fact(
    "language",
    Wordings("tell", """
I speak <value>
I'm learning <value>
My [native|first|] language is <value>
[I'm|I am] fluent in <value>
[Remember|Note] that I speak <value>
At home we speak <value>
[I can|I do] speak [good|some|a little|] <value>
<value> is [my language|the language I speak]
"""),
    Wordings("ask", """
[What|Which] language do I speak
[What's|What is] my language
[Do you|Can you] [remember|know|tell me] [which|what] language I speak
[Tell|Remind] me [which|what] language I speak
What language did I say I speak
"""),
    pool(words.LANGUAGES), lambda v: f"You speak {v}.", "The user speaks <value>.",
    "I don't know which language you speak. You can tell me.",
)
MEETING = Fact(
    "meeting",
    Wordings("tell", """
My meeting is at <value>
[I have|I've got] a meeting at <value>
The meeting [is|starts|begins] at <value>
[Remember|Note|Remind me|Please remember] [that|] my meeting is at <value>
At <value> [I have|there is] a meeting
[I must be|I have to be|I need to be] in a meeting at <value>
[They|We] [moved|set|put] [my|the] meeting to <value>
[My|The] [next|big|team] meeting is at <value>
"""),
    Wordings("ask", """
When is [my|the] meeting
[What time|At what time] is [my|the] meeting
[When does|What time does] the meeting [start|begin]
[Do you|Can you] [remember|know|tell me] when my meeting is
[Tell|Remind] me when [my|the] meeting is
"""),
    lambda rng, held: f"{rng.randint(1, 12)} {rng.choice(['am', 'pm'])}", lambda v: f"Your meeting is at {v}.",
    "The user has a meeting at <value>.", "I don't know when your meeting is. You can tell me.",
)
PROJECT = Fact(
    "project",
    Wordings("tell", """
My project is [called|named] <value>
The name of my project is <value>
I'm working on [a project called|a project named] <value>
The project [I work on|I'm working on] is called <value>
[I|We] [started|lead|run] a project [called|named] <value>
[My|Our] [new|big|secret] project is [called|named] <value>
[Remember|Note] that my project is called <value>
"""),
    Wordings("ask", """
[What's|What is] my project called
[What's|What is] the name of my project
[Do you|Can you] [remember|know|tell me] [my project's name|the name of my project|what my project is called]
[Tell|Remind] me [what my project is called|the name of my project]
[Which|What] project am I working on
"""),
    lambda rng, held: words.word(rng, held).capitalize(), lambda v: f"Your project is called {v}.",
    "The user's project is called <value>.", "I don't know what your project is called. You can tell me.",
)

FACTS = [
    favourite("color", pool(words.COLORS)), favourite("food", pool(words.FOODS)), favourite("animal", pool(words.ANIMALS)),
    favourite("sport", pool(words.HOBBIES)), favourite("word", words.word), favourite("month", pool(words.MONTHS[:11])),
    favourite("fruit", pool(words.FOODS)), favourite("city", pool(words.CITIES)), favourite("drink", pool(words.FOODS)),
    CITY, CITY, JOB, JOB, AGE, AGE, BIRTHDAY, HOBBY, LANGUAGE, MEETING, PROJECT,
    relation("dog"), relation("cat"), relation("sister"), relation("brother"), relation("pet"), relation("wife"),
    relation("husband"), relation("son"), relation("daughter"), relation("friend"), relation("boss"), relation("mother"),
]
