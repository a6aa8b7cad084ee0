//! The feed-forward network of Qwen3-MoE: in every layer, no shared expert.

use crate::Result;
use crate::backend::{Backend, ExpertWeights};
use crate::config::ExpertsConfig;
use crate::qwen3::Loader;

pub(crate) struct Experts<B: Backend> {
    /// `[num_experts, hidden]`
    router: B::Matrix,
    /// `[num_experts, intermediate, hidden]`
    gate: B::MatrixStack,
    /// `[num_experts, intermediate, hidden]`
    up: B::MatrixStack,
    /// `[num_experts, hidden, intermediate]`
    down: B::MatrixStack,
    num_used: usize,
}

impl<B: Backend> Experts<B> {
    pub(crate) fn load(loader: &Loader<'_, B>, layer: usize, hidden: usize, config: &ExpertsConfig) -> Result<Self> {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        let (count, intermediate) = (config.num_experts, config.intermediate_size);
        Ok(Self {
            router: loader.matrix(&name("ffn_gate_inp"), count, hidden)?,
            gate: loader.matrix_stack(&name("ffn_gate_exps"), [count, intermediate, hidden])?,
            up: loader.matrix_stack(&name("ffn_up_exps"), [count, intermediate, hidden])?,
            down: loader.matrix_stack(&name("ffn_down_exps"), [count, hidden, intermediate])?,
            num_used: config.num_used,
        })
    }

    pub(crate) fn weights(&self) -> ExpertWeights<'_, B> {
        ExpertWeights {
            router: &self.router,
            gate: &self.gate,
            up: &self.up,
            down: &self.down,
            num_used: self.num_used,
        }
    }
}
