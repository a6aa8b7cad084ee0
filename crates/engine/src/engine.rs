//! The thread that owns the model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use izwi_model::LanguageModel;

use crate::active_request::{EventSink, QueuePlace, Submission};
use crate::error::panic_message;
use crate::request::RequestLimits;
use crate::scheduler::SchedulerLimits;
use crate::step::Stepper;
use crate::{
    CancelHandle, Draft, EngineError, EngineEvent, EngineStats, GenerateRequest, RequestHandle, Result, Speculation,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Prompt tokens computed in one step, all requests together, at least 1; half of them beside running answers. A larger
    /// chunk may read prompts faster; with a smaller one a request that comes meanwhile begins sooner, running answers flow
    /// more evenly, and cancelling takes effect sooner.
    pub prefill_chunk: usize,
    /// The same for a request that is alone, and has been for some time: nobody waits for its passes. Not less than
    /// `prefill_chunk`, which counts if it is larger.
    pub lone_prefill_chunk: usize,
    /// Requests computed side by side, at least 1.
    pub max_running: usize,
    /// Requests that may wait beyond those; the next one gets `EngineError::QueueFull`.
    pub max_waiting: usize,
    /// Size of the tokenizer's vocabulary, where the model's logits are padded beyond it: ids from here on are never
    /// sampled nor taken in a prompt. None: every row of logits is a token.
    pub num_token_ids: Option<usize>,
    /// Whether tokens are guessed ahead, which changes the speed only.
    pub speculation: Speculation,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            prefill_chunk: 256,
            lone_prefill_chunk: 256,
            max_running: 8,
            max_waiting: 64,
            num_token_ids: None,
            speculation: Speculation::Auto,
        }
    }
}

/// Serves requests on one thread. May be shared between threads; dropping it shuts it down.
pub struct Engine {
    commands: Sender<Command>,
    shared: Arc<Shared>,
    limits: RequestLimits,
    block_layout: BlockLayout,
    /// Requests that may be running and waiting together.
    max_requests: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What a KV block is outside of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockLayout {
    /// In words: blocks fit only where it is the same.
    pub name: String,
    /// Positions in a block.
    pub block_size: usize,
    pub block_bytes: usize,
}

/// An answer of the engine's thread that is on its way.
pub struct Pending<T>(Receiver<Result<T>>);

impl<T> Pending<T> {
    /// # Errors
    /// `ShutDown` if the engine ended first, and what went wrong otherwise.
    pub fn wait(self) -> Result<T> {
        self.0.recv().unwrap_or(Err(EngineError::ShutDown))
    }
}

enum Command {
    Submit(Box<Submission>),
    /// Looks at or changes what is cached, between two steps.
    Access(Box<dyn FnOnce(&mut Stepper) + Send>),
    /// Only wakes the thread, which then sees `Shared::is_shut_down`.
    ShutDown,
}

#[derive(Default)]
struct Shared {
    num_requests: Arc<AtomicUsize>,
    is_shut_down: AtomicBool,
    stats: Mutex<EngineStats>,
    draft_failure: Mutex<Option<String>>,
}

impl Engine {
    /// Starts the engine's thread, which takes the model along and drops it at the end.
    ///
    /// # Errors
    /// `InvalidParameter` when an option is out of range or the KV cache is smaller than one context.
    pub fn start(model: Box<dyn LanguageModel>, options: EngineOptions) -> Result<Engine> {
        Engine::start_with_draft(model, None, options)
    }

    /// The same with a second model that guesses where that pays. Both have the same tokens.
    ///
    /// # Errors
    /// As `start`.
    pub fn start_with_draft(
        model: Box<dyn LanguageModel>,
        draft: Option<Draft>,
        options: EngineOptions,
    ) -> Result<Engine> {
        let (limits, scheduler_limits) = check_options(&*model, &options)?;
        let shared = Arc::new(Shared::default());
        let publish = {
            let shared = shared.clone();
            Box::new(move |stats| *shared.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats)
        };
        let block_layout = BlockLayout {
            name: model.kv_layout(),
            block_size: model.block_size(),
            block_bytes: model.block_bytes(),
        };
        let mut stepper = Stepper::new(model, limits, scheduler_limits, options.speculation, publish);
        if let Some(draft) = draft {
            check_draft(&draft)?;
            let shared = shared.clone();
            let tell =
                move |failure| *shared.draft_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            stepper.draft_with(draft, Box::new(tell));
        }
        let (commands, receiver) = channel();
        let thread = thread::Builder::new().name("izwi-engine".into()).spawn({
            let shared = shared.clone();
            move || serve(stepper, receiver, &shared)
        });
        let thread = thread.map_err(|error| EngineError::InvalidParameter {
            parameter: "thread",
            message: format!("could not be started: {error}"),
        })?;
        let max_requests = options.max_running.saturating_add(options.max_waiting);
        Ok(Engine {
            commands,
            shared,
            limits,
            block_layout,
            max_requests,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues a request. Its events are kept until they are received.
    ///
    /// # Errors
    /// Whatever makes the request impossible is found here, before it is queued: `EmptyPrompt`, `TokenOutOfRange`,
    /// `InvalidParameter`, `ContextOverflow`, `QueueFull`, `ShutDown`.
    pub fn submit(&self, request: GenerateRequest) -> Result<RequestHandle> {
        let (sender, events) = channel();
        // The receiver is gone when the client dropped its handle, which cancels the request anyway.
        let sink = Box::new(move |event| drop(sender.send(event)));
        let cancel = self.submit_with_sink(request, sink)?;
        Ok(RequestHandle { events, cancel })
    }

    /// Like `submit`, but calls `sink` with each event on the engine's thread, which waits for it: hand the event on
    /// and return. Dropping the returned handle cancels the request.
    ///
    /// # Errors
    /// As `submit`; the sink isn't called then.
    pub fn submit_with_sink(
        &self,
        request: GenerateRequest,
        sink: Box<dyn FnMut(EngineEvent) + Send>,
    ) -> Result<CancelHandle> {
        request.validate(self.limits)?;
        if self.shared.is_shut_down.load(Ordering::Acquire) {
            return Err(EngineError::ShutDown);
        }
        let Some(place) = QueuePlace::take(&self.shared.num_requests, self.max_requests) else {
            return Err(EngineError::QueueFull {
                limit: self.max_requests,
            });
        };
        let cancelled = Arc::new(AtomicBool::new(false));
        let submission = Submission {
            request,
            sink: EventSink::new(sink, place),
            cancelled: cancelled.clone(),
            submitted: Instant::now(),
        };
        if let Err(error) = self.commands.send(Command::Submit(Box::new(submission))) {
            if let Command::Submit(mut submission) = error.0 {
                submission.sink.disarm();
            }
            return Err(EngineError::ShutDown);
        }
        Ok(CancelHandle { cancelled })
    }

    /// How K and V lie in the bytes of a block, and how many these are.
    pub fn block_layout(&self) -> &BlockLayout {
        &self.block_layout
    }

    /// Copies the KV blocks `first..` of the longest beginning of `tokens` that is cached, at most `most` of them and
    /// whole ones only: their bytes one after the other. Waits for the step under way.
    ///
    /// # Errors
    /// `ShutDown`, `Model`
    pub fn read_cached_blocks(&self, tokens: &Arc<[u32]>, first: usize, most: usize) -> Result<Vec<u8>> {
        let tokens = tokens.clone();
        self.access(move |stepper| stepper.read_cached_blocks(&tokens, first, most))
            .wait()
    }

    /// Puts block `index` of `tokens`, as `read_cached_blocks` gave it, behind what is cached of them. The answer is
    /// false if the blocks before it are gone or there is no room; the bytes come back with it, to be filled again.
    ///
    /// # Errors
    /// `TokenOutOfRange` and `InvalidParameter` for tokens that no request could have; the answer's are `ShutDown` and
    /// `Model`.
    pub fn restore_block(&self, tokens: &Arc<[u32]>, index: usize, bytes: Vec<u8>) -> Result<Pending<(bool, Vec<u8>)>> {
        self.limits.check_ids("tokens", tokens.iter().copied())?;
        let is_inside = (index + 1).saturating_mul(self.block_layout.block_size) <= tokens.len();
        if !is_inside || tokens.len() > self.limits.context_length {
            return Err(EngineError::InvalidParameter {
                parameter: "tokens",
                message: format!("don't have a block {index} within the context"),
            });
        }
        let tokens = tokens.clone();
        Ok(self.access(move |stepper| Ok((stepper.restore_block(&tokens, index, &bytes)?, bytes))))
    }

    fn access<T: Send + 'static>(&self, access: impl FnOnce(&mut Stepper) -> Result<T> + Send + 'static) -> Pending<T> {
        let (reply, answer) = channel();
        let command = Command::Access(Box::new(move |stepper| {
            let result = catch_unwind(AssertUnwindSafe(|| access(stepper)));
            let result = result.unwrap_or_else(|payload| Err(EngineError::Panicked(panic_message(&*payload))));
            // Nobody may be waiting any more.
            let _ = reply.send(result);
        }));
        // If the engine is gone, so is the other end of the reply.
        let _ = self.commands.send(command);
        Pending(answer)
    }

    pub fn stats(&self) -> EngineStats {
        *self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the draft model was given up, if it was. Requests don't notice, but for their speed.
    pub fn draft_failure(&self) -> Option<String> {
        let failure = self.shared.draft_failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends every request with `EngineError::ShutDown`, drops the model and waits for the thread: at most one step.
    /// Called from an event sink, that is on the engine's own thread, it doesn't wait. Calling it again does nothing.
    pub fn shutdown(&self) {
        self.shared.is_shut_down.store(true, Ordering::Release);
        let _ = self.commands.send(Command::ShutDown);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// Steps while there are requests, sleeps while there are none.
fn serve(mut stepper: Stepper, commands: Receiver<Command>, shared: &Shared) {
    loop {
        let mut next = if stepper.is_idle() {
            commands.recv().ok()
        } else {
            commands.try_recv().ok()
        };
        while let Some(command) = next {
            match command {
                Command::Submit(submission) => stepper.submit(*submission),
                Command::Access(access) => access(&mut stepper),
                Command::ShutDown => break,
            }
            next = commands.try_recv().ok();
        }
        if shared.is_shut_down.load(Ordering::Acquire) {
            return stepper.fail_all(EngineError::ShutDown);
        }
        stepper.step();
    }
}

fn check_draft(draft: &Draft) -> Result<()> {
    let vocab_size = draft.model.vocab_size();
    if (1..=vocab_size).contains(&draft.num_token_ids) && draft.model.block_size() > 0 {
        return Ok(());
    }
    Err(EngineError::InvalidParameter {
        parameter: "the draft model",
        message: format!("has {vocab_size} rows of logits for {} tokens", draft.num_token_ids),
    })
}

fn check_options(model: &dyn LanguageModel, options: &EngineOptions) -> Result<(RequestLimits, SchedulerLimits)> {
    let invalid = |parameter, message: String| Err(EngineError::InvalidParameter { parameter, message });
    for (parameter, value) in [
        ("prefill_chunk", options.prefill_chunk),
        ("max_running", options.max_running),
        ("block_size", model.block_size()),
        ("vocab_size", model.vocab_size()),
    ] {
        if value == 0 {
            return invalid(parameter, "must be at least 1".into());
        }
    }
    let vocab_size = model.vocab_size();
    let num_token_ids = options.num_token_ids.unwrap_or(vocab_size);
    if !(1..=vocab_size).contains(&num_token_ids) {
        return invalid(
            "num_token_ids",
            format!("must be from 1 to the model's {vocab_size}, not {num_token_ids}"),
        );
    }
    let (num_blocks, block_size, context_length) = (model.num_blocks(), model.block_size(), model.context_length());
    if num_blocks.saturating_mul(block_size) < context_length {
        let message = format!(
            "is {num_blocks} blocks of {block_size} positions, too few for a context of {context_length}: use at least {} \
             blocks or a shorter context",
            context_length.div_ceil(block_size)
        );
        return invalid("the KV cache", message);
    }
    let limits = RequestLimits {
        num_token_ids,
        context_length,
    };
    let EngineOptions {
        prefill_chunk,
        lone_prefill_chunk,
        max_running,
        ..
    } = *options;
    Ok((
        limits,
        SchedulerLimits {
            num_blocks,
            block_size,
            prefill_chunk,
            lone_prefill_chunk: lone_prefill_chunk.max(prefill_chunk),
            max_running,
        },
    ))
}
