"""Wordings of names, workplaces and codes: telling them, changing them, asking for them."""

from dialogues.wording import Wordings

TELL_NAME = Wordings("tell", """
My name is <name>
[I'm|I am] <name>
[I'm|I am] called <name>
The name's <name>
[My name's|My name is] <name>
Call me <name>
[You can|You may|Please|Just] call me <name>
[People|Friends|My friends|Everyone] call[s|] me <name>
[It's|This is] <name> [here|speaking|talking|]
<name> here
[They|Folks] call me <name>
I go by [the name|] <name>
My [first|given|full|real|] name is <name>
[You are|You're] [talking|speaking|chatting] [to|with] <name>
[Let me introduce myself|Allow me to introduce myself], I'm <name>
[I'd like to introduce myself|Nice to meet you], [I'm|my name is|I am] <name>
[Remember|Please remember|Note|Keep in mind] [that|] my name is <name>
[Remember|Please remember] my name, [it's|it is] <name>
[I want|I'd like] you to [know|remember] [that|] my name is <name>
I [was named|got the name] <name>
My parents [named|called] me <name>
name is <name>
[I'm|I am] [also|better|usually] known as <name>
[Everyone|Everybody|My family] [knows me as|calls me] <name>
I [usually|always|mostly] go by [the name|] <name>
I go [under|by] the name [of|] <name>
[People|Friends|You] [know me as|can know me as] <name>
[The name|My name] [would be|is simply|is just] <name>
""", "My name is <name>\nI'm <name>")

ASK_NAME = Wordings("ask", """
[What's|What is] my name
[Do you|Can you|Could you] [remember|recall|know] my name
[Do you|Can you] [remember|recall|know] what my name is
[Do you|Can you] [remember|know] [who I am|who am I]
[Who am I|Who am I again|Say who I am]
[Can you|Could you|Would you] tell me my [first|own|] name
[Tell|Remind] me [of|] my name
[Tell|Remind] me what my name is
What [did I say|did I tell you] my name [is|was]
[What name did I give you|What name did I tell you|Which name did I give]
[What am I called|What do people call me|How am I called|What do I call myself]
[What should you|What do you|What will you] call me
[How do you|How should you|How would you] [address|call] me
my name is [what|what again]
[Say|Repeat|State|Give|Write|Print|Spell out|Show] [me|] my name
[And|] [what's|what is] the name I [gave|told|said to] you
[Have you|You haven't] forgotten my name
Did you [forget|remember|get|catch|note] my name
[Which name|What name] do I [have|go by|use]
[You know|You remember] my name[, right|, don't you|]
[Who are you talking to|Who are you speaking with|Who is talking to you|Who is this|With whom are you talking]
[I forgot|I can't remember] my name, [what is it|what was it|tell me]
Do you [still|] know [who you're talking to|who I am|my name]
""", "What's my name\nWhat is my name\nDo you remember my name\nDo you know my name\nWho am I")

CHANGE_NAME = Wordings("tell", """
[Actually|Sorry|No|Wait|Correction|Oops], [my name is|I'm|it's|call me] <name>
[Actually|From now on|Now|Please] call me <name> [instead|now|]
[I changed|I've changed|I have changed] my name to <name>
My [new name|name now] is <name>
My name is [now|actually] <name>
[I'm|I am] [now|actually|really] [called|named|] <name>
[That was wrong|I lied|I made a mistake|That's not right], my name is <name>
[I meant|I meant to say] <name>
[Change|Update|Correct] my name to <name>
[From now on|From today], [I'm|my name is|I am] <name>
Not <old>, [my name is|I'm|it's|call me] <name>
My name [isn't|is not] <old>, it's <name>
[I'm|I am] not <old>, [I'm|I am] <name>
Forget <old>, [I'm|my name is|call me] <name>
I'd [rather|like to] be called <name>
[I prefer|I would prefer|I like] <name> [more|instead|better|]
[Let's|Let us] use <name> instead
[It's not|It isn't] <old> but <name>
[My name was|I was] <old>, [but now it's|now it's|now I'm] <name>
[I'd prefer|I would prefer|I'd like] the name <name>
[I like|I prefer] <name> [better|more] than <old>
[Better|Rather|Instead,] call me <name>
[Please|] use <name> [now|from now on|instead of <old>]
[You got my name wrong|Wrong name|That's the wrong name], [it's|I'm|my name is] <name>
""", "Actually, my name is <name>\nCall me <name>\nSorry, my name is <name>")

TELL_WORK = Wordings("tell", """
I work [at|for] <work>
I'm [working|employed] [at|by|for] <work>
I [have a job|got a job|started a job] at <work>
My [employer|company|workplace] is <work>
I [just|recently|] [joined|started at] <work>
I'm with <work>
[My job is|My work is] at <work>
The company I work for is <work>
[I have|I've] worked [at|for] <work> for years
[I am|I'm] [an employee|part|one] of <work>
<work> [employs me|is my employer|is where I work|pays me]
I [spend my days|earn my money] at <work>
""", "I work at <work>")
TELL_NAME_WORK = Wordings("tell", """
[My name is|I'm|I am|It's|This is|My name's] <name> [and|,] I work [at|for] <work>
[My name is|I'm|I am|This is] <name> [from|of|at|with] <work>
[I'm|I am] <name>, [employed|working] [at|by] <work>
[My name is|I'm] <name> and [my company is|my employer is|I'm with] <work>
<name> here, from <work>
I work [at|for] <work> and [my name is|I'm] <name>
""", "My name is <name> and I work at <work>")
ASK_WORK = Wordings("ask", """
Where do I work
[What|Which] company do I work [for|at]
[Do you|Can you] [remember|know|tell me|recall] where I work
[Who is|Who's|What is|What's] my employer
[Tell|Remind] me where I work
[Where am I employed|Who do I work for|Where is my job|Who employs me]
[What's|What is] [my workplace|the name of my company|my company]
Where did I say I work
At [which|what] company do I work
""", "Where do I work\nWhere do I work?")

CODE_KINDS = """secret code|password|door code|pin|pin code|access code|magic word|secret word|wifi password|locker number|
safe code|gate code|alarm code|secret number|passphrase|lucky number|order number|ticket number|room number|code word""".replace(
    "\n", "").split("|")

TELL_CODE = Wordings("tell", """
[Remember|Remember this|Please remember|Note|Keep in mind|Don't forget|Save this|Memorize]: [the|my|] <kind> is <code>
[Remember|Please remember|Note|Don't forget|Keep in mind] [that|] [the|my] <kind> is <code>
[The|My] <kind> is <code>
[The|My] <kind> is <code>, [remember it|remember that|don't forget it|keep it in mind|please remember]
[Remember|Save|Keep|Store|Memorize|Note] the <kind> <code>
[I want|I need|I'd like] you to remember [the|my] <kind>: <code>
[Here is|Here's|This is] [the|my] <kind>: <code>
<code> is [the|my] <kind>
<kind>: <code>
[Let the|Let my] <kind> be <code>
[I'll tell you|Let me tell you] the <kind>: [it's|it is] <code>
[I set|I've set|I changed] the <kind> to <code>
[Use|Take] <code> as the <kind>
[I just changed|We changed|They changed] [the|my] <kind> to <code>
[I'd like|I need|I want] [the|my] <kind> to be <code>
[Please|] [store|keep|write down] [the|my] <kind>: <code>
[The|My] [new|current] <kind> is <code>
""", "Remember: secret code is <code>\nRemember: the <kind> is <code>\nThe <kind> is <code>\nRemember the <kind> <code>")
ASK_CODE = Wordings("ask", """
[What's|What is|What was] [the|my] <kind>
[Do you|Can you|Could you] [remember|recall|know] [the|my] <kind>
[Tell|Give|Show|Remind] me [the|my] <kind>
[Can you|Could you] [tell|give] me [the|my] <kind>
[Which|What] <kind> did I [tell|give] you
[What did I say|What did I tell you] [the|my] <kind> [was|is]
[Say|Repeat|Print|Write] [the|my] <kind>
[I forgot|I can't remember|I lost] [the|my] <kind>, [what is it|what was it|tell me|can you help]
[I need|I'd like to have|Let me have] [the|my] <kind>
[Remind|Tell] me what [the|my] <kind> [is|was]
Do you [still|] [know|remember|have] [the|my] <kind>
And [the|my] <kind>
<kind>
[Have you|Did you] [forgotten|forget] the <kind>
[How does|How did] the <kind> go
[Please|Now] [say|write|print|show] [the|my] <kind>
[Could you|Would you|Can you] [say|show|write|print] [me|] [the|my] <kind>
[What's|What is] [the|my] <kind> [again|that I told you|I gave you]
[Which|What] was [the|my] <kind>
""", "What's the <kind>\nWhat is the <kind>\nWhat's my <kind>\nDo you remember the <kind>\nWhat was the <kind>")
