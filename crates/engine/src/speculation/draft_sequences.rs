//! Which blocks of the draft model's KV cache hold what.

use std::collections::BTreeMap;

use crate::block_pool::BlockPool;
use crate::prefix_cache::{CachedPrefix, PrefixCache, common_prefix};

/// What the draft model has computed of the sequences that it follows, and of those that have ended. A sequence may be given
/// up at any time: it begins anew with what is still cached.
///
/// Invariant: a sequence is the only owner of its blocks at and after the one with its first position that isn't computed.
#[derive(Debug)]
pub(crate) struct DraftSequences {
    block_size: usize,
    pool: BlockPool,
    cache: PrefixCache,
    /// By id of the sequence that is followed.
    sequences: BTreeMap<u64, DraftSequence>,
    num_uses: u64,
}

#[derive(Debug, Default)]
struct DraftSequence {
    /// Those whose K and V exist.
    tokens: Vec<u32>,
    /// At least `ceil(tokens / block_size)`.
    block_table: Vec<u32>,
    /// So many tokens are known to be right. What comes behind them isn't shared: it may be taken back.
    num_known: usize,
    last_use: u64,
}

impl DraftSequences {
    pub fn new(num_blocks: usize, block_size: usize) -> Self {
        DraftSequences {
            block_size,
            pool: BlockPool::new(num_blocks),
            cache: PrefixCache::default(),
            sequences: BTreeMap::new(),
            num_uses: 0,
        }
    }

    /// How many of these tokens are computed, never the last. What was guessed wrong is taken back; a sequence that is new
    /// begins with what others have in common with it.
    pub fn follow(&mut self, id: u64, tokens: &[u32]) -> usize {
        let wanted = &tokens[..tokens.len() - 1];
        if !self.sequences.contains_key(&id) {
            let begun = self.begin(wanted);
            self.sequences.insert(id, begun);
        }
        self.num_uses += 1;
        let sequence = self.sequences.get_mut(&id).expect("it is there");
        sequence.last_use = self.num_uses;
        sequence.num_known = wanted.len();
        let num_right = common_prefix(&sequence.tokens, wanted);
        sequence.tokens.truncate(num_right);
        num_right
    }

    /// How many of these tokens would be computed after `follow`, roughly where the sequence is new.
    pub fn num_computed(&self, id: u64, tokens: &[u32]) -> usize {
        let wanted = &tokens[..tokens.len() - 1];
        if let Some(sequence) = self.sequences.get(&id) {
            return common_prefix(&sequence.tokens, wanted);
        }
        let others = self.others().map(|(tokens, _)| common_prefix(tokens, wanted));
        others.max().unwrap_or(0)
    }

    /// Gives a sequence blocks for `len` positions; false if there is no room, beside those that are `busy`.
    pub fn reserve(&mut self, id: u64, len: usize, busy: &[u64]) -> bool {
        while self.sequences[&id].block_table.len() * self.block_size < len {
            let Some(block) = self.allocate(busy) else { return false };
            self.sequences.get_mut(&id).expect("it is busy").block_table.push(block);
        }
        true
    }

    /// The first blocks of a sequence, for `len` positions.
    pub fn block_table(&self, id: u64, len: usize) -> &[u32] {
        &self.sequences[&id].block_table[..len.div_ceil(self.block_size)]
    }

    /// Notes that these were computed, behind those that were before.
    pub fn note_computed(&mut self, id: u64, tokens: &[u32]) {
        let sequence = self.sequences.get_mut(&id).expect("it was computed");
        sequence.tokens.extend_from_slice(tokens);
    }

    /// Forgets a sequence that has ended with these tokens; what was computed of them stays as a cached prefix.
    pub fn finish(&mut self, id: u64, tokens: &[u32]) {
        if let Some(mut sequence) = self.sequences.remove(&id) {
            sequence.tokens.truncate(common_prefix(&sequence.tokens, tokens));
            self.retire(sequence);
        }
    }

    /// Every prefix that may be shared, as tokens and blocks.
    fn others(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        let cached = self.cache.entries().iter();
        let cached = cached.map(|entry| (entry.tokens.as_slice(), entry.blocks.as_slice()));
        let followed = self.sequences.values().map(|other| {
            let num_known = other.num_known.min(other.tokens.len());
            (&other.tokens[..num_known], other.block_table.as_slice())
        });
        cached.chain(followed)
    }

    /// A sequence with the longest beginning of these tokens that is there: a whole cached prefix, or shared blocks that
    /// are full.
    fn begin(&mut self, wanted: &[u32]) -> DraftSequence {
        let lens = self.others().map(|(tokens, _)| common_prefix(tokens, wanted));
        let longest = lens.zip(0..).filter(|&(len, _)| len > 0).max();
        let Some((len, index)) = longest else {
            return DraftSequence::default();
        };
        let num_cached = self.cache.entries().len();
        if index < num_cached && self.cache.entries()[index].tokens.len() == len {
            let CachedPrefix { tokens, blocks } = self.cache.take(index);
            return DraftSequence {
                tokens,
                block_table: blocks,
                ..DraftSequence::default()
            };
        }
        let num_full = len / self.block_size;
        let (_, blocks) = self.others().nth(index).expect("it was found");
        let block_table = blocks[..num_full].to_vec();
        block_table.iter().for_each(|&block| self.pool.share(block));
        if index < num_cached {
            self.cache.touch(index);
        }
        DraftSequence {
            tokens: wanted[..num_full * self.block_size].to_vec(),
            block_table,
            ..DraftSequence::default()
        }
    }

    /// A free block, at the cost of cached prefixes and then of the sequence that was used longest ago.
    fn allocate(&mut self, busy: &[u64]) -> Option<u32> {
        loop {
            if let Some(block) = self.pool.allocate() {
                return Some(block);
            }
            if self.cache.evict_block(self.block_size, &mut self.pool) {
                continue;
            }
            let idle = self.sequences.iter().filter(|(id, _)| !busy.contains(id));
            let (&id, _) = idle.min_by_key(|(_, sequence)| sequence.last_use)?;
            let sequence = self.sequences.remove(&id).expect("it was found");
            self.retire(sequence);
        }
    }

    fn retire(&mut self, mut sequence: DraftSequence) {
        let num_kept = sequence.tokens.len().div_ceil(self.block_size);
        self.pool.release_all(sequence.block_table.drain(num_kept..));
        let prefix = CachedPrefix {
            tokens: sequence.tokens,
            blocks: sequence.block_table,
        };
        self.cache.insert(prefix, &mut self.pool);
    }

    /// Checks the invariant and that no block is lost.
    #[cfg(test)]
    pub fn audit(&self) -> Result<(), String> {
        self.pool.audit(self.others().map(|(_, blocks)| blocks))?;
        for (id, sequence) in &self.sequences {
            let written = sequence.block_table.get(sequence.tokens.len() / self.block_size..);
            if let Some(block) = written
                .into_iter()
                .flatten()
                .find(|&&block| self.pool.num_owners(block) != 1)
            {
                return Err(format!("draft sequence {id} writes block {block}, which is shared"));
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn num_followed(&self) -> usize {
        self.sequences.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a text and computes what is missing of it but the last token. Returns how much that was.
    fn compute(sequences: &mut DraftSequences, id: u64, tokens: &[u32], busy: &[u64]) -> usize {
        let num_computed = sequences.follow(id, tokens);
        let end = tokens.len() - 1;
        assert!(sequences.reserve(id, end, busy));
        sequences.note_computed(id, &tokens[num_computed..end]);
        sequences.audit().unwrap();
        end - num_computed
    }

    #[test]
    fn a_text_that_goes_on_is_computed_once_and_what_was_wrong_again() {
        let mut sequences = DraftSequences::new(8, 4);
        let text: Vec<u32> = (0..20).collect();
        assert_eq!(compute(&mut sequences, 1, &text[..10], &[1]), 9);
        assert_eq!(compute(&mut sequences, 1, &text[..13], &[1]), 3);
        // Two guesses of which the second was wrong.
        assert!(sequences.reserve(1, 14, &[1]));
        sequences.note_computed(1, &[12, 99]);
        assert_eq!(sequences.num_computed(1, &text[..16]), 13);
        assert_eq!(compute(&mut sequences, 1, &text[..16], &[1]), 2);
        // The next turn begins where this one ended.
        sequences.finish(1, &text[..16]);
        assert_eq!(sequences.num_computed(2, &text), 15);
        assert_eq!(compute(&mut sequences, 2, &text, &[2]), 4);
        sequences.finish(2, &text);
        assert_eq!(sequences.num_followed(), 0);
    }

    #[test]
    fn branches_share_full_blocks() {
        let mut sequences = DraftSequences::new(16, 4);
        let text: Vec<u32> = (0..12).collect();
        compute(&mut sequences, 1, &text, &[1]);
        let branch = [&text[..10], &[77, 78, 79]].concat();
        assert_eq!(compute(&mut sequences, 2, &branch, &[1, 2]), 12 - 8);
        sequences.finish(1, &text);
        sequences.finish(2, &branch);
        assert_eq!(compute(&mut sequences, 3, &[&branch[..], &[80]].concat(), &[3]), 1);
        assert_eq!(compute(&mut sequences, 4, &text, &[3, 4]), 0);
    }

    #[test]
    fn who_was_used_longest_ago_makes_room_and_who_is_busy_does_not() {
        let mut sequences = DraftSequences::new(4, 4);
        let texts = [0, 100, 200].map(|first| (first..first + 9).collect::<Vec<u32>>());
        compute(&mut sequences, 1, &texts[0], &[1]);
        compute(&mut sequences, 2, &texts[1], &[2]);
        assert_eq!(compute(&mut sequences, 3, &texts[2], &[2, 3]), 8);
        assert_eq!(sequences.num_followed(), 2);
        sequences.follow(4, &texts[0]);
        assert!(!sequences.reserve(4, 8, &[2, 3, 4]));
        sequences.audit().unwrap();
        assert_eq!(compute(&mut sequences, 2, &texts[1], &[2, 3]), 0);
    }
}
