//! The tokenizer's part of a GGUF file's metadata.

use izwi_model::ModelError;
use izwi_model::gguf::MetadataReader;
use izwi_text::Vocabulary;

pub(crate) fn read_vocabulary(metadata: &MetadataReader<'_>) -> Result<Vocabulary, ModelError> {
    let missing = |key: &str| {
        ModelError::InvalidFile(format!(
            "the metadata value {key} is missing: the file has no tokenizer"
        ))
    };
    let strings = |key: &str| metadata.optional_strings(key)?.ok_or_else(|| missing(key));
    Ok(Vocabulary {
        model: metadata.str("tokenizer.ggml.model")?.to_owned(),
        pre: metadata
            .optional_str("tokenizer.ggml.pre")?
            .unwrap_or("qwen2")
            .to_owned(),
        tokens: strings("tokenizer.ggml.tokens")?,
        token_types: metadata.optional_u32s("tokenizer.ggml.token_type")?.unwrap_or_default(),
        merges: strings("tokenizer.ggml.merges")?,
        eos_token_id: metadata.optional_u32("tokenizer.ggml.eos_token_id")?,
        bos_token_id: metadata.optional_u32("tokenizer.ggml.bos_token_id")?,
        padding_token_id: metadata.optional_u32("tokenizer.ggml.padding_token_id")?,
    })
}
