"""Writes crates/text/tests/fixtures: a small vocabulary, and what transformers makes of it.

`python make_goldens.py`, with transformers, tokenizers and jinja2 installed.
"""

import json
from pathlib import Path

from chat_template import OURS, render
from conversations import fixtures
from strings import strings
from vocabulary import CONTROL_TOKENS, PRINTED_TOKENS, as_gguf, as_transformers, train

FIXTURES = Path(__file__).parents[3] / "crates" / "text" / "tests" / "fixtures"
NUM_PROMPTS = 160
NUM_PROMPTS_WITH_IDS = 60


def write(name, lines):
    """One case a line, so that a change is easy to read."""
    text = "[\n" + ",\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines) + "\n]\n"
    (FIXTURES / name).write_text(text, encoding="utf-8")
    print(f"{name}: {len(lines)} cases, {len(text.encode())} bytes")


def plain_ids(tokenizer, text):
    """Ids with no special token recognised: the pipeline without its added tokens."""
    backend = tokenizer.backend_tokenizer
    normalized = backend.normalizer.normalize_str(text)
    words = backend.pre_tokenizer.pre_tokenize_str(normalized)
    return [token.id for word, _ in words for token in backend.model.tokenize(word)]


def encode_cases(tokenizer):
    cases = []
    for text in dict.fromkeys(strings()):
        with_special = tokenizer(text)["input_ids"]
        cases.append({
            "text": text,
            "ids": plain_ids(tokenizer, text),
            "special_ids": with_special,
            "decoded": tokenizer.decode(with_special, clean_up_tokenization_spaces=False),
            "printed": tokenizer.decode(with_special, skip_special_tokens=True, clean_up_tokenization_spaces=False),
        })
    return cases


def has_special(prompt):
    text = json.dumps(prompt, ensure_ascii=False)
    return any(token in text for token in CONTROL_TOKENS + PRINTED_TOKENS)


def chat_cases(tokenizer):
    """Rendered prompts. Some have ids: only those without a special token's text, where ours must be the same."""
    template = OURS.read_text(encoding="utf-8")
    cases, with_ids = [], 0
    for prompt in fixtures(NUM_PROMPTS):
        case = {"prompt": prompt, "rendered": render(template, prompt)}
        if with_ids < NUM_PROMPTS_WITH_IDS and not has_special(prompt):
            case["ids"] = tokenizer(case["rendered"])["input_ids"]
            with_ids += 1
        cases.append(case)
    return cases


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    tokens, merges = train()
    tokenizer = as_transformers(tokens, merges)
    vocabulary = json.dumps(as_gguf(tokens, merges), ensure_ascii=False, separators=(",", ":"))
    (FIXTURES / "vocabulary.json").write_text(vocabulary + "\n", encoding="utf-8")
    write("encode.json", encode_cases(tokenizer))
    write("chat.json", chat_cases(tokenizer))


if __name__ == "__main__":
    main()
