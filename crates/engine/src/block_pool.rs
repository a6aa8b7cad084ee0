//! Which KV blocks are free, and how many owners the others have.

/// Reference counts over the model's KV blocks. An owner is a sequence's block table or a cached prefix.
#[derive(Debug)]
pub(crate) struct BlockPool {
    /// `[num_blocks]`
    owners: Vec<u32>,
    free: Vec<u32>,
}

impl BlockPool {
    pub fn new(num_blocks: usize) -> Self {
        BlockPool {
            owners: vec![0; num_blocks],
            free: (0..num_blocks as u32).rev().collect(),
        }
    }

    pub fn num_blocks(&self) -> usize {
        self.owners.len()
    }

    pub fn num_free(&self) -> usize {
        self.free.len()
    }

    /// A free block, now with one owner.
    pub fn allocate(&mut self) -> Option<u32> {
        let block = self.free.pop()?;
        self.owners[block as usize] = 1;
        Some(block)
    }

    /// Adds an owner to a block that has one.
    pub fn share(&mut self, block: u32) {
        let owners = &mut self.owners[block as usize];
        assert!(*owners > 0, "block {block} is free and can't be shared");
        *owners += 1;
    }

    /// Takes one owner away; the block is free when it was the last.
    pub fn release(&mut self, block: u32) {
        let owners = &mut self.owners[block as usize];
        assert!(*owners > 0, "block {block} was released twice");
        *owners -= 1;
        if *owners == 0 {
            self.free.push(block);
        }
    }

    pub fn release_all(&mut self, blocks: impl IntoIterator<Item = u32>) {
        blocks.into_iter().for_each(|block| self.release(block));
    }

    #[cfg(test)]
    pub fn num_owners(&self, block: u32) -> u32 {
        self.owners[block as usize]
    }

    /// Checks every count against the owners that exist.
    #[cfg(test)]
    pub fn audit<'a>(&self, block_tables: impl Iterator<Item = &'a [u32]>) -> Result<(), String> {
        let mut expected = vec![0; self.owners.len()];
        block_tables.flatten().for_each(|&block| expected[block as usize] += 1);
        if expected != self.owners {
            return Err(format!("owners are {expected:?}, counted {:?}", self.owners));
        }
        let mut free = self.free.clone();
        free.sort_unstable();
        let unowned: Vec<u32> = (0..self.owners.len() as u32)
            .filter(|&block| expected[block as usize] == 0)
            .collect();
        if free != unowned {
            return Err(format!("blocks {unowned:?} have no owner, but {free:?} are free"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_free_again_after_its_last_owner() {
        let mut pool = BlockPool::new(2);
        let (first, second) = (pool.allocate().unwrap(), pool.allocate().unwrap());
        assert_ne!(first, second);
        assert_eq!(pool.allocate(), None);
        pool.share(first);
        pool.release(first);
        assert_eq!(pool.num_free(), 0);
        pool.audit([[first, second].as_slice()].into_iter()).unwrap();
        assert!(pool.audit([[first].as_slice()].into_iter()).is_err());
        pool.release(first);
        assert_eq!(pool.allocate(), Some(first));
        pool.release_all([first, second]);
        assert_eq!(pool.num_free(), 2);
        pool.audit(std::iter::empty()).unwrap();
    }

    #[test]
    #[should_panic(expected = "released twice")]
    fn releasing_a_free_block_is_a_bug() {
        BlockPool::new(1).release(0);
    }

    #[test]
    #[should_panic(expected = "can't be shared")]
    fn sharing_a_free_block_is_a_bug() {
        BlockPool::new(1).share(0);
    }
}
