//! What a model takes of the memory, decided before anything is allocated.

use crate::backend::Backend;
use crate::config::Qwen3Config;
use crate::gguf::GgufFile;
use crate::memory::Memory;
use crate::{BLOCK_SIZE, ModelError, Result};

/// The shortest context that is chosen where none was asked for.
const SHORTEST_CONTEXT: usize = 512;
/// Of the memory, what the KV cache may take where no context length was asked for, and for further sequences.
const KV_CACHE_SHARE: usize = 4;
/// Of what is available, one part is left to the system and to what a process takes besides.
const RESERVE_SHARE: usize = 20;
/// What a tokenizer takes for each token: its text, its merges, and the tables to find them.
const TOKEN_BYTES: usize = 400;
/// Where the system doesn't tell: enough for a usual context, and nothing is refused.
const GUESSED_BYTES: usize = 8 << 30;

/// The largest pass that an engine will ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSize {
    pub rows: usize,
    /// Rows that need logits.
    pub logit_rows: usize,
}

impl Default for BatchSize {
    fn default() -> Self {
        Self {
            rows: 256,
            logit_rows: 64,
        }
    }
}

/// Bytes of main memory that a model takes besides its KV cache; nothing of what lies on another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FixedNeeds {
    pub weights_bytes: usize,
    /// Activations and logits of the largest batch, and the tokenizer.
    pub scratch_bytes: usize,
}

impl FixedNeeds {
    pub fn of<B: Backend>(file: &GgufFile, config: &Qwen3Config, batch: BatchSize, backend: &B) -> Self {
        if !backend.uses_main_memory() {
            return Self {
                weights_bytes: 0,
                scratch_bytes: 0,
            };
        }
        let has_output = file.has_tensor("output.weight");
        let weights = file.tensors().map(|(name, info)| match info.shape.len() {
            // Its rows are read from the file as they're needed.
            _ if name == "token_embd.weight" && has_output => 0,
            1 => info.num_elements() * size_of::<f32>(),
            _ => backend.weight_bytes(info),
        });
        Self {
            weights_bytes: weights.sum(),
            scratch_bytes: scratch_bytes(config, batch),
        }
    }
}

/// Rows of f32: the graph's hidden, q, k, v and attended, the normed and the prepared ones, those of the MLP, and logits.
fn scratch_bytes(config: &Qwen3Config, batch: BatchSize) -> usize {
    let q_width = config.num_heads * config.head_dim;
    let kv_width = config.num_kv_heads * config.head_dim;
    let mlp_width = match &config.experts {
        Some(experts) => experts.num_used * (3 * experts.intermediate_size + config.hidden_size),
        None => 3 * config.intermediate_size,
    };
    let row_len = 3 * config.hidden_size + 3 * q_width + 2 * kv_width + mlp_width;
    let num_values = batch.rows.saturating_mul(row_len) + batch.logit_rows.saturating_mul(config.vocab_size);
    num_values.saturating_mul(size_of::<f32>()) + config.vocab_size * TOKEN_BYTES
}

/// What a model takes of main memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelNeeds {
    /// Weights, activations and logits of the largest batch, and the tokenizer.
    pub fixed_bytes: usize,
    /// Of K and V of one position.
    pub position_bytes: usize,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryPlan {
    pub context_length: usize,
    /// Blocks of the KV cache: room for several sequences where memory allows, and always for one of full length and a
    /// block to copy into.
    pub num_blocks: usize,
    /// The context is shorter than the model's own for want of memory, and nobody asked for one.
    pub is_context_shortened: bool,
}

/// What the plan depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanInput {
    pub needs: FixedNeeds,
    /// Bytes of K and V of one position.
    pub position_bytes: usize,
    /// A model that is loaded afterwards and keeps the same positions.
    pub companion: ModelNeeds,
    pub wanted_context: Option<usize>,
    /// How many blocks the KV cache has, where that is decided.
    pub wanted_blocks: Option<usize>,
    pub trained_context: usize,
    /// The KV cache takes memory only as it fills.
    pub is_lazy: bool,
    /// The KV cache could be about half as large.
    pub could_be_q8_0: bool,
    /// None where the system doesn't tell.
    pub memory: Option<Memory>,
}

impl PlanInput {
    /// # Errors
    /// `Unsupported` for a context of nothing; `OutOfMemory`, with all numbers, where it can't fit.
    pub fn plan(&self) -> Result<MemoryPlan> {
        if self.wanted_context == Some(0) {
            return Err(ModelError::Unsupported("a context length of 0 holds nothing".into()));
        }
        let total = self.memory.map_or(GUESSED_BYTES, |memory| memory.total_bytes);
        let position_bytes = self.position_bytes + self.companion.position_bytes;
        let share = total / KV_CACHE_SHARE / position_bytes;
        let room = self.kv_room() / position_bytes;
        let context_length = match self.wanted_context {
            Some(wanted) => wanted.min(self.trained_context),
            None => self
                .trained_context
                .min(share.max(2048))
                .min(self.longest_context(room)),
        };
        let needed = self.wanted_blocks.unwrap_or(0).max(blocks_for(context_length));
        if needed > room / BLOCK_SIZE {
            return Err(self.no_room(context_length, room));
        }
        let most = if self.is_lazy && self.wanted_blocks.is_none() {
            needed * 4
        } else {
            needed
        };
        Ok(MemoryPlan {
            context_length,
            num_blocks: (share.min(room) / BLOCK_SIZE).clamp(needed, most),
            is_context_shortened: self.wanted_context.is_none() && context_length < self.trained_context,
        })
    }

    /// Bytes that are left for the KV cache.
    fn kv_room(&self) -> usize {
        let Some(Memory { available_bytes, .. }) = self.memory else {
            return usize::MAX;
        };
        let FixedNeeds {
            weights_bytes,
            scratch_bytes,
        } = self.needs;
        let usable = available_bytes - available_bytes / RESERVE_SHARE;
        usable
            .saturating_sub(weights_bytes.saturating_add(scratch_bytes))
            .saturating_sub(self.companion.fixed_bytes)
    }

    /// The context that has room for `room` positions, the block to copy into included; not less than the shortest one.
    fn longest_context(&self, room: usize) -> usize {
        let longest = (room / BLOCK_SIZE).saturating_sub(1).saturating_mul(BLOCK_SIZE);
        longest.max(SHORTEST_CONTEXT.min(self.trained_context))
    }

    fn no_room(&self, context_length: usize, room: usize) -> ModelError {
        let FixedNeeds {
            weights_bytes,
            scratch_bytes,
        } = self.needs;
        let num_positions = self.wanted_blocks.unwrap_or(0).max(blocks_for(context_length)) * BLOCK_SIZE;
        let kv_bytes = num_positions.saturating_mul(self.position_bytes);
        let companion_bytes = num_positions
            .saturating_mul(self.companion.position_bytes)
            .saturating_add(self.companion.fixed_bytes);
        let (companion, without_it) = if companion_bytes > 0 {
            let companion = format!(", the draft model {} with its own", mib(companion_bytes));
            (companion, ", or do without a draft model")
        } else {
            (String::new(), "")
        };
        let longest = self.longest_context(room);
        let advice = if blocks_for(longest) <= room / BLOCK_SIZE {
            let smaller = if self.could_be_q8_0 {
                ", or a KV cache of q8_0"
            } else {
                ""
            };
            format!(
                "a context of {longest} tokens would fit; or close other programs, or choose a smaller model{smaller}{without_it}"
            )
        } else {
            format!("close other programs, or choose a smaller model or a stronger quantization{without_it}")
        };
        let available = self.memory.map_or(0, |memory| memory.available_bytes);
        ModelError::OutOfMemory(format!(
            "the weights take {}, a context of {context_length} tokens {} for its KV cache{companion}, and buffers {}: {} in all, and of \
             this machine's or container's memory {} are available, of which a twentieth is left to other things; {advice}",
            mib(weights_bytes),
            mib(kv_bytes),
            mib(scratch_bytes),
            mib(weights_bytes
                .saturating_add(scratch_bytes)
                .saturating_add(kv_bytes)
                .saturating_add(companion_bytes)),
            mib(available),
        ))
    }
}

fn blocks_for(context_length: usize) -> usize {
    context_length.div_ceil(BLOCK_SIZE) + 1
}

fn mib(bytes: usize) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// A model of 600 MiB with 64 KiB for each position, made for 40,960 of them.
    fn input(available_mib: usize) -> PlanInput {
        PlanInput {
            needs: FixedNeeds {
                weights_bytes: 500 * MIB,
                scratch_bytes: 100 * MIB,
            },
            position_bytes: 64 << 10,
            companion: ModelNeeds::default(),
            wanted_context: None,
            wanted_blocks: None,
            trained_context: 40_960,
            is_lazy: true,
            could_be_q8_0: true,
            memory: Some(Memory {
                total_bytes: 16384 * MIB,
                available_bytes: available_mib * MIB,
            }),
        }
    }

    /// What the plan takes at most, in MiB.
    fn taken(plan: MemoryPlan) -> usize {
        600 + plan.num_blocks * BLOCK_SIZE * (64 << 10) / MIB
    }

    #[test]
    fn what_fits_is_taken_whole_with_room_for_others() {
        let plan = input(16384).plan().expect("room");
        assert_eq!((plan.context_length, plan.is_context_shortened), (40_960, false));
        assert_eq!(plan.num_blocks, 16384 / KV_CACHE_SHARE * MIB / (64 << 10) / BLOCK_SIZE);
        let short = PlanInput {
            wanted_context: Some(1000),
            ..input(16384)
        };
        assert_eq!(short.plan().expect("room").num_blocks, 4 * (1024 / BLOCK_SIZE + 1));
        let eager = PlanInput {
            is_lazy: false,
            ..short
        };
        assert_eq!(eager.plan().expect("room").num_blocks, 1024 / BLOCK_SIZE + 1);
    }

    #[test]
    fn a_context_that_nobody_asked_for_is_as_long_as_there_is_room() {
        for available in 680..4000 {
            let plan = input(available).plan().expect("room for a short context");
            assert!(
                taken(plan) <= available - available / 20 + 1,
                "{plan:?} in {available} MiB"
            );
            assert!(plan.num_blocks >= blocks_for(plan.context_length));
            assert!(plan.context_length >= SHORTEST_CONTEXT);
            assert_eq!(plan.is_context_shortened, plan.context_length < 40_960);
        }
        let plan = input(2048).plan().expect("room");
        assert!(plan.context_length > 20_000, "{plan:?}");
    }

    #[test]
    fn what_cannot_fit_is_refused_with_all_numbers() {
        let message = |input: PlanInput| match input.plan() {
            Err(ModelError::OutOfMemory(message)) => message,
            other => panic!("{other:?}"),
        };
        let asked = PlanInput {
            wanted_context: Some(32_768),
            ..input(1024)
        };
        let text = message(asked);
        for part in [
            "500 MiB",
            "32768 tokens 2050 MiB",
            "100 MiB",
            "2650 MiB in all",
            "1024 MiB are available",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains("q8_0"), "{text}");
        // What the advice says is true.
        let advised = text
            .split("a context of ")
            .nth(2)
            .and_then(|rest| rest.split(' ').next());
        let advised = advised.and_then(|number| number.parse().ok());
        assert!(advised.is_some_and(|advised: usize| advised > 4000), "{text}");
        let plan = |wanted_context| {
            PlanInput {
                wanted_context,
                ..asked
            }
            .plan()
        };
        plan(advised).expect("the advice fits");
        plan(advised.map(|context| context + BLOCK_SIZE)).expect_err("no more than that");

        let text = message(input(500));
        assert!(text.contains("smaller model or a stronger quantization"), "{text}");
    }

    #[test]
    fn a_draft_model_gets_its_part_of_what_there_is() {
        let companion = ModelNeeds {
            fixed_bytes: 200 * MIB,
            position_bytes: 16 << 10,
        };
        for available in [1000, 1500, 2000, 4000, 16384] {
            let both = PlanInput {
                companion,
                ..input(available)
            };
            let plan = both.plan().expect("room");
            let draft = PlanInput {
                needs: FixedNeeds {
                    weights_bytes: 200 * MIB,
                    scratch_bytes: 0,
                },
                position_bytes: 16 << 10,
                companion: ModelNeeds::default(),
                wanted_context: Some(plan.context_length),
                wanted_blocks: Some(plan.num_blocks),
                // What the first one leaves.
                memory: Some(Memory {
                    total_bytes: 16384 * MIB,
                    available_bytes: (available - taken(plan)) * MIB,
                }),
                ..both
            };
            let draft_plan = draft.plan();
            let draft_plan = draft_plan.unwrap_or_else(|error| panic!("{error} in {available} MiB"));
            assert_eq!(
                (draft_plan.num_blocks, draft_plan.context_length),
                (plan.num_blocks, plan.context_length)
            );
        }
        let without = input(1500).plan().expect("room");
        let with = PlanInput {
            companion,
            ..input(1500)
        };
        assert!(with.plan().expect("room").context_length < without.context_length);
        let too_much = PlanInput {
            companion,
            ..input(800)
        };
        let Err(ModelError::OutOfMemory(text)) = too_much.plan() else {
            panic!("it can't fit");
        };
        for part in ["the draft model 2", "MiB with its own", "or do without a draft model"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn without_numbers_nothing_is_refused() {
        let unknown = PlanInput {
            memory: None,
            ..input(0)
        };
        assert_eq!(unknown.plan().expect("no refusal").context_length, 32_768);
    }
}
