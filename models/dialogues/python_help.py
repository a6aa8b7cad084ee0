"""A few Python questions whose short answers are learned by heart."""

from dialogues.chat import Chat
from dialogues.wording import Wordings

START_ASK = Wordings("tell", """
[I need|I want|I could use|I'm looking for] [help|some help|a hand] with [Python|my Python code|programming|my code|coding|a program|my script]
[Can you|Could you|Will you] help me with [Python|my code|programming|coding|a Python program]
Help me with [Python|my code|programming|coding]
[I'm learning|I want to learn|I study|I'm new to] [Python|programming|to code]
[I have a question|I have questions] about [Python|programming|code|coding]
[Do you know|Can you write|Do you speak] [Python|code|any code]
[Let's|Let us] [code|program|write some Python|write code]
""", "Hi, I need help with Python\nI need help with Python\nCan you help me with Python")
START_ANSWER = "Sure! What would you like to do in Python?"


def fence(code: str) -> str:
    return f"```python\n{code}\n```"


SNIPPETS = [
    (Wordings("ask", """
How [do|can|would|should] I [read|open|load] a [file|text file] [in Python|with Python|]
How to [read|open] a [file|text file] [in Python|]
[Show|Tell] me how to [read|open] a [file|text file] [in Python|with Python|]
[What's|What is] the way to read a file [in Python|]
[Write|Give me] [Python|] code [to read|that reads|that opens] a file
Read a file [in Python|with Python]
[I want|I need|I'd like] to read a file [in Python|]
[Can you|Could you] [show me how to|] read a file [in Python|]
""", "How do I read a file?\nHow do I read a file\nHow do I read a file in Python"),
     'Open it with `with`, so that it is closed again:\n' + fence('with open("file.txt") as file:\n    text = file.read()'), "open("),
    (Wordings("ask", """
How [do|can|would] I [write|write to|save|create] a [file|text file] [in Python|with Python|]
How to [write|save] a [file|text file] [in Python|]
[Show|Tell] me how to write [to|] a file [in Python|]
[Write|Give me] [Python|] code [to write|that writes|that saves] a file
[I want|I need] to write [to|] a file [in Python|]
Save text to a file [in Python|]
""", "How do I write a file?\nHow do I write a file"),
     'Open it for writing:\n' + fence('with open("file.txt", "w") as file:\n    file.write("Hello")'), '"w"'),
    (Wordings("ask", """
[Write|Give me|Show me|Print] [a|] hello world [program|example|] [in Python|]
How [do|can] I [print|show|write] [text|something|hello|hello world|a line] [in Python|]
How to print [text|something|hello world|] [in Python|]
[Write|Show me] a [first|simple|small|tiny] Python program
[What's|What is] the print function
""", "Write hello world in Python"), fence('print("Hello, world!")'), "print("),
    (Wordings("ask", """
How [do|can] I [write|make|use] a [loop|for loop] [in Python|]
How to [write|make] a [loop|for loop] [in Python|]
[Show|Give|Write] me a [for loop|loop] [in Python|]
[What's|What is] a [for loop|loop] [in Python|]
[Write|Show] a [for loop|loop] [in Python|]
[Loop|Iterate] over a list [in Python|]
""", "How do I write a loop in Python"), "A for loop goes through a list:\n" + fence("for item in [1, 2, 3]:\n    print(item)"), "for item"),
    (Wordings("ask", """
How [do|can] I [write|make|define|create] a function [in Python|]
How to [write|define|make] a function [in Python|]
[Show|Give|Write] me a [Python|] function
[What's|What is] a function in Python
[Write|Define|Show] a [small|simple|] function [in Python|]
[Write|Give me] a function [that adds|to add] two numbers
""", "How do I write a function in Python"), "Define it with `def`:\n" + fence("def add(a, b):\n    return a + b"), "def add"),
    (Wordings("ask", """
How [do|can] I [make|create|use] a list [in Python|]
How to [make|create] a list [in Python|]
[Show|Give] me a [Python|] list
[What's|What is] a list in Python
[Add|Append] [an item|something] to a list [in Python|]
How [do|can] I [append|add] to a list [in Python|]
""", "How do I make a list in Python"), "A list is written in brackets:\n" + fence("items = [1, 2, 3]\nitems.append(4)"), "append"),
    (Wordings("ask", """
How [do|can] I install a [package|library|module] [in Python|with pip|]
How to install a [Python|] [package|library]
[Install|Add] a [Python|] package
[What's|What is] pip
How [do|can] I use pip
""", "How do I install a package"), "Run this in a terminal:\n```\npip install name\n```", "pip install"),
]


def start(c: Chat):
    c.add(c.say(START_ASK), START_ANSWER, {"contains": ["Python"]}, "The user wants help with code.")


def snippet(c: Chat):
    wordings, answer, shows = c.rng.choice(SNIPPETS[:1] * 3 + SNIPPETS)
    c.add(c.say(wordings), answer, {"contains": [shows]}, "The user asks about Python.")
