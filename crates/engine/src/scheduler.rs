//! What runs next: which sequences have blocks, and which of their tokens the next forward pass computes.

mod admission;
mod chunks;
mod drafts;
mod recent_rows;
mod stored_blocks;

use self::recent_rows::RecentRows;
use crate::block_pool::BlockPool;
use crate::prefix_cache::{CachedPrefix, PrefixCache};
use crate::sequence::{Readout, Sequence};

#[derive(Debug, Clone, Copy)]
pub(crate) struct SchedulerLimits {
    pub num_blocks: usize,
    pub block_size: usize,
    pub prefill_chunk: usize,
    /// At least `prefill_chunk`.
    pub lone_prefill_chunk: usize,
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

/// Positions `start..start + len` of a sequence, to be computed, and behind them those of a draft, to be verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub sequence: u64,
    pub start: usize,
    pub len: usize,
    pub draft: Vec<u32>,
}

impl Chunk {
    /// The position behind its last known token.
    pub fn end(&self) -> usize {
        self.start + self.len
    }

    pub fn num_rows(&self) -> usize {
        self.len + self.draft.len()
    }
}

/// Invariants: a block is written by one sequence only, the only owner of the blocks at and after its `num_computed`;
/// every running sequence owns blocks for all tokens it has been given, but for the token generated last; the first
/// sequence by rank always gets on, because the pool holds a whole context, and every sequence becomes the first: each time
/// that others are preferred to it raises it.
#[derive(Debug)]
pub(crate) struct Scheduler {
    limits: SchedulerLimits,
    pool: BlockPool,
    cache: PrefixCache,
    /// Oldest first.
    waiting: Vec<Sequence>,
    /// Oldest first.
    running: Vec<Sequence>,
    /// Passes planned so far.
    num_passes: u64,
    /// The last pass, counted by `num_passes`, with more than one request there.
    last_company: Option<u64>,
    num_preemptions: u64,
    recent_rows: RecentRows,
}

impl Scheduler {
    pub fn new(limits: SchedulerLimits) -> Self {
        Scheduler {
            limits,
            pool: BlockPool::new(limits.num_blocks),
            cache: PrefixCache::default(),
            waiting: Vec::new(),
            running: Vec::new(),
            num_passes: 0,
            last_company: None,
            num_preemptions: 0,
            recent_rows: RecentRows::default(),
        }
    }

    /// Queues a sequence; its id is higher than that of any before.
    pub fn add(&mut self, sequence: Sequence) {
        self.waiting.push(sequence);
    }

    /// Decides the next forward pass: blocks for decoding sequences first, then admissions, then prompt chunks.
    pub fn plan(&mut self) -> Plan {
        self.grow_running();
        let mut plan = Plan::default();
        self.admit_waiting(&mut plan);
        self.choose_chunks(&mut plan.chunks);
        plan
    }

    /// Notes that the chunks of a plan were computed. Of their drafts nothing counts yet.
    pub fn complete(&mut self, chunks: &[Chunk]) {
        for chunk in chunks {
            let sequence = self.running_mut(chunk.sequence).expect("a computed sequence runs");
            debug_assert_eq!(sequence.num_computed, chunk.start);
            sequence.num_computed += chunk.len;
            let client = sequence.standing.client;
            self.recent_rows.add(client, chunk.len);
        }
        self.recent_rows.fade();
    }

    /// Removes a sequence, waiting or running. With `keep`, what it computed stays as a cached prefix.
    pub fn finish(&mut self, id: u64, keep: bool) -> Option<Sequence> {
        if let Some(index) = self.waiting.iter().position(|sequence| sequence.id == id) {
            return Some(self.waiting.remove(index));
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

    /// Gives a block to every sequence whose next token begins one, in order of rank, preempting the last where none is
    /// left.
    fn grow_running(&mut self) {
        let mut ranks: Vec<(i64, u64)> = self.running.iter().map(Sequence::rank).collect();
        ranks.sort_unstable();
        for (_, id) in ranks {
            while let Some(sequence) = self.running(id)
                && sequence.block_table.len() * self.limits.block_size < sequence.num_needed()
            {
                match self.allocate() {
                    Some(block) => self.running_mut(id).expect("it runs").block_table.push(block),
                    // May be the one that needs the block.
                    None => self.preempt_last(),
                }
            }
        }
    }

    /// Takes the blocks of the running sequence that comes last by rank, which waits from then on.
    fn preempt_last(&mut self) {
        let Some(index) = (0..self.running.len()).max_by_key(|&index| self.running[index].rank()) else {
            return;
        };
        let mut sequence = self.running.remove(index);
        // As a cached prefix it loses only as many blocks as the others need.
        self.retire_blocks(&mut sequence, true);
        let position = self.waiting.partition_point(|waiting| waiting.id < sequence.id);
        self.waiting.insert(position, sequence);
        self.num_preemptions += 1;
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
