"""What a dialogue is: plain data, from the generator to the batches and the evaluation."""

from dataclasses import dataclass, field

EMPTY_THINK = "<think>\n\n</think>\n\n"


@dataclass
class Turn:
    """One exchange. `check` says, as data, what an acceptable reply looks like (see evaluate.mjs)."""

    user: str
    answer: str
    check: dict | None = None
    thought: str | None = None
    no_think: bool = False

    def target(self) -> tuple[str, str]:
        """(what the prompt already holds after the role, what the model writes)."""
        if self.no_think:
            return "", EMPTY_THINK + self.answer
        if self.thought is not None:
            return "", f"<think>\n{self.thought}\n</think>\n\n{self.answer}"
        return EMPTY_THINK, self.answer


@dataclass
class Dialogue:
    system: str | None = None
    turns: list[Turn] = field(default_factory=list)
