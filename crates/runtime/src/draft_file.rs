//! The file of a draft model: a smaller one that guesses what a larger one will say.

use std::path::{Path, PathBuf};

use izwi_engine::{Draft, Speculation};
use izwi_model::gguf::GgufFile;
use izwi_model::{KvType, LoadOptions, Memory, ModelError, ModelInfo, ModelNeeds};
use izwi_text::Vocabulary;

use crate::vocabulary::read_vocabulary;
use crate::{ErrorCode, ModelOptions, Result, RuntimeError};

/// What a draft model is.
#[derive(Debug, Clone)]
pub struct DraftInfo {
    pub path: PathBuf,
    pub model: ModelInfo,
}

/// An open file with the vocabulary of the model that it is for.
pub(crate) struct DraftFile {
    path: PathBuf,
    file: GgufFile,
    num_tokens: usize,
}

impl DraftFile {
    /// That of the draft model that the options name for the model at `main_path`, where anything is guessed at all.
    ///
    /// # Errors
    /// Those of reading a model's file, and `UnsupportedModel` where its vocabulary is another one.
    pub fn wanted(options: &ModelOptions, main_path: &Path, main_vocabulary: &Vocabulary) -> Result<Option<Self>> {
        let path = options.draft_model.as_deref();
        let path = path.filter(|_| options.speculation != Speculation::Off);
        path.map(|path| Self::open(path, main_path, main_vocabulary))
            .transpose()
    }

    fn open(path: &Path, main_path: &Path, main_vocabulary: &Vocabulary) -> Result<Self> {
        let open = || {
            let file = GgufFile::open(path)?;
            let vocabulary = read_vocabulary(&file.metadata())?;
            Ok((file, vocabulary))
        };
        let (file, vocabulary) = open().map_err(|error: izwi_model::ModelError| named(path, error.into()))?;
        if let Some(id) = main_vocabulary.first_difference(&vocabulary) {
            let text = |vocabulary: &Vocabulary| match vocabulary.tokens.get(id as usize) {
                Some(text) => format!("{text:?}"),
                None => "nothing".to_owned(),
            };
            let message = format!(
                "{} can't be the draft model of {}: their vocabularies differ, token {id} is {} there and {} here",
                path.display(),
                main_path.display(),
                text(&vocabulary),
                text(main_vocabulary)
            );
            return Err(RuntimeError::new(ErrorCode::UnsupportedModel, message));
        }
        Ok(Self {
            path: path.to_owned(),
            num_tokens: vocabulary.tokens.len(),
            file,
        })
    }

    /// Bytes of its weights.
    pub fn tensor_bytes(&self) -> usize {
        tensor_bytes(&self.file)
    }

    /// The options with the type of KV cache that it will have: the other model's, or f16 where its heads can't have that.
    fn with_kv_type(&self, options: &LoadOptions) -> Result<LoadOptions> {
        let with = |kv_type| LoadOptions {
            kv_type,
            ..options.clone()
        };
        let wanted = with(options.kv_type);
        match izwi_model::model_needs(&self.file, &wanted) {
            Err(ModelError::Unsupported(_)) if options.kv_type != KvType::F16 => Ok(with(KvType::F16)),
            Err(error) => Err(named(&self.path, error.into())),
            Ok(_) => Ok(wanted),
        }
    }

    /// What it will take of memory.
    ///
    /// # Errors
    /// Those of loading a model.
    pub fn needs(&self, options: &LoadOptions) -> Result<ModelNeeds> {
        let needs = izwi_model::model_needs(&self.file, &self.with_kv_type(options)?);
        needs.map_err(|error| named(&self.path, error.into()))
    }

    /// Loads it for the context of the other model, which is loaded already and has left room for it: with as many KV blocks.
    ///
    /// # Errors
    /// Those of loading a model.
    pub fn load(self, options: LoadOptions, main: &ModelInfo) -> Result<(Draft, DraftInfo)> {
        let memory = options.memory.or_else(Memory::of_this_process);
        // The system counts what the other one's KV cache hasn't filled yet as available.
        let left = |memory: Memory| Memory {
            available_bytes: memory.available_bytes.saturating_sub(main.kv_cache_bytes),
            ..memory
        };
        let options = LoadOptions {
            context_length: Some(main.context_length),
            num_blocks: Some(main.num_blocks),
            memory: memory.map(left),
            ..self.with_kv_type(&options)?
        };
        let loaded = izwi_model::load_model(&self.file, &options);
        let (model, info) = loaded.map_err(|error| named(&self.path, error.into()))?;
        let draft = Draft {
            num_token_ids: self.num_tokens.min(info.vocab_size),
            model,
        };
        let info = DraftInfo {
            path: self.path,
            model: info,
        };
        Ok((draft, info))
    }
}

/// The options of one of several loads that count as one: so many bytes are loaded before it and after it.
pub(crate) fn as_part(options: &LoadOptions, bytes_before: usize, bytes_after: usize) -> LoadOptions {
    let on_progress = options.on_progress.as_ref();
    LoadOptions {
        on_progress: on_progress.map(|told| told.as_part(bytes_before, bytes_after)),
        ..options.clone()
    }
}

/// Bytes of a file's weights.
pub(crate) fn tensor_bytes(file: &GgufFile) -> usize {
    file.tensors().map(|(_, info)| info.num_bytes()).sum()
}

/// An error that says which of the two models it is about.
fn named(path: &Path, error: RuntimeError) -> RuntimeError {
    RuntimeError::new(
        error.code,
        format!("the draft model {}: {}", path.display(), error.message),
    )
}
