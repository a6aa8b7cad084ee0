//! One request while the engine works on it: everything but its tokens and blocks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use crate::prompt_reading::PromptReading;
use crate::request::RequestLimits;
use crate::sampler::Sampler;
use crate::speculation::Acceptance;
use crate::{EngineError, EngineEvent, FinishReason, GenerateRequest, Usage};

/// Where events go. Sends exactly one last event: if nothing else did, dropping it tells that the engine is gone.
pub(crate) struct EventSink {
    sink: Option<Box<dyn FnMut(EngineEvent) + Send>>,
    /// Taken back with the last event.
    place: Option<QueuePlace>,
}

impl EventSink {
    pub fn new(sink: Box<dyn FnMut(EngineEvent) + Send>, place: QueuePlace) -> Self {
        EventSink {
            sink: Some(sink),
            place: Some(place),
        }
    }

    /// Whether no event can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.sink.is_none()
    }

    pub fn send(&mut self, event: EngineEvent) {
        let is_last = event.is_last();
        if is_last {
            // First, so that a client which sees the end finds room for its next request.
            self.place = None;
        }
        let Some(mut sink) = self.sink.take() else { return };
        // A client's panic must not end the engine; nobody is left to tell, so its request is dropped as if cancelled.
        let delivered = catch_unwind(AssertUnwindSafe(|| sink(event))).is_ok();
        if delivered && !is_last {
            self.sink = Some(sink);
        }
    }

    /// Sends nothing from now on: the client was told by a return value.
    pub fn disarm(&mut self) {
        self.sink = None;
    }
}

impl Drop for EventSink {
    fn drop(&mut self) {
        self.send(EngineEvent::Error(EngineError::ShutDown));
    }
}

/// One of the places that the engine has for requests.
pub(crate) struct QueuePlace(Arc<AtomicUsize>);

impl QueuePlace {
    pub fn take(num_taken: &Arc<AtomicUsize>, limit: usize) -> Option<QueuePlace> {
        let take = |taken: usize| (taken < limit).then_some(taken + 1);
        num_taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).ok()?;
        Some(QueuePlace(num_taken.clone()))
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A checked request on its way to the engine's thread.
pub(crate) struct Submission {
    pub request: GenerateRequest,
    pub sink: EventSink,
    pub cancelled: Arc<AtomicBool>,
    pub submitted: Instant,
}

pub(crate) struct ActiveRequest {
    pub id: u64,
    pub sampler: Sampler,
    /// None while generating.
    pub reading: Option<PromptReading>,
    pub sink: EventSink,
    /// Of the tokens that were found for it in its text.
    pub acceptance: Acceptance,
    /// How many of the last guess's tokens, the first ones, its constraint left no choice about.
    pub num_forced: usize,
    /// Of those that the draft model guessed. None before the first.
    pub model_acceptance: Option<Acceptance>,
    stop_token_ids: Vec<u32>,
    max_tokens: usize,
    cancelled: Arc<AtomicBool>,
    usage: Usage,
    submitted: Instant,
    started: Option<Instant>,
    first_token: Option<Instant>,
}

impl ActiveRequest {
    /// The prompt goes to the sequence instead.
    pub fn new(id: u64, submission: Submission, limits: RequestLimits) -> (ActiveRequest, Vec<u32>) {
        let Submission {
            request,
            sink,
            cancelled,
            submitted,
        } = submission;
        let room = limits.context_length - request.prompt.len();
        let sampler = Sampler::new(
            request.sampling,
            &request.prompt,
            request.banned_token_ids,
            limits.num_token_ids,
            request.constraint,
        );
        let active = ActiveRequest {
            id,
            sampler,
            reading: PromptReading::new(request.task),
            sink,
            acceptance: Acceptance::default(),
            num_forced: 0,
            model_acceptance: None,
            stop_token_ids: request.stop_token_ids,
            max_tokens: request.max_tokens.map_or(room, |max_tokens| max_tokens.min(room)),
            cancelled,
            usage: Usage {
                prompt_tokens: request.prompt.len(),
                ..Usage::default()
            },
            submitted,
            started: None,
            first_token: None,
        };
        (active, request.prompt)
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire) || self.sink.is_closed()
    }

    /// Notes an admission. Only the first one is the client's business; later ones follow a preemption.
    pub fn start(&mut self, num_cached: usize) {
        if self.started.is_some() {
            return;
        }
        let now = Instant::now();
        self.started = Some(now);
        self.usage.cached_tokens = num_cached;
        self.usage.queue_ms = milliseconds(self.submitted, now);
        self.sink.send(EngineEvent::Started {
            prompt_tokens: self.usage.prompt_tokens,
            cached_tokens: num_cached,
        });
    }

    /// Notes that a token was sampled, or that all of the prompt was read: prefill is over.
    pub fn note_first_result(&mut self) {
        if self.first_token.is_none() {
            let now = Instant::now();
            self.first_token = Some(now);
            self.usage.ttft_ms = milliseconds(self.submitted, now);
            self.usage.prefill_ms = self.started.map_or(0.0, |started| milliseconds(started, now));
        }
    }

    /// Tells what was read of the prompt, all of it.
    pub fn finish_reading(&mut self) {
        self.note_first_result();
        if let Some(event) = self.reading.take().and_then(PromptReading::finish) {
            self.sink.send(event);
        }
    }

    pub fn is_stop_token(&self, token_id: u32) -> bool {
        self.stop_token_ids.contains(&token_id)
    }

    /// Counts a generated token; true when it is the last that may come.
    pub fn count_token(&mut self) -> bool {
        self.usage.completion_tokens += 1;
        self.usage.completion_tokens >= self.max_tokens
    }

    /// How many more tokens may come.
    pub fn num_tokens_left(&self) -> usize {
        self.max_tokens - self.usage.completion_tokens
    }

    pub fn end(mut self, finish_reason: FinishReason) {
        let now = Instant::now();
        if self.started.is_none() {
            self.usage.queue_ms = milliseconds(self.submitted, now);
        }
        self.usage.decode_ms = self.first_token.map_or(0.0, |first| milliseconds(first, now));
        let usage = self.usage;
        self.sink.send(EngineEvent::End { finish_reason, usage });
    }

    pub fn fail(mut self, error: EngineError) {
        self.sink.send(EngineEvent::Error(error));
    }
}

fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.duration_since(from).as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_dropped_sink_still_sends_one_last_event_and_gives_its_place_back() {
        let num_taken = Arc::new(AtomicUsize::new(0));
        for (ends_itself, is_disarmed, expected) in [(false, false, 1), (true, false, 1), (false, true, 0)] {
            let place = QueuePlace::take(&num_taken, 1).unwrap();
            assert!(QueuePlace::take(&num_taken, 1).is_none());
            let events = Arc::new(Mutex::new(Vec::new()));
            let log = events.clone();
            let mut sink = EventSink::new(Box::new(move |event| log.lock().unwrap().push(event)), place);
            if ends_itself {
                sink.send(EngineEvent::Error(EngineError::NoTokenAllowed));
            }
            if is_disarmed {
                sink.disarm();
            }
            drop(sink);
            let events = events.lock().unwrap();
            assert_eq!(events.len(), expected);
            assert!(events.iter().all(EngineEvent::is_last));
            assert_eq!(num_taken.load(Ordering::Acquire), 0);
        }
    }
}
