//! The engine's thread, through the public interface.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::request::RequestLimits;
use crate::tests::conversations::text;
use crate::tests::fake_model::{Behaviour, FakeModel};
use crate::tests::{Log, Recipe, RequestResult};
use crate::{Engine, EngineError, EngineEvent, EngineOptions, FinishReason, GenerateRequest, RequestHandle};

fn start(model: FakeModel, options: EngineOptions) -> Engine {
    Engine::start(Box::new(model), options).unwrap()
}

fn collect(handle: &RequestHandle) -> RequestResult {
    let events: Vec<EngineEvent> = std::iter::from_fn(|| handle.recv()).collect();
    let result = RequestResult::new(&events);
    assert!(result.has_ended());
    result
}

/// Stops the model before each pass until the test lets it go on.
struct Gate {
    entered: Receiver<usize>,
    proceed: Sender<()>,
}

impl Gate {
    fn new(model: FakeModel) -> (Gate, FakeModel) {
        let (enter, entered) = channel();
        let (proceed, may_proceed) = channel();
        let model = model.before_forward(move |number| {
            let _ = enter.send(number);
            // When the test is over, passes go on freely.
            let _ = may_proceed.recv();
            Behaviour::Compute
        });
        (Gate { entered, proceed }, model)
    }

    /// Waits until a pass has begun.
    fn wait(&self) {
        self.entered.recv().unwrap();
    }

    fn open(&self) {
        self.proceed.send(()).unwrap();
    }
}

#[test]
fn clients_on_many_threads_get_what_they_would_get_alone() {
    let engine = start(
        FakeModel::new(64, 96, 4, 60),
        EngineOptions {
            prefill_chunk: 16,
            ..Default::default()
        },
    );
    let limits = RequestLimits {
        num_token_ids: 64,
        context_length: 96,
    };
    thread::scope(|scope| {
        for client in 0..6u64 {
            let engine = &engine;
            scope.spawn(move || {
                for round in 0..25u64 {
                    let prompt = [text(client % 2, 20), text(client * 100 + round, 12)].concat();
                    let prompt = prompt.iter().map(|id| id % 64).collect();
                    let mut recipe = Recipe::greedy(prompt, 30);
                    recipe.sampling.temperature = (round % 3) as f32 * 0.5;
                    recipe.sampling.seed = Some(round);
                    let handle = engine.submit(recipe.request()).unwrap();
                    let alone = recipe.answer_alone(limits, 64);
                    if round % 5 == 4 {
                        handle.cancel();
                        assert!(alone.tokens.starts_with(&collect(&handle).tokens));
                    } else {
                        assert_eq!(collect(&handle).tokens, alone.tokens);
                    }
                }
            });
        }
    });
    let stats = engine.stats();
    assert_eq!((stats.running, stats.waiting), (0, 0));
    assert_eq!(stats.blocks_free + stats.blocks_cached, stats.blocks_total);
}

#[test]
fn cancelling_ends_a_prefill_after_the_pass_under_way() {
    let model = FakeModel::bytes(4096);
    let num_forwards = model.forward_counter();
    let (gate, model) = Gate::new(model);
    let engine = start(
        model,
        EngineOptions {
            prefill_chunk: 64,
            lone_prefill_chunk: 64,
            ..Default::default()
        },
    );
    let handle = engine.submit(Recipe::greedy(text(1, 4000), 10).request()).unwrap();
    gate.wait();
    gate.open();
    gate.wait();
    handle.cancel();
    gate.open();
    assert_eq!(collect(&handle).finish_reason(), Some(FinishReason::Cancelled));
    assert_eq!(num_forwards.load(Ordering::SeqCst), 2);
    // The second pass was given up, so only what the first one wrote is there.
    drop(gate);
    let again = engine.submit(Recipe::greedy(text(1, 200), 1).request()).unwrap();
    assert_eq!(collect(&again).cached_tokens, Some(64));
}

#[test]
fn a_pass_goes_on_for_the_one_that_isn_t_cancelled() {
    let (gate, model) = Gate::new(FakeModel::bytes(512));
    let engine = start(model, EngineOptions::default());
    let first = engine.submit(Recipe::greedy(text(1, 10), 2).request()).unwrap();
    gate.wait();
    let recipe = Recipe::greedy(text(2, 100), 3);
    let second = engine.submit(recipe.request()).unwrap();
    gate.open();
    gate.wait();
    first.cancel();
    drop(gate);
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 512,
    };
    assert_eq!(collect(&second).tokens, recipe.answer_alone(limits, 256).tokens);
    assert!(collect(&first).has_ended());
}

#[test]
fn dropping_a_handle_cancels_its_request() {
    let (gate, model) = Gate::new(FakeModel::bytes(256));
    let engine = start(model, EngineOptions::default());
    let log = Log::default();
    let handle = engine
        .submit_with_sink(Recipe::greedy(text(1, 10), 200).request(), log.sink())
        .unwrap();
    gate.wait();
    drop(handle);
    gate.open();
    engine.shutdown();
    assert!(log.result().has_ended());
    assert!(log.result().tokens.len() <= 1);
}

#[test]
fn a_full_queue_refuses_and_has_room_again_after_an_end() {
    let (gate, model) = Gate::new(FakeModel::bytes(256));
    let engine = start(
        model,
        EngineOptions {
            max_running: 1,
            max_waiting: 1,
            ..Default::default()
        },
    );
    let request = || Recipe::greedy(text(1, 10), 1).request();
    let first = engine.submit(request()).unwrap();
    gate.wait();
    let second = engine.submit(request()).unwrap();
    assert!(matches!(
        engine.submit(request()),
        Err(EngineError::QueueFull { limit: 2 })
    ));
    assert!(
        first
            .try_recv()
            .is_some_and(|event| matches!(event, EngineEvent::Started { .. }))
    );
    assert!(first.try_recv().is_none());
    gate.open();
    while first.recv().is_some() {}
    let third = engine.submit(request()).unwrap();
    gate.open();
    gate.open();
    assert_eq!(collect(&second).tokens, collect(&third).tokens);
}

#[test]
fn shutting_down_ends_everything() {
    let (gate, model) = Gate::new(FakeModel::bytes(256));
    let engine = start(
        model,
        EngineOptions {
            max_running: 1,
            ..Default::default()
        },
    );
    let request = || Recipe::greedy(text(1, 10), 200).request();
    let running = engine.submit(request()).unwrap();
    let waiting = engine.submit(request()).unwrap();
    gate.wait();
    thread::scope(|scope| {
        let stopping = scope.spawn(|| engine.shutdown());
        // From here on the engine knows, while its model is still held up.
        while !matches!(engine.submit(request()), Err(EngineError::ShutDown)) {
            thread::yield_now();
        }
        drop(gate);
        for handle in [&running, &waiting] {
            assert!(matches!(collect(handle).error, Some(EngineError::ShutDown)));
        }
        stopping.join().unwrap();
    });
    assert!(matches!(engine.submit(request()), Err(EngineError::ShutDown)));
    engine.shutdown();
}

#[test]
fn dropping_the_engine_ends_everything_and_a_sink_may_do_it() {
    let engine = Arc::new(Mutex::new(None::<Engine>));
    let (sender, receiver) = channel();
    let held = engine.clone();
    let sink = Box::new(move |event: EngineEvent| {
        drop(held.lock().unwrap().take());
        let _ = sender.send(event);
    });
    let mut slot = engine.lock().unwrap();
    let started = start(FakeModel::bytes(256), EngineOptions::default());
    let _handle = started
        .submit_with_sink(Recipe::greedy(text(1, 10), 200).request(), sink)
        .unwrap();
    *slot = Some(started);
    drop(slot);
    let events: Vec<EngineEvent> = receiver.into_iter().collect();
    assert!(
        matches!(events.last(), Some(EngineEvent::Error(EngineError::ShutDown))),
        "{events:?}"
    );
}

#[test]
fn a_failing_pass_ends_its_requests_and_not_the_engine() {
    let behaviours = [Behaviour::Fail, Behaviour::Panic, Behaviour::NotANumber];
    let model = FakeModel::bytes(256).before_forward(move |number| {
        // Each request gets one token, then meets its failure; the last meets none.
        if number % 2 == 1 {
            behaviours.get(number / 2).copied().unwrap_or(Behaviour::Compute)
        } else {
            Behaviour::Compute
        }
    });
    let engine = start(model, EngineOptions::default());
    let recipe = Recipe::greedy(text(1, 10), 5);
    let messages = [
        "the fake backend failed: failed",
        "internal error while computing: the fake model panicked",
        "the model computed NaN as the logit of token id 0: its weights are damaged or overflow",
    ];
    for message in messages {
        let result = collect(&engine.submit(recipe.request()).unwrap());
        assert_eq!(result.error.unwrap().to_string(), message);
        assert_eq!(result.tokens.len(), 1);
        // What it had computed isn't trusted.
        assert_eq!(result.cached_tokens, Some(0));
        assert_eq!(engine.stats().blocks_free, engine.stats().blocks_total);
    }
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 256,
    };
    let result = collect(&engine.submit(recipe.request()).unwrap());
    assert_eq!(result.tokens, recipe.answer_alone(limits, 256).tokens);
}

#[test]
fn a_panicking_sink_loses_its_request_only() {
    let engine = start(FakeModel::bytes(256), EngineOptions::default());
    let sink = Box::new(|_| std::panic::resume_unwind(Box::new("the client's fault")));
    let _handle = engine
        .submit_with_sink(Recipe::greedy(text(1, 10), 200).request(), sink)
        .unwrap();
    let result = collect(&engine.submit(Recipe::greedy(text(2, 10), 5).request()).unwrap());
    assert_eq!(result.tokens.len(), 5);
    assert_eq!(engine.stats().running, 0);
}

#[test]
fn impossible_requests_are_refused_with_a_sentence() {
    let engine = start(
        FakeModel::bytes(64),
        EngineOptions {
            num_token_ids: Some(250),
            ..Default::default()
        },
    );
    let refusal = |request: GenerateRequest| engine.submit(request).unwrap_err().to_string();
    let with = |change: fn(&mut GenerateRequest)| {
        let mut request = GenerateRequest::new(vec![1, 2]);
        change(&mut request);
        refusal(request)
    };
    assert_eq!(
        refusal(GenerateRequest::new(vec![])),
        "the prompt is empty: give at least one token id"
    );
    assert_eq!(
        refusal(GenerateRequest::new(vec![1, 250])),
        "prompt holds token id 250, but the vocabulary ends at 249"
    );
    assert_eq!(
        refusal(GenerateRequest::new(vec![1; 64])),
        "the prompt has 64 tokens and needs a context of 65, but the context holds 64: shorten the prompt or load the \
         model with a longer context"
    );
    assert!(refusal(GenerateRequest::score(vec![1; 65])).contains("needs a context of 65"));
    assert_eq!(
        with(|request| request.max_tokens = Some(0)),
        "max_tokens must be at least 1"
    );
    assert_eq!(
        with(|request| request.sampling.top_p = 2.0),
        "top_p must be a number above 0 and at most 1, not 2"
    );
    assert!(
        with(|request| request.sampling.logit_bias = vec![(999, 1.0)]).starts_with("logit_bias holds token id 999")
    );
    assert!(with(|request| request.stop_token_ids = vec![251]).starts_with("stop_token_ids holds token id 251"));
    assert_eq!(engine.stats().steps, 0);

    // As much as just fits: one token of answer, and a score of the whole context.
    assert_eq!(
        collect(&engine.submit(GenerateRequest::new(vec![1; 63])).unwrap())
            .tokens
            .len(),
        1
    );
    assert_eq!(
        collect(&engine.submit(GenerateRequest::score(vec![1; 64])).unwrap())
            .scores
            .unwrap()
            .len(),
        63
    );
}

#[test]
fn impossible_options_are_refused_with_a_sentence() {
    let refusal = |model: FakeModel, change: fn(&mut EngineOptions)| {
        let mut options = EngineOptions::default();
        change(&mut options);
        Engine::start(Box::new(model), options).err().unwrap().to_string()
    };
    assert_eq!(
        refusal(FakeModel::bytes(64), |options| options.prefill_chunk = 0),
        "prefill_chunk must be at least 1"
    );
    assert_eq!(
        refusal(FakeModel::bytes(64), |options| options.max_running = 0),
        "max_running must be at least 1"
    );
    assert_eq!(
        refusal(FakeModel::bytes(64), |options| options.num_token_ids = Some(257)),
        "num_token_ids must be from 1 to the model's 256, not 257"
    );
    assert_eq!(
        refusal(FakeModel::new(256, 100, 16, 6), |_| {}),
        "the KV cache is 6 blocks of 16 positions, too few for a context of 100: use at least 7 blocks or a shorter context"
    );
}

#[test]
fn usage_tells_counts_and_times() {
    let engine = start(FakeModel::bytes(256), EngineOptions::default());
    let result = collect(&engine.submit(Recipe::greedy(text(1, 40), 7).request()).unwrap());
    let (finish_reason, usage) = result.end.unwrap();
    assert_eq!(finish_reason, FinishReason::Length);
    assert_eq!(
        (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens),
        (40, 0, 7)
    );
    assert!(usage.prefill_ms > 0.0 && usage.decode_ms > 0.0);
    assert!((usage.queue_ms + usage.prefill_ms - usage.ttft_ms).abs() < 1e-6);
    let stats = engine.stats();
    assert_eq!((stats.steps, stats.prefilled_tokens, stats.decoded_tokens), (7, 40, 7));
}
