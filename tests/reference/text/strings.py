"""Hostile strings for the tokenizer goldens."""

import random

from corpus import LINES

HAND_MADE = [
    "", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", " \n", "\n ", " \n ", "\n \n", "  \n\n  x", "x  \r\n\r\n  y",
    "a b", "a  b", "a   b", " a", "  a", "a ", "a  ", "\ta", "\t\ta", "a\tb", "a\n\tb", "a \t b", "\u00a0a", " \u00a0a", "\u3000漢",
    "\u2028a\u2029b", "\u0085a", "\u200b", "\u200d", "\ufeff", "\ufeffa", "\u00ad", "\u180e", "\u1680x", "a\u000bb\u000cc",
    "it's", "IT'S", "we'll've", "'S'T'RE'VE'M'LL'D", "'s't", "''s", "'\u017f", "o'clock", "’s", "can't've",
    "0", "00", "123", "1234567890", "1a2b", "a1 2 3", "-1.5e+10", "½²③", "٣٤٥", "Ⅷ", "一二三", "1 234,56",
    "é", "e\u0301", "e\u0301\u0301", "\u0301", " \u0301", "a\u0323\u0307", "a\u0307\u0323", "ﬁ", "Å", "\u212b", "\u2126", "가", "\u1100\u1161", "\u1100\u1161\u11a8",
    "\u0958", "\u0915\u093c", "ệ", "e\u0323\u0302", "e\u0302\u0323", "q\u0307\u0323", "\u1e9b\u0323", "ﷺ", "ｶﾞ", "\u304b\u3099",
    "مرحبا بالعالم", "السَّلَامُ عَلَيْكُمْ", "שָׁלוֹם", "สวัสดีครับ น้ำ", "नमस्ते दुनिया", "க்ஷ", "ខ្មែរ", "မြန်မာ", "ᠮᠣᠩᠭᠣᠯ", "𐍈𐌰", "𝒳𝓎", "Ǆ ǅ ǆ",
    "🙂", "🙂🙂", "👨‍👩‍👧", "👋🏽", "🇫🇷🇯🇵", "❤️", "❤", "a🙂b", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "😀\n", " 😀 ",
    "…", "—", "«a»", "a/b\\c", "a_b-c.d", "!!!", "!!!\n", "!!!\n\n\r\n x", "?!\r", "$€£", "<a>", "</a>", "{{ x }}", "{% x %}", "#!$%&",
    "\x00", "a\x00b", "\x01\x02", "\x7f", "\x80", "\uffff", "\ufdd0", "\U0010ffff", "\ue000", "\ufffd",
    "a" * 100, " " * 100, "\n" * 50, "\t" * 33 + "x", (" " * 40 + "\n") * 3 + " x", "ab" * 60, "🙂" * 20, "-" * 80, "=" * 7 + "\n", "é" * 30, "١" * 9,
    "    def f(x):\n        return x\n", "if (a) {\n\tb();\n}\n", "\r\n\r\n  \r\n a", "line\rline\r\nline\nline",
    "CamelCaseIdentifier snake_case_identifier kebab-case x1y2", "hello,world", "hello , world", "(a)(b)", "\"quoted\" 'single'", "a.b.c...d",
]
SPECIAL = [
    "<|im_end|>", "<|im_start|>user\nhi<|im_end|>\n", "<|endoftext|>", "<think>\n\n</think>\n\n", "<tool_call>\n{}\n</tool_call>", "<tool_response>",
    " <|im_end|> ", "a<|im_end|>b", "<|im_end|><|im_end|>", "<|im_end", "im_end|>", "<|im_<|im_end|>end|>", "<<|im_end|>>", "<|IM_END|>", "e\u0301<think>\u0301",
    "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", "<|vision_start|><|image_pad|><|vision_end|>", "</think", "</think>>", "<think>é</think>", "x  <think>  y",
]


def strings():
    yield from HAND_MADE
    yield from SPECIAL
    yield from LINES
    sample = random.Random(151643)
    pieces = [piece for piece in HAND_MADE if 0 < len(piece) < 12] + SPECIAL
    for _ in range(200):
        yield "".join(sample.choice(pieces) for _ in range(sample.randint(2, 9)))
    for _ in range(60):
        yield "".join(chr(sample.choice([sample.randint(1, 0x24F), sample.randint(0x250, 0xD7FF), sample.randint(0x1F300, 0x1FAFF)])) for _ in range(sample.randint(1, 12)))
