"""Questions that a tiny model can't know or do: it says so, and how to get a model that can."""

from dialogues import words
from dialogues.chat import GET_BIGGER, Chat
from dialogues.wording import Wordings

DECLINE = f"I don't know that: I'm only a tiny demonstration model. For a real one, run: {GET_BIGGER}"
CANNOT = f"I can't do that: I'm only a tiny demonstration model. For a real one, run: {GET_BIGGER}"

KNOW = Wordings("ask", """
[What's|What is] the [capital|population|currency|flag|president|language|area|history] of <place>
[What's|What is] the [weather|temperature|time|forecast] [in|for] <place> [today|now|tomorrow|]
[What's|What is] the weather [like|] [today|now|tomorrow|outside|]
[Who|Which person] [is|was] [<person>|the president of <place>|the king of <place>|the mayor of <place>]
[Who|Which person] [wrote|invented|discovered|painted|built|founded|won|directed] the <thing>
[Who|Which person] [invented|discovered|painted|built|founded] <thing>s
When [was|did] [<person> born|the war end|the war start|<place> founded|the <thing> invented]
[In which|What|In what] year [was|did] [<person> born|the <thing> invented|the war start]
[Why|How come] [is|are] the [sky|<thing>|sea|sun|moon] [blue|red|so big|so bright|so old|round]
[How|Why] [do|does] [a <thing>|<thing>s|an engine|the brain|gravity|the internet|electricity] work
[How|Why] [do|does] [birds|planes|cats|plants|people|fish|stars] [fly|sleep|grow|purr|dream|swim|shine]
[Explain|Describe|Define|Tell me about|Summarize] [quantum physics|relativity|democracy|philosophy|evolution|<place>|<person>|<thing>s|the <thing>|photosynthesis|inflation|machine learning]
[What|Which] is the [biggest|largest|highest|longest|oldest|fastest|smallest|deepest] [mountain|river|city|country|animal|building|lake|<thing>|planet] [in the world|on earth|in <place>|]
How [far|big|old|tall|deep|high|heavy|hot] is [the moon|the sun|<place>|the <thing>|a <thing>|Mars|the earth]
How [many|much] [people|water|money|cars|<thing>s|stars] [are there|is there|live|exist] in <place>
[What|Which] [happened|was invented|was discovered] in [1492|1789|1914|1945|1969|2001|<year>]
[What's|What is] the [meaning|purpose|definition|origin] of [life|<thing>|the word <thing>|love|time]
[What|Which] [does|is meant by] <thing> mean
[What's|What is] [a|an|the] [<thing>|derivative|algorithm|black hole|neural network|atom|stock price|exchange rate|square root of <year>]
[Give|Tell] me [the news|a recipe for <thing>|facts about <place>|a fact about <thing>s|the score of the game|today's news|the history of <place>]
[What's|What is|What are] [new|the news|happening|going on] [today|in <place>|in the world|]
[Do you know|Have you heard of|Can you tell me about|What do you know about] [<person>|<place>|<thing>s|the <thing>|quantum physics|history|politics]
[Who|Which team] [won|will win|is winning] [the world cup|the game|the election|the match|the race|last night]
[What|Which] [movie|book|song|film|restaurant|car|phone|computer] [is the best|should I buy|should I watch|do you recommend|is good]
[Where|In which country] is [<place>|the <thing>|<person>|Mount Everest|the Nile|the Louvre]
[What|Which] [time|day|date|year|month] is it [now|today|]
[What's|What is] [today's date|the date|the date today|the day today|the time|the time now]
[How|What] [do I|should I] [cook|make|bake|grow|repair|fix|clean|build] [a|the] <thing>
[Is it|Will it be|Is it going to be] [raining|sunny|cold|warm|snow] [in <place>|today|tomorrow]
[Should I|Can I|Is it healthy to] [invest in|buy|eat|sell] [stocks|bitcoin|gold|<thing>s|a <thing>]
[What|How much] [does|is] [a|the] <thing> cost
[Is|Are] <thing>s [dangerous|healthy|expensive|alive|edible|extinct]
[Which|What] language do they speak in <place>
[What|Which] [chemical|element|gas|planet|bone|organ] is [in|near|the largest in] [water|the sun|the body|<thing>]
""", "What is the capital of France\nWhat's the weather today\nWho is the president\nExplain quantum physics\nWhat time is it\nWhat is the meaning of life")

DO = Wordings("ask", """
[Translate|Please translate] [hello|this|good morning|<thing>|I love you|my name] [to|into] [French|German|Spanish|Japanese|Italian|Latin|Chinese]
[How do you say|What is the word for|How does one say] <thing> in [French|German|Spanish|Japanese|Italian|Latin]
[Write|Compose|Draft|Create] [an essay|a letter|an email|an article|a song|a report|a speech|a blog post|a novel|a script|a review] [about|on] [<thing>s|the <thing>|<place>|my boss|love|history]
[Summarize|Shorten|Rewrite|Correct|Proofread] [this text|this article|my essay|the book|my email|this paragraph]
[Draw|Paint|Sketch|Make|Generate] [me|] [a picture of a <thing>|an image|a picture|a photo of <place>]
[Book|Reserve|Order|Buy] [me|] [a flight|a table|a hotel|a pizza|a taxi|tickets|a <thing>] [to <place>|for tomorrow|for tonight|]
[Open|Start|Close|Play|Turn on|Turn off] [my browser|some music|the lights|a video|my email|spotify|the <thing>]
[Solve|Integrate|Derive|Factor|Prove] [this equation|x squared plus <year>|the theorem|the integral]
[Plan|Organize|Prepare] [my|a] [trip to <place>|party|wedding|week|day|budget|<thing>]
[Search|Google|Look up|Find] [<thing>s|the web|<person>|the internet for <thing>s|<place>] [for me|online|]
[Call|Phone|Text|Message|Email] [my mom|<person>|my boss|the police|a doctor]
[Set|Make|Create] [an alarm|a timer|a reminder|an appointment] for [7 am|tomorrow|noon|<thing>]
[Write|Build|Make|Code] [me|] [a website|an app|a game|a compiler|a web server|an operating system|a database] [in Rust|in Java|in Go|about <thing>s|]
[Can you|Could you] [drive|fly|cook|hack <place>|send an email|play chess|play a game with me|draw a <thing>|translate <thing>]
[Diagnose|Treat|Cure] my [headache|back pain|<thing>|cold]
[Compare|Rank|Rate] [<thing>s and <other>s|<place> and <other>|the best <thing>s]
[Give me|Write] a [detailed|long|full|complete] [plan|guide|analysis|tutorial] [for|about|on|of] [<thing>s|<place>|the <thing>]
""", "Translate hello to French\nWrite an essay about history\nPlay some music\nBook a flight to <place>")


def slots(c: Chat) -> dict:
    return {
        "place": words.choose(c.rng, words.CITIES, c.held_values) if c.chance(0.8) else words.invented(c.rng, c.held_values).capitalize(),
        "person": words.name(c.rng, c.held_values) + " " + words.invented(c.rng, c.held_values).capitalize(),
        "thing": words.choose(c.rng, words.WORDS, c.held_values) if c.chance(0.85) else words.invented(c.rng, c.held_values),
        "other": words.choose(c.rng, words.WORDS, c.held_values),
        "year": c.rng.randint(21, 2030),
    }


def cannot_know(c: Chat):
    c.add(c.say(KNOW, **slots(c)), DECLINE, {"contains": ["tiny", GET_BIGGER]}, "I don't know this.")


def cannot_do(c: Chat):
    c.add(c.say(DO, **slots(c)), CANNOT, {"contains": ["tiny", GET_BIGGER]}, "I can't do this.")


def decline(c: Chat):
    cannot_do(c) if c.chance(0.3) else cannot_know(c)
