//! A loaded model that chats.

use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use izwi_engine::{Engine, EngineEvent, EngineOptions, EngineStats, GenerateRequest, Pooling, Task, TokenConstraint};
use izwi_model::gguf::GgufFile;
use izwi_model::{BatchSize, LoadOptions, ModelInfo};
use izwi_text::{
    ChatPrompt, ChatTemplate, GrammarCompiler, OutputParser, OutputParserOptions, Tokenizer, encode_chat,
    ends_in_reasoning,
};

use crate::answer::Answer;
use crate::answer_constraint::{AnswerConstraint, AnswerRules, CallRule, ThinkingRule};
use crate::draft_file::{DraftFile, DraftInfo, as_part, tensor_bytes};
use crate::error::{invalid_file, prompt_error};
use crate::kv_file::{self, Identity};
use crate::vocabulary::read_vocabulary;
use crate::{
    ChatRequest, ChatStream, CompletionRequest, ErrorCode, GenerationSettings, ModelOptions, Result, RuntimeError,
    ToolChoice,
};

/// Prompt tokens of a pass of the CPU backend where several requests are there: few, because a request that comes meanwhile
/// waits for the pass under way. Alone, longer passes are a tenth faster.
const CPU_PREFILL_CHUNK: usize = 48;

/// Answers at a time up to which the threads that compute keep their priority.
const FEW_ANSWERS: usize = 8;

/// A model in memory with its engine. Share it between threads; dropping the last one ends every answer.
pub struct Model {
    path: PathBuf,
    info: ModelInfo,
    draft: Option<DraftInfo>,
    load_ms: f64,
    tokenizer: Arc<Tokenizer>,
    template: ChatTemplate,
    engine: Engine,
    /// Rows of the output head that stand for no token.
    banned_token_ids: Arc<[u32]>,
    /// Made for the first request that needs a grammar.
    grammars: OnceLock<Result<GrammarCompiler>>,
    /// For its fingerprint; gone once the model is closed.
    file: Mutex<Option<GgufFile>>,
    /// Made for the first file of KV blocks.
    identity: OnceLock<Identity>,
    /// Whether the threads that compute have got a low priority.
    is_lowered: AtomicBool,
    /// Makes numbers of clients' names: nobody can choose a name that has another one's number.
    client_names: RandomState,
}

impl Model {
    /// Maps a GGUF file and makes it ready.
    ///
    /// # Errors
    /// `ModelNotFound` when it can't be read, `InvalidModelFile` when it is damaged, `UnsupportedModel` for what isn't
    /// Qwen3, `DeviceUnavailable`, `OutOfMemory`. The same for the draft model, whose path is named then, and
    /// `UnsupportedModel` for one with another vocabulary.
    pub fn load(path: &Path, options: &ModelOptions) -> Result<Self> {
        let start = Instant::now();
        let file = GgufFile::open(path)?;
        let vocabulary = read_vocabulary(&file.metadata())?;
        // What can be wrong with it is found before anything large is read.
        let draft_file = DraftFile::wanted(options, path, &vocabulary)?;
        let draft_bytes = draft_file.as_ref().map_or(0, DraftFile::tensor_bytes);
        let defaults = EngineOptions::default();
        let max_running = options.max_running.unwrap_or(defaults.max_running);
        let companion = draft_file
            .as_ref()
            .map(|draft| draft.needs(&options.load))
            .transpose()?;
        let load = LoadOptions {
            companion: companion.unwrap_or_default(),
            batch: BatchSize {
                rows: defaults.lone_prefill_chunk + max_running,
                logit_rows: options.load.batch.logit_rows + max_running,
            },
            ..as_part(&options.load, 0, draft_bytes)
        };
        let (model, info) = izwi_model::load_model(&file, &load)?;
        let tokenizer = Tokenizer::new(&vocabulary).map_err(invalid_file)?;
        let template = file.metadata().optional_str("tokenizer.chat_template")?;
        let template = ChatTemplate::for_model(template, &vocabulary).map_err(invalid_file)?;
        if tokenizer.vocab_size() > info.vocab_size {
            return Err(invalid_file(format!(
                "the tokenizer has {} tokens, the embedding {} rows",
                tokenizer.vocab_size(),
                info.vocab_size
            )));
        }
        let engine_options = EngineOptions {
            max_running,
            max_waiting: options.max_waiting.unwrap_or(defaults.max_waiting),
            num_token_ids: Some(tokenizer.vocab_size()),
            speculation: options.speculation,
            prefill_chunk: if info.backend == "cpu" {
                CPU_PREFILL_CHUNK
            } else {
                defaults.prefill_chunk
            },
            lone_prefill_chunk: defaults.lone_prefill_chunk,
        };
        let draft_load = as_part(&options.load, tensor_bytes(&file), 0);
        let draft = draft_file.map(|draft| draft.load(draft_load, &info)).transpose()?;
        let (draft, draft_info) = draft.unzip();
        Ok(Self {
            path: path.to_owned(),
            draft: draft_info,
            banned_token_ids: tokenizer
                .padding_rows(info.vocab_size)
                .into_iter()
                .filter(|&id| (id as usize) < tokenizer.vocab_size())
                .collect(),
            info,
            tokenizer: Arc::new(tokenizer),
            template,
            engine: Engine::start_with_draft(model, draft, engine_options)?,
            grammars: OnceLock::new(),
            file: Mutex::new(Some(file)),
            identity: OnceLock::new(),
            is_lowered: AtomicBool::new(false),
            client_names: RandomState::new(),
            load_ms: start.elapsed().as_secs_f64() * 1e3,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The draft model, if there is one.
    pub fn draft(&self) -> Option<&DraftInfo> {
        self.draft.as_ref()
    }

    /// Why the draft model was given up, if it was. Answers go on without it.
    pub fn draft_failure(&self) -> Option<String> {
        self.engine.draft_failure()
    }

    /// Milliseconds that `load` took.
    pub fn load_ms(&self) -> f64 {
        self.load_ms
    }

    pub fn stats(&self) -> EngineStats {
        self.engine.stats()
    }

    /// Answers a conversation into `stream`. Making the prompt takes a moment for long ones, so call it where waiting
    /// is allowed; failures arrive as the stream's last event.
    pub fn chat(&self, request: &ChatRequest, stream: &ChatStream) {
        self.start(stream, || {
            let prompt = encode_chat(&self.tokenizer, &self.template, &chat_prompt(request)).map_err(prompt_error)?;
            let parser = OutputParserOptions {
                starts_in_reasoning: ends_in_reasoning(&self.tokenizer, &prompt),
                parse_tool_calls: !offered_tools(request).is_empty(),
                keep_line_breaks: request.generation.format.is_some(),
                plain: false,
                stop: request.generation.stop.clone(),
            };
            let stops = self.tokenizer.end_of_turn_ids().to_vec();
            let thinking = ThinkingRule {
                is_open: parser.starts_in_reasoning,
                may_open: request.thinking,
                budget: request.thinking_budget,
                end: stream.thinking_ends(),
            };
            let constraint = self.constraint(AnswerRules {
                thinking,
                calls: self.call_rule(request)?,
                format: self.format(&request.generation)?,
                stop_token_ids: stops.clone(),
            });
            let mut generate = self.generate_request(prompt, &request.generation, request.thinking, stops);
            generate.constraint = constraint;
            Ok((generate, parser))
        });
    }

    /// Goes on from token ids into `stream`, as plain text: nothing is taken for thoughts or tool calls.
    pub fn complete(&self, request: &CompletionRequest, stream: &ChatStream) {
        self.start(stream, || {
            let stops = request
                .stop_token_ids
                .clone()
                .unwrap_or_else(|| self.tokenizer.end_of_turn_ids().to_vec());
            let parser = OutputParserOptions {
                plain: true,
                keep_line_breaks: true,
                stop: request.generation.stop.clone(),
                ..Default::default()
            };
            let constraint = self.constraint(AnswerRules {
                thinking: ThinkingRule::default(),
                calls: CallRule::Never,
                format: self.format(&request.generation)?,
                stop_token_ids: stops.clone(),
            });
            let mut generate = self.generate_request(request.token_ids.clone(), &request.generation, false, stops);
            generate.constraint = constraint;
            Ok((generate, parser))
        });
    }

    /// Scores token ids into `stream`: one `Scores`, then `End`. Nothing is generated.
    pub fn score(&self, token_ids: Vec<u32>, stream: &ChatStream) {
        self.read_prompt(token_ids, Task::Score, stream);
    }

    /// The same with `num_top` alternatives each: `PromptLogprobs` as they come, then `End`.
    pub fn logprobs(&self, token_ids: Vec<u32>, num_top: usize, stream: &ChatStream) {
        self.read_prompt(token_ids, Task::Logprobs { num_top }, stream);
    }

    /// The final hidden state of token ids, pooled and of length 1, into `stream`: one `Embedding`, then `End`.
    pub fn embed(&self, token_ids: Vec<u32>, pooling: Pooling, stream: &ChatStream) {
        self.read_prompt(token_ids, Task::Embed(pooling), stream);
    }

    /// Token ids of plain text. Special tokens are recognised only with `parse_special`.
    pub fn tokenize(&self, text: &str, parse_special: bool) -> Vec<u32> {
        if parse_special {
            self.tokenizer.encode_with_special(text)
        } else {
            self.tokenizer.encode(text)
        }
    }

    /// # Errors
    /// `InvalidRequest` for an id outside the vocabulary.
    pub fn detokenize(&self, token_ids: &[u32]) -> Result<String> {
        let vocab_size = self.tokenizer.vocab_size();
        match token_ids.iter().find(|&&id| id as usize >= vocab_size) {
            Some(id) => Err(RuntimeError::invalid_request(format!(
                "token id {id} is not below {vocab_size}"
            ))),
            None => Ok(self.tokenizer.decode(token_ids)),
        }
    }

    /// The text of the prompt that `chat` would make.
    ///
    /// # Errors
    /// `TemplateError` when the file's template fails, `InvalidRequest` when it refuses the messages.
    pub fn apply_template(&self, request: &ChatRequest) -> Result<String> {
        self.template.render(&chat_prompt(request)).map_err(prompt_error)
    }

    /// Writes what is cached of a conversation's prompt to a file, in whole KV blocks. Returns how many tokens that are;
    /// for none, there is no file.
    ///
    /// # Errors
    /// As `apply_template`; `InvalidSessionFile` when it can't be written, `Closed`.
    pub fn save_chat_cache(&self, request: &ChatRequest, path: &Path) -> Result<usize> {
        let prompt = encode_chat(&self.tokenizer, &self.template, &chat_prompt(request)).map_err(prompt_error)?;
        self.save_cache(prompt, path)
    }

    /// The same for token ids.
    ///
    /// # Errors
    /// `InvalidSessionFile` when it can't be written, `Closed`.
    pub fn save_cache(&self, token_ids: Vec<u32>, path: &Path) -> Result<usize> {
        kv_file::save(&self.engine, self.identity()?, token_ids, path)
    }

    /// Puts the KV blocks of a file back: a prompt that begins with their tokens isn't read again. Returns how many
    /// tokens are cached then; 0 for a file of another model, backend, type of KV cache or version of the engine.
    ///
    /// # Errors
    /// `InvalidSessionFile` for one that can't be read or is damaged, `Closed`.
    pub fn load_cache(&self, path: &Path) -> Result<usize> {
        kv_file::load(&self.engine, self.identity()?, self.info.context_length, path)
    }

    fn identity(&self) -> Result<Identity> {
        if let Some(identity) = self.identity.get() {
            return Ok(*identity);
        }
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &*file else {
            return Err(izwi_engine::EngineError::ShutDown.into());
        };
        let identity = Identity::new(file.fingerprint(), self.engine.block_layout());
        Ok(*self.identity.get_or_init(|| identity))
    }

    /// Ends every answer and frees the weights; later requests fail with `Closed`. Takes at most one step of the engine.
    pub fn close(&self) {
        self.engine.shutdown();
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn read_prompt(&self, token_ids: Vec<u32>, task: Task, stream: &ChatStream) {
        self.start(stream, || {
            let request = GenerateRequest {
                task,
                ..GenerateRequest::new(token_ids)
            };
            Ok((request, OutputParserOptions::default()))
        });
    }

    /// `None` where every answer is as good as any other.
    fn constraint(&self, rules: AnswerRules) -> Option<Box<dyn TokenConstraint>> {
        let AnswerRules {
            thinking,
            calls,
            format,
            ..
        } = &rules;
        let thinks = thinking.is_open || thinking.may_open || thinking.budget.is_some();
        let holds = thinks || format.is_some() || !matches!(calls, CallRule::Never);
        holds.then(|| Box::new(AnswerConstraint::new(Arc::clone(&self.tokenizer), rules)) as _)
    }

    fn format(&self, settings: &GenerationSettings) -> Result<Option<izwi_text::Grammar>> {
        let Some(format) = &settings.format else {
            return Ok(None);
        };
        Ok(Some(self.grammars()?.answer(format).map_err(prompt_error)?))
    }

    fn call_rule(&self, request: &ChatRequest) -> Result<CallRule> {
        let tools = offered_tools(request);
        let is_required = matches!(request.tool_choice, ToolChoice::Required | ToolChoice::Named(_));
        let has_marks = ["<tool_call>", "</tool_call>"]
            .iter()
            .all(|mark| self.tokenizer.special_id(mark).is_some());
        if tools.is_empty() || !has_marks {
            return match is_required {
                false => Ok(CallRule::Never),
                true if has_marks => Err(RuntimeError::invalid_request("there are no tools to choose from")),
                true => Err(RuntimeError::invalid_request("this model has no tokens for tool calls")),
            };
        }
        let only = match &request.tool_choice {
            ToolChoice::Named(name) => Some(name.as_str()),
            _ => None,
        };
        let call = self.grammars()?.tool_call(tools, only).map_err(prompt_error)?;
        let several = !request.at_most_one_call && only.is_none();
        Ok(if is_required {
            CallRule::Required { call, several }
        } else {
            CallRule::Allowed { call, several }
        })
    }

    fn grammars(&self) -> Result<&GrammarCompiler> {
        let compiler = self
            .grammars
            .get_or_init(|| GrammarCompiler::new(Arc::clone(&self.tokenizer)).map_err(invalid_file));
        compiler.as_ref().map_err(Clone::clone)
    }

    fn start(&self, stream: &ChatStream, prepare: impl FnOnce() -> Result<(GenerateRequest, OutputParserOptions)>) {
        // A stream that nobody ends would keep its reader waiting for ever.
        let started = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let (request, options) = prepare()?;
            let parser = OutputParser::new(Arc::clone(&self.tokenizer), options).map_err(prompt_error)?;
            let mut answer = Answer::new(stream.clone(), Arc::clone(&self.tokenizer), parser);
            let sink = Box::new(move |event: EngineEvent| answer.receive(event));
            Ok(self.engine.submit_with_sink(request, sink)?)
        }));
        let started = started.unwrap_or_else(|_| {
            Err(RuntimeError::new(
                ErrorCode::Internal,
                "the prompt could not be made: an internal error",
            ))
        });
        self.make_way();
        match started {
            Ok(request) => stream.attach(request),
            Err(error) => stream.fail(error),
        }
    }

    /// Where many are answered at once, threads that compute leave a contended core to whoever hands the answers on: with fair
    /// turns, an event loop is late. Who has but a few answers at a time keeps the share of the cores that there is.
    fn make_way(&self) {
        let stats = self.stats();
        if stats.running + stats.waiting > FEW_ANSWERS && !self.is_lowered.swap(true, Ordering::Relaxed) {
            izwi_model::lower_thread_priority("izwi-");
        }
    }

    fn generate_request(
        &self,
        prompt: Vec<u32>,
        settings: &GenerationSettings,
        thinking: bool,
        stop_token_ids: Vec<u32>,
    ) -> GenerateRequest {
        GenerateRequest {
            sampling: settings.sampling(thinking),
            max_tokens: settings.max_tokens,
            stop_token_ids,
            banned_token_ids: Arc::clone(&self.banned_token_ids),
            priority: settings.priority,
            client: settings.client.as_ref().map(|name| self.client_names.hash_one(name)),
            ..GenerateRequest::new(prompt)
        }
    }
}

fn chat_prompt(request: &ChatRequest) -> ChatPrompt {
    ChatPrompt {
        messages: request.messages.clone(),
        tools: offered_tools(request).to_vec(),
        add_generation_prompt: true,
        enable_thinking: Some(request.thinking),
        template_kwargs: request.template_kwargs.clone(),
    }
}

/// The tools that the model is told of.
fn offered_tools(request: &ChatRequest) -> &[serde_json::Value] {
    match request.tool_choice {
        ToolChoice::None => &[],
        _ => &request.tools,
    }
}
