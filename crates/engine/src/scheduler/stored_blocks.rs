//! Cached prefixes that leave the engine and come back, block by block.

use super::Scheduler;
use crate::prefix_cache::CachedPrefix;

impl Scheduler {
    /// The whole blocks of the longest beginning of these tokens that is in the KV cache.
    pub fn cached_blocks(&self, tokens: &[u32]) -> &[u32] {
        let prefix = self.longest_prefix(tokens);
        prefix.map_or(&[], |prefix| {
            &self.donor_blocks(&prefix)[..prefix.len / self.limits.block_size]
        })
    }

    /// Adds the block at `index` of these tokens to what is cached of them, which `write` fills. False if the blocks
    /// before it aren't there, or none can be had.
    pub fn restore_block<E>(
        &mut self,
        tokens: &[u32],
        index: usize,
        write: impl FnOnce(u32) -> Result<(), E>,
    ) -> Result<bool, E> {
        let block_size = self.limits.block_size;
        let (start, end) = (index * block_size, (index + 1) * block_size);
        let mut blocks = self.cached_blocks(&tokens[..end]).to_vec();
        if blocks.len() != index {
            return Ok(blocks.len() > index);
        }
        // Owned from here on, so that making room can't take them away.
        blocks.iter().for_each(|&block| self.pool.share(block));
        let written = match self.allocate() {
            Some(block) => {
                blocks.push(block);
                write(block).map(|()| true)
            }
            None => Ok(false),
        };
        if !matches!(written, Ok(true)) && blocks.len() > index {
            self.pool.release_all(blocks.drain(index..));
        }
        let num_tokens = if matches!(written, Ok(true)) { end } else { start };
        let tokens = tokens[..num_tokens].to_vec();
        self.cache.insert(CachedPrefix { tokens, blocks }, &mut self.pool);
        written
    }
}
