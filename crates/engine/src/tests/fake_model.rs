//! A model whose logits are a hash of the tokens that it finds in its KV blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use izwi_model::{Batch, LanguageModel, ModelError, SequenceSlice};

use crate::sampler::mix;

/// What the fake model does before a forward pass, by its number, counted from 0.
pub type BeforeForward = Box<dyn FnMut(usize) -> Behaviour + Send>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Compute,
    /// Writes garbage into the batch's positions, then returns an error.
    Fail,
    /// Writes garbage into the batch's positions, then panics.
    Panic,
    /// Returns NaN in the first row of logits.
    NotANumber,
}

/// Its KV cache holds tokens and positions, so that a wrong block table gives a wrong answer or an error.
pub struct FakeModel {
    vocab_size: usize,
    context_length: usize,
    block_size: usize,
    /// `[num_blocks * block_size]` of token and position.
    slots: Vec<Option<(u32, u32)>>,
    /// What was computed last.
    batch: Batch,
    before_forward: BeforeForward,
    uniform_rows: usize,
    /// In one of so many contexts its logits are other ones. 0: never.
    differs_once_in: u64,
    num_forwards: Arc<AtomicUsize>,
    pass_time: Option<PassTime>,
}

/// A clock that only passes move, in microseconds, and what a pass of so many rows takes.
type PassTime = (Arc<AtomicU64>, fn(u64) -> u64);

impl FakeModel {
    pub fn new(vocab_size: usize, context_length: usize, block_size: usize, num_blocks: usize) -> FakeModel {
        FakeModel {
            vocab_size,
            context_length,
            block_size,
            slots: vec![None; num_blocks * block_size],
            batch: Batch::default(),
            before_forward: Box::new(|_| Behaviour::Compute),
            uniform_rows: usize::MAX,
            differs_once_in: 0,
            num_forwards: Arc::default(),
            pass_time: None,
        }
    }

    /// 256 ids and room for four contexts.
    pub fn bytes(context_length: usize) -> FakeModel {
        FakeModel::new(256, context_length, 16, context_length.div_ceil(16) * 4)
    }

    pub fn before_forward(mut self, before_forward: impl FnMut(usize) -> Behaviour + Send + 'static) -> FakeModel {
        self.before_forward = Box::new(before_forward);
        self
    }

    /// Claims that only passes of so many rows compute them alike.
    pub fn uniform_rows(mut self, uniform_rows: usize) -> FakeModel {
        self.uniform_rows = uniform_rows;
        self
    }

    /// Has an opinion of its own in one of so many contexts.
    pub fn differing_once_in(mut self, num_contexts: u64) -> FakeModel {
        self.differs_once_in = num_contexts;
        self
    }

    /// Moves a clock of microseconds by what `pass_time` says of a pass with so many rows.
    pub fn taking(mut self, clock: &Arc<AtomicU64>, pass_time: fn(u64) -> u64) -> FakeModel {
        self.pass_time = Some((clock.clone(), pass_time));
        self
    }

    /// Counts the forward passes that were begun.
    pub fn forward_counter(&self) -> Arc<AtomicUsize> {
        self.num_forwards.clone()
    }

    fn slot(&self, sequence: &SequenceSlice, position: usize) -> usize {
        sequence.block_table[position / self.block_size] as usize * self.block_size + position % self.block_size
    }

    /// Checks shapes, positions and that nobody writes what another one reads.
    fn check(&self, batch: &Batch) -> Result<(), String> {
        let num_blocks = self.slots.len() / self.block_size;
        let mut next_row = 0;
        let mut writers = vec![None; num_blocks];
        for (index, sequence) in batch.sequences.iter().enumerate() {
            if sequence.start != next_row || sequence.len == 0 || sequence.context_len < sequence.len {
                return Err(format!("rows of {sequence:?}"));
            }
            next_row += sequence.len;
            let first_position = sequence.context_len - sequence.len;
            let positions = &batch.positions[sequence.start..next_row];
            if !positions
                .iter()
                .enumerate()
                .all(|(row, &position)| position as usize == first_position + row)
            {
                return Err(format!("positions {positions:?} of {sequence:?}"));
            }
            if sequence.block_table.len() != sequence.context_len.div_ceil(self.block_size)
                || sequence.context_len > self.context_length
            {
                return Err(format!("block table of {sequence:?}"));
            }
            for &block in &sequence.block_table[first_position / self.block_size..] {
                if writers[block as usize].replace(index).is_some() {
                    return Err(format!("block {block} is written twice"));
                }
            }
        }
        for (index, sequence) in batch.sequences.iter().enumerate() {
            if sequence
                .block_table
                .iter()
                .any(|&block| writers[block as usize].is_some_and(|writer| writer != index))
            {
                return Err(format!("{sequence:?} reads a block that another sequence writes"));
            }
        }
        let ids_are_valid = batch.token_ids.iter().all(|&id| (id as usize) < self.vocab_size);
        let rows_ascend = batch.logit_rows.is_sorted_by(|left, right| left < right);
        if next_row != batch.token_ids.len() || next_row == 0 || !ids_are_valid || !rows_ascend {
            return Err("batch".into());
        }
        Ok(())
    }

    fn write(&mut self, batch: &Batch, is_garbage: bool) {
        for sequence in &batch.sequences {
            for row in sequence.start..sequence.start + sequence.len {
                let position = batch.positions[row];
                let slot = self.slot(sequence, position as usize);
                self.slots[slot] = (!is_garbage).then_some((batch.token_ids[row], position));
            }
        }
    }

    /// The tokens that a row sees, read through the block table.
    fn visible_tokens(&self, sequence: &SequenceSlice, row: usize) -> Result<Vec<u32>, ModelError> {
        let last = sequence.context_len - sequence.len + (row - sequence.start);
        let token_at = |position: usize| match self.slots[self.slot(sequence, position)] {
            Some((token, stored)) if stored as usize == position => Ok(token),
            other => Err(ModelError::InvalidBatch(format!("position {position} holds {other:?}"))),
        };
        (0..=last).map(token_at).collect()
    }
}

impl FakeModel {
    fn begin(&mut self) -> Behaviour {
        (self.before_forward)(self.num_forwards.fetch_add(1, Ordering::SeqCst))
    }

    fn compute(&mut self, batch: &Batch, logits: &mut Vec<f32>, behaviour: Behaviour) -> Result<(), ModelError> {
        self.check(batch).map_err(ModelError::InvalidBatch)?;
        if let Some((clock, pass_time)) = &self.pass_time {
            clock.fetch_add(pass_time(batch.token_ids.len() as u64), Ordering::SeqCst);
        }
        self.write(batch, matches!(behaviour, Behaviour::Fail | Behaviour::Panic));
        match behaviour {
            Behaviour::Fail => {
                return Err(ModelError::Backend {
                    backend: "fake",
                    message: "failed".into(),
                });
            }
            // Unlike `panic!`, it doesn't print a backtrace a thousand times.
            Behaviour::Panic => std::panic::resume_unwind(Box::new("the fake model panicked")),
            Behaviour::Compute | Behaviour::NotANumber => {}
        }
        self.batch.clone_from(batch);
        logits.clear();
        let mut rows = batch.logit_rows.iter().peekable();
        for sequence in &batch.sequences {
            while let Some(&row) = rows.next_if(|&&row| row < sequence.start + sequence.len) {
                let mut tokens = self.visible_tokens(sequence, row)?;
                let hash = tokens.iter().fold(7, |hash, &token| mix(hash ^ token as u64));
                if self.differs_once_in > 0 && hash % self.differs_once_in == 0 {
                    tokens.push(u32::MAX);
                }
                logits.extend(fake_logits(&tokens, self.vocab_size));
            }
        }
        if let (Behaviour::NotANumber, Some(logit)) = (behaviour, logits.first_mut()) {
            *logit = f32::NAN;
        }
        Ok(())
    }
}

impl LanguageModel for FakeModel {
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn hidden_size(&self) -> usize {
        HIDDEN_SIZE
    }

    fn context_length(&self) -> usize {
        self.context_length
    }

    fn block_size(&self) -> usize {
        self.block_size
    }

    fn num_blocks(&self) -> usize {
        self.slots.len() / self.block_size
    }

    fn uniform_rows(&self) -> usize {
        self.uniform_rows
    }

    fn forward(&mut self, batch: &Batch, logits: &mut Vec<f32>) -> Result<(), ModelError> {
        let behaviour = self.begin();
        self.compute(batch, logits, behaviour)
    }

    /// Looks whether it is wanted once, when the pass has begun.
    fn forward_if_wanted(
        &mut self,
        batch: &Batch,
        logits: &mut Vec<f32>,
        is_unwanted: &dyn Fn() -> bool,
    ) -> Result<bool, ModelError> {
        let behaviour = self.begin();
        if is_unwanted() {
            self.write(batch, true);
            return Ok(false);
        }
        self.compute(batch, logits, behaviour).map(|()| true)
    }

    fn hidden_states(&mut self, rows: &[usize], states: &mut Vec<f32>) -> Result<(), ModelError> {
        states.clear();
        for &row in rows {
            let mut sequences = self.batch.sequences.iter();
            let sequence = sequences.find(|sequence| (sequence.start..sequence.start + sequence.len).contains(&row));
            let sequence = sequence.ok_or_else(|| ModelError::InvalidBatch(format!("no row {row}")))?;
            states.extend(fake_states(&self.visible_tokens(sequence, row)?));
        }
        Ok(())
    }

    fn kv_layout(&self) -> String {
        "fake".into()
    }

    fn block_bytes(&self) -> usize {
        self.block_size * 8
    }

    /// Token and position of each slot; what is empty has the position u32::MAX.
    fn read_block(&self, block: u32, out: &mut Vec<u8>) -> Result<(), ModelError> {
        for slot in &self.slots[block as usize * self.block_size..][..self.block_size] {
            let (token, position) = slot.unwrap_or((0, u32::MAX));
            out.extend(token.to_le_bytes().into_iter().chain(position.to_le_bytes()));
        }
        Ok(())
    }

    fn write_block(&mut self, block: u32, bytes: &[u8]) -> Result<(), ModelError> {
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
        let slots = &mut self.slots[block as usize * self.block_size..][..self.block_size];
        for (slot, bytes) in slots.iter_mut().zip(bytes.chunks_exact(8)) {
            *slot = Some((number(&bytes[..4]), number(&bytes[4..])));
        }
        Ok(())
    }

    fn copy_block(&mut self, from: u32, to: u32) -> Result<(), ModelError> {
        let start = from as usize * self.block_size;
        self.slots
            .copy_within(start..start + self.block_size, to as usize * self.block_size);
        Ok(())
    }
}

pub const HIDDEN_SIZE: usize = 6;

/// `[HIDDEN_SIZE]`, depending on every token.
pub fn fake_states(tokens: &[u32]) -> Vec<f32> {
    fake_logits(tokens, HIDDEN_SIZE)
}

/// `[vocab_size]`, from -4 to 4, depending on every token.
pub fn fake_logits(tokens: &[u32], vocab_size: usize) -> Vec<f32> {
    let hash = tokens.iter().fold(1, |hash, &token| mix(hash ^ (token as u64 + 1)));
    (0..vocab_size as u64)
        .map(|id| (mix(hash.wrapping_add(id)) >> 40) as f32 / (1 << 21) as f32 - 4.0)
        .collect()
}
