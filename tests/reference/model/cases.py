"""The models of the fidelity test: sizes as `random_gguf` takes them, and the quantizations of each."""

from dataclasses import dataclass, field

ALL_TYPES = [
    "F32", "F16", "BF16", "pure-Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0",
    "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
]


@dataclass
class Case:
    name: str
    # Options of `random_gguf`, without their dashes.
    sizes: dict
    quantizations: list[str]
    # (tokens, first scored position) of each sequence.
    sequences: list[tuple[int, int]] = field(default_factory=lambda: [(40, 0), (75, 0), (120, 0)])

    def arguments(self, quantization):
        """The command line of `random_gguf`, without the file to write."""
        arguments = []
        for option, value in (self.sizes | {"quantization": quantization}).items():
            arguments += [f"--{option}", str(value)]
        return arguments


def sizes(seed, layers, hidden, heads, kv_heads, head_dim, ffn, vocab, tied, context=4096, experts=None):
    described = {
        "seed": seed, "scale": "initial", "layers": layers, "hidden": hidden, "heads": heads, "kv-heads": kv_heads,
        "head-dim": head_dim, "ffn": ffn, "vocab": vocab, "tied": str(tied).lower(), "context": context,
        "rope-theta": 1000000,
    }
    return described | ({"experts": experts} if experts else {})


CASES = [
    Case("dense", sizes(1, 3, 256, 4, 2, 64, 512, 523, True), [*ALL_TYPES, "Q4_0", "Q4_K_M"]),
    Case("untied", sizes(2, 2, 256, 4, 4, 64, 512, 389, False), ["Q8_0", "Q4_K_M", "Q6_K"]),
    Case("four_per_kv_head", sizes(3, 2, 256, 4, 1, 128, 768, 331, True), ["F16", "Q4_0", "Q5_K"]),
    Case("eight_per_kv_head", sizes(4, 2, 256, 8, 1, 96, 512, 307, False), ["BF16", "Q4_K_M", "Q3_K"]),
    Case("odd_sizes", sizes(5, 2, 160, 3, 1, 64, 352, 299, True), ["Q8_0", "pure-Q4_0", "Q5_1"]),
    Case("odd_sizes_untied", sizes(6, 2, 96, 5, 5, 96, 224, 401, False), ["F32", "Q4_1", "Q5_0"]),
    Case("wide_heads", sizes(7, 2, 256, 8, 2, 128, 256, 449, True), ["Q4_K_M", "Q2_K", "Q8_0"]),
    Case("deep", sizes(8, 8, 256, 4, 2, 64, 256, 311, True), ["Q4_K_M", "Q8_0"]),
    Case("experts_8_2", sizes(9, 2, 256, 4, 2, 64, 512, 317, False, experts="8,2,256"),
         ["Q4_K_M", "Q8_0", "F32", "Q5_0"], [(40, 0), (75, 0)]),
    Case("experts_16_8", sizes(10, 2, 256, 8, 1, 64, 512, 313, True, experts="16,8,256"),
         ["Q4_K_M", "Q6_K", "F16"], [(40, 0), (75, 0)]),
    Case("long", sizes(11, 2, 64, 2, 1, 64, 96, 303, True), ["Q8_0", "F32"], [(2200, 2159)]),
    Case("trained_scale", sizes(12, 3, 256, 4, 2, 64, 512, 509, True) | {"scale": "trained"},
         ["F32", "F16", "Q8_0", "Q6_K", "Q4_K_M"]),
]
