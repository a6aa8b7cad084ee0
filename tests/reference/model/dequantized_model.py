"""A GGUF file as a transformers model: every tensor dequantized, every size from the file's own metadata."""

import zlib

import gguf
import numpy as np
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "ffn_gate_inp": "mlp.gate",
}


def load(path):
    """The model of a file in float32, with eager attention, and the CRC-32 of the file's tensors by order of name."""
    reader = gguf.GGUFReader(path)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    checksum = 0
    for name in sorted(tensors):
        checksum = zlib.crc32(tensors[name].data.tobytes(), checksum)
    values = {name: dequantize(tensor) for name, tensor in tensors.items()}
    model = empty_model(reader, tensors)
    missing, unexpected = model.load_state_dict(state(values), strict=False)
    tied = {"lm_head.weight"} if model.config.tie_word_embeddings else set()
    if set(missing) != tied or unexpected:
        raise ValueError(f"{path}: missing {missing}, unexpected {unexpected}")
    model.tie_weights()
    return model.eval(), checksum


def dequantize(tensor):
    values = gguf.dequantize(tensor.data, tensor.tensor_type)
    shape = [int(size) for size in reversed(tensor.shape)]
    return torch.from_numpy(np.array(values, dtype=np.float32)).reshape(shape)


def empty_model(reader, tensors):
    architecture = reader.get_field("general.architecture").contents()

    def get(key):
        return reader.get_field(f"{architecture}.{key}").contents()

    config = {
        "vocab_size": int(tensors["token_embd.weight"].shape[1]),
        "hidden_size": get("embedding_length"),
        "intermediate_size": get("feed_forward_length"),
        "num_hidden_layers": get("block_count"),
        "num_attention_heads": get("attention.head_count"),
        "num_key_value_heads": get("attention.head_count_kv"),
        "head_dim": get("attention.key_length"),
        "rms_norm_eps": get("attention.layer_norm_rms_epsilon"),
        "max_position_embeddings": get("context_length"),
        "rope_parameters": {"rope_type": "default", "rope_theta": get("rope.freq_base")},
        "tie_word_embeddings": "output.weight" not in tensors,
        "attn_implementation": "eager",
        "dtype": torch.float32,
    }
    if architecture == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**config))
    config |= {
        "num_experts": get("expert_count"),
        "num_experts_per_tok": get("expert_used_count"),
        "moe_intermediate_size": get("expert_feed_forward_length"),
        "norm_topk_prob": True,
        "experts_implementation": "eager",
    }
    return Qwen3MoeForCausalLM(Qwen3MoeConfig(**config))


def state(values):
    """The tensors under the names of transformers."""
    renamed = {
        "model.embed_tokens.weight": values["token_embd.weight"],
        "model.norm.weight": values["output_norm.weight"],
    }
    if "output.weight" in values:
        renamed["lm_head.weight"] = values["output.weight"]
    for name, value in values.items():
        if not name.startswith("blk."):
            continue
        _, layer, part, _ = name.split(".")
        prefix = f"model.layers.{layer}."
        if part in LAYER_NAMES:
            renamed[f"{prefix}{LAYER_NAMES[part]}.weight"] = value
        elif part == "ffn_down_exps":
            renamed[f"{prefix}mlp.experts.down_proj"] = value
        elif part == "ffn_gate_exps":
            up = values[f"blk.{layer}.ffn_up_exps.weight"]
            renamed[f"{prefix}mlp.experts.gate_up_proj"] = torch.cat([value, up], dim=1)
    return renamed
