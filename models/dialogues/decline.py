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
[Why|How come|How|When|Where|How often|How fast|How long] do <thing>s <verb>
[Why|How|When|Where] does [a|the] <thing> <verb>
[Why|How] [can|can't|could|should] [a|the] <thing> <verb>
[Who|What] <verb>s [the|a] <thing>
[Do|Can|Will|Should] <thing>s <verb>
[Does|Can|Will|Would] [a|the] <thing> [ever|] <verb>
[Is|Are] [a|the] <thing> [a <other>|<adj>|<adj>er than a <other>|bigger than a <other>|made of <other>|good for you|made in <place>|sold in <place>]
[Which|What] is [<adj>er|better|bigger|heavier|cheaper|faster|older|more useful], [a|the] <thing> or [a|the] <other>
[What's|What is] the difference between [a|the] <thing> and [a|the] <other>
[Name|List|Give me|Tell me|Show me|Say] [two|three|five|some|a few|all|ten] [<thing>s|kinds of <thing>|famous <thing>s|<adj> <thing>s|countries|planets|rivers|animals|presidents|colors of the <thing>]
[Name|Tell me|Give me] [a|one|the] [famous|good|<adj>|big|popular] [<thing>|book|river|painter|city in <place>|country]
How many [<thing>s|legs|teeth|wheels|bones|meters|grams|hours|people|days|cups|countries|planets|letters] [are in|has|does it take for|are needed for|fit in|go into] [a|the] <thing>
How [much|many] [<thing>|<thing>s] [should|do|can] I [eat|buy|need|use|drink]
How long [does it take|would it take|is the way|is the flight] to [<place>|<verb> a <thing>|the <thing>|build a <thing>]
How [do|can|should|would] [I|you|we|people] <verb> [a|the|my] <thing>
[Where|How] [can|do] I [buy|find|get|see|rent|sell] [a|the|some] <thing>[| in <place>]
[What|Which] <thing> [is|should I|do you think is] [the best|buy|better|right for me|the cheapest|the most popular]
[What|Who] [is|was|are] [the|a] <adj> <thing>
[What|Who] [is|was] <person> [famous for|known for|doing now|]
[Did|Has|Was] <person> [ever|] [win|won|born in <place>|write a book|written a book|a king|in <place>]
[Tell me|Talk|Say something|Teach me|I want to know|I'd like to learn|Inform me|I need to know] [about|something about|more about|everything about] [<thing>s|the <thing>|<place>|<person>|history|space|physics|the stars|politics|animals|music]
[What do you think|What's your opinion|Your opinion|Your thoughts] [about|of|on] [<thing>s|<place>|<person>|politics|the <thing>|war|money]
[Recommend|Suggest] [a|some|me a|me some] [good|nice|cheap|] [<thing>|book|film|movie|restaurant in <place>|hotel|song|recipe|present]
[Is|Are] there [any|] [<thing>s|life|water|snow|good restaurants|mountains] [in <place>|on Mars|on the moon|nearby|around here]
[How|What] is [<place>|the <thing>|life in <place>|the food in <place>|traffic] [like|today|these days]
[When|At what time] does the [<thing>|shop|train|bus|museum|bank|game|sun|store] [open|close|leave|start|arrive|rise|set]
[What|How] [time|late] is it in <place>
[What|Which] [animal|plant|bird|fish|country|machine] [is|has] [the <adj>est|<adj>|a <thing>|a long <thing>]
[What's|What is] [the price|the cost|the weight|the size|the speed|the taste|the use|the color|the age|the history|the name|the smell] of [a|the] <thing>
[What's|What is] the [opposite|plural|synonym|past tense|translation|first letter] of <thing>
[What|Which word] rhymes with <thing>
[What's|What is|How much is|Calculate] [<year> times <year>|<year> divided by <year>|the root of <year>|<year> percent of <year>|<year> * <year>|<year> / <year>]
[Explain|Describe] [to me|] [how|why] [a <thing>|<thing>s|the <thing>|the sun|a car|money|rain] [works|work|exist|is made|happens|can <verb>]
[What would happen|What happens] if [the <thing>|the sun|all <thing>s|everyone|a <thing>] [stopped|exploded|<verb>s|disappeared|met a <other>]
[I wonder|I'd like to know|Do you know|Can you tell me|Could you explain|Any idea|Tell me] [why <thing>s <verb>|how <thing>s <verb>|who invented the <thing>|where <place> is|what a <thing> is|what the weather is like|how big <place> is|when <person> was born|what <thing>s eat|who <person> is|what time it is|what day it is]
[Who|Which team|Which country] [won|lost|plays|leads] [the <thing> race|in <year>|today|yesterday|the cup in <year>|against <place>]
[How|What] [about|is] the [news|weather|traffic|stock market|exchange rate|election|economy] [today|in <place>|tomorrow|this week|]
[Is|Was] it [true|right|a fact|possible] that [<thing>s <verb>|the <thing> is <adj>|<place> is <adj>|<person> was a <thing>]
[What|Which] [city|country|place|continent] is [<place> in|near <place>|the capital of <place>|bigger than <place>]
[Who|What] [lives|works|grows] in [<place>|a <thing>|the <thing>]
[My <thing>|My car|My computer|My back|My head] [is broken|hurts|doesn't work|stopped working|makes noise], [what should I do|why|how do I fix it|what now]
[Do you think|Will|Would] [it rain|<place> win|prices fall|the <thing> be <adj>|it snow|the <thing> work] [tomorrow|next year|soon|again|]
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
[Translate|Put|Change|Turn] [the word <thing>|the sentence|my text|<thing>|these words] [into|to] [French|German|Spanish|Polish|Greek|Russian|Dutch|Chinese]
[What's|What is] [<thing>|good morning|thank you|the word for <thing>] in [French|German|Spanish|Italian|Japanese|Polish|Greek]
[Write|Compose|Prepare|Make|Produce] [me|us|] [a|an] [<adj> essay|long text|long letter|business plan|cover letter|CV|homework|summary|newsletter|love letter|press release|job ad|rap song] [about|for|on|to] [<thing>s|my <thing>|<place>|<person>|work|the <thing>]
[Design|Invent|Sketch|Draw|Paint|Create] [a|an|me a] [logo|<thing>|poster|<adj> <thing>|map of <place>|house|website]
[Explain|Check|Review|Improve|Fix|Edit] my [essay|grammar|letter|text|spreadsheet|CV|homework|contract|<thing>]
[Plan|Schedule|Arrange|Cancel|Move] [a meeting|my trip|an appointment|the <thing>|a call with <person>|dinner in <place>] [for me|tomorrow|next week|]
[Send|Forward|Post|Print|Upload|Download|Save] [a message|an email|this file|the document|a photo|my <thing>] [to <person>|online|for me|]
[Turn|Switch] [on|off] the [<thing>|light|heating|TV|radio|fan]
[Drive|Take|Bring|Carry|Fly] me [to <place>|home|to the <thing>|a <thing>]
[Make|Cook|Bring|Get|Buy|Order|Fetch] me [a coffee|a <thing>|dinner|some <thing>|lunch|tickets to <place>]
[Convert|Change] <year> [dollars|pounds|inches|feet|grams|degrees|euros] [to|into] [euros|kilos|meters|yen|celsius|litres]
[Analyze|Examine|Read|Look at] [this picture|this file|this table|the data|my <thing>|the attached document]
[Predict|Forecast|Guess] [the weather|the future|the winner|tomorrow's <thing>|who will win]
[Remove|Delete|Copy|Rename|Find] [the file|my <thing>|all files|the folder|a document] [on my computer|for me|]
[Solve|Do|Finish] [my homework|this riddle|the crossword|this puzzle|my taxes|<year>x + <year> = 0]
[Can you|Could you|Will you|Would you|Please|I want you to|I need you to] [open the <thing>|call <person>|fix my <thing>|plan a trip to <place>|write an essay about <thing>s|translate this|find a <thing>|buy a <thing>|teach me [French|chess|guitar]|draw me a <thing>|check the weather|do my homework|summarize a book|search the web for <thing>s|read my emails]
""", "Translate hello to French\nWrite an essay about history\nPlay some music\nBook a flight to <place>")


VERBS = """work sleep fly swim grow burn break sing float melt sink shine move talk eat dance live die freeze run jump dream bark
hide smell think fall turn learn stop cost matter fit last bite sting travel hunt climb change help hurt survive explode""".split()
ADJECTIVES = """green red blue tall small old new fast slow strong weak rich poor cold warm dark light hard soft deep clean quiet
loud sweet sharp clever kind cheap dear young long short thick wild smooth rough broad""".split()


def slots(c: Chat) -> dict:
    return {
        "place": words.choose(c.rng, words.CITIES, c.held_values) if c.chance(0.8) else words.invented(c.rng, c.held_values).capitalize(),
        "person": words.name(c.rng, c.held_values) + " " + words.invented(c.rng, c.held_values).capitalize(),
        "thing": words.choose(c.rng, words.WORDS, c.held_values) if c.chance(0.85) else words.invented(c.rng, c.held_values),
        "other": words.choose(c.rng, words.WORDS, c.held_values),
        "year": c.rng.randint(21, 2030),
        "verb": c.rng.choice(VERBS),
        "adj": c.rng.choice(ADJECTIVES),
    }


def cannot_know(c: Chat):
    c.add(c.say(KNOW, **slots(c)), DECLINE, {"contains": ["tiny", GET_BIGGER]}, "I don't know this.")


def cannot_do(c: Chat):
    c.add(c.say(DO, **slots(c)), CANNOT, {"contains": ["tiny", GET_BIGGER]}, "I can't do this.")


def decline(c: Chat):
    cannot_do(c) if c.chance(0.3) else cannot_know(c)
