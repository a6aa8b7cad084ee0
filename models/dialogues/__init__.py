"""Generates the training dialogues from templates and a little grammar: see mixture.py for how they are grown."""

from dialogues.dialogue import Dialogue, Turn
from dialogues.mixture import make_dialogue

__all__ = ["Dialogue", "Turn", "make_dialogue"]
