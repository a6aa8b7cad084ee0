"""Writes crates/kernels/tests/fixtures/dequantize.bin: blocks of every type and their f32 values
as the gguf package expands them.

    python tests/reference/kernels/dequantize_fixtures.py

Needs the packages gguf (0.19) and numpy. The result is the same on every run.

Format, little-endian, per type: u32 ggml type, u32 number of values n, u32 number of bytes b,
b bytes of blocks, n f32 values.
"""

import struct
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

VALUES = 512
# Where a block's f16 fields are: random bytes there could be NaN or infinite.
HALF_FIELDS = {
    T.F16: [0],
    T.Q4_0: [0],
    T.Q4_1: [0, 2],
    T.Q5_0: [0],
    T.Q5_1: [0, 2],
    T.Q8_0: [0],
    T.Q2_K: [80, 82],
    T.Q3_K: [108],
    T.Q4_K: [0, 2],
    T.Q5_K: [0, 2],
    T.Q6_K: [208],
}


def blocks_of(kind: T, rng: np.random.Generator) -> np.ndarray:
    block_len, block_bytes = GGML_QUANT_SIZES[kind]
    count = VALUES // block_len
    if kind == T.F32:
        return rng.standard_normal(count).astype("<f4").view(np.uint8)
    if kind == T.BF16:
        halves = rng.standard_normal(count).astype("<f4").view("<u4") >> 16
        return halves.astype("<u2").view(np.uint8)
    raw = rng.integers(0, 256, (count, block_bytes), dtype=np.uint8)
    for at in HALF_FIELDS[kind]:
        raw[:, at : at + 2] = rng.standard_normal((count, 1)).astype("<f2").view(np.uint8)
    return raw.reshape(-1)


def main() -> None:
    rng = np.random.default_rng(20240601)
    out = bytearray()
    for kind in [T.F32, T.BF16, *HALF_FIELDS]:
        raw = blocks_of(kind, rng)
        values = dequantize(raw, kind).reshape(-1).astype("<f4")
        assert values.size == VALUES and np.isfinite(values).all()
        out += struct.pack("<III", kind, values.size, raw.size) + raw.tobytes() + values.tobytes()
    root = Path(__file__).resolve().parents[3]
    target = root / "crates/kernels/tests/fixtures/dequantize.bin"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(out)
    print(f"{target.relative_to(root)}: {len(out)} bytes")


if __name__ == "__main__":
    main()
