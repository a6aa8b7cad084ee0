"""Sentences around what is told or asked: one list for every intent, so that each is told and asked in hundreds of ways.

Three kinds of hole: `@np` is a noun phrase ("my dog's name"), `@cl` an indirect question ("what my dog is called") and `@s` a
statement ("my dog is called <value>"). An intent gives its own phrases for each and some whole questions of its own.
"""

from dialogues.wording import Wordings

NOUN_FRAMES = """
[What's|What is|What was] @np
[What's|What is|What was] @np [again|once more|now|exactly|then|please]
[Tell|Give|Remind|Show] me @np
[Tell me|Say|Repeat|State|Name|Recall|Write|Print|Type] @np
[Do you|Can you|Could you] [remember|know|recall] @np
[Do you|Can you|Could you] still [remember|know|recall|have] @np
[Can you|Could you|Would you|Will you|Please] [tell me|say|give me|repeat|recall|name|write down|type out] @np
[I forgot|I've forgotten|I can't remember|I don't remember|I can't recall|I lost] @np
[I forgot|I've forgotten|I can't remember|I lost] @np, [what is it|what was it|can you help|tell me|do you know it|please help me]
[I need|I want|I'd like|I would like|I have] to [know|hear|check|confirm|ask for|ask you about] @np
[I'd like|I need|I want|Let me have|Let me hear|Let's hear] @np
And @np
@np
@np [please|again|is|was|was what|is what|now]
[Quick check|Question|One question|Test|A test|Memory test|Small question|Next question|Okay then|Tell me|Now]: @np
[Quick check|Question|One question|Test|Memory test|Next]: [what is|what's|what was] @np
[What about|How about|And what about|What do you say about] @np
[Have you|Did you] [noted|saved|stored|kept|written down|got|caught|note|keep|get|save|catch] @np
[Would you mind|Do you mind] [telling|giving|reminding] me @np
[Remember|Recall|Know|Got|Still know] @np
[You know|You remember|You noted|I told you|I gave you|I mentioned|You have] @np[, right|, don't you|, so what is it|. What is it|. Say it]
[I told|I gave] you @np [earlier|before|already|a moment ago|just now]. [What is it|What was it|Say it|Repeat it|Can you repeat it]
[Let's see|Let me see|I wonder|I want to see|Show me] [if|whether] you [remember|know|recall|noted|kept] @np
[Have you|You haven't|You didn't|Did you] [forgotten|forget] @np
[I bet|I think|I hope] you [know|remember|don't know|forgot|can tell me] @np
[Check|Look up|Fetch|Find|Search for|Read out|Dig up] @np [for me|please|]
[Somebody|Someone|A friend|My friend|My boss] [asks|asked|wants to know|is asking] [for|about|] @np
[Do you happen to|Would you|Do you really] [know|remember] @np
[Any|Got any|Have you any] idea [of|about] @np
[What|Which] [one is|one was] @np
[If I asked|If I ask] you [for|about] @np, what would you [say|answer]
[Let's go back to|Back to|Talking of|Speaking of] @np: what [is|was] it
[Help me out|Help me|Please help]: [what is|what's|what was] @np
[So|And] what [would|might|could] @np be
[Say|Tell me] it: @np
[Can I|Could I|May I] [have|hear|get|ask for|see] @np
Is there [anything|something] you know about @np
[My question is|My question] about @np
[Please|] [complete|finish|continue]: @np is
"""
CLAUSE_FRAMES = """
[Tell|Remind|Show] me @cl
[Tell me|Say|Repeat|Explain|Write|Let me know] @cl
[Do you|Can you|Could you] [remember|know|recall|tell me|say|repeat|remind me] @cl
[Do you|Can you] still [remember|know|recall|tell me|say] @cl
[Can you|Could you|Would you|Will you|Please] [tell me|remind me|say|repeat|let me know|write] @cl
[I forgot|I've forgotten|I can't remember|I don't remember|I'm not sure|I don't know] @cl
[I wonder|I was wondering|I'm wondering|I am curious|I'm curious|I ask myself] @cl
[I need|I want|I'd like|I would like] to [know|hear|check|be reminded|ask] @cl
[Any|Got any|Have you any|Do you have any] idea @cl
[Have you|Did you] [noted|kept in mind|understood|noticed|note|notice|understand|get] @cl
[Would you mind|Do you mind] [telling me|reminding me|saying] @cl
[Let's see|Let me see|I want to see] [if|whether] you [remember|know|recall|can say|can tell me] @cl
[Have you|You haven't|Did you] [forgotten|forget] @cl
[I told you|I said|I mentioned|You know|You heard|I already said] @cl[. Say it|. Repeat it|. Now tell me|, so tell me|, remember]
[Question|Quick question|Tell me|Memory test|Now|Please]: @cl
[Somebody|Someone|A friend|My friend] [asks|asked|wants to know] @cl
[Do you happen to|Would you] [know|remember] @cl
[I bet|I hope] you [know|remember|can tell me|don't know|forgot] @cl
[Remember|Recall|Still know] @cl
[If someone asked|If they ask|If anyone asks] you @cl, what [would|do] you [say|answer]
[Are you able to|Can you manage to|Try to] [say|tell me|remember|recall] @cl
[It would be nice|It'd help me] to [know|hear] @cl
"""
TELL_FRAMES = """
[Remember|Note|Please remember|Keep in mind|Don't forget|Take note|Know|Please note|Memorize] that @s
[Remember|Note|Please remember|Keep in mind|Don't forget|Remember this|Note this|Save this|Write this down|Memorize this]: @s
[Remember|Please remember|Note] @s
[Just so you know|For your information|For the record|In case you wonder|As a side note|By the way|To be clear|FYI|Before I forget|Before we start|In case it matters|For your notes], @s
@s, [just so you know|in case you wonder|for your information|if that helps|you know|by the way|for what it's worth|in case you need it|as you should know|so you know|remember that|keep that in mind]
@s. [Remember that|Remember it|Remember this|Keep it in mind|Please remember this|Don't forget|Don't forget that|Note it down|You might need that|Got it?|Okay?|Can you remember that?|Write it down|Make a note of it|Please keep that in mind|That's important|I'll ask you later|I will ask about it later]
[Let me tell you something|Here's something about me|Guess what|A little about me|A fact about me|You know what|Listen|Something you should know|First things first|To begin with|Here is a fact|Good to know|Small detail|Important|News|One thing]: @s
[I want|I'd like|I need|I would like] you to [know|remember|note|keep in mind|learn] [that|] @s
[I should|I must|Let me|I'll|I wanted to|I have to|I'd like to|I want to|Allow me to] [mention|say|add|tell you|point out] [that|] @s
[Did you know|Did I mention|Have I told you|Did I tell you|Do you know|Have I said|Have you heard] [that|] @s
[You should|You can|You may|You must|Now you] [know|remember|note] [that|] @s
[The thing is|The truth is|The fact is|Basically|Honestly|To tell the truth|As it happens|It turns out|Believe it or not|As you may know|I guess|I think you should know|Well], @s
@s[ and that's it|, and I'm happy about it|, and that won't change|, and that's important to me|, that's all|, that is true|, as always|, if you ask me|, of course]
[Are you ready?|Are you listening?|Listen.|Okay.|Pay attention.|I have news.|Let's start.|Something about me.|Here we go.|I'm new here.|Please note.] @s
[My friend says|Everyone knows|I can say|I can tell you|It's true|It's a fact|I told my friend|As I said|I already said] [that|] @s
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def choice(phrases: str) -> str:
    """Phrases, one a line, as one choice of a pattern."""
    return "[" + "|".join(lines(phrases)) + "]"


def fill(frames: str, hole: str, phrases: str) -> list[str]:
    return [frame.replace(hole, choice(phrases)) for frame in lines(frames)] if phrases.strip() else []


def asked(direct: str, nouns: str = "", clauses: str = "", pinned: str = "") -> Wordings:
    """A question: whole ones of its own, and the frames around its noun phrases and indirect questions."""
    groups = [(0.4, lines(direct)), (0.35, fill(NOUN_FRAMES, "@np", nouns)), (0.25, fill(CLAUSE_FRAMES, "@cl", clauses))]
    return Wordings("ask", groups, pinned)


def told(statements: str, whole: str = "", pinned: str = "") -> Wordings:
    """A statement, bare or in a frame; `whole` are messages that no frame fits."""
    groups = [(0.45, lines(statements)), (0.35, fill(TELL_FRAMES, "@s", statements)), (0.2, lines(whole))]
    return Wordings("tell", groups, pinned)
