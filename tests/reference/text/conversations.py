"""Conversations for the chat template goldens: every mix of roles, tools, tool calls and thinking that the format knows."""

import itertools
import random

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a place, e.g. \"Kraków\" or 東京 <now> & 'later'",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "line one\nline two\ttabbed \\ slashed / \u2028 \u007f \x01"},
                "days": {"type": "integer", "minimum": 0, "default": None},
                "unit": {"enum": ["C", "F"]},
            },
            "required": ["place"],
        },
    },
}
CLOCK = {"name": "clock", "parameters": {}, "extra": [1, -2.5, 1e20, 1e-7, 1.0, True, False, None, [], {}, [[]], "é\u0301😀"]}
TOOL_SETS = [None, [], [WEATHER], [CLOCK, WEATHER]]
THINKING = ["unset", True, False]

SYSTEM = {"role": "system", "content": "You are a pirate."}
EMPTY_SYSTEM = {"role": "system", "content": ""}
LATER_SYSTEM = {"role": "system", "content": "From now on, answer in French. /no_think"}
USER = {"role": "user", "content": "What's the weather in Kraków?"}
USER_MULTILINE = {"role": "user", "content": "  \n\nfirst\r\nsecond {{ not }} {% jinja %}\n\n"}
USER_EMPTY = {"role": "user", "content": ""}
TOOL_IN_USER = {"role": "user", "content": "<tool_response>\n12 C\n</tool_response>"}
HALF_TOOL_IN_USER = {"role": "user", "content": "<tool_response>\n12 C"}
ASSISTANT = {"role": "assistant", "content": "It rains."}
ASSISTANT_EMPTY = {"role": "assistant", "content": ""}
ASSISTANT_NEWLINES = {"role": "assistant", "content": "\n\n It snows. \n\n"}
THOUGHT_INLINE = {"role": "assistant", "content": "<think>\nLet me look.\n</think>\n\nIt rains."}
THOUGHT_EMPTY = {"role": "assistant", "content": "<think>\n\n</think>\n\nIt rains."}
THOUGHT_TWICE = {"role": "assistant", "content": "a<think>one</think>two<think>three</think>\n\nfour<think>five"}
THOUGHT_UNOPENED = {"role": "assistant", "content": "Only an end\n</think>\nIt hails."}
THOUGHT_UNCLOSED = {"role": "assistant", "content": "<think>\nnever closed"}
REASONED = {"role": "assistant", "content": "It rains.", "reasoning_content": "\n\nClouds, so rain.\n"}
REASONED_EMPTY = {"role": "assistant", "content": "\nIt rains.", "reasoning_content": ""}
REASONED_BOTH = {"role": "assistant", "content": "<think>\nin\n</think>\n\nout", "reasoning_content": "given"}
CALL_OBJECT = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"type": "function", "id": "call_1", "function": {"name": "get_weather", "arguments": {"place": "Kraków <b>", "days": 2}}}
    ],
}
CALL_STRING = {
    "role": "assistant",
    "content": "Let me see.",
    "tool_calls": [{"function": {"name": "get_weather", "arguments": '{"place":"東京","days":1}'}}],
}
CALL_TWO = {
    "role": "assistant",
    "content": "",
    "reasoning_content": "Two of them.",
    "tool_calls": [
        {"function": {"name": "clock", "arguments": {}}},
        {"function": {"name": "get_weather", "arguments": {"place": "x", "nested": {"z": [1, {"a": "ü"}], "b": None}}}},
    ],
}
CALL_FLAT = {"role": "assistant", "content": "\n", "tool_calls": [{"name": "clock", "arguments": "{}"}]}
CALL_NONE = {"role": "assistant", "content": "No call.", "tool_calls": []}
RESULT = {"role": "tool", "content": "12 C", "tool_call_id": "call_1"}
RESULT_NAMED = {"role": "tool", "content": '{"time": "10:00",\n "zone": "é"}', "name": "clock"}

ALL = [
    value
    for name, value in sorted(globals().items())
    if name.isupper() and isinstance(value, dict) and "role" in value
]


def shapes():
    """Lists of messages: all the hand-made ones, every single message, every pair, and a random sample of longer ones."""
    yield [USER]
    yield [SYSTEM, USER]
    yield [SYSTEM, USER, ASSISTANT, LATER_SYSTEM, USER]
    yield [SYSTEM, USER, CALL_OBJECT, RESULT, REASONED, USER, CALL_TWO, RESULT, RESULT_NAMED, THOUGHT_INLINE]
    yield [USER, CALL_STRING, TOOL_IN_USER, CALL_FLAT, RESULT, REASONED]
    yield [USER, THOUGHT_INLINE, USER, THOUGHT_EMPTY, HALF_TOOL_IN_USER]
    yield [USER, REASONED, CALL_TWO, RESULT, REASONED_EMPTY, CALL_OBJECT]
    for message in ALL:
        yield [message]
        yield [USER, message]
        yield [SYSTEM, USER, message, USER]
    for pair in itertools.product(ALL, repeat=2):
        yield [USER, *pair]
    sample = random.Random(20250429)
    for length in range(3, 9):
        for _ in range(60):
            yield [sample.choice(ALL) for _ in range(length)]


def prompts():
    """Prompts in the form of ChatPrompt: {messages, tools?, add_generation_prompt, enable_thinking?}."""
    for index, messages in enumerate(shapes()):
        for offset, thinking in enumerate(THINKING):
            for generate in (True, False):
                tools = TOOL_SETS[(index + offset) % len(TOOL_SETS)]
                prompt = {"messages": messages, "add_generation_prompt": generate}
                if tools is not None:
                    prompt["tools"] = tools
                if thinking != "unset":
                    prompt["enable_thinking"] = thinking
                yield prompt


def fixtures(limit):
    """A sample of prompts small enough to be committed; every message kind and option is in it."""
    everything = list(prompts())
    first = everything[: 6 * 7]
    rest = random.Random(7).sample(everything[len(first) :], limit - len(first))
    return first + rest
