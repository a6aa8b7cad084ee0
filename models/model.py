"""Qwen3 in plain torch, for training only: the same graph as the published Qwen3 models, a few million times smaller.

Shapes: B sequences, L positions, H hidden, D head_dim. Weight names follow the published checkpoints, so a state dict
loads into transformers' Qwen3ForCausalLM as it is.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    vocab_size: int = 2048
    hidden_size: int = 160
    num_layers: int = 4
    num_heads: int = 4
    num_kv_heads: int = 2
    head_dim: int = 32
    intermediate_size: int = 448
    rope_theta: float = 1e6
    rms_norm_eps: float = 1e-6
    context_length: int = 2048

    def to_dict(self) -> dict:
        return asdict(self)


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


def rope_tables(positions, head_dim: int, theta: float):
    """cos and sin, each [B, 1, L, D], for the half-split ("NeoX") rotation. positions: [B, L]."""
    frequency = 1.0 / theta ** (torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    angle = positions[..., None].float() * frequency
    angle = torch.cat([angle, angle], -1)[:, None]
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


class HalfProducts(torch.autograd.Function):
    """x times several matrices, the products in bfloat16 (some CPUs have twice to three times the speed for it), the rest in
    float32. x: [N, in]; each matrix: [out, in], as nn.Linear keeps it."""

    @staticmethod
    def forward(ctx, x, *matrices):
        half = x.bfloat16()
        halves = [m.bfloat16() for m in matrices]
        ctx.save_for_backward(half, *halves)
        return tuple((half @ m.T).float() for m in halves)

    @staticmethod
    def backward(ctx, *grads):
        half, *halves = ctx.saved_tensors
        grads = [g.bfloat16() for g in grads]
        into_x = sum((g @ m).float() for g, m in zip(grads, halves))
        return into_x, *((g.T @ half).float() for g in grads)


def products(x, *layers: nn.Linear) -> list:
    """x through each of the layers, which have no bias; see use_half_products."""
    if not (layers[0].training and layers[0].half_products):
        return [layer(x) for layer in layers]
    flat = HalfProducts.apply(x.reshape(-1, x.shape[-1]), *(layer.weight for layer in layers))
    return [y.view(*x.shape[:-1], -1) for y in flat]


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.q_proj = nn.Linear(c.hidden_size, c.num_heads * c.head_dim, bias=False)
        self.k_proj = nn.Linear(c.hidden_size, c.num_kv_heads * c.head_dim, bias=False)
        self.v_proj = nn.Linear(c.hidden_size, c.num_kv_heads * c.head_dim, bias=False)
        self.o_proj = nn.Linear(c.num_heads * c.head_dim, c.hidden_size, bias=False)
        self.q_norm = RMSNorm(c.head_dim, c.rms_norm_eps)
        self.k_norm = RMSNorm(c.head_dim, c.rms_norm_eps)

    def forward(self, x, cos, sin, mask, cache=None, rows=None):
        """[B, L, H]; with rows, [N, H]: the output at those positions of the flattened B * L only."""
        batch, length, _ = x.shape

        def heads(t):
            return t.view(batch, length, -1, self.c.head_dim).transpose(1, 2)

        q, k, v = (heads(t) for t in products(x, self.q_proj, self.k_proj, self.v_proj))
        q, k = rotate(self.q_norm(q), cos, sin), rotate(self.k_norm(k), cos, sin)
        if cache is not None:
            k, v = cache.append(self, k, v)
        groups = self.c.num_heads // self.c.num_kv_heads
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None and length > 1)
        out = out.transpose(1, 2).reshape(batch, length, -1)
        return products(out if rows is None else out.flatten(0, 1)[rows], self.o_proj)[0]


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.up_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.down_proj = nn.Linear(c.intermediate_size, c.hidden_size, bias=False)

    def forward(self, x):
        gate, up = products(x, self.gate_proj, self.up_proj)
        return products(F.silu(gate) * up, self.down_proj)[0]


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.input_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.mlp = MLP(c)

    def forward(self, x, cos, sin, mask, cache=None, rows=None):
        mixed = self.self_attn(self.input_layernorm(x), cos, sin, mask, cache, rows)
        x = (x if rows is None else x.flatten(0, 1)[rows]) + mixed
        return x + self.mlp(self.post_attention_layernorm(x))


class Qwen3(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.num_layers))
        self.norm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.use_half_products(False)
        self.reset()

    def use_half_products(self, use: bool):
        """Whether training multiplies matrices in bfloat16."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.half_products = use

    def reset(self):
        nn.init.normal_(self.embed_tokens.weight, std=0.05)
        for name, p in self.named_parameters():
            if name.endswith("_proj.weight"):
                nn.init.normal_(p, std=p.shape[1] ** -0.5 * 0.5)
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(p)

    def hidden(self, ids, positions=None, mask=None, cache=None, rows=None):
        """Final normalised states [B, L, H]. mask: [B, 1, L, L], True where a position may look, or 0 there
        and minus infinity elsewhere; None is causal.

        With rows (indexes into the flattened B * L) only those: [N, H]. The last layer then works for them alone.
        """
        if positions is None:
            positions = torch.arange(ids.shape[1]).expand_as(ids)
        cos, sin = rope_tables(positions, self.c.head_dim, self.c.rope_theta)
        x = self.embed_tokens(ids)
        for layer in self.layers[:-1]:
            x = layer(x, cos, sin, mask, cache)
        x = self.layers[-1](x, cos, sin, mask, cache, rows)
        return self.norm(x)

    def logits(self, hidden):
        """The output matrix is the embedding (tied)."""
        return hidden @ self.embed_tokens.weight.T

    def num_parameters(self) -> int:
        return sum(p.numel() for p in self.parameters())


class KVCache:
    """Keys and values of earlier positions, for free-running checks. One entry per attention module."""

    def __init__(self):
        self.store = {}

    def append(self, module, k, v):
        if module in self.store:
            old_k, old_v = self.store[module]
            k, v = torch.cat([old_k, k], 2), torch.cat([old_v, v], 2)
        self.store[module] = (k, v)
        return k, v
