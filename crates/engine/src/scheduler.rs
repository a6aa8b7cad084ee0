//! What runs next: which sequences have blocks, and which of their tokens the next forward pass computes.

mod stored_blocks;

use std::collections::VecDeque;

use crate::block_pool::BlockPool;
use crate::prefix_cache::{CachedPrefix, PrefixCache, common_prefix};
use crate::sequence::{Readout, Sequence};

/// Most rows of a forward pass whose logits score a prompt: it bounds the memory for logits.
const SCORE_ROWS: usize = 64;

#[derive(Debug, Clone, Copy)]
pub(crate) struct SchedulerLimits {
    pub num_blocks: usize,
    pub block_size: usize,
    pub prefill_chunk: usize,
    pub max_running: usize,
}

/// One forward pass: first the copies in order, then the rows.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub admissions: Vec<Admission>,
    pub copies: Vec<BlockCopy>,
    pub chunks: Vec<Chunk>,
}

/// A sequence that got its blocks, with `num_cached` of its positions computed already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    pub sequence: u64,
    pub num_cached: usize,
}

/// Fills the beginning of a sequence's own block with that of a block it can't write to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BlockCopy {
    pub sequence: u64,
    pub from: u32,
    pub to: u32,
}

/// Positions `start..start + len` of a sequence, to be computed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub sequence: u64,
    pub start: usize,
    pub len: usize,
}

/// A prefix that a new sequence can begin with.
struct PrefixMatch {
    /// Tokens in common.
    len: usize,
    source: PrefixSource,
}

#[derive(Clone, Copy)]
enum PrefixSource {
    /// Index in the prefix cache.
    Cached(usize),
    /// Index in `running`.
    Running(usize),
}

/// Invariants: a block is written by one sequence only, the only owner of the blocks at and after its `num_computed`;
/// every running sequence owns blocks for all tokens it has been given, but for the token generated last; the oldest
/// sequence always gets on, because the pool holds a whole context.
#[derive(Debug)]
pub(crate) struct Scheduler {
    limits: SchedulerLimits,
    pool: BlockPool,
    cache: PrefixCache,
    /// Oldest first.
    waiting: VecDeque<Sequence>,
    /// Oldest first.
    running: Vec<Sequence>,
    /// Turns at prefilling given so far.
    num_turns: u64,
    num_preemptions: u64,
}

impl Scheduler {
    pub fn new(limits: SchedulerLimits) -> Self {
        Scheduler {
            limits,
            pool: BlockPool::new(limits.num_blocks),
            cache: PrefixCache::default(),
            waiting: VecDeque::new(),
            running: Vec::new(),
            num_turns: 0,
            num_preemptions: 0,
        }
    }

    /// Queues a sequence; its id is higher than that of any before.
    pub fn add(&mut self, sequence: Sequence) {
        self.waiting.push_back(sequence);
    }

    /// Decides the next forward pass: blocks for decoding sequences first, then admissions, then prompt chunks.
    pub fn plan(&mut self) -> Plan {
        self.grow_running();
        let mut plan = Plan::default();
        self.admit_waiting(&mut plan);
        self.choose_chunks(&mut plan.chunks);
        plan
    }

    /// Notes that the chunks of a plan were computed.
    pub fn complete(&mut self, chunks: &[Chunk]) {
        for chunk in chunks {
            let sequence = self.running_mut(chunk.sequence).expect("a computed sequence runs");
            debug_assert_eq!(sequence.num_computed, chunk.start);
            sequence.num_computed += chunk.len;
        }
    }

    /// Removes a sequence, waiting or running. With `keep`, what it computed stays as a cached prefix.
    pub fn finish(&mut self, id: u64, keep: bool) -> Option<Sequence> {
        if let Some(index) = self.waiting.iter().position(|sequence| sequence.id == id) {
            return self.waiting.remove(index);
        }
        let index = self.running.iter().position(|sequence| sequence.id == id)?;
        let mut sequence = self.running.remove(index);
        // Texts that are only read are read once; keeping them would push conversations out.
        let keep = keep && sequence.readout == Readout::NextToken;
        self.retire_blocks(&mut sequence, keep);
        Some(sequence)
    }

    pub fn running(&self, id: u64) -> Option<&Sequence> {
        let index = self.running.binary_search_by_key(&id, |sequence| sequence.id).ok()?;
        Some(&self.running[index])
    }

    pub fn running_mut(&mut self, id: u64) -> Option<&mut Sequence> {
        let index = self.running.binary_search_by_key(&id, |sequence| sequence.id).ok()?;
        Some(&mut self.running[index])
    }

    pub fn num_running(&self) -> usize {
        self.running.len()
    }

    pub fn num_waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn num_preemptions(&self) -> u64 {
        self.num_preemptions
    }

    pub fn num_free_blocks(&self) -> usize {
        self.pool.num_free()
    }

    /// Blocks that no running sequence owns, free or cached.
    pub fn num_available_blocks(&self) -> usize {
        self.blocks_in_use().iter().filter(|&&in_use| !in_use).count()
    }

    /// `[num_blocks]`, whether a running sequence owns the block.
    fn blocks_in_use(&self) -> Vec<bool> {
        let mut in_use = vec![false; self.pool.num_blocks()];
        for &block in self.running.iter().flat_map(|sequence| &sequence.block_table) {
            in_use[block as usize] = true;
        }
        in_use
    }

    /// Gives a block to every sequence whose next token begins one, preempting the youngest where none is left.
    fn grow_running(&mut self) {
        let mut index = 0;
        while index < self.running.len() {
            let sequence = &self.running[index];
            if sequence.block_table.len() * self.limits.block_size >= sequence.num_needed() {
                index += 1;
            } else if let Some(block) = self.allocate() {
                self.running[index].block_table.push(block);
            } else {
                // May be the one that needs the block; then there is no further one to look at.
                self.preempt_youngest();
            }
        }
    }

    fn preempt_youngest(&mut self) {
        let Some(mut sequence) = self.running.pop() else { return };
        // As a cached prefix it loses only as many blocks as the others need.
        self.retire_blocks(&mut sequence, true);
        let position = self.waiting.partition_point(|waiting| waiting.id < sequence.id);
        self.waiting.insert(position, sequence);
        self.num_preemptions += 1;
    }

    /// Admits in order of submission. The first one without room stops the rest, so that a large request isn't starved
    /// by small ones behind it.
    fn admit_waiting(&mut self, plan: &mut Plan) {
        let mut index = 0;
        while index < self.waiting.len() && self.running.len() < self.limits.max_running {
            let sequence = &self.waiting[index];
            let prefix = self.longest_prefix(&sequence.tokens[..sequence.read_from()]);
            if self.is_being_computed(&self.waiting[index], prefix.as_ref().map_or(0, |prefix| prefix.len)) {
                index += 1;
                continue;
            }
            if !self.has_room(&self.waiting[index], prefix.as_ref()) {
                break;
            }
            let sequence = self.waiting.remove(index).expect("the index is below the length");
            self.admit(sequence, prefix, plan);
        }
    }

    /// The longest beginning of these tokens that is in the KV cache.
    fn longest_prefix(&self, wanted: &[u32]) -> Option<PrefixMatch> {
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

    /// Whether the blocks for all tokens of a sequence and one more can be had without preempting.
    fn has_room(&self, sequence: &Sequence, prefix: Option<&PrefixMatch>) -> bool {
        let block_size = self.limits.block_size;
        let in_use = self.blocks_in_use();
        let num_available = in_use.iter().filter(|&&in_use| !in_use).count();
        let full_blocks = prefix.map_or(&[][..], |prefix| &self.donor_blocks(prefix)[..prefix.len / block_size]);
        // Blocks shared with a running sequence aren't available, and aren't needed either.
        let num_shared = full_blocks.iter().filter(|&&block| in_use[block as usize]).count();
        (sequence.num_needed() + 1).div_ceil(block_size) <= num_available + num_shared
    }

    fn donor_blocks(&self, prefix: &PrefixMatch) -> &[u32] {
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

    /// One row for every decoding sequence; `prefill_chunk` rows for the others together, in equal shares first, then in
    /// turns, those that waited longest first.
    fn choose_chunks(&mut self, chunks: &mut Vec<Chunk>) {
        let mut lens = vec![0; self.running.len()];
        let mut prefilling = Vec::new();
        for (index, sequence) in self.running.iter().enumerate() {
            match sequence.num_pending() {
                0 => {}
                _ if sequence.is_decoding() => lens[index] = 1,
                _ => prefilling.push(index),
            }
        }
        prefilling.sort_by_key(|&index| (self.running[index].last_turn, self.running[index].id));
        let mut budget = self.limits.prefill_chunk;
        let mut score_budget = SCORE_ROWS;
        let share = (budget / prefilling.len().max(1)).max(1);
        for most in [share, budget] {
            for &index in &prefilling {
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
        for &index in prefilling.iter().filter(|&&index| lens[index] > 0) {
            self.num_turns += 1;
            self.running[index].last_turn = self.num_turns;
        }
        for (sequence, len) in self.running.iter().zip(lens).filter(|(_, len)| *len > 0) {
            chunks.push(Chunk {
                sequence: sequence.id,
                start: sequence.num_computed,
                len,
            });
        }
    }

    /// A free block, at the cost of cached prefixes if need be.
    fn allocate(&mut self) -> Option<u32> {
        while self.pool.num_free() == 0 && self.cache.evict_block(self.limits.block_size, &mut self.pool) {}
        self.pool.allocate()
    }

    /// Takes a sequence's blocks away, keeping what it computed as a cached prefix or not.
    fn retire_blocks(&mut self, sequence: &mut Sequence, keep: bool) {
        let num_kept = if keep {
            sequence.num_computed.div_ceil(self.limits.block_size)
        } else {
            0
        };
        self.pool.release_all(sequence.block_table.drain(num_kept..));
        let blocks = std::mem::take(&mut sequence.block_table);
        if keep {
            self.cache.insert(
                CachedPrefix {
                    tokens: sequence.computed_tokens().to_vec(),
                    blocks,
                },
                &mut self.pool,
            );
        }
        sequence.num_computed = 0;
    }

    /// Checks the invariants.
    #[cfg(test)]
    pub fn audit(&self) -> Result<(), String> {
        let tables = self.running.iter().map(|sequence| sequence.block_table.as_slice());
        let cached = self.cache.entries().iter().map(|entry| entry.blocks.as_slice());
        self.pool.audit(tables.chain(cached))?;
        for sequence in &self.running {
            let first_written = sequence.num_computed / self.limits.block_size;
            let written = sequence.block_table.get(first_written..).unwrap_or_default();
            if let Some(block) = written.iter().find(|&&block| self.pool.num_owners(block) != 1) {
                return Err(format!(
                    "sequence {} writes block {block}, which is shared",
                    sequence.id
                ));
            }
        }
        if self
            .waiting
            .iter()
            .any(|sequence| !sequence.block_table.is_empty() || sequence.num_computed > 0)
        {
            return Err("a waiting sequence owns blocks".into());
        }
        let ids = |ids: Vec<u64>| ids.is_sorted_by(|left, right| left < right);
        if !ids(self.running.iter().map(|s| s.id).collect()) || !ids(self.waiting.iter().map(|s| s.id).collect()) {
            return Err("sequences are out of order".into());
        }
        Ok(())
    }
}
