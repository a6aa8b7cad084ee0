//! Conversations with thinking on: the template leaves old thoughts out, and yet nothing before them is read again.

use std::path::PathBuf;

use izwi_model::random_model::RandomModel;
use izwi_runtime::{
    AnswerFormat, ChatEvent, ChatMessage, ChatRequest, ChatStream, GenerationSettings, Model, ModelOptions, Role,
};

#[test]
fn each_turn_reads_the_last_answer_without_its_thought_and_the_new_question() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("thinking-turns-test.gguf");
    RandomModel::preset("tiny").unwrap().write(&path).unwrap();
    let model = Model::load(&path, &ModelOptions::default()).unwrap();
    let think = model.tokenize("<think>", true);
    let generation = GenerationSettings {
        // It opens its thought for sure, and the budget closes it.
        logit_bias: vec![(think[0], 100.0)],
        format: Some(AnswerFormat::Choice(["yes", "no"].map(str::to_owned).to_vec())),
        seed: Some(1),
        ..Default::default()
    };
    let mut messages = vec![ChatMessage::new(Role::System, "Keep responses brief.")];
    let mut last_prompt: Vec<u32> = Vec::new();
    for turn in 0..10 {
        messages.push(ChatMessage::new(Role::User, format!("Question {turn}: is it so?")));
        let request = ChatRequest {
            messages: messages.clone(),
            thinking: true,
            thinking_budget: Some(20),
            generation: generation.clone(),
            ..Default::default()
        };
        let prompt = model.tokenize(&model.apply_template(&request).unwrap(), true);
        let before = model.stats();
        let stream = ChatStream::new();
        model.chat(&request, &stream);
        let (mut thought, mut answer, mut usage) = (String::new(), String::new(), None);
        for event in std::iter::from_fn(|| stream.recv()) {
            match event {
                ChatEvent::ReasoningDelta { text } => thought.push_str(&text),
                ChatEvent::TextDelta { text, .. } => answer.push_str(&text),
                ChatEvent::End { usage: end, .. } => usage = Some(end),
                other => panic!("{other:?}"),
            }
        }
        let usage = usage.unwrap();
        assert!(usage.reasoning_tokens >= 19, "turn {turn}: {usage:?}");
        assert!(!thought.is_empty() && ["yes", "no"].contains(&answer.as_str()));
        // The whole of the last prompt, up to where the answer began.
        assert_eq!(prompt[..last_prompt.len()], last_prompt);
        assert_eq!(usage.cached_tokens, last_prompt.len(), "turn {turn}");
        let prefilled = (model.stats().prefilled_tokens - before.prefilled_tokens) as usize;
        assert_eq!(prefilled, prompt.len() - last_prompt.len(), "turn {turn}");
        messages.push(ChatMessage {
            reasoning_content: Some(thought),
            ..ChatMessage::new(Role::Assistant, answer)
        });
        last_prompt = prompt;
    }
}
