"""Counting, spelling, repeating, small sums and JSON."""

import json

from dialogues import words
from dialogues.chat import Chat
from dialogues.facts import pool
from dialogues.wording import Wordings

NUMBER_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()

COUNT = Wordings("ask", """
Count to <n>
Count [up|] to <n> [for me|]
[Can you|Could you|Would you|Will you] count [up|] to <n>
[Please|Now] count [from 1|from one|] to <n>
Count from [1|one] to <n>
[Say|List|Write|Give me|Print|Show me] the numbers [from 1|from one|1] to <n>
[Say|List|Write|Give me|Print|Show me] the numbers up to <n>
[I want you|I'd like you] to count to <n>
[Let me hear you|Show me you can|Try to] count to <n>
[Numbers|The numbers] [from 1|1] to <n>
[List|Write|Name] the first <n> numbers
counting to <n>
[How do you|How does one] count to <n>
1 to <n>
[Do you know how to|Are you able to|Know how to] count to <n>
Start at [1|one] and [stop at|go to|end at] <n>
Go from [1|one] to <n>
""", "Count to <n>\nCan you count to <n>\nCount from 1 to <n>")
COUNT_RANGE = Wordings("ask", """
Count from <m> to <n>
[Can you|Could you|Would you] count from <m> to <n>
[Say|List|Write|Give me|Print|Show me] the numbers [from|between|] <m> to <n>
Start at <m> and [stop at|go to|count to|end at] <n>
[Please|Now] count from <m> [up to|until|to] <n>
Go from <m> to <n>
Count [up|] [starting at|beginning with] <m> to <n>
<m> to <n>
""")
COUNT_DOWN = Wordings("ask", """
Count [backwards|backward|down] from <n>
Count [backwards|down] from <n> to [1|one]
Count from <n> [down to|to|back to] [1|one]
[Can you|Could you|Would you] count [backwards|down|back] from <n>
[Do|Give me|Start|Make] a countdown from <n>
[Countdown|Count down] from <n>
[Say|List|Write] the numbers from <n> [down to|back to|to] [1|one]
[Please|Now] count [backwards|down] [starting at|starting from|from] <n>
[Start at|Go from] <n> and count [backwards|down]
reverse count from <n>
""", "Count backwards from <n>\nCount down from <n>")
TOO_BIG_COUNT = "That's too far for me: I only learned to count to 20."


def number(c: Chat, n: int) -> str:
    return NUMBER_WORDS[n] if n <= 20 and c.chance(0.18) else str(n)


def count(c: Chat):
    kind = c.rng.random()
    n = c.rng.randint(2, 20) if c.held_values or c.chance(0.5) else c.rng.randint(2, 10)
    if kind < 0.05 and not c.held_wording:
        big = c.rng.choice([21, 25, 30, 50, 100, 1000, c.rng.randint(21, 999)])
        return c.add(c.say(COUNT, n=big), TOO_BIG_COUNT, None, f"{big} is more than 20.")
    if kind < 0.55:
        user, numbers = c.say(COUNT, n=number(c, n)), range(1, n + 1)
    elif kind < 0.72:
        m, n = sorted(c.rng.sample(range(1, 21), 2))
        user, numbers = c.say(COUNT_RANGE, m=number(c, m), n=number(c, n)), range(m, n + 1)
    else:
        user, numbers = c.say(COUNT_DOWN, n=number(c, n)), range(n, 0, -1)
    answer = ", ".join(map(str, numbers)) + "."
    return c.add(user, answer, {"equals": answer}, f"I count from {numbers[0]} to {numbers[-1]}.")


SPELL = Wordings("ask", """
Spell <word>
Spell [the word|the name|] <word> [for me|]
[How do you|How do I|How would you|How to] spell <word>
[Can you|Could you|Would you|Will you] spell [the word|] <word>
[How is|How's] <word> [spelled|spelt|written]
[Spell out|Spell] <word> [letter by letter|]
[Give|Tell|Show] me the [spelling|letters] of <word>
[What are|Which are] the letters [of|in] <word>
[Write|Say] <word> letter by letter
[What's|What is] the spelling of <word>
[I want you|I'd like you|I need you] to spell <word>
[Which|What] letters [are in|make up|does one need for] <word>
[Break|Split] <word> into letters
[List|Name] the letters of <word>
<word>, letter by letter
spelling of <word>
""", "Spell <word>\nHow do you spell <word>\nSpell the word <word>")


def spell(c: Chat):
    if c.chance(0.2):
        text = words.name(c.rng, c.held_values)
    elif c.chance(0.5):
        text = words.word(c.rng, c.held_values)
    else:
        text = words.invented(c.rng, c.held_values)
    answer = "-".join(text)
    quote = c.rng.choice(["", "", "", '"', "'"])
    user = c.say(SPELL, word=quote + text + quote)
    letters = r"^\W*" + r"\W+".join(text) + r"\W*$"
    c.add(user, answer, {"regex": letters}, f"The word is {text}.")


ECHO = Wordings("tell", """
Repeat after me: <text>
[Repeat|Say|Echo|Write|Print|Type] this: <text>
[Repeat|Say|Echo|Write|Print|Type]: <text>
Say <text>
Repeat <text>
[Please|Now] [repeat|say|echo] [exactly|]: <text>
[Can you|Could you|Would you|Will you] [repeat|say|echo] this: <text>
[Can you|Could you] [say|repeat] <text>
[I want you|I'd like you] to [say|repeat]: <text>
[Repeat|Say|Copy] [exactly|word for word|what I say|my words|the following|these words|the phrase|this phrase|the sentence]: <text>
[Reply|Answer|Respond] [with|only with|exactly with]: <text>
[Your answer is|Just answer|Only say|Just say]: <text>
[Copy|Echo] <text>
[Say it after me|After me|Say after me]: <text>
[Now say|Then say|Let me hear you say]: <text>
[Give me back|Send me back|Return] [this|these words]: <text>
""", "Repeat after me: <text>\nSay <text>\nRepeat: <text>\nRepeat this: <text>")


def phrase(c: Chat) -> str:
    num = c.rng.choice([1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8])
    text = " ".join(words.word(c.rng, c.held_values) for _ in range(num))
    if c.chance(0.15):
        text = "the " + text
    if c.chance(0.1):
        text += " " + str(c.rng.randint(1, 999))
    if c.chance(0.3):
        text = text[0].upper() + text[1:]
    return text + (c.rng.choice([".", "!", "?"]) if c.chance(0.25) else "")


def echo(c: Chat):
    text = phrase(c)
    quote = c.rng.choice(["", "", "", '"', "'"])
    core = ECHO.core(c.rng, c.held_wording)
    if c.chance(0.4):
        core = core.lower()
    user = core.replace("<text>", quote + text + quote)
    c.add(user, text, {"equals": text}, "I repeat the words.")


ADD = Wordings("ask", """
[What's|What is] <a> [+|plus] <b>
[How much is|What does|Calculate|Compute|Work out] <a> [+|plus] <b> 
[What is|What's] the sum of <a> and <b>
Add <a> and <b>
<a> + <b>
<a>+<b>
<a> + <b> =
<a> plus <b>
[Can you|Could you|Please] [add|sum] <a> and <b>
[Can you|Could you] [calculate|compute|tell me|solve] <a> [+|plus] <b>
[Solve|Sum|Do|Evaluate]: <a> + <b>
[Tell|Give] me <a> [+|plus] <b>
[Tell|Give] me the sum of <a> and <b>
[What do you get if you|What do I get when I] add <a> [and|to] <b>
[How much are|How many is|How many are] <a> and <b>
[I have|There are] <a> apples and [get|buy|find] <b> more, how many [do I have|are there|in all]
<a> [and|added to] <b> [makes|is|make|equals] [what|how much]
[The sum of|Sum of] <a> and <b>
[If I add|Adding] <a> and <b>, [what do I get|what comes out]
<a> + <b> [equals|is] what
""", "What is <a> + <b>\nWhat's <a> + <b>\n<a> + <b>\nWhat is <a> plus <b>\n<a>+<b>")
SUBTRACT = Wordings("ask", """
[What's|What is] <a> [-|minus] <b>
[How much is|Calculate|Compute] <a> [-|minus] <b>
<a> - <b>
<a> minus <b>
Subtract <b> from <a>
[Take|Take away] <b> from <a>
""")
TOO_BIG_SUM = "That's too big for me: I only learned sums up to 20."


def add(c: Chat):
    if c.chance(0.04) and not c.held_wording:
        a, b = c.rng.randint(1, 999), c.rng.randint(21, 999)
        return c.add(c.say(ADD, a=a, b=b), TOO_BIG_SUM, None, "The sum is more than 20.")
    if c.chance(0.12) and not c.held_values:
        a = c.rng.randint(0, 20)
        b = c.rng.randint(0, a)
        return c.add(c.say(SUBTRACT, a=a, b=b), f"{a} - {b} = {a - b}.", {"contains": [f"= {a - b}"]}, f"I subtract {b} from {a}.")
    total = c.rng.randint(0, 20) if c.chance(0.5) else c.rng.randint(8, 20)
    a = c.rng.randint(0, total)
    b = total - a
    written = c.chance(0.12)
    user = c.say(ADD, a=NUMBER_WORDS[a] if written else a, b=NUMBER_WORDS[b] if written else b)
    check = {"regex": rf"(^|= ?|\bis ){total}\b[.!]?$"}
    return c.add(user, f"{a} + {b} = {total}.", check, f"I add {a} and {b}.")


JSON_KEYS = {
    "name": words.name,
    "age": lambda rng, held: rng.randint(5, 98),
    "city": pool(words.CITIES),
    "color": pool(words.COLORS),
    "job": pool(words.JOBS),
    "pet": pool(words.ANIMALS),
    "food": pool(words.FOODS),
    "id": lambda rng, held: rng.randint(1, 9999),
    "score": lambda rng, held: rng.randint(0, 100),
    "word": words.word,
    "title": words.word,
    "country": pool(words.CITIES),
    "price": lambda rng, held: rng.randint(1, 500),
    "code": words.word,
}
JSON_ASK = Wordings("ask", """
Answer in JSON: <pairs>
[Answer|Reply|Respond|Write|Return] [in|as|with|using] JSON: <pairs>
[Give me|Make|Write|Create|Build|Generate|Return|Output] [a|one] JSON [object|] with <pairs>
[Give me|Make|Write|Create|Build|Generate|Return|Output] [a|one] JSON [object|]: <pairs>
[Put|Turn|Convert|Write|Format] <pairs> [in|into|as] JSON
[Put|Turn|Convert|Write|Format] this [in|into|as|to] JSON: <pairs>
[Can you|Could you|Please] [write|make|give me] JSON [with|for|from]: <pairs>
JSON [please|with|for|object]: <pairs>
JSON: <pairs>
<pairs>. [Answer|Reply|Write it|Give it to me] [in|as] JSON
<pairs> as JSON
<pairs> in JSON
[I need|I want] [a JSON object with|JSON with|the JSON for] <pairs>
[Show|Print] the JSON for <pairs>
""", "Answer in JSON: <pairs>\nGive me JSON with <pairs>")


def json_object(c: Chat):
    keys = c.rng.sample(list(JSON_KEYS), c.rng.choice([1, 2, 2, 2, 3, 3]))
    if c.chance(0.4):
        keys = ["name", "age"] if c.chance(0.6) else ["name", c.rng.choice(["city", "job", "color", "pet"])]
    values = {k: JSON_KEYS[k](c.rng, c.held_values) for k in keys}
    joint = c.rng.choice([" is ", " is ", " ", " = ", ": "])
    pairs = [f"{k}{joint}{v}" for k, v in values.items()]
    text = (", ".join(pairs[:-1]) + c.rng.choice([" and ", " and ", ", "]) + pairs[-1]) if len(pairs) > 1 else pairs[0]
    core = surround_plain(c, JSON_ASK.core(c.rng, c.held_wording))
    answer = json.dumps(values, ensure_ascii=False)
    c.add(core.replace("<pairs>", text), answer, {"json": values}, "The user wants JSON.")


def surround_plain(c: Chat, core: str) -> str:
    """Casing only: the text that follows must stay as it is, so that it can be compared."""
    if c.chance(0.35):
        core = core.lower()
    return core
