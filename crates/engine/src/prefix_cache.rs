//! Token prefixes whose KV outlived the sequence that computed them.

use crate::block_pool::BlockPool;

/// Tokens whose K and V are in `blocks`, `[ceil(tokens / block_size)]`. The last block may be partly filled, and then
/// has no other owner.
#[derive(Debug)]
pub(crate) struct CachedPrefix {
    pub tokens: Vec<u32>,
    pub blocks: Vec<u32>,
}

/// Cached prefixes, least recently used first. None is the beginning of another, but for one that is being given away
/// block by block.
#[derive(Debug, Default)]
pub(crate) struct PrefixCache {
    entries: Vec<CachedPrefix>,
}

impl PrefixCache {
    pub fn entries(&self) -> &[CachedPrefix] {
        &self.entries
    }

    /// Keeps a prefix as the most recently used one. If a longer one begins with it, that one is used instead; shorter
    /// ones that it begins with are dropped.
    pub fn insert(&mut self, prefix: CachedPrefix, pool: &mut BlockPool) {
        if prefix.tokens.is_empty() {
            return pool.release_all(prefix.blocks);
        }
        if let Some(index) = self
            .entries
            .iter()
            .position(|entry| entry.tokens.starts_with(&prefix.tokens))
        {
            self.touch(index);
            return pool.release_all(prefix.blocks);
        }
        self.entries.retain_mut(|entry| {
            let shorter = prefix.tokens.starts_with(&entry.tokens);
            if shorter {
                pool.release_all(entry.blocks.drain(..));
            }
            !shorter
        });
        self.entries.push(prefix);
    }

    /// Marks an entry as the most recently used one.
    pub fn touch(&mut self, index: usize) {
        self.entries[index..].rotate_left(1);
    }

    /// Hands an entry and its blocks over to the caller.
    pub fn take(&mut self, index: usize) -> CachedPrefix {
        self.entries.remove(index)
    }

    /// Gives up the last block of the least recently used entry: what comes before it stays usable. The block is free
    /// afterwards only if it had no other owner. False when nothing is cached.
    pub fn evict_block(&mut self, block_size: usize, pool: &mut BlockPool) -> bool {
        let Some(entry) = self.entries.first_mut() else {
            return false;
        };
        if let Some(block) = entry.blocks.pop() {
            pool.release(block);
            entry.tokens.truncate(entry.blocks.len() * block_size);
        }
        if entry.blocks.is_empty() {
            self.entries.remove(0);
        }
        true
    }
}

/// How many tokens `left` and `right` have in common at the front.
pub(crate) fn common_prefix(left: &[u32], right: &[u32]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(tokens: &[u32], block_size: usize, pool: &mut BlockPool) -> CachedPrefix {
        let blocks = (0..tokens.len().div_ceil(block_size))
            .map(|_| pool.allocate().unwrap())
            .collect();
        CachedPrefix {
            tokens: tokens.to_vec(),
            blocks,
        }
    }

    fn tokens(cache: &PrefixCache) -> Vec<&[u32]> {
        cache.entries().iter().map(|entry| entry.tokens.as_slice()).collect()
    }

    #[test]
    fn a_longer_prefix_replaces_its_beginning() {
        let (mut pool, mut cache) = (BlockPool::new(16), PrefixCache::default());
        for entry in [&[1, 2, 3][..], &[7, 8], &[1, 2, 3, 4, 5], &[1, 2], &[7, 8]] {
            let entry = prefix(entry, 2, &mut pool);
            cache.insert(entry, &mut pool);
        }
        // [1, 2] found [1, 2, 3, 4, 5], and [7, 8] was used last.
        assert_eq!(tokens(&cache), [&[1, 2, 3, 4, 5][..], &[7, 8]]);
        pool.audit(cache.entries().iter().map(|entry| entry.blocks.as_slice()))
            .unwrap();
    }

    #[test]
    fn eviction_takes_the_oldest_entry_from_its_end() {
        let (mut pool, mut cache) = (BlockPool::new(16), PrefixCache::default());
        for entry in [&[1, 2, 3, 4, 5][..], &[7, 8, 9]] {
            let entry = prefix(entry, 2, &mut pool);
            cache.insert(entry, &mut pool);
        }
        assert!(cache.evict_block(2, &mut pool));
        assert_eq!(tokens(&cache), [&[1, 2, 3, 4][..], &[7, 8, 9]]);
        cache.touch(0);
        assert!(cache.evict_block(2, &mut pool));
        assert_eq!(tokens(&cache), [&[7, 8][..], &[1, 2, 3, 4]]);
        for _ in 0..3 {
            assert!(cache.evict_block(2, &mut pool));
        }
        assert!(cache.entries().is_empty());
        assert!(!cache.evict_block(2, &mut pool));
        assert_eq!(pool.num_free(), 16);
    }
}
