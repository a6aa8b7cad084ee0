//! Which waiting sequences get blocks, and what of the KV cache they begin with.

use super::{Admission, BlockCopy, Plan, Scheduler};
use crate::prefix_cache::common_prefix;
use crate::sequence::Sequence;

/// A prefix that a new sequence can begin with.
pub(super) struct PrefixMatch {
    /// Tokens in common.
    pub(super) len: usize,
    pub(super) source: PrefixSource,
}

#[derive(Clone, Copy)]
pub(super) enum PrefixSource {
    /// Index in the prefix cache.
    Cached(usize),
    /// Index in `running`.
    Running(usize),
}

impl Scheduler {
    /// Admits in order of level, clients with fewer running sequences first among equals, then those that got less of late,
    /// then in order of submission.
    /// The first one without room stops the rest, so that a large request isn't starved by small ones behind it; where
    /// sequences of a worse level could make room, they do.
    pub(super) fn admit_waiting(&mut self, plan: &mut Plan) {
        let mut set_aside = Vec::new();
        while let Some(index) = self.next_waiting(&set_aside) {
            let sequence = &self.waiting[index];
            let prefix = self.longest_prefix(&sequence.tokens[..sequence.read_from()]);
            if self.is_being_computed(sequence, prefix.as_ref().map_or(0, |prefix| prefix.len)) {
                set_aside.push(sequence.id);
                continue;
            }
            let level = sequence.standing.level();
            if self.fits(sequence, prefix.as_ref(), i64::MAX) {
                let sequence = self.waiting.remove(index);
                let passed = self.waiting.iter_mut().filter(|other| other.id < sequence.id);
                passed.for_each(|other| other.standing.num_passed += 1);
                self.admit(sequence, prefix, plan);
            } else if self.fits(sequence, prefix.as_ref(), level) {
                self.preempt_last();
            } else {
                break;
            }
        }
    }

    /// Index of the waiting sequence that is to be admitted next, leaving some out.
    fn next_waiting(&self, set_aside: &[u64]) -> Option<usize> {
        let candidates = self.waiting.iter().enumerate();
        let candidates = candidates.filter(|(_, sequence)| !set_aside.contains(&sequence.id));
        let next = candidates.min_by_key(|(_, sequence)| {
            let (level, id) = sequence.rank();
            let client = sequence.standing.client;
            (level, self.num_running_of(client), self.recent_rows.of(client), id)
        });
        next.map(|(index, _)| index)
    }

    fn num_running_of(&self, client: Option<u64>) -> usize {
        let of_client = |other: &&Sequence| client.is_some() && other.standing.client == client;
        self.running.iter().filter(of_client).count()
    }

    /// The longest beginning of these tokens that is in the KV cache.
    pub(super) fn longest_prefix(&self, wanted: &[u32]) -> Option<PrefixMatch> {
        let cached = self
            .cache
            .entries()
            .iter()
            .enumerate()
            .map(|(index, entry)| PrefixMatch {
                len: common_prefix(wanted, &entry.tokens),
                source: PrefixSource::Cached(index),
            });
        let running = self.running.iter().enumerate().map(|(index, other)| PrefixMatch {
            len: common_prefix(wanted, other.computed_tokens()),
            source: PrefixSource::Running(index),
        });
        // Of equals the last wins: a running sequence's blocks cost nothing to share and can't be evicted.
        cached
            .chain(running)
            .filter(|prefix| prefix.len > 0)
            .max_by_key(|prefix| prefix.len)
    }

    /// Whether an older sequence is about to compute more of this one's beginning, at least a block of it in all, than
    /// is there now: then this one waits and shares it, rather than computing it a second time. That wait is bounded by
    /// the other one's prefill.
    fn is_being_computed(&self, sequence: &Sequence, prefix_len: usize) -> bool {
        let wanted = &sequence.tokens[..sequence.read_from()];
        let older = self.running.iter().take_while(|other| other.id < sequence.id);
        older.filter(|other| !other.is_decoding()).any(|other| {
            let coming = common_prefix(wanted, &other.tokens[..other.num_needed()]);
            coming > prefix_len.max(other.num_computed) && coming >= self.limits.block_size
        })
    }

    /// Whether a sequence could run, with blocks for all its tokens and one more, if running sequences of a level above
    /// `most_level` were preempted.
    fn fits(&self, sequence: &Sequence, prefix: Option<&PrefixMatch>, most_level: i64) -> bool {
        let block_size = self.limits.block_size;
        let staying = || self.running.iter().filter(|other| other.standing.level() <= most_level);
        let mut in_use = vec![false; self.pool.num_blocks()];
        for &block in staying().flat_map(|other| &other.block_table) {
            in_use[block as usize] = true;
        }
        let num_available = in_use.iter().filter(|&&in_use| !in_use).count();
        let full_blocks = prefix.map_or(&[][..], |prefix| &self.donor_blocks(prefix)[..prefix.len / block_size]);
        // Blocks shared with a running sequence aren't available, and aren't needed either.
        let num_shared = full_blocks.iter().filter(|&&block| in_use[block as usize]).count();
        staying().count() < self.limits.max_running
            && (sequence.num_needed() + 1).div_ceil(block_size) <= num_available + num_shared
    }

    pub(super) fn donor_blocks(&self, prefix: &PrefixMatch) -> &[u32] {
        match prefix.source {
            PrefixSource::Cached(index) => &self.cache.entries()[index].blocks,
            PrefixSource::Running(index) => &self.running[index].block_table,
        }
    }

    /// Moves a sequence to `running` with blocks for all its tokens. There is room.
    fn admit(&mut self, mut sequence: Sequence, prefix: Option<PrefixMatch>, plan: &mut Plan) {
        let block_size = self.limits.block_size;
        let mut copy_from = None;
        if let Some(prefix) = prefix {
            sequence.num_computed = prefix.len;
            match prefix.source {
                PrefixSource::Cached(index) if self.cache.entries()[index].tokens.len() == prefix.len => {
                    sequence.block_table = self.cache.take(index).blocks;
                }
                source => {
                    let num_full = prefix.len / block_size;
                    let donor = self.donor_blocks(&prefix);
                    sequence.block_table = donor[..num_full].to_vec();
                    copy_from = (prefix.len % block_size > 0).then(|| donor[num_full]);
                    sequence.block_table.iter().for_each(|&block| self.pool.share(block));
                    if let PrefixSource::Cached(index) = source {
                        self.cache.touch(index);
                    }
                }
            }
        }
        sequence.last_turn = self.num_passes;
        plan.admissions.push(Admission {
            sequence: sequence.id,
            num_cached: sequence.num_computed,
        });
        while sequence.block_table.len() * block_size < sequence.num_needed() {
            let to = self.allocate().expect("room was counted before");
            sequence.block_table.push(to);
            // Eviction may have freed the very block: then it is taken over with its content.
            if let Some(from) = copy_from.take().filter(|&from| from != to) {
                plan.copies.push(BlockCopy {
                    sequence: sequence.id,
                    from,
                    to,
                });
            }
        }
        let position = self.running.partition_point(|running| running.id < sequence.id);
        self.running.insert(position, sequence);
    }
}
