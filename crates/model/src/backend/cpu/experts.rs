//! A feed-forward network with experts: each token goes through a few of many.

use izwi_kernels::Activations as PreparedRows;

use super::{CpuBackend, Rows, Scratch};
use crate::backend::{ExpertWeights, route};

#[derive(Default)]
pub(super) struct ExpertScratch {
    /// `[tokens, num_experts]`
    router: Vec<f32>,
    /// For each expert the (token, weight) pairs routed to it.
    routed: Vec<Vec<(u32, f32)>>,
    rows: Vec<u32>,
    /// `[rows, hidden]`
    down: Vec<f32>,
    prepared: PreparedRows,
}

impl CpuBackend {
    /// As `Backend::experts_mlp`.
    pub(super) fn mix_experts(&self, hidden: &mut Rows, norm: &[f32], epsilon: f32, weights: &ExpertWeights<'_, Self>) {
        let Scratch {
            normed,
            prepared,
            gate,
            up,
            experts,
            ..
        } = &mut *self.scratch();
        let ExpertScratch {
            router,
            routed,
            rows,
            down,
            prepared: prepared_gate,
        } = experts;
        let num_experts = weights.router.rows();
        self.norm(&hidden.values, norm, epsilon, normed, prepared);
        router.resize(hidden.tokens() * num_experts, 0.0);
        let products = &mut [(weights.router.view(), &mut router[..])];
        izwi_kernels::matmul(self.kernels, &self.pool, products, prepared, false);
        route(router, num_experts, weights.num_used, routed);

        for (expert, tokens) in routed.iter().enumerate().filter(|(_, tokens)| !tokens.is_empty()) {
            rows.clear();
            rows.extend(tokens.iter().map(|&(token, _)| token));
            gate.resize(rows.len() * weights.gate.rows, 0.0);
            up.resize(rows.len() * weights.up.rows, 0.0);
            let (gate_view, up_view) = (weights.gate.view(expert), weights.up.view(expert));
            izwi_kernels::matmul_rows(self.kernels, &self.pool, gate_view, prepared, rows, gate);
            izwi_kernels::matmul_rows(self.kernels, &self.pool, up_view, prepared, rows, up);
            self.silu_mul(gate, up, weights.gate.rows);
            prepared_gate.prepare(self.kernels, &self.pool, gate, rows.len(), weights.gate.rows);
            down.resize(rows.len() * hidden.width, 0.0);
            let products = &mut [(weights.down.view(expert), &mut down[..])];
            izwi_kernels::matmul(self.kernels, &self.pool, products, prepared_gate, false);
            for (row, &(token, weight)) in down.chunks_exact(hidden.width).zip(tokens) {
                let target = &mut hidden.values[token as usize * hidden.width..][..hidden.width];
                for (target, value) in target.iter_mut().zip(row) {
                    *target += weight * value;
                }
            }
        }
    }
}
