//! One answer on its way: cancelled from outside, fed from the engine's thread, read by one consumer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use izwi_engine::CancelHandle;

use crate::event_queue::EventQueue;
use crate::{ChatEvent, RuntimeError};

/// A handle to an answer; clones are the same answer. It exists before its request is queued, so that it can be
/// cancelled while the prompt is still being made.
#[derive(Clone, Default)]
pub struct ChatStream {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: EventQueue<ChatEvent>,
    cancelled: AtomicBool,
    /// Whether the thought should end; read by the answer's constraint.
    thinking_ends: Arc<AtomicBool>,
    /// Set once the request is queued. Dropping it cancels the request.
    request: Mutex<Option<CancelHandle>>,
}

impl ChatStream {
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the answer: within one step of the engine its `End` comes, with `FinishReason::Cancelled`.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::SeqCst);
        if let Some(request) = &*self.request() {
            request.cancel();
        }
    }

    /// Ends the thought, if one is open or still to come; the answer follows.
    pub fn end_thinking(&self) {
        self.shared.thinking_ends.store(true, Ordering::Release);
    }

    pub(crate) fn thinking_ends(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.thinking_ends)
    }

    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::SeqCst)
    }

    /// All events that are ready, at least one; `None` after the last. Pieces of text that follow each other come as one, so
    /// that a reader who is late has less to do and catches up.
    pub fn poll_events(&self, context: &mut Context<'_>) -> Poll<Option<Vec<ChatEvent>>> {
        self.shared.queue.poll_all(context).map(|events| events.map(joined))
    }

    /// The next event, waiting for it; `None` after the last.
    pub fn recv(&self) -> Option<ChatEvent> {
        self.shared.queue.recv()
    }

    pub(crate) fn push(&self, events: impl IntoIterator<Item = ChatEvent>) {
        self.shared.queue.push_all(events);
    }

    /// Adds the last event.
    pub(crate) fn finish(&self, last: ChatEvent) {
        self.shared.queue.push_all([last]);
        self.shared.queue.close();
    }

    pub(crate) fn fail(&self, error: RuntimeError) {
        self.finish(ChatEvent::Error(error));
    }

    pub(crate) fn attach(&self, request: CancelHandle) {
        *self.request() = Some(request);
        // A cancel may have come between queueing and here.
        if self.is_cancelled() {
            self.cancel();
        }
    }

    fn request(&self) -> std::sync::MutexGuard<'_, Option<CancelHandle>> {
        self.shared.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of text from which on a piece is sent as it is: a stream stays one, however late its reader.
const PIECE_BYTES: usize = 8;

/// The same events, with neighbouring deltas of one kind made one.
fn joined(events: Vec<ChatEvent>) -> Vec<ChatEvent> {
    let mut joined: Vec<ChatEvent> = Vec::with_capacity(events.len());
    for event in events {
        match (joined.last_mut(), event) {
            (
                Some(ChatEvent::TextDelta { text, logprobs }),
                ChatEvent::TextDelta {
                    text: more,
                    logprobs: rest,
                },
            ) if text.len() < PIECE_BYTES => {
                text.push_str(&more);
                logprobs.extend(rest);
            }
            (Some(ChatEvent::ReasoningDelta { text }), ChatEvent::ReasoningDelta { text: more })
                if text.len() < PIECE_BYTES =>
            {
                text.push_str(&more)
            }
            (_, event) => joined.push(event),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_that_follow_each_other_are_joined_and_nothing_else_is() {
        let text = |text: &str| ChatEvent::TextDelta {
            text: text.to_owned(),
            logprobs: Vec::new(),
        };
        let reasoning = |text: &str| ChatEvent::ReasoningDelta { text: text.to_owned() };
        let call = |index| ChatEvent::ToolCallDelta {
            index,
            text: "{".to_owned(),
        };
        let events = vec![
            reasoning("a"),
            reasoning("b"),
            text("c"),
            call(0),
            call(0),
            text("d"),
            text("e"),
            text("f"),
            reasoning("g"),
            reasoning("hijklmno"),
            reasoning("p"),
        ];
        let expected = vec![
            reasoning("ab"),
            text("c"),
            call(0),
            call(0),
            text("def"),
            // Enough for a piece.
            reasoning("ghijklmno"),
            reasoning("p"),
        ];
        assert_eq!(joined(events), expected);
    }
}
