//! Rows that verify what was guessed.

use super::{Chunk, Plan, Scheduler};

impl Scheduler {
    /// Whether a plan computes nothing but the next token of each of its sequences.
    pub fn only_decodes(&self, plan: &Plan) -> bool {
        let decodes = |chunk: &Chunk| {
            let sequence = self.running(chunk.sequence).expect("a planned sequence runs");
            chunk.len == 1 && sequence.is_decoding()
        };
        plan.copies.is_empty() && plan.chunks.iter().all(decodes)
    }

    /// Adds a draft to the chunk of a decoding sequence, as much of it as there are blocks for. Nobody is preempted for it.
    pub fn add_draft(&mut self, chunk: &mut Chunk, mut draft: Vec<u32>) {
        let block_size = self.limits.block_size;
        let mut room = self.num_slots(chunk.sequence);
        while room < chunk.end() + draft.len()
            && let Some(block) = self.allocate()
        {
            let sequence = self.running_mut(chunk.sequence).expect("a planned sequence runs");
            sequence.block_table.push(block);
            room += block_size;
        }
        draft.truncate(room - chunk.end());
        chunk.draft = draft;
    }

    /// Notes that the next token of a computed draft was right: its K and V count.
    pub fn accept_draft_token(&mut self, id: u64) {
        let sequence = self.running_mut(id).expect("a computed sequence runs");
        sequence.num_computed += 1;
    }

    /// Positions that a running sequence has blocks for.
    fn num_slots(&self, id: u64) -> usize {
        let sequence = self.running(id).expect("a planned sequence runs");
        sequence.block_table.len() * self.limits.block_size
    }
}
