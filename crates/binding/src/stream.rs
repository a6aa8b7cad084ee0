//! An answer on its way to JavaScript, pulled event by event.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use izwi_runtime::ChatStream;
use napi_derive::napi;

use crate::event::NativeEvent;

/// Garbage collection of an unfinished stream cancels it.
#[napi]
pub struct NativeStream {
    stream: ChatStream,
}

impl NativeStream {
    pub(crate) fn new(stream: ChatStream) -> Self {
        Self { stream }
    }
}

#[napi]
impl NativeStream {
    /// All events that are ready, at least one; null after the last.
    #[napi]
    pub async fn next(&self) -> Option<Vec<NativeEvent>> {
        let events = poll_fn(|context| self.stream.poll_events(context)).await?;
        Some(events.into_iter().map(NativeEvent::from).collect())
    }

    /// What `next` would give, without waiting: nothing yet is an empty array. A caller that is slower than the engine so
    /// saves the way over another thread.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Option<Vec<NativeEvent>> {
        match self.stream.poll_events(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Some(Vec::new()),
            Poll::Ready(events) => Some(events?.into_iter().map(NativeEvent::from).collect()),
        }
    }

    /// Ends the answer within one step of the engine; its `end` event still comes, with `cancelled`.
    #[napi]
    pub fn cancel(&self) {
        self.stream.cancel();
    }

    /// Ends the thought, if one is open or still to come.
    #[napi]
    pub fn end_thinking(&self) {
        self.stream.end_thinking();
    }
}

impl Drop for NativeStream {
    fn drop(&mut self) {
        self.stream.cancel();
    }
}
