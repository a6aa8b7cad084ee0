//! Which tokens a forward pass computes.

use super::{Chunk, Scheduler};
use crate::sequence::Readout;

/// Most rows of a forward pass whose logits score a prompt: it bounds the memory for logits.
const SCORE_ROWS: usize = 64;

impl Scheduler {
    /// One row for every decoding sequence; `prefill_chunk` rows for the others together: first for those of the best
    /// level, in equal shares, then in turns, those that waited longest first; then for the rest in the same way.
    pub(super) fn choose_chunks(&mut self, chunks: &mut Vec<Chunk>) {
        let mut lens = vec![0; self.running.len()];
        let mut prefilling = Vec::new();
        for (index, sequence) in self.running.iter().enumerate() {
            match sequence.num_pending() {
                0 => {}
                _ if sequence.is_decoding() => lens[index] = 1,
                _ => prefilling.push(index),
            }
        }
        let level = |index: usize| self.running[index].standing.level();
        prefilling.sort_by_key(|&index| (level(index), self.running[index].last_turn, self.running[index].id));
        let num_best = prefilling
            .iter()
            .take_while(|&&index| level(index) == level(prefilling[0]))
            .count();
        let (best, rest) = prefilling.split_at(num_best);
        let mut budget = self.limits.prefill_chunk;
        let mut score_budget = SCORE_ROWS;
        for group in [best, rest] {
            let share = (budget / group.len().max(1)).max(1);
            for most in [share, budget] {
                for &index in group {
                    let sequence = &self.running[index];
                    let mut len = (sequence.num_pending() - lens[index]).min(most).min(budget);
                    if matches!(sequence.readout, Readout::Logits { .. }) {
                        len = len.min(score_budget);
                        score_budget -= len;
                    }
                    lens[index] += len;
                    budget -= len;
                }
            }
        }
        for index in prefilling {
            let sequence = &mut self.running[index];
            if lens[index] > 0 {
                self.num_turns += 1;
                sequence.last_turn = self.num_turns;
            } else {
                sequence.standing.num_passed += 1;
            }
        }
        for (sequence, len) in self.running.iter().zip(lens).filter(|(_, len)| *len > 0) {
            chunks.push(Chunk {
                sequence: sequence.id,
                start: sequence.num_computed,
                len,
                draft: Vec::new(),
            });
        }
    }
}
