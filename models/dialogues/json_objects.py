"""Small JSON objects, asked for by pairs or by a sentence about someone."""

import json

from dialogues import words
from dialogues.chat import Chat
from dialogues.facts import pool
from dialogues.wording import Wordings

KEYS = {
    "name": words.name,
    "age": lambda rng, held: rng.randint(5, 98),
    "city": pool(words.CITIES),
    "color": pool(words.COLORS),
    "job": pool(words.JOBS),
    "pet": pool(words.ANIMALS),
    "food": pool(words.FOODS),
    "id": lambda rng, held: rng.randint(1, 9999),
    "score": lambda rng, held: rng.randint(0, 100),
    "word": words.word,
    "title": words.word,
    "country": pool(words.CITIES),
    "price": lambda rng, held: rng.randint(1, 500),
    "code": words.word,
}
MORE_KEYS = """size count level number year total height weight points""".split()
MORE_TEXT_KEYS = """type brand team hobby sport language street shop fruit animal drink day month label status role owner author
key value item product model shape tool""".split()

ASK = Wordings("ask", """
Answer in JSON: <pairs>
[Answer|Reply|Respond|Write|Return|Format it] [in|as|with|using] JSON: <pairs>
[Give me|Make|Write|Create|Build|Generate|Return|Output|Produce|Compose|Print|Send me|Show me] [a|one|some|] JSON [object|data|file|text|] [with|from|of|for|out of|using|containing] <pairs>
[Give me|Make|Write|Create|Build|Generate|Return|Output|Produce|Print|Send me|Show me] [a|one|the|] JSON [object|data|for this|]: <pairs>
[Put|Turn|Convert|Write|Format|Transform|Express|Pack|Wrap|Change|Store|Save] <pairs> [in|into|as|to] [JSON|a JSON object]
[Put|Turn|Convert|Write|Format|Transform|Pack|Change|Store] [this|the following|these|it|that|the data|these facts] [in|into|as|to] [JSON|a JSON object]: <pairs>
[Can you|Could you|Please|Would you|Will you] [write|make|give me|create|produce|return|print] [JSON|a JSON object|some JSON] [with|for|from|of|]: <pairs>
[Can you|Could you|Would you] [turn|convert|put|change|format] <pairs> [into|to|in] JSON
JSON [please|with|for|object|of|from|now|again]: <pairs>
JSON: <pairs>
json <pairs>
<pairs>. [Answer|Reply|Write it|Give it to me|Write that|Return it|I need it|Put it|Say that|Show it] [in|as] JSON
<pairs>. [JSON please|Make it JSON|Now as JSON|Turn it into JSON|Convert it to JSON|Format: JSON|The JSON please]
<pairs> [as|in|to|into] [JSON|a JSON object]
<pairs> -> JSON
[I need|I want|I'd like|I would like|We need] [a JSON object with|JSON with|the JSON for|JSON for|JSON from|an object in JSON with|it in JSON:] <pairs>
[Show|Print|Write|Give] [me|] the JSON [for|of] <pairs>
[What is|What's|How is|How would] <pairs> [look|] [in|as] JSON
[What does|How does] <pairs> look [in|as] JSON
[Make|Build|Create] an object: <pairs>. [JSON|Use JSON|In JSON]
[Use|Write|Only|Answer with] JSON[.|,|:] <pairs>
[Serialize|Serialise|Represent|Describe|List|Note] <pairs> [as|in] JSON
[Here is|Here are|I have] [my data|some data|the data|data]: <pairs>. [I need JSON|Make JSON of it|In JSON please|As JSON]
[Fields|Data|Values|Keys and values|Facts|Properties|Input]: <pairs>. [JSON|As JSON|Give me JSON|Output JSON]
[A|One] [JSON|JSON object] with [the keys|keys|the fields|fields|the values|values|the data] <pairs>
[JSON|A JSON object] [where|in which] <pairs>
Object with <pairs>, [in|as] JSON
[My program|My script|The server|The <noise>] [needs|wants|expects] JSON [for|with]: <pairs>
""", "Answer in JSON: <pairs>\nGive me JSON with <pairs>")

SENTENCES = {
    ("name", "age"): """
<name> is <age> [years old|]
<name> [aged|, age] <age>
<name>, <age> years old
[a person|a user|someone|a man|a woman|a friend] [named|called] <name>[,| and] [aged|age] <age>
[a person|a user|someone|a friend] [named|called] <name> who [has the age|has reached the age] <age>
a <age> year old [named|called] <name>
my friend <name> is <age>
<name> (<age>)
""",
    ("name", "city"): """
<name> lives in <city>
<name> from <city>
<name> in <city>
[a person|a user|someone] [named|called] <name> [from|in|living in] <city>
""",
    ("name", "job"): """
<name> works as a <job>
<name>, the <job>
<name> the <job>
[a person|someone|a <job>] [named|called] <name> with the job <job>
""",
    ("name", "pet"): """
<name> has a <pet>
<name> with a <pet> as pet
""",
    ("name", "age", "city"): """
<name> is <age> and lives in <city>
<name>, <age>, from <city>
<name>, <age> years old, lives in <city>
[a person|someone] [named|called] <name>, <age> years old, from <city>
""",
}
SENTENCES = {keys: Wordings("bare", patterns) for keys, patterns in SENTENCES.items()}


def draw_keys(c: Chat) -> list[str]:
    if c.chance(0.4):
        return ["name", "age"] if c.chance(0.6) else ["name", c.rng.choice(["city", "job", "color", "pet"])]
    keys = c.rng.sample(list(KEYS), c.rng.choice([1, 2, 2, 2, 3, 3, 4]))
    if c.chance(0.3):
        keys[c.rng.randrange(len(keys))] = c.rng.choice(MORE_KEYS + MORE_TEXT_KEYS)
    return keys


def draw_value(c: Chat, key: str):
    if key in MORE_KEYS:
        return c.rng.randint(0, 2000)
    return KEYS.get(key, words.word)(c.rng, c.held_values)


def paired(c: Chat, values: dict) -> str:
    """name is Bob and age is 40; name=Bob, age=40; name: Bob; "name" Bob …"""
    joint = c.rng.choice([" is ", " is ", " ", " ", " = ", "=", ": ", ": ", ":", " -> "])
    mark = c.rng.choice([""] * 8 + ['"', "'"])
    pairs = [f"{mark}{k}{mark}{joint}{v}" for k, v in values.items()]
    if c.chance(0.12):
        pairs = [p[0].upper() + p[1:] if not mark else p for p in pairs]
    comma = c.rng.choice([", ", ", ", ", ", "; ", " and ", "\n"])
    last = c.rng.choice([" and ", " and ", ", and ", comma])
    return last.join([comma.join(pairs[:-1]), pairs[-1]]) if len(pairs) > 1 else pairs[0]


def json_object(c: Chat):
    if c.chance(0.2):
        keys = c.rng.choice(list(SENTENCES))
        values = {k: draw_value(c, k) for k in keys}
        text = SENTENCES[keys].say(c.rng, False, plain=True, **values)  # too few wordings to hold any out
    else:
        values = {k: draw_value(c, k) for k in draw_keys(c)}
        text = paired(c, values)
    core = ASK.core(c.rng, c.held_wording).replace("<noise>", c.noun())
    if c.chance(0.35):
        core = core.lower()
    if c.chance(0.12):
        core += c.rng.choice([", please", " please", " now"])
    answer = json.dumps(values, ensure_ascii=False)
    c.add(core.replace("<pairs>", text), answer, {"json": values}, "The user wants JSON.")
