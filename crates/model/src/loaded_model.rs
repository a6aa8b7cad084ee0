//! A model ready to run: graph, weights, backend and KV cache in one.

use izwi_kernels::{KvType, default_num_threads};

use crate::backend::candle::CandleBackend;
use crate::backend::cpu::CpuBackend;
use crate::backend::{Backend, KvCacheShape};
use crate::config::Qwen3Config;
use crate::gguf::GgufFile;
use crate::load_progress::OnProgress;
use crate::memory::Memory;
use crate::memory_plan::{BatchSize, FixedNeeds, MemoryPlan, ModelNeeds, PlanInput};
use crate::qwen3::{Qwen3, Scratch};
use crate::{Batch, LanguageModel, ModelError, Result};

/// Positions in a block of the KV cache.
pub const BLOCK_SIZE: usize = 32;

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackendChoice {
    /// Metal or CUDA where this build has it and the machine too, else `Cpu`.
    #[default]
    Auto,
    /// Our own kernels.
    Cpu,
    /// candle on the CPU.
    Candle,
    Metal,
    Cuda,
}

impl BackendChoice {
    pub const NAMES: [&'static str; 5] = ["auto", "cpu", "candle", "metal", "cuda"];

    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "candle" => Self::Candle,
            "metal" => Self::Metal,
            "cuda" => Self::Cuda,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    pub backend: BackendChoice,
    /// Threads of the CPU backend; by default one for each core.
    pub num_threads: Option<usize>,
    /// Most positions of a sequence; by default what the model was made for, as far as a quarter of the memory allows, and
    /// what is available of it.
    pub context_length: Option<usize>,
    /// The largest pass that will be asked for, so that there is memory for it.
    pub batch: BatchSize,
    /// What there is of memory, in place of what the system says.
    pub memory: Option<Memory>,
    /// Told how far the load is.
    pub on_progress: Option<OnProgress>,
    /// The type of the KV cache's values. Anything but f16 is for the CPU backend alone.
    pub kv_type: KvType,
    /// What a second model takes that will be loaded beside this one, for as many positions: room is left for it.
    pub companion: ModelNeeds,
    /// How many blocks the KV cache has; by default as memory allows.
    pub num_blocks: Option<usize>,
}

/// What a loaded model is, and where it runs.
#[derive(Debug, Clone)]
pub struct ModelInfo {
    pub name: String,
    pub architecture: &'static str,
    pub quantization: String,
    pub num_parameters: usize,
    pub file_bytes: usize,
    pub context_length: usize,
    pub trained_context_length: usize,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub block_size: usize,
    pub num_blocks: usize,
    /// Of main memory, what the weights take.
    pub weights_bytes: usize,
    /// Of main memory, what the activations and logits of the largest pass, and the tokenizer, take.
    pub scratch_bytes: usize,
    /// Most memory that the KV cache takes, when all its blocks are filled.
    pub kv_cache_bytes: usize,
    /// The type of its values: f16 or q8_0; f32 for candle on the CPU.
    pub kv_cache_type: &'static str,
    /// The context is shorter than the model's own for want of memory, and nobody asked for one.
    pub is_context_shortened: bool,
    pub backend: &'static str,
    pub device: String,
    pub isa: String,
    pub num_threads: usize,
}

/// Loads a model onto the backend that was asked for; never onto another one.
///
/// # Errors
/// Those of `Qwen3Config::from_gguf` and `Qwen3::load`; `DeviceUnavailable` for a backend that isn't there; `Unsupported`
/// for a type of KV cache that the backend or the model can't have; `OutOfMemory` when weights, KV cache and buffers won't
/// fit into the memory that is available; `Cancelled` when `on_progress` says so.
pub fn load_model(file: &GgufFile, options: &LoadOptions) -> Result<(Box<dyn LanguageModel>, ModelInfo)> {
    match options.backend {
        BackendChoice::Cpu => load_on(file, options, cpu_backend(options)),
        BackendChoice::Candle => load_on(file, options, CandleBackend::cpu()),
        BackendChoice::Metal => load_on(file, options, CandleBackend::metal()?),
        BackendChoice::Cuda => load_on(file, options, CandleBackend::cuda()?),
        BackendChoice::Auto => match gpu_backend() {
            Some(backend) => load_on(file, options, backend),
            None => load_on(file, options, cpu_backend(options)),
        },
    }
}

fn cpu_backend(options: &LoadOptions) -> CpuBackend {
    let num_threads = options.num_threads.unwrap_or_else(default_num_threads).max(1);
    CpuBackend::new(num_threads).with_kv_type(options.kv_type)
}

fn gpu_backend() -> Option<CandleBackend> {
    if cfg!(feature = "metal") {
        return CandleBackend::metal().ok();
    }
    if cfg!(feature = "cuda") {
        return CandleBackend::cuda().ok();
    }
    None
}

/// What a model will take of main memory, with the backend and the type of KV cache of the options.
///
/// # Errors
/// Those of `load_model` but `OutOfMemory`.
pub fn model_needs(file: &GgufFile, options: &LoadOptions) -> Result<ModelNeeds> {
    match options.backend {
        BackendChoice::Cpu => needs_on(file, options, &cpu_backend(options)),
        BackendChoice::Candle => needs_on(file, options, &CandleBackend::cpu()),
        BackendChoice::Metal => needs_on(file, options, &CandleBackend::metal()?),
        BackendChoice::Cuda => needs_on(file, options, &CandleBackend::cuda()?),
        BackendChoice::Auto => match gpu_backend() {
            Some(backend) => needs_on(file, options, &backend),
            None => needs_on(file, options, &cpu_backend(options)),
        },
    }
}

fn needs_on<B: Backend>(file: &GgufFile, options: &LoadOptions, backend: &B) -> Result<ModelNeeds> {
    let config = Qwen3Config::from_gguf(file)?;
    check_kv_type(&config, options, backend)?;
    let FixedNeeds {
        weights_bytes,
        scratch_bytes,
    } = FixedNeeds::of(file, &config, options.batch, backend);
    Ok(ModelNeeds {
        fixed_bytes: weights_bytes.saturating_add(scratch_bytes),
        position_bytes: config.kv_bytes_per_position(backend.kv_row_bytes(config.head_dim)),
    })
}

/// Loads a model onto a given backend.
///
/// # Errors
/// Those of `load_model`.
pub fn load_on<B: Backend>(
    file: &GgufFile,
    options: &LoadOptions,
    backend: B,
) -> Result<(Box<dyn LanguageModel>, ModelInfo)> {
    let config = Qwen3Config::from_gguf(file)?;
    check_kv_type(&config, options, &backend)?;
    let needs = FixedNeeds::of(file, &config, options.batch, &backend);
    let position_bytes = config.kv_bytes_per_position(backend.kv_row_bytes(config.head_dim));
    let plan = PlanInput {
        needs,
        position_bytes,
        companion: options.companion,
        wanted_blocks: options.num_blocks,
        wanted_context: options.context_length,
        trained_context: config.context_length,
        is_lazy: backend.kv_cache_is_lazy(),
        could_be_q8_0: backend.name() == "cpu" && options.kv_type == KvType::F16,
        memory: options.memory.or_else(Memory::of_this_process),
    };
    let MemoryPlan {
        context_length,
        num_blocks,
        is_context_shortened,
    } = plan.plan()?;
    let graph = Qwen3::load(file, &config, &backend, options.on_progress.as_ref())?;
    let cache = backend.kv_cache(KvCacheShape {
        num_layers: config.num_layers,
        num_blocks,
        block_size: BLOCK_SIZE,
        num_kv_heads: config.num_kv_heads,
        head_dim: config.head_dim,
    })?;
    let info = ModelInfo {
        name: file
            .metadata()
            .optional_str("general.name")?
            .unwrap_or("unnamed")
            .to_owned(),
        architecture: config.architecture.name(),
        quantization: quantization_name(file)?,
        num_parameters: file.tensors().map(|(_, info)| info.num_elements()).sum(),
        file_bytes: file.file_bytes(),
        context_length,
        trained_context_length: config.context_length,
        vocab_size: config.vocab_size,
        hidden_size: config.hidden_size,
        block_size: BLOCK_SIZE,
        num_blocks,
        weights_bytes: needs.weights_bytes,
        scratch_bytes: needs.scratch_bytes,
        kv_cache_bytes: num_blocks * BLOCK_SIZE * position_bytes,
        kv_cache_type: backend.kv_type(),
        is_context_shortened,
        backend: backend.name(),
        device: backend.device(),
        isa: backend.isa(),
        num_threads: backend.num_threads(),
    };
    let model = LoadedModel {
        context_length,
        num_blocks,
        config,
        graph,
        backend,
        cache,
        scratch: Scratch::default(),
        num_rows: 0,
    };
    Ok((Box::new(model), info))
}

fn check_kv_type<B: Backend>(config: &Qwen3Config, options: &LoadOptions, backend: &B) -> Result<()> {
    let wanted = options.kv_type;
    // Every backend's own type stands for f16, which is the default.
    if wanted == KvType::F16 {
        return Ok(());
    }
    if backend.kv_type() != wanted.name() {
        return Err(ModelError::Unsupported(format!(
            "a KV cache of {} is for the backend \"cpu\" alone; \"{}\" keeps {}",
            wanted.name(),
            backend.name(),
            backend.kv_type()
        )));
    }
    if !config.head_dim.is_multiple_of(wanted.group_len()) {
        return Err(ModelError::Unsupported(format!(
            "a KV cache of {} needs heads of a multiple of {} values, this model's have {}; f16 is for any",
            wanted.name(),
            wanted.group_len(),
            config.head_dim
        )));
    }
    Ok(())
}

struct LoadedModel<B: Backend> {
    context_length: usize,
    num_blocks: usize,
    config: Qwen3Config,
    graph: Qwen3<B>,
    backend: B,
    cache: B::KvCache,
    scratch: Scratch<B>,
    /// Rows of the batch that was computed last.
    num_rows: usize,
}

impl<B: Backend> LanguageModel for LoadedModel<B> {
    fn vocab_size(&self) -> usize {
        self.config.vocab_size
    }

    fn hidden_size(&self) -> usize {
        self.config.hidden_size
    }

    fn context_length(&self) -> usize {
        self.context_length
    }

    fn block_size(&self) -> usize {
        BLOCK_SIZE
    }

    fn num_blocks(&self) -> usize {
        self.num_blocks
    }

    fn uniform_rows(&self) -> usize {
        self.backend.uniform_rows()
    }

    fn forward(&mut self, batch: &Batch, logits: &mut Vec<f32>) -> Result<()> {
        self.forward_if_wanted(batch, logits, &|| false).map(drop)
    }

    fn forward_if_wanted(
        &mut self,
        batch: &Batch,
        logits: &mut Vec<f32>,
        is_unwanted: &dyn Fn() -> bool,
    ) -> Result<bool> {
        batch.check(self.config.vocab_size, self.context_length, BLOCK_SIZE, self.num_blocks)?;
        self.num_rows = 0;
        let Self {
            backend,
            cache,
            scratch,
            ..
        } = self;
        let is_done = self
            .graph
            .forward(backend, batch, cache, scratch, logits, is_unwanted)?;
        self.num_rows = if is_done { batch.token_ids.len() } else { 0 };
        Ok(is_done)
    }

    fn hidden_states(&mut self, rows: &[usize], states: &mut Vec<f32>) -> Result<()> {
        let num_rows = self.num_rows;
        if let Some(row) = rows.iter().find(|&&row| row >= num_rows) {
            return Err(ModelError::InvalidBatch(format!(
                "the state of row {row} of {num_rows}"
            )));
        }
        states.clear();
        if rows.is_empty() {
            return Ok(());
        }
        self.graph.final_states(&self.backend, &self.scratch, rows, states)
    }

    fn kv_layout(&self) -> String {
        let Qwen3Config {
            num_layers,
            num_kv_heads,
            head_dim,
            ..
        } = self.config;
        let (backend, layout) = (self.backend.name(), self.backend.kv_layout());
        format!("{backend} {layout} {num_layers} layers, {BLOCK_SIZE} slots, {num_kv_heads} heads of {head_dim}")
    }

    fn block_bytes(&self) -> usize {
        let row_bytes = self.backend.kv_row_bytes(self.config.head_dim);
        BLOCK_SIZE * self.config.kv_bytes_per_position(row_bytes)
    }

    fn read_block(&self, block: u32, out: &mut Vec<u8>) -> Result<()> {
        self.check_block(block)?;
        self.backend.read_block(&self.cache, block, out)
    }

    fn write_block(&mut self, block: u32, bytes: &[u8]) -> Result<()> {
        self.check_block(block)?;
        if bytes.len() != self.block_bytes() {
            return Err(ModelError::InvalidBatch(format!(
                "{} bytes for a block of {}",
                bytes.len(),
                self.block_bytes()
            )));
        }
        self.backend.write_block(&mut self.cache, block, bytes)
    }

    fn copy_block(&mut self, from: u32, to: u32) -> Result<()> {
        let num_blocks = self.num_blocks as u32;
        if from >= num_blocks || to >= num_blocks {
            return Err(ModelError::InvalidBatch(format!(
                "copy of block {from} to {to} of {num_blocks}"
            )));
        }
        if from == to {
            Ok(())
        } else {
            self.backend.copy_block(&mut self.cache, from, to)
        }
    }
}

impl<B: Backend> LoadedModel<B> {
    fn check_block(&self, block: u32) -> Result<()> {
        if (block as usize) < self.num_blocks {
            return Ok(());
        }
        Err(ModelError::InvalidBatch(format!(
            "block {block} of {}",
            self.num_blocks
        )))
    }
}

/// The usual name of the file's mix of types, by `general.file_type` where it is known, else by what most bytes are.
fn quantization_name(file: &GgufFile) -> Result<String> {
    const FILE_TYPES: [(u64, &str); 17] = [
        (0, "F32"),
        (1, "F16"),
        (2, "Q4_0"),
        (3, "Q4_1"),
        (7, "Q8_0"),
        (8, "Q5_0"),
        (9, "Q5_1"),
        (10, "Q2_K"),
        (11, "Q3_K_S"),
        (12, "Q3_K_M"),
        (13, "Q3_K_L"),
        (14, "Q4_K_S"),
        (15, "Q4_K_M"),
        (16, "Q5_K_S"),
        (17, "Q5_K_M"),
        (18, "Q6_K"),
        (32, "BF16"),
    ];
    let file_type = file.metadata().optional_u64("general.file_type")?;
    if let Some((_, name)) = FILE_TYPES.iter().find(|(id, _)| Some(*id) == file_type) {
        return Ok((*name).to_owned());
    }
    let mut bytes_by_type = std::collections::HashMap::new();
    for (_, info) in file.tensors() {
        *bytes_by_type.entry(info.block_type.name()).or_insert(0) += info.num_bytes();
    }
    let most = bytes_by_type.into_iter().max_by_key(|&(name, bytes)| (bytes, name));
    Ok(most.map_or("unknown", |(name, _)| name).to_owned())
}
