"""The state a dialogue is grown from: what was told so far, and who is speaking."""

from dataclasses import dataclass, field

from dialogues.dialogue import Turn
from dialogues.wording import Wordings

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
    turns: list = field(default_factory=list)

    def say(self, wordings: Wordings, **slots) -> str:
        return wordings.say(self.rng, self.held_wording, **slots)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def add(self, user: str, answer: str, check: dict | None = None, thought: str | None = None):
        self.turns.append(Turn(user, answer, check, thought))
