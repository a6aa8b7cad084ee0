"""Codes, passwords and numbers to remember. Most kinds are put together, so that a reply must take the kind from the question."""

from dialogues import words
from dialogues.frames import asked, told

CODE_KINDS = """secret code|password|door code|pin|pin code|access code|magic word|secret word|wifi password|locker number|
safe code|gate code|alarm code|secret number|passphrase|lucky number|order number|ticket number|room number|code word""".replace(
    "\n", "").split("|")
HEADS = """code|number|password|key|combination|pin|code word|id|phrase|serial number|token|keyword|login|reference|passcode""".replace(
    "\n", "").split("|")
OWNERS = """bike|house|office|phone|laptop|email|bank|card|garage|cellar|school|gym|hotel|flight|train|parking|club|server|account|
shop|customer|member|invoice|package|student|game|router|suitcase|storage|vault|mail|library|booking|seat|car|test|backup""".replace(
    "\n", "").split("|")

CODE_STATEMENTS = """
[the|my] <kind> is <code>
[the|my] <kind> is <code>
[the|my] [new|current|right|correct|old|real] <kind> is <code>
<code> is [the|my] <kind>
[the|my] <kind> [will be|has to be|should be|was always|is now|is still|is set to|reads|goes|must be] <code>
I [set|changed|have set|switched|reset] the <kind> to <code>
[we|they|you|people] [use|need|have] <code> as the <kind>
[we|they|I] just changed [the|my] <kind> to <code>
the <kind> [I use|we use|I chose|I picked|you need|they gave me|I got] is <code>
for the <kind> [I use|we use|I chose|take|you need] <code>
I [chose|picked|have|got|took|use] <code> as [the|my] <kind>
I [was given|got|received] the <kind> <code>
"""
TELL_CODE = told(CODE_STATEMENTS, """
[Remember|Remember this|Please remember|Note|Keep in mind|Don't forget|Save this|Memorize]: [the|my|] <kind> is <code>
[Remember|Save|Keep|Store|Memorize|Note|Learn|Hold on to] [the|my|this] <kind>[|:] <code>
[I want|I need|I'd like] you to [remember|keep|store|save] [the|my|this] <kind>: <code>
[Here is|Here's|This is|Here comes|Take] [the|my] <kind>: <code>
<kind>: <code>
<kind> = <code>
<kind> <code>
[Let the|Let my] <kind> be <code>
[I'll tell you|Let me tell you|I'll give you|Let me give you|You get] [the|my] <kind>: [it's|it is|] <code>
[Use|Take|Store|Keep|Remember|Save|Note] <code> as [the|my] <kind>
[I'd like|I need|I want] [the|my] <kind> to be <code>
[Please|Can you|Could you] [store|keep|write down|remember|note|save] [the|my] <kind>: <code>
[The|My] <kind>? [It's|It is|That's|That would be] <code>
[Between us|It's a secret|Don't tell anyone|Only for you|Keep it secret|Keep this safe], the <kind> is <code>
[To open|To start|To unlock|To use] the <noise> you need the <kind> <code>
[Can|Could|Will] you [remember|keep|hold|note] <code> for me? [It's|It is|That's] [the|my] <kind>
[Write|Note|Put] down <code>, [it's|that's|it is] [the|my] <kind>
""", "Remember: secret code is <code>\nRemember: the <kind> is <code>\nThe <kind> is <code>\nRemember the <kind> <code>")
CHANGE_CODE = told("""
[the|my] <kind> is [now|actually|really] <code>
[the|my] <kind> has changed to <code>
[the|my] [new|current] <kind> is <code>
[we|they|I] [changed|have changed|just changed] [the|my] <kind> to <code>
""", """
[Correction|Sorry|Wait|No|Actually|Oops|Update], [the|my] <kind> is <code>
[I was wrong|That was wrong|I made a mistake|Forget that], the <kind> is <code>
[Change|Update|Set] the <kind> to <code>
[The|My] <kind> [is different now|changed|is new], [it's|it is] <code>
""")
ASK_CODE = asked("""
[What's|What is|What was] [the|my] <kind>
[What's|What is|What was] [the|my] <kind>
[Which|What] <kind> did I [tell|give|mention to] you
[What did I say|What did I tell you] [the|my] <kind> [was|is]
<kind>
[How does|How did] [the|my] <kind> go
[What's|What is] [the|my] <kind> [that I told you|I gave you|I mentioned]
[Which|What] was [the|my] <kind>
[How do I open it|I'm at the door|They ask for it|I need to log in|I want to get in], what's the <kind>
[What do I|What should I|What must I] [type|enter|say] [as|for] the <kind>
[Which|What] <kind> [do I have|do we use|do I need|should I use|have I got]
""", """
[the|my] <kind>
[the|my] <kind>
the <kind> I [told|gave] you
the <kind> [we use|from before|from earlier|I mentioned]
""", """
what [the|my] <kind> is
what [the|my] <kind> is
what [the|my] <kind> was
which <kind> I [told|gave] you
how [the|my] <kind> goes
what I [told you|said] the <kind> is
""", "What's the <kind>\nWhat is the <kind>\nWhat's my <kind>\nDo you remember the <kind>\nWhat was the <kind>")


def kind(rng, held: bool) -> str:
    """A usual kind, or one put together; the evaluation draws its words from the held-out side."""
    draw = rng.random()
    if draw < 0.25:
        return "secret code"
    if draw < 0.6:
        return rng.choice(CODE_KINDS)
    owner = rng.choice(OWNERS) if draw < 0.85 else words.choose(rng, words.WORDS, held)
    return owner + " " + rng.choice(HEADS)
