"""The facts about the user's life that have their own sentences: where, what, how old, when."""

from dialogues import facts, words
from dialogues.facts import Fact, pool, single
from dialogues.frames import asked, told

CITY = single("city", told("""
I live in <value>
I live in <value>
[I'm|I am] [living|based|residing|at home|settled|staying] in <value>
[I'm|I am] from <value>
my [home|house|flat|apartment|place|family] is in <value>
my [city|home town|hometown|home] is <value>
I [moved|have moved|just moved|relocated] to <value>
I [come|came] from <value>
<value> is [my home|my city|where I live|my hometown|the place I live in|where my house is]
the [city|place|town] [I live in|where I live|I call home] is <value>
I reside in <value>
I [have a house|have a flat|rent a room|bought a house|found a home|have my home|have lived for years] in <value>
I call <value> [home|my home]
""", """
[Writing|Greetings|Hello] from <value>, [where I live|my home]
[Home|City|Town]: <value>
Where I live? [In|That's] <value>
"""), asked("""
Where do I live
[What|Which] [city|town|place] do I live in
[In which|In what] [city|town|place] do I live
Where [is my home|am I living|is my house|am I based|is my flat|am I from|do I reside]
Where did I say I live
[What's|What is] my [city|home town|hometown]
[What|Which] is the city I live in
[Which|What] [city|town|place] [am I from|did I move to|is my home|do I call home]
""", """
my [city|home town|hometown|home city]
the [city|place|town] [I live in|where I live|I'm from]
""", """
where I live
where I live
[which|what] [city|town|place] I live in
where [my home is|I'm from|I come from|my house is|I'm based]
""", "Where do I live\nWhich city do I live in"), """
@who lives in <value>
@who lives in <value>
@who [comes from|is from|is based in|resides in|is living in|has a home in|moved to] <value>
@who's [city|hometown|home] is <value>
@who's [home|house|flat] is in <value>
<value> is where @who lives
[they|he|she] [live|lives] in <value>
""", pool(words.CITIES), lambda v: f"You live in {v}.", "where you live yet")

JOB = single("job", told("""
[I'm|I am] <value>
I work as <value>
[I'm|I am] <value> by [trade|profession|training]
my [job|work|profession] is [being|to be|that of|] <value>
I [became|have become|was trained as|trained as] <value>
[I'm|I am] [working|employed|hired] as <value>
[I earn my living|I make a living|I make my money|I earn money] as <value>
[I'm|I am] [now|actually|really|currently] <value>
I have a job as <value>
[in my job|at work|by day] I'm <value>
I've been <value> for [years|ten years|a long time]
""", "For a living [I'm|I work as] <value>\n[Job|Profession|Occupation]: <value>\nMy job? [I'm|] <value>", "I'm <value>\nI am <value>"), asked("""
[What's|What is|What was] my [job|profession|occupation|work|trade]
What do I do [for a living|for work|all day|as a job|]
What do I work as
What [did I say|did I tell you] my job [was|is]
[Which|What] job do I have
How do I [earn my living|make money|earn my money|make a living]
What am I by [trade|profession]
[What kind|What sort] of [job|work] do I [have|do]
""", "my [job|profession|occupation|trade]\nmy job\nthe job I have", """
what my [job|profession|work] is
what I do [for a living|for work|]
what I work as
[which|what] job I have
how I [earn my living|make a living]
""", "What is my job\nWhat's my job\nWhat do I do for a living"), """
@who is <value>
@who [works|is employed|is working|earns a living] as <value>
@who's [job|profession|occupation] is <value>
by profession @who is <value>
@who has a job as <value>
""", lambda rng, held: words.article(words.choose(rng, words.JOBS, held)), lambda v: f"You are {v}.", "your job yet")

AGE = single("age", told("""
[I'm|I am] <value> [years old|]
[I'm|I am] <value> years [old|of age]
my age is <value>
I [turned|just turned|recently turned|became|have turned|am turning] <value>
[I have|I've] lived for <value> years
[I have|I've] [already|just|] [reached|hit] the age of <value>
I was born <value> years ago
[I'm|I am] [now|already|only|just|exactly|about to be] <value> [years old|]
I [celebrated|had|reached] <value> [years|birthdays]
<value> is [my age|how old I am]
""", """
[I'll|I will] tell you my age: <value>
[Age|My age]: <value>
My age? <value>
How old I am? <value>
<value> years old, that's me
""", "I'm <value>\nI am <value>\nI am <value> years old\nI'm <value> years old"), asked("""
How old am I
[What's|What is|What was] my age
How old did I say I [am|was]
How many years [old|] am I
At what age am I
How many [years|birthdays] have I [lived|had]
Am I old? How old am I
""", "my age\nmy age\nmy exact age", "how old I am\nhow old I am\nwhat my age is\nhow many years I have lived", "How old am I\nWhat is my age"), """
@who is <value> years old
@who is <value> years old
@who is <value>
@who is <value> years of age
@who's age is <value>
@who [turned|just turned] <value>
the age of @who is <value>
""", lambda rng, held: str(rng.randint(6, 98)), lambda v: f"You are {v} years old.", "how old you are")

BIRTHDAY = single("birthday", told("""
my birthday is [on|] <value>
I was born on <value>
[I have|I celebrate] my birthday on <value>
<value> is my birthday
[I came|I was brought] into the world on <value>
[my date of birth|my birth date|my special day|my bday] is <value>
I [get|am] a year older on <value>
we celebrate my birthday on <value>
""", "[Birthday|My birthday|Date of birth]: <value>\nMy birthday? [It's on|] <value>"), asked("""
When is my birthday
[When's|When was] my birthday
[What|Which] day is my birthday
[What's|What is] my [birthday|birth date|date of birth|bday]
When was I born
[On which|On what] day [was I born|is my birthday]
When do I [celebrate|have] my birthday
When do I get older
""", "my [birthday|birth date|date of birth]\nthe date of my birthday", """
when my birthday is
when my birthday is
when I was born
[which|what] day my birthday is
when I [celebrate|have] my birthday
""", "When is my birthday"), """
@who's birthday is [on|] <value>
@who was born on <value>
the birthday of @who is on <value>
@who celebrates [their|a] birthday on <value>
""", lambda rng, held: f"{words.choose(rng, words.MONTHS, False)} {rng.randint(1, 28)}", lambda v: f"Your birthday is on {v}.", "your birthday yet")

HOBBY = single("hobby", told("""
my hobby is <value>
my [favorite|main|biggest|only|new] hobby is <value>
[I do|I practice] <value> [in my free time|on weekends|as a hobby|for fun|after work|every day|every Sunday]
in my free time I [do|like|enjoy] <value>
as a hobby I do <value>
I spend my [free time|weekends|evenings] on <value>
I'm [really|] into <value>
<value> is [my hobby|what I do for fun|what I do in my free time|my passion]
for fun I [do|like] <value>
""", "[Hobby|My hobby]: <value>\nMy hobby? <value>"), asked("""
[What's|What is] my [favorite|main|] hobby
[Which|What] hobby do I have
What do I do [in my free time|for fun|on weekends|after work]
What hobby did I [mention|tell you about]
How do I spend my [free time|weekends]
""", "my [hobby|pastime]\nmy hobby\nthe hobby I have", """
what my hobby is
[which|what] hobby I have
what I do [in my free time|for fun]
how I spend my free time
""", "What is my hobby\nWhat's my hobby"), """
@who's hobby is <value>
@who's [favorite|main] hobby is <value>
@who does <value> [in their free time|as a hobby|for fun]
@who is into <value>
""", pool(words.HOBBIES), lambda v: f"Your hobby is {v}.", "your hobby yet")

LANGUAGE = single("language", told("""
I speak <value>
I'm [learning|studying] <value>
my [native|first|own] language is <value>
my mother tongue is <value>
[I'm|I am] fluent in <value>
at home [we|I] speak <value>
I [can|do] speak [good|some|a little|] <value>
<value> is [my language|the language I speak|my mother tongue]
I grew up [speaking|with] <value>
""", "[Language|My language]: <value>"), asked("""
[What|Which] language do I speak
[What's|What is] my [language|native language|mother tongue]
What language did I say I speak
[Which|What] language [am I learning|am I fluent in|do I use at home]
""", "my [language|mother tongue|native language]\nthe language I speak", """
[which|what] language I speak
[which|what] language I speak
what my [language|mother tongue] is
"""), """
@who speaks <value>
@who speaks <value>
@who's [native|first|] language is <value>
@who is fluent in <value>
""", pool(words.LANGUAGES), lambda v: f"You speak {v}.", "which language you speak")

MEETING = single("meeting", told("""
my meeting is at <value>
[I have|I've got] a meeting at <value>
the meeting [is|starts|begins|takes place] at <value>
at <value> [I have|there is] a meeting
[I must be|I have to be|I need to be] in a meeting at <value>
[they|we] [moved|set|put] [my|the] meeting to <value>
[my|the] [next|big|team] meeting is at <value>
""", "Remind me that my meeting is at <value>\nMeeting: <value>\nMeeting at <value>"), asked("""
When is [my|the] meeting
[What time|At what time] is [my|the] meeting
[When does|What time does] the meeting [start|begin]
When do I have [a|the|my] meeting
""", "the time of my meeting\nmy meeting time", """
when [my|the] meeting is
when [my|the] meeting [starts|begins]
[what|which] time [my|the] meeting is
"""), """
@who has a meeting at <value>
@who's meeting is at <value>
the meeting of @who [is|starts] at <value>
""", lambda rng, held: f"{rng.randint(1, 12)} {rng.choice(['am', 'pm'])}", lambda v: f"Your meeting is at {v}.", "when your meeting is")

PROJECT = single("project", told("""
my project is [called|named] <value>
the name of my project is <value>
I'm working on a project [called|named] <value>
the project [I work on|I'm working on] is called <value>
[I|we] [started|lead|run|have] a project [called|named] <value>
[my|our] [new|big|secret] project is [called|named] <value>
<value> is [the name of|what we call] my project
"""), asked("""
[What's|What is] my project called
[What's|What is] the name of my project
[Which|What] project am I working on
""", "my project's name\nthe name of my project", "what my project is called\nwhat my project is called\nwhich project I'm working on"), """
@who's project is [called|named] <value>
@who works on a project [called|named] <value>
the name of @who's project is <value>
""", lambda rng, held: words.word(rng, held).capitalize(), lambda v: f"Your project is called {v}.", "what your project is called")

ALLERGY = single("allergy to", told("""
I'm allergic to <value>
I [have an|suffer from an] allergy to <value>
I [can't|must not|may not|shouldn't] eat <value>
<value> [makes me sick|is what I'm allergic to]
"""), asked("""
What am I allergic to
[Which|What] food am I allergic to
[What|Which food] [can't I|must I not|should I not] eat
Do I have an allergy
""", "my allergy\nthe food I'm allergic to", "what I'm allergic to\nwhat I can't eat\nwhat makes me sick"), """
@who is allergic to <value>
@who has an allergy to <value>
@who can't eat <value>
""", pool(words.FOODS), lambda v: f"You are allergic to {v}.", "what you're allergic to")

TRIP = single("trip", told("""
I'm [going|travelling|flying|driving|moving] to <value> [next week|tomorrow|in May|this summer|soon|]
my [next|] [trip|holiday|journey] [is|goes] to <value>
I [booked|planned|have] a trip to <value>
[we|I] [will|want to] [visit|go to|see] <value> [next month|next year|soon]
"""), asked("""
Where am I [going|travelling|flying]
Where [is|does] my [trip|holiday] [going|go]
[Which|What] [city|place] [am I visiting|will I visit|am I going to]
[What's|What is] my destination
""", "the place I'm going to\nmy travel destination", "where I'm [going|travelling|flying]\nwhere my trip goes\nwhich place I will visit"), """
@who is [going|travelling|flying] to <value>
@who has a trip to <value>
@who will visit <value>
""", pool(words.CITIES), lambda v: f"You are going to {v}.", "where you're going")

LIFE = [CITY, CITY, JOB, JOB, AGE, AGE, BIRTHDAY, HOBBY, LANGUAGE, MEETING, PROJECT, ALLERGY, TRIP]


def draw_fact(rng, held: bool) -> Fact:
    kind = rng.random()
    if kind < 0.38:
        return rng.choice(LIFE)
    if kind < 0.62:
        return facts.favourite(rng, held)
    return facts.relation(rng, held) if kind < 0.85 else facts.plain(rng, held)
