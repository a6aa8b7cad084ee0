//! The tokenizer against transformers' own ids and texts (tests/reference/text/make_goldens.py).

use std::sync::Arc;

use izwi_text::{Detokenizer, Tokenizer, Vocabulary};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    text: String,
    /// No special tokens recognised.
    ids: Vec<u32>,
    special_ids: Vec<u32>,
    decoded: String,
    /// `decoded` without control tokens.
    printed: String,
}

fn vocabulary() -> Vocabulary {
    serde_json::from_str(include_str!("fixtures/vocabulary.json")).unwrap()
}

fn tokenizer() -> Arc<Tokenizer> {
    Arc::new(Tokenizer::new(&vocabulary()).unwrap())
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/encode.json")).unwrap();
    assert!(cases.len() > 400);
    cases
}

#[test]
fn plain_text_has_transformers_ids() {
    let tokenizer = tokenizer();
    for case in cases() {
        assert_eq!(tokenizer.encode(&case.text), case.ids, "{:?}", case.text);
    }
}

#[test]
fn special_tokens_have_transformers_ids() {
    let tokenizer = tokenizer();
    let mut different = 0;
    for case in cases() {
        assert_eq!(
            tokenizer.encode_with_special(&case.text),
            case.special_ids,
            "{:?}",
            case.text
        );
        different += usize::from(case.ids != case.special_ids);
    }
    assert!(different > 50, "only {different} cases have special tokens");
}

#[test]
fn ids_have_transformers_text() {
    let tokenizer = tokenizer();
    for case in cases() {
        assert_eq!(tokenizer.decode(&case.special_ids), case.decoded, "{:?}", case.text);
    }
}

#[test]
fn streamed_text_is_the_printed_text() {
    let tokenizer = tokenizer();
    for case in cases() {
        let mut detokenizer = Detokenizer::new(tokenizer.clone());
        let mut out = String::new();
        for &id in &case.special_ids {
            out.push_str(detokenizer.push(id));
        }
        out.push_str(detokenizer.finish());
        assert_eq!(out, case.printed, "{:?}", case.text);
    }
}

#[test]
fn tokens_have_their_roles() {
    let (vocabulary, tokenizer) = (vocabulary(), tokenizer());
    let id = |text: &str| tokenizer.special_id(text).unwrap();
    assert_eq!(tokenizer.vocab_size(), vocabulary.tokens.len());
    assert_eq!(tokenizer.token_bytes(id("<|im_end|>")), Some(&b"<|im_end|>"[..]));
    assert_eq!(tokenizer.token_bytes(tokenizer.vocab_size() as u32), None);
    assert_eq!(tokenizer.token_bytes(u32::MAX), None);
    let space = vocabulary.tokens.iter().position(|token| token == "Ġ").unwrap();
    assert_eq!(tokenizer.token_bytes(space as u32), Some(&b" "[..]));
    assert!(tokenizer.is_control(id("<|im_end|>")) && !tokenizer.is_control(id("<think>")));
    assert_eq!(tokenizer.special_id("the"), None);
    assert_eq!(tokenizer.end_of_turn_ids(), [id("<|endoftext|>"), id("<|im_end|>")]);
}

#[test]
fn padding_is_never_sampled() {
    let (vocabulary, tokenizer) = (vocabulary(), tokenizer());
    let tokens = vocabulary.tokens.len() as u32;
    let unused: Vec<u32> = (tokens - 4..tokens).collect();
    assert_eq!(tokenizer.padding_rows(vocabulary.tokens.len()), unused);
    let rows: Vec<u32> = (tokens - 4..tokens + 3).collect();
    assert_eq!(tokenizer.padding_rows(vocabulary.tokens.len() + 3), rows);
    assert_eq!(tokenizer.padding_rows(10), [0; 0]);
}

#[test]
fn any_position_of_special_tokens_works() {
    let mut vocabulary = vocabulary();
    vocabulary.tokens.rotate_right(30);
    vocabulary.token_types.rotate_right(30);
    vocabulary.eos_token_id = Some(2);
    let (rotated, tokenizer) = (Tokenizer::new(&vocabulary).unwrap(), tokenizer());
    let size = tokenizer.vocab_size() as u32;
    for case in cases() {
        let expected: Vec<u32> = case.special_ids.iter().map(|id| (id + 30) % size).collect();
        assert_eq!(rotated.encode_with_special(&case.text), expected, "{:?}", case.text);
    }
}

#[test]
fn threads_share_a_tokenizer() {
    let tokenizer = tokenizer();
    let cases = cases();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for case in &cases {
                    assert_eq!(tokenizer.encode(&case.text), case.ids);
                }
            });
        }
    });
}
