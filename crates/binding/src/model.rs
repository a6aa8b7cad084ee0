//! A loaded model, as JavaScript holds it.

use std::path::Path;
use std::sync::Arc;

use izwi_runtime::{ChatRequest, ChatStream, CompletionRequest, Model, Pooling, on_prompt_thread};
use napi::bindgen_prelude::{Uint32Array, spawn_blocking};
use napi_derive::napi;

use crate::convert::{count, invalid_request, napi_error};
use crate::request::{NativeChatRequest, NativeCompletionRequest};
use crate::stream::NativeStream;

#[napi(object)]
pub struct NativeDraftInfo {
    pub path: String,
    pub name: String,
    pub quantization: String,
    pub parameter_count: f64,
    pub file_bytes: f64,
    pub weights_bytes: f64,
    pub scratch_bytes: f64,
    pub kv_cache_bytes: f64,
}

#[napi(object)]
pub struct NativeModelInfo {
    pub path: String,
    pub name: String,
    pub architecture: String,
    pub quantization: String,
    pub parameter_count: f64,
    pub file_bytes: f64,
    pub context_length: u32,
    pub trained_context_length: u32,
    pub vocab_size: u32,
    pub hidden_size: u32,
    pub block_size: u32,
    pub weights_bytes: f64,
    pub scratch_bytes: f64,
    pub kv_cache_bytes: f64,
    pub kv_cache_type: String,
    pub context_shortened: bool,
    pub backend: String,
    pub device: String,
    pub isa: String,
    pub threads: u32,
    pub load_ms: f64,
    pub draft_model: Option<NativeDraftInfo>,
}

#[napi(object)]
pub struct NativeStats {
    pub prefilled_tokens: f64,
    pub cached_tokens: f64,
    pub decoded_tokens: f64,
    pub steps: f64,
    pub drafted_tokens: f64,
    pub accepted_tokens: f64,
    pub model_drafted_tokens: f64,
    pub model_accepted_tokens: f64,
    pub preemptions: f64,
    pub running: u32,
    pub waiting: u32,
    pub blocks_free: u32,
    pub blocks_cached: u32,
    pub blocks_total: u32,
}

#[napi]
pub struct NativeModel {
    model: Arc<Model>,
}

#[napi]
impl NativeModel {
    #[napi]
    pub fn info(&self) -> NativeModelInfo {
        let info = self.model.info();
        NativeModelInfo {
            path: self.model.path().to_string_lossy().into_owned(),
            name: info.name.clone(),
            architecture: info.architecture.to_owned(),
            quantization: info.quantization.clone(),
            parameter_count: info.num_parameters as f64,
            file_bytes: info.file_bytes as f64,
            context_length: info.context_length as u32,
            trained_context_length: info.trained_context_length as u32,
            vocab_size: info.vocab_size as u32,
            hidden_size: info.hidden_size as u32,
            block_size: info.block_size as u32,
            weights_bytes: info.weights_bytes as f64,
            scratch_bytes: info.scratch_bytes as f64,
            kv_cache_bytes: info.kv_cache_bytes as f64,
            kv_cache_type: info.kv_cache_type.to_owned(),
            context_shortened: info.is_context_shortened,
            backend: info.backend.to_owned(),
            device: info.device.clone(),
            isa: info.isa.clone(),
            threads: info.num_threads as u32,
            load_ms: self.model.load_ms(),
            draft_model: self.model.draft().map(|draft| NativeDraftInfo {
                path: draft.path.to_string_lossy().into_owned(),
                name: draft.model.name.clone(),
                quantization: draft.model.quantization.clone(),
                parameter_count: draft.model.num_parameters as f64,
                file_bytes: draft.model.file_bytes as f64,
                weights_bytes: draft.model.weights_bytes as f64,
                scratch_bytes: draft.model.scratch_bytes as f64,
                kv_cache_bytes: draft.model.kv_cache_bytes as f64,
            }),
        }
    }

    /// Why the draft model was given up; null while it wasn't.
    #[napi(catch_unwind)]
    pub fn draft_failure(&self) -> Option<String> {
        self.model.draft_failure()
    }

    #[napi]
    pub fn stats(&self) -> NativeStats {
        let stats = self.model.stats();
        NativeStats {
            prefilled_tokens: stats.prefilled_tokens as f64,
            cached_tokens: stats.cached_tokens as f64,
            decoded_tokens: stats.decoded_tokens as f64,
            steps: stats.steps as f64,
            drafted_tokens: stats.drafted_tokens as f64,
            accepted_tokens: stats.accepted_tokens as f64,
            model_drafted_tokens: stats.model_drafted_tokens as f64,
            model_accepted_tokens: stats.model_accepted_tokens as f64,
            preemptions: stats.preemptions as f64,
            running: stats.running as u32,
            waiting: stats.waiting as u32,
            blocks_free: stats.blocks_free as u32,
            blocks_cached: stats.blocks_cached as u32,
            blocks_total: stats.blocks_total as u32,
        }
    }

    /// Answers a conversation. The prompt is made off the event loop; what is wrong with it arrives as the last event.
    #[napi(catch_unwind)]
    pub fn chat(&self, request: NativeChatRequest) -> napi::Result<NativeStream> {
        let request = ChatRequest::try_from(request)?;
        Ok(self.stream(request.text_bytes(), move |model, stream| model.chat(&request, stream)))
    }

    /// Goes on from token ids, without a template.
    #[napi(catch_unwind)]
    pub fn complete(&self, request: NativeCompletionRequest) -> napi::Result<NativeStream> {
        let request = CompletionRequest::try_from(request)?;
        Ok(self.stream(0, move |model, stream| model.complete(&request, stream)))
    }

    /// Scores token ids: a `scores` event of one number less than there are ids.
    #[napi(catch_unwind)]
    pub fn score(&self, token_ids: Uint32Array) -> NativeStream {
        let token_ids = token_ids.to_vec();
        self.stream(0, move |model, stream| model.score(token_ids, stream))
    }

    /// The same with alternatives: `logprobs` events.
    #[napi(catch_unwind)]
    pub fn logprobs(&self, token_ids: Uint32Array, top: f64) -> napi::Result<NativeStream> {
        let top = count("top", Some(top))?.unwrap_or(0);
        let token_ids = token_ids.to_vec();
        Ok(self.stream(0, move |model, stream| model.logprobs(token_ids, top, stream)))
    }

    /// One `embedding` event of `hiddenSize` numbers. `pooling`: mean | last
    #[napi(catch_unwind)]
    pub fn embed(&self, token_ids: Uint32Array, pooling: String) -> napi::Result<NativeStream> {
        let pooling = match pooling.as_str() {
            "mean" => Pooling::Mean,
            "last" => Pooling::Last,
            _ => {
                return Err(invalid_request(format!(
                    "pooling must be mean or last, not {pooling:?}"
                )));
            }
        };
        let token_ids = token_ids.to_vec();
        Ok(self.stream(0, move |model, stream| model.embed(token_ids, pooling, stream)))
    }

    #[napi(catch_unwind)]
    pub fn tokenize(&self, text: String, parse_special: bool) -> Uint32Array {
        Uint32Array::new(self.model.tokenize(&text, parse_special))
    }

    #[napi(catch_unwind)]
    pub fn detokenize(&self, token_ids: Uint32Array) -> napi::Result<String> {
        self.model.detokenize(&token_ids).map_err(|error| napi_error(&error))
    }

    /// The text of the prompt that `chat` would make.
    #[napi(catch_unwind)]
    pub fn apply_template(&self, request: NativeChatRequest) -> napi::Result<String> {
        let request = ChatRequest::try_from(request)?;
        self.model.apply_template(&request).map_err(|error| napi_error(&error))
    }

    /// Writes what is cached of a chat's prompt to a file. Returns how many tokens that are.
    #[napi]
    pub async fn save_chat_cache(&self, path: String, request: NativeChatRequest) -> napi::Result<u32> {
        let request = ChatRequest::try_from(request)?;
        self.with_file(path, move |model, path| model.save_chat_cache(&request, path))
            .await
    }

    /// The same for token ids.
    #[napi]
    pub async fn save_cache(&self, path: String, token_ids: Uint32Array) -> napi::Result<u32> {
        let token_ids = token_ids.to_vec();
        self.with_file(path, move |model, path| model.save_cache(token_ids, path))
            .await
    }

    /// Puts a file's KV blocks back into the cache. Returns how many tokens are cached then.
    #[napi]
    pub async fn load_cache(&self, path: String) -> napi::Result<u32> {
        self.with_file(path, Model::load_cache).await
    }

    /// Ends every stream and frees the weights. Idempotent.
    #[napi]
    pub async fn close(&self) -> napi::Result<()> {
        let model = Arc::clone(&self.model);
        spawn_blocking(move || model.close()).await.map_err(lost_task)
    }
}

impl NativeModel {
    pub(crate) fn new(model: Model) -> Self {
        Self { model: Arc::new(model) }
    }

    async fn with_file(
        &self,
        path: String,
        work: impl FnOnce(&Model, &Path) -> izwi_runtime::Result<usize> + Send + 'static,
    ) -> napi::Result<u32> {
        let model = Arc::clone(&self.model);
        let done = spawn_blocking(move || work(&model, Path::new(&path))).await;
        let num_tokens = done.map_err(lost_task)?.map_err(|error| napi_error(&error))?;
        Ok(num_tokens as u32)
    }

    /// `num_bytes` of text have to be made tokens.
    fn stream(&self, num_bytes: usize, start: impl FnOnce(&Model, &ChatStream) + Send + 'static) -> NativeStream {
        let stream = ChatStream::new();
        let (model, answer) = (Arc::clone(&self.model), stream.clone());
        on_prompt_thread(num_bytes, move || start(&model, &answer));
        NativeStream::new(stream)
    }
}

pub(crate) fn lost_task(error: impl std::fmt::Display) -> napi::Error {
    napi::Error::from_reason(format!("INTERNAL: {error}"))
}
