"""Wordings of names and workplaces: telling them, changing them, asking for them."""

from dialogues.frames import asked, told
from dialogues.wording import Wordings

TELL_NAME = told("""
my name is <name>
my name is <name>
[I'm|I am] <name>
[I'm|I am] [called|named] <name>
[my name's|the name's|the name is|name's|name is] <name>
my [first|given|full|real|own|proper|birth|chosen] name is <name>
[people|friends|my friends|everyone|everybody|folks|they|colleagues|my family|most people|my neighbours|my mates|the others] call me <name>
[everyone|everybody|my family|the whole town|my team] calls me <name>
[people|friends|most people|my friends|some|they] know me [as|by the name of|under the name] <name>
I [usually|always|mostly|normally|just|] go by [the name|the name of|] <name>
I go under the name [of|] <name>
I [was named|got the name|was given the name|was called|was born as|carry the name|have the name|bear the name|answer to] <name>
my [parents|mother|father|mum and dad|grandparents] [named|called|chose to call] me <name>
[I'm|I am] [also|better|usually|generally|commonly|mostly] known as <name>
<name> is [my name|what I'm called|what people call me|how people know me|the name I use|my first name|what my friends call me|what it says on my card|me]
the name [I use|I have|I was given|I got|I like|that I go by|on my card|on my badge|on my door] is <name>
[you are|you're] [talking|speaking|chatting|writing] [to|with] <name>
you [can|may|could] [call|name] me <name>
the [person|user|man|woman|human|one] [you're talking to|writing this|who writes this|at the keyboard|here] is [called|named|] <name>
my name [would be|is simply|is just|happens to be|has always been|was always|reads|sounds like] <name>
""", """
Call me <name>
[You can|You may|Please|Just|Simply] call me <name>
[It's|It is|This is|Here is|Here's|That's] <name> [here|speaking|talking|again|]
<name> here
It's me, <name>
[I'd like to introduce myself|Nice to meet you|May I introduce myself|Pleased to meet you|Happy to be here], [I'm|my name is|I am|I'm called] <name>
[Remember|Please remember|Note|Learn] my name, [it's|it is] <name>
My name? [It's|It is|That's] <name>
[My name|Name|User|First name]: <name>
[Who am I? I'm|What's my name? It's|You ask my name: it's|Since you ask, I'm] <name>
[Address|Greet|Welcome] me as <name>
[Hi|Hello|Hey|Good morning|Good evening], [I'm|I am|my name is|this is|it's|call me] <name>
[Hi|Hello|Hey|Good day] from <name>
[Say hello to|Meet|Please welcome|Let me present] <name>, [that's me|it's me|that is my name]
[Save|Store|Use|Write down] <name> as my name
[When you talk to me|If you need me|When you answer me], [say|call me|use|just say] <name>
[For you|For short|To you] I'm <name>
[Speaking|Talking|Writing] [to you|] is <name>
The <noise> [says|shows|tells you] [my name is|I'm] <name>
[I came with|I bought|I have] a <noise> and my name is <name>
I'm <name>, [the one with the <noise>|a friend|a new user|nice to meet you|good to meet you|happy to meet you|how are you|hello]
My name is <name>, [what's yours|nice to meet you|hello|and who are you|how are you|good to see you]
""", "My name is <name>\nI'm <name>\nMy name is <name>.")

NAME_NOUNS = """
my name
my name
my [own|first|given|real|full|] name
the name I [gave|told|said to] you
the name [I have|I use|I go by|I told you|of the user|of this user|people call me by|you should call me by]
the name of the person [you're talking to|writing to you|you talk with|in front of you]
[how I'm called|what I'm called|who I am]
"""
NAME_CLAUSES = """
what my name is
what my name is
what my name was
what [my first name|my own name|my real name] is
what I'm called
what I am called
what [people|friends|they|my friends|others] call me
what you [should|can|will|may] call me
who I am
who [you're|you are] [talking|speaking|chatting|writing] [to|with]
which name I [have|use|go by|told you|gave you|said]
what name I [have|use|go by|told you|gave you|said]
who is [talking|speaking|chatting] [to|with] you
who [the user|this user|this person] is
how [I'm|I am] called
how [you should|to] [address|call] me
"""
ASK_NAME = asked("""
[What's|What is] my name
[What's|What is] my name
[Do you|Can you|Could you] [remember|recall|know] my name
[Who am I|Who am I again|Say who I am|Do you know who I am|Who might I be|Who could I be]
What [did I say|did I tell you|have I told you|do you think|would you say] my name [is|was]
[What name|Which name] did I [give|tell|mention to] you
[What am I called|What do people call me|How am I called|What do I call myself|What was I called]
[What should you|What do you|What will you|What would you|What can you|What are you going to] call me
[How do you|How should you|How would you|How will you] [address|call|greet] me
my name is [what|what again]
my name?
[Say|Repeat|State|Give|Write|Print|Spell out|Show] [me|] my name
[And|] [what's|what is] the name I [gave|told|said to] you
[Which name|What name] do I [have|go by|use|carry]
[You know|You remember] my name[, right|, don't you|]
[Who are you talking to|Who are you speaking with|Who is talking to you|Who is this|With whom are you talking|Who do you talk to|Who is sitting here|Who is at the keyboard]
Do you [still|] know [who you're talking to|who I am|my name]
[Call|Greet|Address] me by [my name|name]
[Say hello to me|Greet me|Say hi] [by name|with my name|using my name]
[Does my name|Did my name] [start with|begin with] a letter you know? [What is it|Say it]
[Am I|Who do you think I am] [a stranger|someone you know|], what is my name
[How was my name|How did my name go|What did my name sound like|What was my name like]
[Use|Write|Put] my name in a sentence
""", NAME_NOUNS, NAME_CLAUSES,
    "What's my name\nWhat is my name\nDo you remember my name\nDo you know my name\nWho am I\nWhat's my name?")

CHANGE_NAME = Wordings("tell", """
[Actually|Sorry|No|Wait|Correction|Oops|Hmm|Hold on|My mistake|Pardon|Excuse me|Ah no|I was wrong], [my name is|I'm|it's|call me|I am|I'm called|the name is|my real name is] <name>
[Actually|From now on|Now|Please|Starting now|From today|As of now|Instead|In future] [call me|I'm|I am|I'm called|my name is|I go by|say|use] <name> [instead|now|please|]
I [changed|have changed|just changed|want to change|will change|am changing|decided to change|would like to change] my name to <name>
I've changed my name to <name>
My [new name|name now|new first name|name from now on|current name] is <name>
My name is [now|actually|no longer <old>, it's|not <old>, it's|not <old> but] <name>
[I'm|I am] [now|actually|really|no longer <old> but|not <old> but|not <old>, I'm] [called|named|] <name>
[That was wrong|I lied|I made a mistake|That's not right|That was a joke|I mistyped|I misspelled it|That was a typo|Forget that|That's wrong|I was kidding|Just kidding|Not quite], my name is <name>
[That was wrong|I lied|I made a mistake|I was joking|Forget that|Forget that name|Forget <old>]. [My name is|I'm|It's|Call me] <name>
I [meant|meant to say|wanted to say|should have said|mean] <name>[, not <old>|]
[Don't call me|Stop calling me|Never call me|I'm not] <old>[, call me| any more, call me|, I'm|, my name is|. Call me|. It's|. I'm] <name>
<name>, not <old>
[Call me|Use|Say|I prefer|I want] <name>, not <old>
Not <old>[, <name>|, but <name>|. <name>|, it's <name>|, I said <name>]
[It's not|It isn't|I'm not called|My name isn't|My name is not] <old> but <name>
[My name was|I was|I used to be|I was called|You knew me as|You know me as|I told you I'm|I said I'm] <old>, [but now it's|now it's|now I'm|but I'm now|but call me|but my name is] <name>
[I'd prefer|I would prefer|I'd like|I'd rather have|I'd rather use|I want|I chose|I picked] the name <name>
I [like|prefer] <name> [better|more|] [than <old>|]
[Better|Rather|Instead,|Just|Simply] call me <name> [instead|]
[Please|] use <name> [now|from now on|instead of <old>|as my name|instead]
[You got my name wrong|Wrong name|That's the wrong name|That isn't my name|That's not my name|No, that's not me|You misheard], [it's|I'm|my name is|call me] <name>
[Change|Update|Replace|Switch|Set|Correct|Fix] my name [to|with] <name>
[Change|Update|Correct] my name: [it's|it is|I'm|] <name>
Replace <old> [with|by] <name>
[I got married|I moved|I thought about it|It's official|New day, new name|I have news] [and|,|:] [my name is now|I'm now|now I'm called|call me] <name>
[Let's use|Let's say|Let's make it|Make it|Let it be|Make that] <name> [instead|now|from now on|]
[You can|You may|You should|I want you to|I'd like you to|Can you|Could you|Would you] call me <name> [now|instead|from now on]
[People|Friends|Everybody|My friends|They] [now|] call me <name> [now|these days|instead|from now on]
[I go|I'm going|I'll go] by <name> [now|from now on|these days|instead]
[New name|Correction|Name change|Update]: <name>
[Today|This week|Since yesterday|As of today] [I'm|my name is|I'm called] <name>
[Forget|Drop|Delete|Ignore|Lose] [the old name|my old name|<old>|that name], [use|call me|it's|I'm|take] <name>
[Not any more|Not anymore|Wrong|Nope|No no], [it's|I'm|my name is] <name>
""", "Actually, my name is <name>\nCall me <name>\nSorry, my name is <name>\nActually, call me <name>")

TELL_WORK = told("""
I work [at|for|with] <work>
[I'm|I am] [working|employed|hired] [at|by] <work>
I [have a job|got a job|started a job|found work|have a position|took a job] at <work>
my [employer|company|workplace|firm|office|boss's company] is <work>
I [just|recently|] [joined|started at|signed with] <work>
I'm with <work>
[my job is|my work is|my desk is|my office is] at <work>
the [company|firm|place] I work [for|at] is <work>
I have worked [at|for] <work> for years
[I am|I'm] [an employee|one] of <work>
<work> [employs me|is my employer|is where I work|pays me|hired me|gave me a job|is the company I work for]
I [spend my days|earn my money|go to work|do my job] at <work>
I'm part of [the team at|] <work>
""", "My [employer|company]: <work>\nI [do|did] my <noise> job at <work>", "I work at <work>")
TELL_NAME_WORK = Wordings("tell", """
[My name is|I'm|I am|It's|This is|My name's|I'm called|Call me] <name> [and|,] I work [at|for] <work>
[My name is|I'm|I am|This is|It's] <name> [from|of|at|with] <work>
[I'm|I am|My name is] <name>, [employed|working|hired] [at|by] <work>
[My name is|I'm] <name> and [my company is|my employer is|I'm with|I have a job at] <work>
<name> here, [from|at] <work>
[I work at|I'm with|I'm employed by|My company is] <work> and [my name is|I'm|I am called|people call me] <name>
[My name is|I'm] <name>. [I work at|I'm employed at|My employer is|I work for] <work>
[Hello|Hi], [I'm|my name is] <name> and I [just|] [work|started|joined] at <work>
[People call me|They call me|You can call me] <name>, [I work at|and I work for] <work>
""", "My name is <name> and I work at <work>")
ASK_WORK = asked("""
Where do I work
[What|Which] company do I work [for|at]
[Who is|Who's|What is|What's] my employer
[Where am I employed|Who do I work for|Where is my job|Who employs me|Who pays me|Where is my desk|Where do I earn my money]
Where did I say I work
At [which|what] company do I work
[Which|What] company [employs|pays|hired] me
Where do I go to work
""", """
my [employer|workplace|company]
the company I work for
the name of my [company|employer|firm]
the place where I work
""", """
where I work
where I work
who I work for
[which|what] company I work [for|at]
who my employer is
where [my job is|I'm employed|I am employed]
""", "Where do I work\nWhere do I work?")
