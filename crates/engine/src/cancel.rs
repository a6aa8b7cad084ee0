//! A client's end of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

use crate::EngineEvent;

/// Cancels its request when told to, and when dropped. The request ends within one step of the engine: between two layers
/// of the model where all requests of the step are cancelled, else after one prefill chunk at most. Its last event still
/// comes.
#[derive(Debug)]
pub struct CancelHandle {
    pub(crate) cancelled: Arc<AtomicBool>,
}

impl CancelHandle {
    /// Does nothing when the request has ended.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }
}

impl Drop for CancelHandle {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Receives a request's events; dropping it cancels the request.
#[derive(Debug)]
pub struct RequestHandle {
    pub(crate) events: Receiver<EngineEvent>,
    pub(crate) cancel: CancelHandle,
}

impl RequestHandle {
    /// Waits for the next event. None after the last one.
    pub fn recv(&self) -> Option<EngineEvent> {
        self.events.recv().ok()
    }

    /// The next event if it is there already.
    pub fn try_recv(&self) -> Option<EngineEvent> {
        self.events.try_recv().ok()
    }

    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}
