//! The engine with a fake model: what comes out must be what each request gives alone.

mod company;
mod conversations;
mod draft_model;
mod fairness;
mod fake_model;
mod priorities;
mod schedules;
mod speculation;
mod stored_blocks;
mod threads;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::active_request::{EventSink, QueuePlace, Submission};
use crate::request::RequestLimits;
use crate::sampler::{Sampler, SamplerScratch, token_alternatives, token_logprob};
use crate::scheduler::SchedulerLimits;
use crate::speculation::Clock;
use crate::step::Stepper;
use crate::tests::fake_model::{FakeModel, HIDDEN_SIZE, fake_logits, fake_states};
use crate::{
    Draft, EngineError, EngineEvent, EngineStats, FinishReason, GenerateRequest, Pooling, SamplingParams, Speculation,
    Task, TokenLogprob, Usage,
};

/// What one request told so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<EngineEvent>>>);

impl Log {
    fn sink(&self) -> Box<dyn FnMut(EngineEvent) + Send> {
        let log = self.clone();
        Box::new(move |event| log.0.lock().unwrap().push(event))
    }

    fn result(&self) -> RequestResult {
        RequestResult::new(&self.0.lock().unwrap())
    }
}

/// A request's events, taken apart.
#[derive(Debug, Clone, Default)]
struct RequestResult {
    tokens: Vec<u32>,
    logprobs: Vec<TokenLogprob>,
    scores: Option<Vec<f32>>,
    embedding: Option<Vec<f32>>,
    cached_tokens: Option<usize>,
    end: Option<(FinishReason, Usage)>,
    error: Option<EngineError>,
}

impl RequestResult {
    /// Checks that events come in order and nothing follows the last one.
    fn new(events: &[EngineEvent]) -> RequestResult {
        let mut result = RequestResult::default();
        for (index, event) in events.iter().enumerate() {
            assert!(!result.has_ended(), "{event:?} follows the end");
            match event.clone() {
                EngineEvent::Started { cached_tokens, .. } => {
                    assert_eq!(index, 0, "started late or twice");
                    result.cached_tokens = Some(cached_tokens);
                }
                EngineEvent::Token { id, logprob } => {
                    assert!(result.cached_tokens.is_some(), "a token before the start");
                    result.tokens.push(id);
                    result.logprobs.extend(logprob);
                }
                EngineEvent::Scores(scores) => assert!(result.scores.replace(scores).is_none()),
                EngineEvent::PromptLogprobs(entries) => {
                    result.logprobs.extend(entries.into_iter().map(|(_, entry)| entry));
                }
                EngineEvent::Embedding(embedding) => assert!(result.embedding.replace(embedding).is_none()),
                EngineEvent::End { finish_reason, usage } => result.end = Some((finish_reason, usage)),
                EngineEvent::Error(error) => result.error = Some(error),
            }
        }
        if let Some((_, usage)) = result.end {
            assert_eq!(usage.completion_tokens, result.tokens.len());
            assert_eq!(usage.cached_tokens, result.cached_tokens.unwrap_or(0));
        }
        result
    }

    fn has_ended(&self) -> bool {
        self.end.is_some() || self.error.is_some()
    }

    fn finish_reason(&self) -> Option<FinishReason> {
        self.end.map(|(finish_reason, _)| finish_reason)
    }
}

/// The parts of a request that a test needs to compute its answer another way.
#[derive(Debug, Clone)]
struct Recipe {
    prompt: Vec<u32>,
    sampling: SamplingParams,
    max_tokens: Option<usize>,
    stop_token_ids: Vec<u32>,
    banned_token_ids: Vec<u32>,
    task: Task,
    priority: i32,
    client: Option<u64>,
}

impl Recipe {
    fn greedy(prompt: Vec<u32>, max_tokens: usize) -> Recipe {
        Recipe {
            prompt,
            sampling: SamplingParams::greedy(),
            max_tokens: Some(max_tokens),
            stop_token_ids: Vec::new(),
            banned_token_ids: Vec::new(),
            task: Task::Generate,
            priority: 0,
            client: None,
        }
    }

    fn request(&self) -> GenerateRequest {
        GenerateRequest {
            prompt: self.prompt.clone(),
            sampling: self.sampling.clone(),
            max_tokens: self.max_tokens,
            stop_token_ids: self.stop_token_ids.clone(),
            banned_token_ids: self.banned_token_ids.clone().into(),
            constraint: None,
            task: self.task,
            priority: self.priority,
            client: self.client,
        }
    }

    /// What is read of the prompt, by plain loops.
    fn read_alone(&self, limits: RequestLimits, vocab_size: usize, result: &mut RequestResult) {
        let (tokens, scratch) = (&self.prompt, &mut SamplerScratch::default());
        let row = |i: usize| fake_logits(&tokens[..i], vocab_size);
        match self.task {
            Task::Generate => {}
            Task::Score => {
                let score = |i: usize| token_logprob(&row(i), tokens[i]).unwrap();
                result.scores = Some((1..tokens.len()).map(score).collect());
            }
            Task::Logprobs { num_top } => {
                let entry =
                    |i: usize| token_alternatives(&row(i), tokens[i], num_top, limits.num_token_ids, scratch).unwrap();
                result.logprobs = (1..tokens.len()).map(entry).collect();
            }
            Task::Embed(pooling) => {
                let first = if pooling == Pooling::Mean { 1 } else { tokens.len() };
                let mut sum = [0.0; HIDDEN_SIZE];
                for state in (first..=tokens.len()).map(|i| fake_states(&tokens[..i])) {
                    sum.iter_mut()
                        .zip(state)
                        .for_each(|(sum, value)| *sum += f64::from(value));
                }
                let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
                result.embedding = Some(sum.iter().map(|value| (value / length) as f32).collect());
            }
        }
        result.end = Some((FinishReason::Stop, Usage::default()));
    }

    /// The answer by a plain loop: no engine, no cache, no blocks.
    fn answer_alone(&self, limits: RequestLimits, vocab_size: usize) -> RequestResult {
        let mut result = RequestResult::default();
        let mut tokens = self.prompt.clone();
        if self.task != Task::Generate {
            self.read_alone(limits, vocab_size, &mut result);
            return result;
        }
        let banned = self.banned_token_ids.clone().into();
        let mut sampler = Sampler::new(self.sampling.clone(), &self.prompt, banned, limits.num_token_ids, None);
        let room = limits.context_length - self.prompt.len();
        let max_tokens = self.max_tokens.unwrap_or(room).min(room);
        let mut finish_reason = FinishReason::Length;
        while result.tokens.len() < max_tokens {
            let mut row = fake_logits(&tokens, vocab_size);
            let sampled = sampler.sample(&mut row, &mut SamplerScratch::default()).unwrap();
            if self.stop_token_ids.contains(&sampled.id) {
                finish_reason = FinishReason::Stop;
                break;
            }
            tokens.push(sampled.id);
            result.tokens.push(sampled.id);
            result.logprobs.extend(sampled.logprob);
        }
        result.end = Some((finish_reason, Usage::default()));
        result
    }
}

/// A stepper on the test's own thread: every step is the test's to take.
struct Bench {
    stepper: Stepper,
    stats: Arc<Mutex<EngineStats>>,
    num_requests: Arc<AtomicUsize>,
}

struct Submitted {
    log: Log,
    cancelled: Arc<AtomicBool>,
}

impl Submitted {
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    fn result(&self) -> RequestResult {
        self.log.result()
    }
}

impl Bench {
    fn new(model: FakeModel, num_token_ids: usize, prefill_chunk: usize, max_running: usize) -> Bench {
        Bench::speculating(model, num_token_ids, prefill_chunk, max_running, Speculation::Off)
    }

    fn speculating(
        model: FakeModel,
        num_token_ids: usize,
        prefill_chunk: usize,
        max_running: usize,
        speculation: Speculation,
    ) -> Bench {
        use izwi_model::LanguageModel;
        let limits = RequestLimits {
            num_token_ids,
            context_length: model.context_length(),
        };
        let (num_blocks, block_size) = (model.num_blocks(), model.block_size());
        let scheduler_limits = SchedulerLimits {
            num_blocks,
            block_size,
            prefill_chunk,
            lone_prefill_chunk: prefill_chunk,
            max_running,
        };
        let stats = Arc::new(Mutex::new(EngineStats::default()));
        let published = stats.clone();
        let publish = Box::new(move |stats| *published.lock().unwrap() = stats);
        let stepper = Stepper::new(Box::new(model), limits, scheduler_limits, speculation, publish);
        Bench {
            stepper,
            stats,
            num_requests: Arc::default(),
        }
    }

    /// Times passes by a clock of microseconds, which the models move.
    fn timed_by(&mut self, clock: &Arc<AtomicU64>) {
        let clock = clock.clone();
        let now = move || Duration::from_micros(clock.load(Ordering::SeqCst));
        self.stepper.time_with(Clock::new(now));
    }

    /// With a draft model. Returns where its failure will be told.
    fn drafting(&mut self, model: FakeModel, num_token_ids: usize) -> Arc<Mutex<Option<String>>> {
        let failure = Arc::new(Mutex::new(None));
        let told = failure.clone();
        let draft = Draft {
            model: Box::new(model),
            num_token_ids,
        };
        let tell = Box::new(move |failure| assert!(told.lock().unwrap().replace(failure).is_none(), "told twice"));
        self.stepper.draft_with(draft, tell);
        failure
    }

    fn submit(&mut self, request: GenerateRequest) -> Submitted {
        let (log, cancelled) = (Log::default(), Arc::new(AtomicBool::new(false)));
        let place = QueuePlace::take(&self.num_requests, usize::MAX).unwrap();
        let sink = EventSink::new(log.sink(), place);
        self.stepper.submit(Submission {
            request,
            sink,
            cancelled: cancelled.clone(),
            submitted: Instant::now(),
        });
        Submitted { log, cancelled }
    }

    fn step(&mut self) {
        self.stepper.step();
        self.stepper.audit().unwrap();
    }

    /// Steps until nothing is left to do and returns how many steps that took.
    fn run(&mut self) -> usize {
        let mut num_steps = 0;
        while !self.stepper.is_idle() {
            self.step();
            num_steps += 1;
            assert!(num_steps < 100_000, "requests are starved");
        }
        num_steps
    }

    fn stats(&self) -> EngineStats {
        *self.stats.lock().unwrap()
    }
}
