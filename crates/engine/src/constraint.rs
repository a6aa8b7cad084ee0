//! The seam through which a grammar decides what may come next.

/// Follows one request's output and says which tokens may come next. Called on the engine's thread.
pub trait TokenConstraint: Send {
    /// Forbids in `mask` what may not come next. Every id is allowed on entry.
    ///
    /// # Errors
    /// Why the output can't go on; it ends the request with `EngineError::Constraint`.
    fn mask(&mut self, mask: &mut TokenMask) -> Result<(), String>;

    /// Takes note of the sampled token, stop tokens included.
    ///
    /// # Errors
    /// As `mask`.
    fn accept(&mut self, token_id: u32) -> Result<(), String>;

    /// Whether nothing may follow: the request then ends with `FinishReason::Stop`, without a stop token.
    fn is_complete(&self) -> bool {
        false
    }

    /// At most `most` tokens that come next because nothing else may, as far as that is known without much work: they are
    /// verified together. Said from where it is now; it stays there.
    fn forced(&mut self, most: usize) -> Vec<u32> {
        let _ = most;
        Vec::new()
    }

    /// A copy that goes its own way from here, for a draft model's guesses. None: they are made without it.
    fn fork(&self) -> Option<Box<dyn TokenConstraint>> {
        None
    }
}

/// One bit for each token id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenMask {
    /// `[ceil(num_token_ids / 64)]`, bit `id % 64` of word `id / 64`; 1 is allowed.
    words: Vec<u64>,
    num_token_ids: usize,
}

impl TokenMask {
    /// Allows the ids `0..num_token_ids`.
    pub fn new(num_token_ids: usize) -> Self {
        let mut mask = TokenMask::default();
        mask.reset(num_token_ids);
        mask
    }

    pub fn num_token_ids(&self) -> usize {
        self.num_token_ids
    }

    pub fn forbid_all(&mut self) {
        self.words.fill(0);
    }

    /// Forbids all but one id.
    pub fn allow_only(&mut self, token_id: u32) {
        self.forbid_all();
        self.allow(token_id);
    }

    /// Forbids what isn't in a set: id `i` is in it if bit `i % 32` of `set[i / 32]` is 1, and not if there is none.
    pub fn intersect(&mut self, set: &[u32]) {
        let half = |index: usize| u64::from(set.get(index).copied().unwrap_or(0));
        for (index, word) in self.words.iter_mut().enumerate() {
            *word &= half(2 * index) | half(2 * index + 1) << 32;
        }
    }

    /// Ids past the end are ignored.
    pub fn allow(&mut self, token_id: u32) {
        if (token_id as usize) < self.num_token_ids {
            self.words[token_id as usize / 64] |= 1 << (token_id % 64);
        }
    }

    /// Ids past the end are ignored.
    pub fn forbid(&mut self, token_id: u32) {
        if (token_id as usize) < self.num_token_ids {
            self.words[token_id as usize / 64] &= !(1 << (token_id % 64));
        }
    }

    pub fn is_allowed(&self, token_id: u32) -> bool {
        (token_id as usize) < self.num_token_ids && self.words[token_id as usize / 64] >> (token_id % 64) & 1 == 1
    }

    pub(crate) fn reset(&mut self, num_token_ids: usize) {
        self.num_token_ids = num_token_ids;
        self.words.clear();
        self.words.resize(num_token_ids.div_ceil(64), u64::MAX);
    }

    /// Sets the logits of forbidden ids to minus infinity. `logits` is `[num_token_ids]`.
    pub(crate) fn apply(&self, logits: &mut [f32]) {
        for (word, chunk) in self.words.iter().zip(logits.chunks_mut(64)) {
            if *word == u64::MAX {
                continue;
            }
            for (bit, logit) in chunk.iter_mut().enumerate() {
                if word >> bit & 1 == 0 {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_follows_its_bits_at_word_edges() {
        let mut mask = TokenMask::new(130);
        for id in [0, 63, 64, 127, 128, 129, 500] {
            mask.forbid(id);
        }
        mask.allow(64);
        mask.allow(500);
        let mut logits = vec![1.0; 130];
        mask.apply(&mut logits);
        let forbidden: Vec<usize> = (0..130).filter(|&id| logits[id] == f32::NEG_INFINITY).collect();
        assert_eq!(forbidden, [0, 63, 127, 128, 129]);
        assert!((0..130).all(|id| mask.is_allowed(id) != forbidden.contains(&(id as usize))));
        assert!(!mask.is_allowed(130));
        mask.forbid_all();
        assert!((0..130).all(|id| !mask.is_allowed(id)));
        mask.allow_only(129);
        assert!((0..130).all(|id| mask.is_allowed(id) == (id == 129)));
    }

    #[test]
    fn an_intersection_keeps_what_is_in_both() {
        let mut mask = TokenMask::new(100);
        mask.forbid(33);
        mask.intersect(&[1 << 31, 0b111]);
        let allowed: Vec<u32> = (0..100).filter(|&id| mask.is_allowed(id)).collect();
        assert_eq!(allowed, [31, 32, 34]);
    }
}
