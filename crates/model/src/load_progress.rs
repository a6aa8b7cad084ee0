//! How far a load is, and whether it's still wanted.

use std::cell::Cell;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::{ModelError, Result};

/// Bytes of the file's tensors: those that are ready, and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadProgress {
    pub loaded_bytes: usize,
    pub total_bytes: usize,
}

/// Told after each tensor, on the thread that loads; with `Break` the load ends there, with `ModelError::Cancelled`.
#[derive(Clone)]
pub struct OnProgress(Arc<dyn Fn(LoadProgress) -> ControlFlow<()> + Send + Sync>);

impl OnProgress {
    pub fn new(told: impl Fn(LoadProgress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    /// For one of several loads that count as one: so many bytes are loaded before it and after it.
    pub fn as_part(&self, bytes_before: usize, bytes_after: usize) -> Self {
        let whole = Arc::clone(&self.0);
        Self::new(move |part| {
            whole(LoadProgress {
                loaded_bytes: bytes_before + part.loaded_bytes,
                total_bytes: bytes_before + part.total_bytes + bytes_after,
            })
        })
    }
}

impl fmt::Debug for OnProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnProgress")
    }
}

/// Counts one load's bytes.
pub(crate) struct LoadCount<'a> {
    on_progress: Option<&'a OnProgress>,
    loaded_bytes: Cell<usize>,
    total_bytes: usize,
}

impl<'a> LoadCount<'a> {
    /// # Errors
    /// `Cancelled` when the load isn't wanted to begin with.
    pub fn start(on_progress: Option<&'a OnProgress>, total_bytes: usize) -> Result<Self> {
        let count = Self {
            on_progress,
            loaded_bytes: Cell::new(0),
            total_bytes,
        };
        count.add(0)?;
        Ok(count)
    }

    /// # Errors
    /// `Cancelled`
    pub fn add(&self, num_bytes: usize) -> Result<()> {
        self.loaded_bytes.set(self.loaded_bytes.get() + num_bytes);
        self.tell()
    }

    /// Counts what no graph asked for, too: everything is there.
    ///
    /// # Errors
    /// `Cancelled`
    pub fn finish(self) -> Result<()> {
        self.loaded_bytes.set(self.total_bytes);
        self.tell()
    }

    fn tell(&self) -> Result<()> {
        let progress = LoadProgress {
            loaded_bytes: self.loaded_bytes.get(),
            total_bytes: self.total_bytes,
        };
        match self.on_progress.map(|told| (told.0)(progress)) {
            Some(ControlFlow::Break(())) => Err(ModelError::Cancelled),
            _ => Ok(()),
        }
    }
}
