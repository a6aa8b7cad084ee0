"""The state a dialogue is grown from: what was told so far, and who is speaking."""

from dataclasses import dataclass, field

from dialogues import words
from dialogues.dialogue import Turn
from dialogues.wording import Wordings, expand, loosened

REMARKS = """
The <noise> is [nice|broken|new|old|very big|too small] [today|again|as always|].
[The weather is|It is] [nice|bad|cold|warm|sunny|rainy] [today|here|].
I [like|love|bought|saw|found|lost|need] [a|the|my] <noise> [today|yesterday|].
I'm [at home|at work|on the train|in a hurry|tired|new here|back|in the <noise>] [now|today|].
[Thanks for that|Thank you|That was quick|Well done|Nice answer|Very good|Good to see you|It's good to be here|Long day today].
[I have a question|One more thing|Let me ask you something|I'm testing you|Here is a question|This is for my <noise>].
[We had|There was|I ate] a <noise> [today|for lunch|this morning|].
[Hello there|Hi again|Good day|How nice|So|Okay|All right|Great].
[My|Your|The] <noise> [is here|fell down|works well|is ready|looks good].
[Don't worry|No rush|Take your time|It's important|Just curious|I'm only asking].
""".strip().splitlines()
GET_BIGGER = "izwi pull qwen3-chat-0.6b-4bit"


@dataclass
class Chat:
    """held_values and held_wording pick the evaluation's side of every name and wording."""

    rng: object
    held_values: bool = False
    held_wording: bool = False
    system: str | None = None
    style: object = None  # dialogues.styles.Style, or None
    facts: dict = field(default_factory=dict)  # key -> value, as told
    kinds: dict = field(default_factory=dict)  # key -> facts.Fact, of those that are one
    turns: list = field(default_factory=list)

    def say(self, wordings: Wordings, **slots) -> str:
        """A message: a wording; in training some have a word changed, or a remark about something else beside them."""
        core = wordings.core(self.rng, self.held_wording)
        training = wordings.kind != "bare" and not self.held_values
        if training and self.chance(0.07):
            core = loosened(self.rng, core, words.word(self.rng, False))
        text = wordings.worded(self.rng, core, **slots)
        if not training or not self.chance(0.06):
            return text
        remark = self.remark()
        if self.chance(0.7):
            return f"{remark} {text}"
        return f"{text if text[-1] in '.?!:)' else text + '.'} {remark}"

    def bare(self, wordings: Wordings, **slots) -> str:
        """A wording to stand inside a longer message."""
        return wordings.say(self.rng, self.held_wording, plain=True, **slots)

    def noun(self) -> str:
        return words.choose(self.rng, words.WORDS, self.held_values)

    def remark(self) -> str:
        remark = expand(self.rng, self.rng.choice(REMARKS))
        return remark.replace("<noise>", self.noun())

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def add(self, user: str, answer: str, check: dict | None = None, thought: str | None = None):
        self.turns.append(Turn(user, answer, check, thought))
