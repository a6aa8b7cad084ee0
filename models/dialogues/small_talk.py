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
""", "How are you\nHow are you?"), ["I'm fine, thank you! And you?", "I'm doing well, thanks! How are you?"], r"fine|well", "The user asks how I am."),
    "thanks": (Wordings("bare", """
[thanks|thank you|thank you very much|thanks a lot|many thanks|thx|ty|cheers|thank u|thanks!|thank you!|thanks so much|tysm|much appreciated|thanks for your help|thank you for that|thanks mate|great, thanks|ok thanks|perfect, thank you|cool thanks|i appreciate it|that helps, thanks|thanks for the help|thanks again]
[great|good|perfect|nice|ok|awesome|cool|super], [thanks|thank you|thx]
[thank you|thanks] [so much|very much|a lot|again|for that|for your help|friend|izwi|a bunch]
""", "Thanks\nThank you\nThanks!\nThank you!"), ["You're welcome!"], r"welcome", "The user thanks me."),
    "bye": (Wordings("bare", """
[bye|goodbye|bye bye|see you|see you later|good night|cya|farewell|so long|later|bye!|goodbye!|talk to you later|i have to go|gotta go|i'm leaving|see you tomorrow|that's all|that is all|i'm done|ttyl|take care|have a nice day|until next time]
[bye|goodbye|good night|see you], [thanks|friend|izwi|thank you|and thanks|see you soon]
[i have to|i must|i need to|i should] [go|leave|sleep|work|stop] [now|]
""", "Bye\nGoodbye\nBye!"), ["Goodbye! Come back any time."], r"bye", "The user says goodbye."),
    "ok": (Wordings("bare", """
[ok|okay|alright|fine|good|great|cool|nice|i see|right|sure|got it|understood|perfect|awesome|hmm|interesting|wow|ah|oh|aha|very good|excellent|lol|haha|yes|yeah|yep|no|nope|maybe|true|that's right|correct|exactly|indeed|k|kk|not bad|amazing|good answer|you're right|i think so|of course|never mind|nothing|whatever|so]
[that's|that is] [great|good|nice|cool|right|correct|fine|funny|wonderful|interesting|amazing]
""", "ok\nOkay\nyes\nno"), ["All right! What would you like to do next?"], r"all right", "There is nothing to answer."),
    "fine": (Wordings("bare", """
[i'm|i am|im] [fine|good|great|ok|doing well|happy|very well|so happy|excited|wonderful], [thanks|thank you|and you|thanks for asking]
[i'm|i am|im] [fine|good|great|okay|doing well|happy|very well|so happy|excited]
[i|we] had a [good|great|nice|wonderful|lovely] [day|week|time|morning]
""", "I'm fine\nI'm good"), ["I'm glad to hear that!"], r"glad", "The user is well."),
    "sad": (Wordings("bare", """
[i'm|i am|im|i feel] [sad|tired|bored|lonely|sick|angry|stressed|not well|unhappy|down|upset|exhausted|worried|afraid|depressed|hungry|cold|nervous|frustrated|lost]
[i|we] had a [bad|hard|terrible|long|rough|awful] [day|week|time|morning]
[my day was|today was|life is] [bad|hard|terrible|awful|tough]
""", "I'm sad\nI'm bored\nI'm tired"), ["I'm sorry to hear that. Would you like to hear a joke?"], r"sorry", "The user isn't well."),
    "love": (Wordings("bare", """
[i love you|i like you|you're great|you are great|you're funny|you are nice|you're smart|you are the best|good bot|you're awesome|you are cool|well done|you rock|nice work|you're amazing|good model|i like this|you are clever|you're helpful|you are very kind]
[you're|you are] [so|very|really] [nice|kind|funny|good|helpful|smart|cool|sweet|cute]
""", "I love you\nGood bot"), ["Thank you, that's kind of you!"], r"thank", "The user is kind."),
    "insult": (Wordings("bare", """
[you're|you are] [stupid|dumb|bad|useless|wrong|an idiot|slow|silly|terrible|boring|not very smart|not very clever|broken|annoying|awful|weak]
[that's|that is] [wrong|not right|stupid|false|not true|nonsense|incorrect|a lie|bad]
[bad bot|i hate you|you suck|wrong|nonsense|not good|bad answer|wrong answer|this is bad|i don't like you|shut up|try again|no that's wrong]
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
    user = c.say(wordings)
    if wordings.kind == "bare" and c.chance(0.35) and user[-1].isalnum():
        user += c.rng.choice(["!", ".", "!", " :)", "!!", "..."])
    reply = c.rng.choice(replies)
    if topic in ("hello", "thanks", "bye") and "name" in c.facts and c.chance(0.25):
        reply = {"hello": "Hello, {}! What can I do for you?", "thanks": "You're welcome, {}!", "bye": "Goodbye, {}! Come back any time."}[topic].format(c.facts["name"])
    c.add(user, reply, {"regex": shows}, thought)


def statement(c: Chat):
    """A remark that asks for nothing."""
    thing = words.word(c.rng, c.held_values)
    remark = Wordings("tell", """
[I saw|I found|I bought|I lost|I have|I need|I made|I ate|I want] [a|the|my] <thing> [today|yesterday|this morning|]
[The|My] <thing> is [broken|new|nice|old|very big|too small|lovely]
[I like|I love|I hate|I don't like|I enjoy] <thing>s
[It is|It's] [raining|sunny|cold|late|warm|Monday|my day off] [today|here|]
[I went to|I'm going to|I was at] the <thing> [today|yesterday|]
[We have|There is|There was] a <thing> in the [garden|house|kitchen|street]
[I'm|I am] [going home|at home|at work|on holiday|learning to cook|reading a book|drinking coffee]
""")
    c.add(c.say(remark, thing=thing), "That's nice to know. Tell me more!", {"contains": ["nice to know"]}, "The user tells me something.")
