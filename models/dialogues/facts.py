"""Facts about the user: how each kind is told, asked for, and put into a system prompt.

Three families are open, so that a reply has to match what was told instead of knowing a list: a favourite of any sort
(`<thing>`), the name of anybody (`<who>`) and a plain property of anything (`<thing>` again).
"""

from dataclasses import dataclass, field

from dialogues import words
from dialogues.frames import asked, fill, told
from dialogues.wording import Wordings

SYSTEM_FRAMES = """
@t.
@t.
@t.
[Remember|Note|Keep in mind|Remember that|Know that|Note that|Keep in mind that|Be aware that|You know that|Bear in mind that|Please note that] @t.
[Note|Fact|Remember|Info|Background|Context|Profile|What you know|About the user|User info|Known facts|Hint]: @t.
@t[, remember that|, keep it in mind|, in case they ask|, if asked|, as you know|, which may be asked].
@t. [Use this when asked.|Remember it.|Say it when asked.|Tell them if they ask.|They may ask about it.|Answer with it.|Keep this in mind.]
[If asked|When asked|If they ask|In case of questions|For your information], @t.
[You are talking to someone.|You help one user.|You have one user.] [Remember that|Note that|] @t.
[We know that|It is known that|The file says that|The records say|Their profile says] @t.
"""
PEOPLE = "[the user|the user|the user|the user|user|the person|the customer|the client|this user|your user]"


@dataclass
class Fact:
    """One kind of fact. value(rng, held) makes one; say(value) is the reply's sentence, about "you"."""

    key: str
    tell: Wordings
    ask: Wordings
    third: Wordings  # the same fact in a system prompt, about the user
    value: object
    say: object
    unknown: str
    slots: dict = field(default_factory=dict)


def stated(statements: str) -> Wordings:
    """System prompts: `@who` stands for the user."""
    phrases = statements.replace("@who", PEOPLE)
    return Wordings("bare", [(1.0, fill(SYSTEM_FRAMES, "@t", phrases))])


def pool(items):
    """Mostly the usual values, sometimes a word nobody expects or two words, so that the reply must copy."""

    held_out = any(words.is_held_out(item) for item in items)

    def value(rng, held):
        draw = rng.random()
        if draw < (0.55 if held else 0.4) and (held_out or not held):
            return words.choose(rng, items, held)
        return words.word(rng, held) if draw < 0.94 else words.word(rng, held) + " " + words.word(rng, held)

    return value


FAVOURITE_STATEMENTS = """
my [favorite|favourite|fav|best-loved|preferred] <thing> is <value>
my [favorite|favourite] <thing> is <value>
my [favorite|favourite] <thing> [has always been|would be|must be|was always|of all is|is definitely|is still] <value>
the <thing> I [like|love|prefer|enjoy|value] [best|most|the most|above all|] is <value>
[I like|I love|I prefer|I enjoy] the <thing> <value> [best|most|the most]
[I like|I love|I prefer|I enjoy] <value> [best|most|more than any other <thing>|above every other <thing>]
<value> is my [favorite|favourite|preferred|number one] <thing>
<value> is the <thing> I [like|love|prefer] [best|most|the most]
[of all|among|out of all] <things>[,|] I [like|love|prefer] <value> [best|most|]
when it comes to <things>, [my favorite is|I like|I prefer|I choose|I always pick] <value>
as for <things>, [my favorite is|I like|I prefer|I love] <value>
no <thing> [beats|is better than|is as good as] <value>
[there is no better <thing> than|the best <thing> is|the nicest <thing> for me is] <value>
my [choice|pick|number one|first choice] of <thing> is <value>
I'd [always|] [choose|pick|take] <value> as my <thing>
"""
FAVOURITE_TELL = told(FAVOURITE_STATEMENTS, """
[Favorite|Favourite] <thing>: <value>
<value> [all the way|forever|every time], that's my favorite <thing>
My favorite <thing>? [<value>|It's <value>|That's <value>|<value>, of course]
If I had to [choose|pick] a <thing>, [it would be|I'd take|I'd say] <value>
[Save|Store|Note] <value> as my favorite <thing>
[You ask for|About] my favorite <thing>: it's <value>
""")
FAVOURITE_ASK = asked("""
[What's|What is|What was] my [favorite|favourite|fav] <thing>
[Which|What] <thing> do I [like|love|prefer|enjoy|favor] [best|most|the most|]
[What|Which] is the <thing> I [like|love|prefer] [best|most|]
[What|Which] <thing> did I say [I like|was my favorite|is my favorite|I prefer|I like most]
[Which|What] <thing> is my [favorite|favourite|number one]
[Of all|Among all] <things>, which do I [like|love|prefer] [best|most|]
[Which|What] <thing> would I [choose|pick|take|want]
[Is there|Do I have] a <thing> I [like|love|prefer] [best|most]
My [favorite|favourite] <thing>?
""", """
my [favorite|favourite|fav|preferred] <thing>
my favorite <thing>
the <thing> I [like|love|prefer] [best|most|]
the <thing> I told you about
""", """
what my [favorite|favourite|fav] <thing> is
what my favorite <thing> was
[which|what] <thing> I [like|love|prefer] [best|most|]
[which|what] <thing> is my [favorite|favourite]
[which|what] <thing> I [told you|said] I like
""", "What is my favorite <thing>\nWhat's my favorite <thing>")
FAVOURITE_THIRD = stated("""
@who's [favorite|favourite] <thing> is <value>
@who's [favorite|favourite] <thing> is <value>
the [favorite|favourite] <thing> of @who is <value>
<value> is @who's [favorite|favourite] <thing>
the <thing> @who [likes|loves|prefers] [best|most] is <value>
@who [likes|loves|prefers] the <thing> <value> [best|most]
[their|his|her] [favorite|favourite] <thing> is <value>
@who [says|told us] [their|his|her] favorite <thing> is <value>
""")
THINGS = {
    "color": pool(words.COLORS), "food": pool(words.FOODS), "animal": pool(words.ANIMALS), "sport": pool(words.HOBBIES),
    "word": words.word, "month": pool(words.MONTHS[:11]), "fruit": pool(words.FOODS), "city": pool(words.CITIES),
    "drink": pool(words.FOODS), "number": lambda rng, held: str(rng.randint(1, 999)), "country": pool(words.CITIES),
    "game": pool(words.HOBBIES), "day": pool(words.DAYS), "season": pool(words.SEASONS), "language": pool(words.LANGUAGES),
}
MORE_THINGS = """dish meal dessert snack soup book movie film song band singer actor author writer poem subject teacher toy place
flower tree bird pet car brand shop restaurant team player holiday instrument letter shape planet show series dance shirt
hat colour vegetable ice cream flavor park street museum painter tool website breakfast cake candy""".split()


def favourite(rng, held: bool) -> Fact:
    draw = rng.random()
    if draw < 0.6:
        thing = rng.choice(list(THINGS))
    else:
        thing = rng.choice(MORE_THINGS) if draw < 0.9 else words.choose(rng, words.WORDS, held)
    value = THINGS.get(thing) or pool(words.WORDS)
    typed = "colour" if thing == "color" and rng.random() < 0.3 else thing
    return Fact(
        "favorite " + thing, FAVOURITE_TELL, FAVOURITE_ASK, FAVOURITE_THIRD, value, lambda v: f"Your favorite {thing} is {v}.",
        f"I don't know your favorite {thing} yet. You can tell me.", {"thing": typed, "things": words.plural(typed)},
    )


NAMED_STATEMENTS = """
my <who>'s name is <value>
my <who>'s name is <value>
my <who> is [called|named] <value>
[I have|I've got] a <who> [called|named|by the name of] <value>
[I have|I've got] a <who>, [her|his|the|whose|its] name is <value>
<value> is my <who>
<value> is the name of my <who>
<value> is [what we call|what I call|how I call] my <who>
the name of my <who> is <value>
[we|I] [named|call|called] [our|my] <who> <value>
my <who> <value> is [great|lovely|funny|sweet|nice|tired|here|away]
my <who> [has the name|goes by|answers to|goes by the name of|was named|got the name|bears the name] <value>
the <who> [I have|I live with|of mine|of our family] is [called|named] <value>
[there is|there's] a <who> in my life [called|named] <value>
<value>, my <who>, [says hello|is here|is asleep|is with me|is coming|is nice]
I [live|came here|am here|went out] with my <who> <value>
"""
NAMED_TELL = told(NAMED_STATEMENTS, """
[This is|Meet|Say hello to] <value>, my <who>
[This is|Meet|Say hello to] my <who> <value>
My <who>? [It's <value>|That's <value>|The name is <value>|<value>]
Name of my <who>: <value>
[Save|Store|Note] <value> as the name of my <who>
""")
NAMED_ASK = asked("""
[What's|What is|What was] my <who>'s name
[What's|What is|How is] my <who> called
[What's|What is] the name of my <who>
[What|Which] name [does|did] my <who> have
What did I say my <who>'s name [was|is]
What [did I name|do I call|do we call|did I call] my <who>
[Who is|Who's] my <who>
How do I call my <who>
My <who>'s name?
My <who> is called [what|how]
""", """
my <who>'s name
my <who>'s name
the name of my <who>
the name my <who> has
how my <who> is called
""", """
what my <who>'s name is
what my <who> is [called|named]
who my <who> is
[what|which] name my <who> has
how my <who> is called
what [I call|we call|I named] my <who>
""", "What is my <who>'s name\nWhat's my <who>'s name")
NAMED_THIRD = stated("""
@who's <who> is [called|named] <value>
@who's <who> is [called|named] <value>
@who has a <who> [called|named] <value>
the name of @who's <who> is <value>
the <who> of @who is [called|named] <value>
<value> is the name of @who's <who>
<value> is @who's <who>
[their|his|her] <who>'s name is <value>
@who's <who>'s name is <value>
""")
RELATIONS = """dog cat sister brother pet wife husband son daughter friend boss mother father cousin uncle aunt neighbor teacher
horse bird hamster rabbit parrot goldfish grandmother grandfather grandma grandpa baby nephew niece partner roommate doctor
coach colleague manager girlfriend boyfriend boat robot band village club puppy kitten
computer plant house bear doll ship""".split()


def relation(rng, held: bool) -> Fact:
    who = rng.choice(RELATIONS) if rng.random() < 0.9 else words.choose(rng, words.WORDS, held)
    return Fact(
        who + " name", NAMED_TELL, NAMED_ASK, NAMED_THIRD, words.name, lambda v: f"Your {who}'s name is {v}.",
        f"I don't know your {who}'s name yet. You can tell me.", {"who": who},
    )


PLAIN_STATEMENTS = """
my <thing> is <value>
my <thing> is <value>
my [new|own|current] <thing> is <value>
[I have|I've got|I own|I bought|I got|I use] <value> as [my|a] <thing>
<value> is my <thing>
the <thing> [I have|I got|I use|of mine|that is mine] is <value>
my <thing> [turned out to be|will be|should be|happens to be|has to be|is going to be] <value>
as [my|a] <thing> I [have|chose|took|picked|use] <value>
for my <thing> I [chose|picked|took|like|use] <value>
"""
PLAIN_TELL = told(PLAIN_STATEMENTS, "My <thing>: <value>\nMy <thing>? It's <value>\n[Save|Store|Note] <value> as my <thing>")
PLAIN_ASK = asked("""
[What's|What is|What was] my <thing>
[Which|What] <thing> do I [have|use|own]
[Which|What] is my <thing>
What did I say [about my <thing>|my <thing> is|my <thing> was]
[What|Which] <thing> did I [mention|tell you about|choose|pick]
What do you know about my <thing>
My <thing>?
""", "my <thing>\nmy <thing>\nthe <thing> [I have|I told you about|I mentioned|of mine]", """
what my <thing> is
what my <thing> is
what my <thing> was
[which|what] <thing> I have
what I [told you|said] about my <thing>
""", "What is my <thing>\nWhat's my <thing>")
PLAIN_THIRD = stated("""
@who's <thing> is <value>
@who's <thing> is <value>
the <thing> of @who is <value>
<value> is @who's <thing>
[their|his|her] <thing> is <value>
@who has <value> as [their|his|her] <thing>
""")
PROPERTIES = """breakfast|lunch|dinner|dream|goal|plan|nickname|shoe size|car|school|street|gift|seat|gate|train|team|class|
subject|costume|wish|lucky charm|star sign|surname|last name|family name|middle name|address|secret|idea|topic|size|
task|homework|title|team name|username|email|shirt|present|answer|instrument|diet|flight|hotel|bus|appointment|
deadline|order|weight|height|budget|score|level|role|position|team color|hair color|eye color|country""".replace("\n", "").split("|")


def plain(rng, held: bool) -> Fact:
    thing = rng.choice(PROPERTIES) if rng.random() < 0.75 else words.choose(rng, words.WORDS, held)
    number = rng.random() < 0.2
    value = (lambda r, h: str(r.randint(2, 999))) if number else pool(words.WORDS)
    return Fact(
        thing, PLAIN_TELL, PLAIN_ASK, PLAIN_THIRD, value, lambda v: f"Your {thing} is {v}.",
        f"I don't know your {thing} yet. You can tell me.", {"thing": thing},
    )


def single(key, tell, ask, third, value, say, unknown) -> Fact:
    return Fact(key, tell, ask, stated(third), value, say, f"I don't know {unknown}. You can tell me.")


