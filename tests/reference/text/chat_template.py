"""Renders prompts as transformers does, and compares our chat template with Qwen3's own.

`python chat_template.py PATH/TO/Qwen-Qwen3-0.6B.jinja` says how many prompts were compared and fails at the first difference.
Qwen3's template is in the source distribution of PyPI's llama-cpp-python, under vendor/llama.cpp/models/templates.
"""

import argparse
import json
import sys
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

from conversations import prompts

OURS = Path(__file__).parents[3] / "models" / "chat_template.jinja"


def render(template, prompt):
    extra = {key: value for key, value in prompt.items() if key not in ("messages", "tools", "add_generation_prompt")}
    rendered, _ = render_jinja_template(
        [prompt["messages"]],
        tools=prompt.get("tools"),
        chat_template=template,
        add_generation_prompt=prompt["add_generation_prompt"],
        **extra,
    )
    return rendered[0]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("template", type=Path, help="Qwen3's own template")
    arguments.add_argument("--json", type=Path, help="also write the prompts and what Qwen3's template renders")
    options = arguments.parse_args()
    theirs, ours = options.template.read_text(encoding="utf-8"), OURS.read_text(encoding="utf-8")
    cases = []
    for prompt in prompts():
        expected, actual = render(theirs, prompt), render(ours, prompt)
        if expected != actual:
            sys.exit(f"different for {prompt}\n--- Qwen3's\n{expected}\n--- ours\n{actual}")
        cases.append({"prompt": prompt, "rendered": expected})
    print(f"{len(cases)} prompts render alike")
    if options.json:
        options.json.write_text(json.dumps(cases, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
