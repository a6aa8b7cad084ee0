"""Counting, spelling, repeating and small sums."""

from dialogues import words
from dialogues.chat import Chat
from dialogues.frames import fill, lines
from dialogues.wording import Wordings

NUMBER_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()

COUNT = Wordings("ask", """
Count to <n>
Count [up|upwards|forward|out loud|slowly|all the way|] to <n> [for me|]
[Can you|Could you|Would you|Will you|Are you able to|Do you know how to] count [up|] to <n>
[Please|Now] count [from 1|from one|] to <n>
Count from [1|one] [to|up to|until|till] <n>
[Say|List|Write|Give me|Print|Show me|Tell me|Type|Output|Name] [the|all|all the] numbers [from 1|from one|1] [to|up to|until] <n>
[Say|List|Write|Give me|Print|Show me|Tell me|Type|Name] [the|all|all the] [numbers|integers] up to <n>
[I want you|I'd like you|I need you|I want] to count to <n>
[Let me hear you|Show me you can|Try to|Show me how you|Let's hear you|See if you can|Let's] count to <n>
[Numbers|The numbers|All numbers|Integers] [from 1|1] to <n>
[List|Write|Name|Say|Give me|Tell me|Type] the first <n> numbers
[counting|count up] to <n>
[How do you|How does one|How would you] count to <n>
1 to <n>
1 [up to|through|until|till|and on to] <n>
[Do you know how to|Know how to] count to <n>
[Start|Begin] [at|with|from] [1|one] and [stop at|go to|end at|end with|finish at|count to|continue to] <n>
Go from [1|one] [up|] to <n>
[Count|Say the numbers|Go on] until you [reach|get to|are at|hit] <n>
How far can you count? [Try|Go to|Count to] <n>
[Do|Give me] a count [up|] to <n>
[1, 2, 3|1, 2|one, two] and so on [to|up to|until] <n>
[Every number|Each number|All the numbers] [from 1 to|up to|until] <n>
[Please|] write [a list|a row|a line] of numbers from 1 to <n>
[Continue|Go on|Keep going]: 1, 2, 3 to <n>
[Recite|Read out|Spell out] the numbers [1|one] to <n>
[For hide and seek|For a game|To warm up|As a test], count to <n>
""", "Count to <n>\nCan you count to <n>\nCount from 1 to <n>")
COUNT_RANGE = Wordings("ask", """
Count from <m> to <n>
[Can you|Could you|Would you|Please|Will you] count from <m> [up|] to <n>
[Say|List|Write|Give me|Print|Show me|Tell me|Type|Name] [the|all|all the] numbers [from|between|] <m> to <n>
[Start|Begin] [at|with|from] <m> and [stop at|go to|count to|end at|end with|finish at|continue to] <n>
[Please|Now] count from <m> [up to|until|to|till] <n>
Go from <m> [up|] to <n>
Count [up|] [starting at|beginning with|starting with|starting from] <m> [to|until|up to] <n>
<m> [to|up to|until|through] <n>
[I want|I need|I'd like] the numbers from <m> to <n>
Count to <n>, [starting|beginning] [at|with|from] <m>
[From|Starting at|Beginning with] <m>, count [up|] to <n>
[Which|What] numbers [are there|come|are] from <m> to <n>
[Integers|Numbers|All numbers] from <m> to <n>
[Recite|Read out] the numbers <m> to <n>
[Let's|Let us] count from <m> to <n>
""")
COUNT_DOWN = Wordings("ask", """
Count [backwards|backward|down|in reverse|back] from <n>
Count [backwards|down|back|backward] from <n> to [1|one]
Count from <n> [down to|to|back to|backwards to] [1|one]
[Can you|Could you|Would you|Will you|Please] count [backwards|down|back] from <n>
[Do|Give me|Start|Make|Run] a countdown from <n>
[Countdown|Count down|Reverse count|Backwards] from <n>
[Say|List|Write|Tell me|Give me|Type] the numbers from <n> [down to|back to|to] [1|one]
[Please|Now] count [backwards|down] [starting at|starting from|from] <n>
[Start at|Go from|Begin at|Begin with] <n> and count [backwards|down|back]
reverse count from <n>
<n> [down to|to|back to] [1|one]
[Go|Count] [down|backwards], [start|starting] [at|with] <n>
[I want|I'd like] you to count [down|backwards] from <n>
[The numbers|Numbers] from <n> [backwards|down to 1|in reverse]
Start [at|with] <n> and [end at|go down to|stop at|finish with] [1|one]
[A|One] countdown, [from|starting at] <n>
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


NOUN_FRAMES_SKILL = """
[What's|What is|What are|Which are] @np
[Tell|Give|Show|Send|Read] me @np
[Tell me|Say|List|Name|Write|Print|Type|Write down|Write out|Output] @np
[Do you|Can you|Could you] [know|see|find|list|say|tell me|give me|show me|write] @np
[Would you mind|Do you mind] [telling|giving] me @np
[I need|I want|I'd like|I have] to [know|see|learn|hear|check] @np
[I need|I want|I'd like|Let me have|Let me see|Let's see|Let's hear] @np
[I forgot|I've forgotten|I don't know|I'm not sure about|I wonder about] @np
[Question|Quick one|Next task|Task|Now|Please|Test]: @np
[Help me with|Any idea of|What about|How about|Find|Get] @np
@np
[Can I|Could I|May I] [have|get|see|hear] @np
""".strip()
SPELL = Wordings("ask", [(0.45, lines("""
Spell <word>
Spell [the word|the name|the term|out|] <word> [for me|please|now|]
[How do you|How do I|How would you|How to|How does one|How can I|How should I] spell <word>
[Can you|Could you|Would you|Will you|Are you able to|Please] spell [the word|out|] <word>
[How is|How's] [the word|] <word> [spelled|spelt|written]
[Spell out|Spell] <word> [letter by letter|one letter at a time|slowly|in letters|with dashes|letterwise|]
[Write|Say|Read|Type|Print|Show] <word> letter by letter
[Write|Say|Read|Type|Show] <word> [one letter at a time|in single letters|as letters|as a list of letters|with hyphens|with dashes between the letters]
[Break|Split|Cut|Separate|Divide] [the word|] <word> [into|up into|into its|into single] letters
[Which|What] letters [are in|make up|does one need for|do I need for|form|are used in] <word>
[Which|What] letters does <word> [have|consist of|contain]
<word>, letter by letter
<word> [letter by letter|spelled out|in letters|spelling]
spelling of <word>
spell: <word>
letters: <word>
[I can't|I don't know how to|I never know how to|Help me|Teach me to|I want to learn to] spell <word>
[Go through|List|Name|Say|Read] [each|every] letter [of|in] <word>
[Next|Now|Another|Next word]: [spell|letters of|the word|] <word>
[What would|What does] <word> look like [spelled out|letter by letter|in letters]
[Do you know how|Show me how|Tell me how|I wonder how] [to spell|you spell|one spells] <word>
[Do you know how|Show me how|Tell me how] <word> is [spelled|written]
[I'd like|I want|I need|I'd love] you to spell [out|the word|] <word>
[My <noise> asks|We play a game|In a spelling bee|Spelling test|At school]: [spell|the word is|how do you spell] <word>
[One letter at a time|Letter by letter|Slowly|With dashes]: <word>
[One letter at a time|Letter by letter|Slowly], [spell|say|write] <word>
[Give|Tell|Show] me [every letter|each letter|all letters|the letters one by one] of <word>
""")), (0.35, fill(NOUN_FRAMES_SKILL, "@np", """
the [spelling|letters] of <word>
the letters of <word>
the letters in <word>
how <word> is [spelled|written]
"""))], "Spell <word>\nHow do you spell <word>\nSpell the word <word>")


def spelled_text(c: Chat) -> str:
    """Names, words, made-up words, and words put together from the tokenizer's own pieces."""
    draw = c.rng.random()
    if draw < 0.17:
        return words.name(c.rng, c.held_values)
    if draw < 0.5:
        text = words.word(c.rng, c.held_values)
    elif draw < 0.85 or c.held_values:
        text = words.invented(c.rng, c.held_values)
    else:
        text = words.pieced(c.rng)
    if c.held_values or c.chance(0.9):
        return text
    return text.upper() if c.chance(0.3) else text.capitalize()


def spell(c: Chat):
    """One word, or in training two or three at once, each on its own: more letters for the same prompt."""
    num = 1 if c.held_values or c.chance(0.85) else c.rng.choice([2, 2, 3])
    texts = [spelled_text(c) for _ in range(num)]
    quote = c.rng.choice(["", "", "", '"', "'"])
    quoted = [quote + text + quote for text in texts]
    user = c.say(SPELL, word=", ".join(quoted[:-1]) + " and " + quoted[-1] if num > 1 else quoted[0], noise=c.noun())
    letters = r"^\W*" + r"\W+".join(texts[0]) + r"\W*$"
    check = {"regex": letters} if num == 1 else None
    c.add(user, ", ".join("-".join(text) for text in texts), check, f"The word is {texts[0]}." if num == 1 else "These are words to spell.")


ECHO = Wordings("tell", """
Repeat after me: <text>
[Repeat|Say|Echo|Write|Print|Type|Output|Copy|Quote|Recite|Read|Return] this: <text>
[Repeat|Say|Echo|Write|Print|Type|Output|Copy|Quote|Return]: <text>
[Say|Repeat|Echo|Copy|Type|Print|Write] <text>
[Please|Now|Just] [repeat|say|echo|copy|write] [exactly|this|the following|]: <text>
[Can you|Could you|Would you|Will you] [repeat|say|echo|copy|write|type] [this|after me|these words|the following|that]: <text>
[Can you|Could you|Would you] [say|repeat|write] <text>
[I want you|I'd like you|I need you] to [say|repeat|echo|write|copy] [this|]: <text>
[Repeat|Say|Copy|Write|Type|Echo] [exactly|word for word|what I say|my words|the following|these words|the phrase|this phrase|the sentence|exactly this|what I write|the words|this text|my sentence|this line]: <text>
[Reply|Answer|Respond] [with|only with|exactly with|with just|just with|with the words|with these words]: <text>
[Your answer is|Just answer|Only say|Just say|Your reply is|Say only|Say nothing but|Say just]: <text>
[Say it after me|After me|Say after me|Repeat it after me|Now you|You say|Your turn|I say, you repeat]: <text>
[Now say|Then say|Let me hear you say|Let me hear|I want to hear|I'd like to hear|Let us hear]: <text>
[Give me back|Give back|Return|Hand me back|Write back|Bring back] [this|these words|the words|my words|exactly this]: <text>
[Echo|Copy|Repetition|Copy this|Echo test|Repeat test|Dictation|Text|The words]: <text>
[Echo|Copy|Repeat] [back|back to me|it]: <text>
[Be my echo|Be a parrot|Play parrot|Play echo|Be an echo|Act as an echo]: <text>
[Repeat|Say|Copy] [it|this] [back|again|too]: <text>
[What I say is|I say|My words are|The sentence is|The phrase is|My text is|The line is] <text>. [Repeat it|Say it|Copy it|Repeat that|Echo it|Say that]
<text>. [Repeat that|Say that|Repeat it|Copy that|Echo that|Now you say it back|Repeat what I said|Say the same|Write the same]
[Do not change a word|Word by word|Without changes|Exactly as it is|As it stands], [repeat|copy|say|write]: <text>
[The <noise> test|A test|Testing]: [repeat|say|echo|copy] <text>
[Speak|Pronounce|Tell me|Voice|State] [the words|the phrase|the line]: <text>
[When I say something, repeat it|Repeat everything|Always copy me]: <text>
""", "Repeat after me: <text>\nSay <text>\nRepeat: <text>\nRepeat this: <text>")


def phrase(c: Chat) -> str:
    num = c.rng.choice([1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8])
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
    core = core.replace("<noise>", c.noun())
    user = core.replace("<text>", quote + text + quote)
    c.add(user, text, {"equals": text}, "I repeat the words.")


ADD = Wordings("ask", """
[What's|What is] <a> [+|plus|and|added to] <b>
[What's|What is] <a> [+|plus] <b>
[How much is|What does|Calculate|Compute|Work out|Find|Evaluate|Give me|Tell me] <a> [+|plus|and] <b>
[What is|What's|Give me|Tell me|I need|Find|Calculate] the [sum|total] of <a> and <b>
[Add|Sum|Total|Sum up|Add up|Add together|Put together] <a> and <b>
[Add|Put] <a> to <b>
<a> + <b>
<a>+<b>
<a> + <b> =
<a>+<b>=
<a> plus <b>
<a> + <b> = [what|how much|x|..|...]
[Can you|Could you|Please|Will you|Would you] [add|sum|sum up|add up] <a> and <b>
[Can you|Could you|Would you|Please] [calculate|compute|tell me|solve|do|say] <a> [+|plus] <b>
[Solve|Sum|Do|Evaluate|Math|Maths|Sum please|Calculate|Task|Question|Quick one]: <a> [+|plus] <b>
[What do you get|What do I get|What comes out|What's the result|What happens] [if you|when I|if I|when you] add <a> [and|to] <b>
[How much are|How many is|How many are|How much makes|What makes|What are] <a> and <b>
[How much|How many|What] [do|does|would|will] <a> [and|plus] <b> [make|give|be|equal]
[I have|There are|She has|He has|We have|Tom has|I bought|I see|I picked] <a> <things> and [get|buy|find|receive|pick|take|need] <b> more[, how many|. How many|, what is the total|. What's the total|, how much] [do I have|are there|in all|is that|are there now|altogether|]
[I have|There are|She has|He has|We have] <a> <things> and <b> <others>[, how many|. How many] [do I have|are there|in all|is that|altogether]
<a> <things> [and|plus] <b> <things>[, how many|. How many] [is that|are there|in all|altogether|in total]
[Mom|My friend|Someone|He|She] [gives|gave] me <a> <things> and [then|later] <b> more, how many [do I have|is that|in total]
<a> [and|added to] <b> [makes|is|make|equals|gives] [what|how much]
[The sum of|Sum of|Total of] <a> and <b>
[If I add|Adding|When I add|If you add] <a> [and|to] <b>, [what do I get|what comes out|what is it|what's the answer|how much is it]
<a> + <b> [equals|is] what
[Start with|Begin with|Take] <a>, [then add|add|and add] <b>
[The answer to|The result of|Result of] <a> [+|plus] <b>
[Do you know|Can you say|I wonder] [what|how much] <a> [plus|+|and] <b> is
<b> more than <a> is [what|how much|]
[Math test|Let's do math|For school|My homework]: [what is|how much is|] <a> [+|plus] <b>
""", "What is <a> + <b>\nWhat's <a> + <b>\n<a> + <b>\nWhat is <a> plus <b>\n<a>+<b>")
SUBTRACT = Wordings("ask", """
[What's|What is] <a> [-|minus] <b>
[How much is|Calculate|Compute|Work out|Solve] <a> [-|minus] <b>
<a> - <b>
<a>-<b>
<a> minus <b>
Subtract <b> from <a>
[Take|Take away|Remove] <b> from <a>
<a> [take away|less] <b>
""")
TOO_BIG_SUM = "That's too big for me: I only learned sums up to 20."


def add(c: Chat):
    if c.chance(0.04) and not c.held_wording:
        a, b = c.rng.randint(1, 999), c.rng.randint(21, 999)
        return c.add(c.say(ADD, a=a, b=b, things="apples", others="pears"), TOO_BIG_SUM, None, "The sum is more than 20.")
    if c.chance(0.12) and not c.held_values:
        a = c.rng.randint(0, 20)
        b = c.rng.randint(0, a)
        return c.add(c.say(SUBTRACT, a=a, b=b), f"{a} - {b} = {a - b}.", {"contains": [f"= {a - b}"]}, f"I subtract {b} from {a}.")
    total = c.rng.randint(0, 20) if c.chance(0.5) else c.rng.randint(8, 20)
    a = c.rng.randint(0, total)
    b = total - a
    written = c.chance(0.12)
    slots = {"things": words.plural(c.noun()), "others": words.plural(c.noun())}
    user = c.say(ADD, a=NUMBER_WORDS[a] if written else a, b=NUMBER_WORDS[b] if written else b, **slots)
    check = {"regex": rf"(^|= ?|\bis ){total}\b[.!]?$"}
    return c.add(user, f"{a} + {b} = {total}.", check, f"I add {a} and {b}.")
