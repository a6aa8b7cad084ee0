"""Greetings, thanks, moods, jokes, stories, and whatever else people type at a chat."""

from dialogues import words
from dialogues.chat import Chat
from dialogues.wording import Wordings

# (wordings, replies, what a reply must show, thought)
TALK = {
    "hello": (Wordings("bare", """
[hi|hello|hey|hey there|hi there|hello there|good morning|good evening|good afternoon|good day|greetings|howdy|yo|hiya|hallo|heya|hullo|morning|evening|hi again|hello again|hey you|hi friend|hello friend|hello world|hi bot|hello model|hi izwi|hello izwi|sup|heyy|hii|helloo|hola]
[hi|hello|hey|good morning] [how are you|how's it going|nice to meet you|friend|izwi|assistant|computer|are you there|you]
[nice|pleased|good|happy] to [meet|see] you
[hi|hello|hey|good morning|good evening|good afternoon|greetings|howdy|hiya|good day] [there|again|friend|my friend|izwi|assistant|computer|everyone|buddy|little model|bot|model|dear|mate|you|to you|and welcome|from me|world]
[hi|hello|hey|howdy|good morning|good evening], [friend|my friend|izwi|how are things|nice to see you|good to see you|I'm back|it's me again|anyone there|I'm here|let's start|here I am|nice to be here]
[a|I wish you a|have a] [good|nice|lovely] [morning|day|evening|afternoon] [to you|]
[I'm back|here I am|I am here|I'm here] [again|now|, hello|, hi|]
[hi|hello|hey] [hi|hello|hey]
[just|I just want to|I wanted to] say [hi|hello] [to you|]
[welcome|hello and welcome|welcome back|long time no see|good to see you|nice to meet you|glad to meet you|pleasure to meet you]
""", "Hello\nHi\nHey\nHello!\nHi!"), ["Hello! What can I do for you?", "Hi! How can I help you?"], r"hello|hi\b", "The user greets me."),
    "how": (Wordings("ask", """
How are you [today|doing|doing today|feeling|this morning|]
How [do you do|do you feel|is it going|are things|have you been|goes it]
[How's|How is] [it going|everything|life|your day|the day]
[What's|Whats] up
Are you [ok|okay|well|fine|alright|happy]
[Is|Are things|Is it all] [everything ok|going well|well|all right|good with you]
[Had|Have you had|Did you have] a [good|nice|great] [day|night|morning|week] [so far|]
[How do things look|How are things going|How's your week|How was your day|How is your morning] [today|]
[Hope|I hope] [you're|you are] [well|fine|doing well]
how r u
How [are you|is it going|are things|is your day|is life|is everything|have you been|do you feel] [today|this morning|this evening|now|these days|lately|so far|my friend|over there]
[How's|How is] [your day|the day|your morning|your evening|life|everything|it] [going|] [so far|today|]
[Are you|Do you feel] [ok|okay|well|fine|good|alright|happy|great] [today|now|this morning|]
[Is|Are] [everything|all|you] [ok|okay|fine|alright|good] [with you|there|]
[Tell me|I'd like to know|I wonder] how you are [today|doing|feeling|]
[What's|Whats|What is] [up|new|new with you|going on with you|up with you|happening] [today|my friend|]
[How|What] about you[, how are you|, are you well|, all good]
[Did you|Have you] [sleep|slept] well
[Long time no see|Nice to see you|Hello again|Hi there], how are [you|things]
[You|Everything|All] [good|okay|well|fine] [today|there|with you]
""", "How are you\nHow are you?"), ["I'm fine, thank you! And you?", "I'm doing well, thanks! How are you?"], r"fine|well", "The user asks how I am."),
    "thanks": (Wordings("bare", """
[thanks|thank you|thank you very much|thanks a lot|many thanks|thx|ty|cheers|thank u|thanks!|thank you!|thanks so much|tysm|much appreciated|thanks for your help|thank you for that|thanks mate|great, thanks|ok thanks|perfect, thank you|cool thanks|i appreciate it|that helps, thanks|thanks for the help|thanks again]
[great|good|perfect|nice|ok|awesome|cool|super], [thanks|thank you|thx]
[thank you|thanks] [so much|very much|a lot|again|for that|for your help|friend|izwi|a bunch]
[thanks|thank you|many thanks|thx|thank you very much|thanks a lot|thanks so much] [for that|for your help|for everything|for the answer|for your time|for helping|for telling me|again|friend|izwi|my friend|dear|a lot|very much|indeed|for now|for the reply|for answering|to you]
[ok|okay|great|good|perfect|nice|cool|super|wonderful|awesome|got it|alright|fine|excellent|lovely|yes], [thanks|thank you|many thanks|thanks a lot|thank you very much|thank you so much]
[that|this] [was|is] [helpful|kind|nice of you|very kind|useful], [thanks|thank you|many thanks]
[I|we] [thank you|appreciate it|appreciate that|am grateful|really appreciate your help|want to thank you|thank you for that]
[thanks|thank you], [that helps|that was helpful|you're great|that's nice|that's good|that's all I need|very useful|you helped me|good job]
[you were|you've been|you are] [a great help|very helpful], [thanks|thank you]
""", "Thanks\nThank you\nThanks!\nThank you!"), ["You're welcome!"], r"welcome", "The user thanks me."),
    "bye": (Wordings("bare", """
[bye|goodbye|bye bye|see you|see you later|good night|cya|farewell|so long|later|bye!|goodbye!|talk to you later|i have to go|gotta go|i'm leaving|see you tomorrow|that's all|that is all|i'm done|ttyl|take care|have a nice day|until next time]
[bye|goodbye|good night|see you], [thanks|friend|izwi|thank you|and thanks|see you soon]
[i have to|i must|i need to|i should] [go|leave|sleep|work|stop] [now|]
[bye|goodbye|see you|good night|farewell|bye bye|so long|take care|see you later] [for now|then|my friend|friend|izwi|everyone|and thanks|and take care|tomorrow|soon|later|now|again|until tomorrow|and good luck]
[i|we] [have to|must|need to|should|will|'ve got to] [go|leave|sleep|stop|go home|go to bed|run|get going|log off|say goodbye] [now|then|soon|, bye|, goodbye|]
[ok|okay|alright|thanks|well|so|great], [bye|goodbye|see you|good night|see you later|take care|i have to go|i'm off]
[i'm|i am|we're] [off|leaving|going|going to bed|going home|out|done|finished] [now|then|for today|, bye|]
[that's|that is|that was] [all|it|enough|everything] [for now|for today|from me|, bye|, goodbye|]
[until|till] [tomorrow|next time|later|then|we meet again]
[it was|it's been] [nice|good|fun|great] [talking|chatting] [to|with] you[, bye|, goodbye|]
[have a|i wish you a] [good|nice|great|lovely] [day|night|evening|weekend|time][, bye|]
[let's|we can] [stop here|talk later|end this|finish now|talk tomorrow]
""", "Bye\nGoodbye\nBye!"), ["Goodbye! Come back any time."], r"bye", "The user says goodbye."),
    "ok": (Wordings("bare", """
[ok|okay|alright|fine|good|great|cool|nice|i see|right|sure|got it|understood|perfect|awesome|hmm|interesting|wow|ah|oh|aha|very good|excellent|lol|haha|yes|yeah|yep|no|nope|maybe|true|that's right|correct|exactly|indeed|k|kk|not bad|amazing|good answer|you're right|i think so|of course|never mind|nothing|whatever|so]
[that's|that is] [great|good|nice|cool|right|correct|fine|funny|wonderful|interesting|amazing]
[ok|okay|alright|good|great|cool|nice|right|sure|yes|yeah|well|fine|wow|oh|ah] [then|good|great|nice|cool|fine|i see|sure|got it|understood|that's good|that's fine|that's it|very nice|interesting|okay|right|so]
[ok|okay|yes|yeah|oh|ah|hmm|right|well], [i see|good|got it|fine|that's right|that's true|great|cool|understood|i understand|i know|sure|of course|nice|interesting|makes sense]
[that's|that is|this is|it's] [very|really|quite|so|] [good|nice|cool|fine|interesting|wonderful|amazing|funny|great]
[i|we] [see|understand|know|agree|get it|think so|think so too|believe you|hope so|guess so]
[very|really|so|pretty|quite] [good|nice|interesting|cool|fine|funny]
[makes|that makes] sense
[sounds|looks|seems] [good|great|fine|nice|right|okay]
[good|nice|great] [to know|one|work|stuff|to hear|answer]
""", "ok\nOkay\nyes\nno"), ["All right! What would you like to do next?"], r"all right", "There is nothing to answer."),
    "fine": (Wordings("bare", """
[i'm|i am|im] [fine|good|great|ok|doing well|happy|very well|so happy|excited|wonderful], [thanks|thank you|and you|thanks for asking]
[i'm|i am|im] [fine|good|great|okay|doing well|happy|very well|so happy|excited]
[i|we] had a [good|great|nice|wonderful|lovely] [day|week|time|morning]
[i'm|i am|im|i feel|we are|i'm feeling] [fine|good|great|ok|well|happy|very well|excited|wonderful|very happy|really good|quite well|very good|better] [today|now|again|, thanks|, thank you|, and you|too|as well|this morning|]
[i|we] had [a|such a|a very|a really] [good|great|nice|wonderful|lovely|beautiful|fun] [day|week|time|morning|evening|weekend|trip|party]
[my day|today|my week|everything|life|this day|my morning] [is|was] [good|great|nice|wonderful|lovely|perfect|very good|fun]
[i|we] [won|passed|made it|got the job|got good news|found it|finished the work|did it|passed the exam|won the game]
[doing|feeling] [well|good|great|fine|okay|better] [today|, thanks|, thank you|]
[i'm|i am] [so|very|really] [happy|excited|glad|proud] [today|about this|about it|now|]
""", "I'm fine\nI'm good"), ["I'm glad to hear that!"], r"glad", "The user is well."),
    "sad": (Wordings("bare", """
[i'm|i am|im|i feel] [sad|tired|bored|lonely|sick|angry|stressed|not well|unhappy|down|upset|exhausted|worried|afraid|depressed|hungry|cold|nervous|frustrated|lost]
[i|we] had a [bad|hard|terrible|long|rough|awful] [day|week|time|morning]
[my day was|today was|life is] [bad|hard|terrible|awful|tough]
[i'm|i am|im|i feel|i'm feeling|we are] [so|very|really|a bit|a little|quite|too|] [sad|tired|bored|lonely|sick|angry|stressed|unhappy|down|upset|exhausted|worried|afraid|depressed|hungry|nervous|frustrated] [today|now|again|]
[i|we] had a [very|really|] [bad|hard|terrible|long|rough|awful|sad|horrible] [day|week|time|morning|night|evening]
[my day|today|my week|life|this day|everything|my morning] [is|was] [bad|hard|terrible|awful|sad|horrible|very bad|too much]
[i|we] [lost|failed|missed] [my job|the game|my keys|the exam|my bag|the train|my wallet|my friend|everything]
[nobody|no one] [likes|loves|understands|calls|helps] me
[i|we] [don't|do not] feel [good|well|happy|great|fine] [today|at all|]
[i|we] [cried|can't sleep|am crying|miss my friend|hate my job|have a headache|feel bad|feel sick|got fired|have no friends]
my [dog|cat|head|friend|heart|back] [is sick|hurts|died|left me]
""", "I'm sad\nI'm bored\nI'm tired"), ["I'm sorry to hear that. Would you like to hear a joke?"], r"sorry", "The user isn't well."),
    "love": (Wordings("bare", """
[i love you|i like you|you're great|you are great|you're funny|you are nice|you're smart|you are the best|good bot|you're awesome|you are cool|well done|you rock|nice work|you're amazing|good model|i like this|you are clever|you're helpful|you are very kind]
[you're|you are] [so|very|really] [nice|kind|funny|good|helpful|smart|cool|sweet|cute]
[you're|you are] [so|very|really|quite|truly|] [nice|kind|funny|good|helpful|smart|cool|sweet|cute|great|clever|awesome|lovely|brilliant|amazing] [today|to me|, you know|]
[i|we] [love|like|adore] [you|this|talking to you|this chat|your answers|your jokes|this bot] [a lot|so much|very much|]
[good|great|nice|well|excellent|amazing] [work|job|bot|answer|model|done, bot|done, izwi|job, izwi]
[you|izwi] [rock|did well|did great|are the best|make me smile|make me happy|are my friend|are a good friend]
[what a|you are a|you're a] [nice|good|great|lovely|clever|smart|sweet] [bot|model|answer|friend|program|assistant]
[this|that] [bot|model|chat|program|answer] is [great|nice|cool|good|awesome|fun|lovely]
""", "I love you\nGood bot"), ["Thank you, that's kind of you!"], r"thank", "The user is kind."),
    "insult": (Wordings("bare", """
[you're|you are] [stupid|dumb|bad|useless|wrong|an idiot|slow|silly|terrible|boring|not very smart|not very clever|broken|annoying|awful|weak]
[that's|that is] [wrong|not right|stupid|false|not true|nonsense|incorrect|a lie|bad]
[bad bot|i hate you|you suck|wrong|nonsense|not good|bad answer|wrong answer|this is bad|i don't like you|shut up|try again|no that's wrong]
[you're|you are] [so|very|really|too|just|] [stupid|dumb|bad|useless|slow|silly|terrible|boring|annoying|awful|weak|broken] [today|, you know|]
[that's|that is|this is|it's|your answer is|this answer is|that was] [so|very|completely|just|] [wrong|not right|stupid|false|not true|nonsense|incorrect|bad|useless|not what I asked]
[no|nope|well|sorry|ugh|oh no], [that's wrong|wrong|that's not right|wrong answer|you're wrong|that's not true|not correct|that's nonsense|try again]
[i|we] [hate|don't like|dislike] [you|this|this bot|your answers|this answer|this model|talking to you]
[what a|you are a|you're a] [bad|stupid|terrible|dumb|useless|silly] [bot|model|answer|program|joke|assistant]
[you|this bot|this model] [can't do anything|know nothing|make mistakes|made a mistake|are wrong|don't understand|got it wrong|understand nothing|don't listen]
[this|that] [bot|model|chat|answer|program] is [bad|stupid|useless|terrible|awful|boring|wrong]
[bad|terrible|stupid|wrong|awful|useless] [bot|answer|model|program|job|thing]
""", "You're stupid\nThat's wrong"), ["I'm sorry. I'm only a tiny model, and I make mistakes."], r"sorry", "The user isn't happy with me."),
    "joke": (Wordings("ask", """
[Tell|Give|Say] me a [joke|funny joke|good joke|short joke|pun]
[Do you know|Know|Have you got|Do you have] [a joke|any jokes|a good joke|something funny]
[Can you|Could you] [tell|make|give] [me|] a joke
[Make|Try to make] me [laugh|smile]
[A joke|joke|another joke|one more joke|tell another joke]
[Say|Tell me] something funny
[I want|I'd like|I need] [to hear|] a joke
[Cheer|Entertain] me [up|]
[Are you|Be] funny
tell a joke
[Let's hear|Let me hear] a joke
[Can you|Could you|Will you|Would you|Please] [tell|give|share|say] [me|us|] [a|one|another|one more] [funny|good|short|new|silly|] [joke|one|pun]
[I want|I'd like|I need|Let me|I would love] [to hear|hear|] [a|another|one more] [funny|good|short|new|] joke
[Make|Get] [me|us] [laugh|smile|laughing] [please|now|with a joke|]
[Do you|You must] [know|have] [a|any|some|another] [good|funny|short|] [joke|jokes] [for me|]
[Time for|How about|What about|Let's have|Got|Any] [a|another|some] [joke|jokes|fun|humor]
[another|one more|more|a|a new] [joke|jokes] [please|now|then|]
[Be funny|Say something funny|Tell me something funny|Joke with me|Amuse me] [please|now|]
""", "Tell me a joke\nA joke please"), [
        "Why did the computer go to bed early? It needed to crash.",
        "What do you call a sleepy byte? A little nibble.",
        "Why was the tiny model so happy? It had no weight problems.",
        "Why did the robot cross the road? Its map was upside down.",
    ], r"why|what|how", "The user wants a joke."),
    "story": (Wordings("ask", """
[Tell|Write|Give|Read] me a [short|little|nice|bedtime|good|] story
[Can you|Could you] [tell|write] [me|] a [short|] story
[Do you know|Have you got] [a story|any stories]
[I want|I'd like] [to hear|] a story
[A story|story|another story|one more story|story time]
[Make up|Invent] a [short|] story
[Tell|Write] a [short|nice|little|] story
[Once upon a time|Let's hear a story]
[Can you|Could you|Will you|Please|Would you] [tell|write|read|give] [me|us|] [a|another|one] [short|little|nice|bedtime|good|sweet|tiny|] [story|tale|fairy tale]
[I want|I'd like|I need|We want|Let me] [to hear|hear|to read|] [a|another|one more] [short|good|little|nice|] [story|tale]
[Tell|Write|Read|Give] [me|us|my kids] [a|another|one more] [short|little|nice|] [story|tale|fairy tale] [about a <noise>|about animals|please|for bedtime|before bed|]
[Time for|How about|What about|Let's have|Any|Got] [a|another|some] [story|stories|tale]
[another|one more|a new|a] [story|tale] [please|now|then|]
[Do you|You must] [know|have] [a|any|some] [good|short|nice|] [story|stories|tales]
""", "Tell me a story\nTell me a short story\nWrite a short story"), [
        "Once upon a time, a small robot found a lost kitten. It lit its lamp, followed the road home, and they were friends ever after.",
        "A little boat wanted to see the ocean. It sailed all night, met a kind whale, and came home with a song.",
        "A girl planted a button in her garden. In spring it grew into a coat, and she was never cold again.",
    ], r"\w+ \w+", "The user wants a story."),
    "poem": (Wordings("ask", """
[Tell|Write|Give|Read] me a [short|little|nice|] [poem|verse|rhyme]
[Can you|Could you] [write|make] [me|] a [poem|rhyme|haiku]
[Write|Make|Make up] a [short|] [poem|haiku|rhyme]
[I want|I'd like] a poem
[A poem|poem|another poem|do you know a poem]
[Say|Do you know] something [poetic|that rhymes]
[Can you|Could you|Will you|Please|Would you] [write|make|tell|give|say|compose] [me|us|] [a|another|one] [short|little|nice|small|] [poem|verse|rhyme|haiku]
[I want|I'd like|I need|We want|Let me] [to hear|hear|to read|] [a|another|one more] [short|good|little|nice|] [poem|rhyme|verse]
[Write|Tell|Give|Compose|Read] [me|us] [a|another|one more] [short|little|nice|] [poem|verse|rhyme] [about a <noise>|about the moon|please|for my friend|]
[another|one more|a new|a] [poem|verse|rhyme] [please|now|then|]
[Do you|You must] [know|have] [a|any|some] [good|short|nice|] [poem|poems|rhymes|verses]
[Say|Write|Tell me] something [poetic|that rhymes|in verse|in rhyme]
""", "Write a poem\nWrite me a short poem"), ["The moon is small, the night is deep, and even tiny models sleep."], r"moon", "The user wants a poem."),
    "there": (Wordings("ask", """
Are you [there|still there|here|awake|listening|ready|working|online]
[Can you|Do you] [hear|read|see] me
[Do you|Can you] understand [me|English|what I say]
[Is anyone|Is anybody|Anyone|Anybody] [there|here|home]
[test|testing|this is a test|just testing|ping|testing testing]
[Does this|Is this thing] [work|on|working]
Can we [talk|chat]
[Let's|Let us] [talk|chat]
[I want|I'd like] to [talk|chat] [with you|]
Are you [there|still there|here|awake|listening|ready|working|online|with me|still with me] [now|today|again|my friend|]
[Can you|Do you|Could you] [hear|read|see|understand] [me|this|what I write|my words|my messages|what I type] [now|]
[Is|Was] [anyone|anybody|someone|somebody] [there|here|home|listening|online]
[test|testing|a test|this is a test|just a test|just testing|test message|a small test] [test|one two|again|please|123|]
[Does|Is] [this|this thing|the chat|it|the program] [work|working|on|running] [now|]
[Can|Could|Shall|May] we [talk|chat|speak|have a chat|start] [now|a bit|]
[Let's|Let us] [talk|chat|begin|start|have a chat|speak] [a bit|now|]
[I want|I'd like|I need|I would like] to [talk|chat|speak] [with you|to you|to someone|a bit|]
[Say something|Answer me|Talk to me|Speak to me|Wake up|Give me a sign|Please respond]
""", "Are you there\ntest\nCan we talk"), ["Yes, I'm here. What can I do for you?"], r"yes", "The user checks that I am here."),
    "favorite": (Wordings("ask", """
[What's|What is] your [favorite|favourite] [color|food|animal|movie|book|song|sport|number|city|word|drink|fruit|thing|month]
Do you [like|love|enjoy|prefer|hate] [music|cats|dogs|pizza|chess|football|books|people|me|your job|rain|coffee|movies]
[How old|Where born|How tall] are you
[When is|When's] your birthday
[Do you have|Have you got] [a family|friends|feelings|a body|a brother|parents|a dog|a soul|emotions|a job|a cat|hobbies|dreams|children]
[Do you|Can you|Did you] [sleep|eat|dream|feel pain|get tired|drink|laugh|cry|think|die|feel|love]
What do you [eat|drink|like|wear]
[What are you|What're you] [doing|thinking|wearing|thinking about]
[Are you] [married|tired|hungry|sad|a boy or a girl|bored|a girl|male or female|in love]
[Which|What] [color|food|animal|music|sport] do you [like|love|prefer]
[What's|What is|Which is|Tell me] your [favorite|favourite] [color|food|animal|movie|book|song|sport|number|city|word|drink|fruit|game|band|place|season|day]
Do you [like|love|enjoy|prefer|hate|want] [music|cats|dogs|pizza|chess|football|books|people|me|your job|rain|coffee|movies|games|winter|ice cream|to travel|to dance|to sing|math|other bots]
[How old|How tall|How rich|How heavy|How young] are you
[When|Where] [is|was|were] [your birthday|you born|your home]
[Do you have|Have you got|Have you] [a|any] [family|friends|feelings|body|brother|parents|dog|soul|emotions|job|cat|hobby|hobbies|dreams|children|mother|wife|house|heart|birthday|eyes|hands]
[Do you|Can you|Did you] [ever|] [sleep|eat|dream|feel pain|get tired|drink|laugh|cry|think|die|feel|love|dance|smell|taste|run|get bored|feel sad]
What do you [eat|drink|like|wear|dream of|do all day|do at night|do for fun|feel|want|hope for|hate] [today|]
[What are you|What're you] [doing|thinking|wearing|thinking about|eating|reading|up to] [now|today|]
[Are you] [married|tired|hungry|sad|a boy or a girl|bored|a girl|male or female|in love|single|lonely|old|young|afraid|rich|angry|ill]
""", "How old are you\nDo you have feelings"), ["I'm only a small computer program, so there is nothing to tell about that."], r"program", "The user asks about my life."),
}


def gibberish(c: Chat) -> str:
    kind = c.rng.random()
    letters = "asdfghjklqwertyuiopzxcvbnm"
    if kind < 0.5:
        return " ".join("".join(c.rng.choice(letters) for _ in range(c.rng.randint(3, 9))) for _ in range(c.rng.randint(1, 3)))
    if kind < 0.7:
        return "".join(c.rng.choice("?!.,;#$%&*()") for _ in range(c.rng.randint(1, 7)))
    if kind < 0.85:
        return c.rng.choice(letters[:9]) * c.rng.randint(2, 9)
    return str(c.rng.randint(1, 10**6)) + c.rng.choice(["", "??", "x", " z"])


def talk(c: Chat, topic: str | None = None):
    if topic is None and c.chance(0.08):
        return c.add(gibberish(c), "I didn't understand that. Could you say it in other words?", {"contains": ["understand"]}, "This makes no sense.")
    topic = topic or c.rng.choice(list(TALK))
    wordings, replies, shows, thought = TALK[topic]
    user = c.say(wordings, noise=c.noun())
    if wordings.kind == "bare" and c.chance(0.35) and user[-1].isalnum():
        user += c.rng.choice(["!", ".", "!", " :)", "!!", "..."])
    reply = c.rng.choice(replies)
    if topic in ("hello", "thanks", "bye") and "name" in c.facts and c.chance(0.25):
        reply = {"hello": "Hello, {}! What can I do for you?", "thanks": "You're welcome, {}!", "bye": "Goodbye, {}! Come back any time."}[topic].format(c.facts["name"])
    c.add(user, reply, {"regex": shows}, thought)


REMARK = Wordings("tell", """
[I saw|I found|I bought|I lost|I have|I need|I made|I ate|I want|I got|I sold|I dropped|I painted|I cleaned|I fixed|We saw|We bought|They have] [a|the|my|this|some|another] <thing> [today|yesterday|this morning|last week|again|at home|on the way|]
[The|This|Her|That|His|Their] <thing> is [broken|new|nice|old|very big|too small|lovely|gone|red|green|too expensive|heavy|cheap|beautiful|on the table|in the garden]
[I like|I love|I hate|I don't like|I enjoy|I collect|I often see|I dream of|I need|I sell|We grow|Children love] <things>
[It is|It's] [raining|sunny|cold|late|warm|Monday|my day off|snowing|windy|dark|early|hot|foggy] [today|here|outside|again|]
[I went to|I'm going to|I was at|I live near|I walked to|We drove to] the <thing> [today|yesterday|with my friend|by bus|]
[We have|There is|There was|I put] a <thing> in the [garden|house|kitchen|street|box|car|park|bag]
[I'm|I am|We are] [going home|at home|at work|on holiday|learning to cook|reading a book|drinking coffee|cleaning the house|on the bus|waiting for a friend|making dinner|watching a film]
[Today|Yesterday|This morning|Last night|On Sunday] [I|we] [ate|saw|bought|cooked|found|lost|cleaned|painted] [a|the|some] <thing>
""")


def statement(c: Chat):
    """A remark that asks for nothing."""
    thing = words.word(c.rng, c.held_values)
    c.add(c.say(REMARK, thing=thing, things=words.plural(thing)), "That's nice to know. Tell me more!", {"contains": ["nice to know"]}, "The user tells me something.")
