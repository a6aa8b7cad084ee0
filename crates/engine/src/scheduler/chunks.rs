//! Which tokens a forward pass computes.

use super::{Chunk, Scheduler};
use crate::sequence::Readout;

/// Most rows of a forward pass whose logits score a prompt: it bounds the memory for logits.
const SCORE_ROWS: usize = 64;

/// Passes without company after which a request counts as alone. Who has sent two requests at once may well do so again.
const LONE_PASSES: u64 = 100;

/// Passes after which a prompt that got nothing goes before shorter ones: one pass in three is its own, however many short ones
/// come. A single short prompt waits no longer for that, since it comes right after a pass of the long one.
const MOST_PASSES_WITHOUT_ROWS: u64 = 2;

impl Scheduler {
    /// One row for every decoding sequence, and a bounded number of rows for the prompts that are still being read: half as
    /// many where others are decoding, so that their answers flow on.
    pub(super) fn choose_chunks(&mut self, chunks: &mut Vec<Chunk>) {
        self.num_passes += 1;
        let mut lens = vec![0; self.running.len()];
        let mut prefilling = Vec::new();
        for (index, sequence) in self.running.iter().enumerate() {
            match sequence.num_pending() {
                0 => {}
                _ if sequence.is_decoding() => lens[index] = 1,
                _ => prefilling.push(index),
            }
        }
        let is_alone = self.is_alone();
        if let [index] = prefilling[..]
            && is_alone
            && self.running[index].readout == Readout::NextToken
        {
            lens[index] = self.running[index].num_pending().min(self.limits.lone_prefill_chunk);
            self.running[index].last_turn = self.num_passes;
            prefilling.clear();
        }
        let is_decoding = lens.contains(&1);
        let budget = self.limits.prefill_chunk.div_ceil(if is_decoding { 2 } else { 1 });
        self.share_budget(prefilling, budget, &mut lens);
        for (sequence, len) in self.running.iter().zip(lens).filter(|(_, len)| *len > 0) {
            chunks.push(Chunk {
                sequence: sequence.id,
                start: sequence.num_computed,
                len,
                draft: Vec::new(),
            });
        }
    }

    /// Whether only one request is there, and has been for some time.
    fn is_alone(&mut self) -> bool {
        if self.running.len() + self.waiting.len() > 1 {
            self.last_company = Some(self.num_passes);
        }
        self.last_company
            .is_none_or(|pass| self.num_passes - pass > LONE_PASSES)
    }

    /// The best level first, then those that waited long, in the order in which they had their turn, then the shortest: a short
    /// prompt is through at once, and the long one beside it hardly later. A pass that ends a prompt isn't made longer by parts of others.
    fn share_budget(&mut self, mut prefilling: Vec<usize>, mut budget: usize, lens: &mut [usize]) {
        let num_passes = self.num_passes;
        prefilling.sort_by_key(|&index| {
            let sequence = &self.running[index];
            let waited_long = num_passes - sequence.last_turn > MOST_PASSES_WITHOUT_ROWS;
            let (level, id) = sequence.rank();
            // By length, those that waited long would be passed for ever by shorter ones that waited long as well.
            let order = if waited_long {
                sequence.last_turn
            } else {
                sequence.num_pending() as u64
            };
            (level, !waited_long, order, id)
        });
        let mut score_budget = SCORE_ROWS;
        let mut ends_a_prompt = false;
        let best_level = prefilling.first().map(|&index| self.running[index].standing.level());
        for index in prefilling {
            let sequence = &mut self.running[index];
            let is_scored = matches!(sequence.readout, Readout::Logits { .. });
            let affordable = rows_at(sequence.num_computed, budget);
            let most = if is_scored {
                score_budget.min(affordable)
            } else {
                affordable
            };
            let len = sequence.num_pending().min(most);
            let is_end = len == sequence.num_pending();
            if len > 0 && (is_end || !ends_a_prompt) {
                lens[index] = len;
                budget = (budget * (affordable - len)) / affordable;
                score_budget -= if is_scored { len } else { 0 };
                ends_a_prompt |= is_end;
                sequence.last_turn = num_passes;
            } else if Some(sequence.standing.level()) != best_level {
                sequence.standing.num_passed += 1;
            }
        }
    }
}

/// How many rows may be computed at a depth, where `budget` of them may at the beginning of a text: attention looks at all
/// that came before, and with some two thousand positions costs as much as all the rest.
fn rows_at(depth: usize, budget: usize) -> usize {
    (2 * budget / (2 + depth / 1024)).max(budget.min(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::SchedulerLimits;
    use crate::sequence::{Sequence, Standing};

    fn rows_of(plan: &crate::scheduler::Plan) -> Vec<(u64, usize)> {
        plan.chunks.iter().map(|chunk| (chunk.sequence, chunk.len)).collect()
    }

    #[test]
    fn who_is_alone_gets_long_passes_until_another_comes_and_for_some_time_after_not() {
        let mut scheduler = Scheduler::new(SchedulerLimits {
            num_blocks: 64,
            block_size: 64,
            prefill_chunk: 8,
            lone_prefill_chunk: 100,
            max_running: 4,
        });
        let mut id = 0;
        let mut add = |scheduler: &mut Scheduler, len: usize| {
            id += 1;
            let prompt = (0..len).map(|token| (token as u32 + id as u32) * 7 % 251).collect();
            scheduler.add(Sequence::new(id, prompt, Readout::NextToken, Standing::default()));
        };
        let pass = |scheduler: &mut Scheduler| {
            let plan = scheduler.plan();
            scheduler.complete(&plan.chunks);
            rows_of(&plan)
        };

        add(&mut scheduler, 1000);
        assert_eq!(pass(&mut scheduler), [(1, 100)]);
        add(&mut scheduler, 5);
        let rows: usize = pass(&mut scheduler).iter().map(|(_, len)| len).sum();
        assert!(rows <= 8, "{rows} rows in company");
        scheduler.finish(2, false);
        for _ in 0..LONE_PASSES {
            let chunks = pass(&mut scheduler);
            assert!(chunks.iter().all(|&(_, len)| len <= 8), "{chunks:?} just after");
        }
        assert_eq!(pass(&mut scheduler), [(1, 100)]);
    }

    #[test]
    fn deep_rows_are_fewer_but_never_none() {
        assert_eq!(rows_at(0, 48), 48);
        assert_eq!(rows_at(1023, 48), 48);
        assert_eq!(rows_at(2048, 48), 24);
        assert_eq!(rows_at(8192, 48), 9);
        assert_eq!(rows_at(1 << 20, 48), 1);
        assert_eq!(rows_at(1 << 20, 0), 0);
    }
}
