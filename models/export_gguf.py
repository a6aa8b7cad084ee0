"""Writes a checkpoint as GGUF: matrices in Q8_0, norms in F32. `python export_gguf.py CHECKPOINT OUT.gguf`

`--transformers` also loads the same weights into transformers' Qwen3ForCausalLM and compares the logits with ours.
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch

from model import Config, Qwen3
from tokenizer import END, END_OF_TEXT, PATH, SPECIAL

HERE = Path(__file__).parent
CONTROL = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name: str) -> str:
    if name == "embed_tokens.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, index, rest = name.split(".", 2)
    return f"blk.{index}.{LAYER_NAMES[rest.removesuffix('.weight')]}.weight"


def load(checkpoint: Path) -> Qwen3:
    state = torch.load(checkpoint, weights_only=True)
    model = Qwen3(Config(**state["config"]))
    model.load_state_dict(state["model"])
    return model.eval()


def add_metadata(writer: gguf.GGUFWriter, c: Config, num_parameters: int):
    writer.add_type("model")
    writer.add_name("Izwi Tiny")
    writer.add_basename("izwi-tiny")
    writer.add_size_label(f"{num_parameters / 1e6:.1f}M")
    writer.add_license("apache-2.0")
    writer.add_description("Izwi's built-in demonstration model, trained from nothing on generated dialogues")
    writer.add_block_count(c.num_layers)
    writer.add_context_length(c.context_length)
    writer.add_embedding_length(c.hidden_size)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_heads)
    writer.add_head_count_kv(c.num_kv_heads)
    writer.add_key_length(c.head_dim)
    writer.add_value_length(c.head_dim)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base(c.rope_theta)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)


def add_tokenizer(writer: gguf.GGUFWriter, c: Config):
    model = json.loads(PATH.read_text())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    assert len(tokens) == c.vocab_size and tokens[: len(SPECIAL)] == SPECIAL
    kinds = [
        gguf.TokenType.CONTROL if t in CONTROL else gguf.TokenType.USER_DEFINED if t in SPECIAL else gguf.TokenType.NORMAL
        for t in tokens
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(m) if isinstance(m, list) else m for m in model["merges"]])
    writer.add_eos_token_id(END)
    writer.add_bos_token_id(END_OF_TEXT)
    writer.add_pad_token_id(END_OF_TEXT)
    writer.add_add_bos_token(False)
    writer.add_chat_template((HERE / "chat_template.jinja").read_text())


def export(model: Qwen3, out: Path):
    writer = gguf.GGUFWriter(str(out), "qwen3")
    add_metadata(writer, model.c, model.num_parameters())
    add_tokenizer(writer, model.c)
    for name, tensor in model.state_dict().items():
        data = tensor.float().numpy()
        if data.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(gguf_name(name), gguf.quants.quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(gguf_name(name), data.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def compare_with_transformers(model: Qwen3):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    c = model.c
    config = Qwen3Config(
        vocab_size=c.vocab_size, hidden_size=c.hidden_size, num_hidden_layers=c.num_layers, num_attention_heads=c.num_heads,
        num_key_value_heads=c.num_kv_heads, head_dim=c.head_dim, intermediate_size=c.intermediate_size,
        rms_norm_eps=c.rms_norm_eps, tie_word_embeddings=True, max_position_embeddings=c.context_length,
        rope_parameters={"rope_type": "default", "rope_theta": c.rope_theta},
    )
    reference = Qwen3ForCausalLM(config).eval()
    reference.model.load_state_dict(model.state_dict())
    reference.tie_weights()
    ids = torch.randint(0, c.vocab_size, (3, 300))
    with torch.no_grad():
        difference = (reference(ids).logits - model.logits(model.hidden(ids))).abs().max().item()
    print(f"largest difference of a logit from transformers': {difference:.2e}")
    assert difference < 1e-3


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("checkpoint", type=Path)
    p.add_argument("out", type=Path)
    p.add_argument("--transformers", action="store_true")
    args = p.parse_args()
    model = load(args.checkpoint)
    if args.transformers:
        compare_with_transformers(model)
    export(model, args.out)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes, {model.num_parameters():,} parameters")


if __name__ == "__main__":
    main()
