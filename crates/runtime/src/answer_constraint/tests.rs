use std::sync::OnceLock;

use izwi_model::gguf::GgufFile;
use izwi_model::random_model::RandomModel;
use izwi_text::{AnswerFormat, GrammarCompiler};
use serde_json::json;

use super::*;

fn tokenizer() -> &'static Arc<Tokenizer> {
    static TOKENIZER: OnceLock<Arc<Tokenizer>> = OnceLock::new();
    TOKENIZER.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("izwi-constraint-{}.gguf", std::process::id()));
        RandomModel::preset("tiny").unwrap().write(&path).unwrap();
        let file = GgufFile::from_bytes(std::fs::read(&path).unwrap()).unwrap();
        std::fs::remove_file(&path).unwrap();
        let vocabulary = crate::vocabulary::read_vocabulary(&file.metadata()).unwrap();
        Arc::new(Tokenizer::new(&vocabulary).unwrap())
    })
}

fn grammars() -> &'static GrammarCompiler {
    static GRAMMARS: OnceLock<GrammarCompiler> = OnceLock::new();
    GRAMMARS.get_or_init(|| GrammarCompiler::new(Arc::clone(tokenizer())).unwrap())
}

fn ids(text: &str) -> Vec<u32> {
    tokenizer().encode_with_special(text)
}

fn stop() -> u32 {
    ids("<|im_end|>")[0]
}

fn choice() -> Option<Grammar> {
    let choices = ["yes", "no"].map(str::to_owned).to_vec();
    Some(grammars().answer(&AnswerFormat::Choice(choices)).unwrap())
}

fn call() -> Grammar {
    let tool = json!({"type": "function", "function": {"name": "f"}});
    grammars().tool_call(&[tool], None).unwrap()
}

fn constraint(thinking: ThinkingRule, calls: CallRule, format: Option<Grammar>) -> AnswerConstraint {
    let stop_token_ids = vec![stop()];
    let rules = AnswerRules {
        thinking,
        calls,
        format,
        stop_token_ids,
    };
    AnswerConstraint::new(Arc::clone(tokenizer()), rules)
}

fn allowed(constraint: &mut AnswerConstraint) -> TokenMask {
    let mut mask = TokenMask::new(tokenizer().vocab_size());
    constraint.mask(&mut mask).unwrap();
    mask
}

/// Goes on by tokens, each of which must be allowed.
fn go_on(constraint: &mut AnswerConstraint, tokens: &[u32]) {
    for &id in tokens {
        assert!(allowed(constraint).is_allowed(id), "{:?}", tokenizer().decode(&[id]));
        constraint.accept(id).unwrap();
    }
}

/// Goes on as long as there is only one way: the text of it.
fn follow(constraint: &mut AnswerConstraint) -> String {
    let (forced, mut fork) = (constraint.forced(100), constraint.fork().unwrap());
    let mut followed = Vec::new();
    while !constraint.is_complete() {
        let mask = allowed(constraint);
        let mut all = (0..tokenizer().vocab_size() as u32).filter(|&id| mask.is_allowed(id));
        let (Some(only), None) = (all.next(), all.next()) else {
            break;
        };
        constraint.accept(only).unwrap();
        followed.push(only);
    }
    assert!(followed.starts_with(&forced), "{forced:?} in {followed:?}");
    // A copy goes the same way after the original has gone it.
    for &id in &followed {
        let mut mask = TokenMask::new(tokenizer().vocab_size());
        fork.mask(&mut mask).unwrap();
        assert!(mask.is_allowed(id));
        fork.accept(id).unwrap();
    }
    assert_eq!(fork.is_complete(), constraint.is_complete());
    tokenizer().decode(&followed)
}

fn open_thought(budget: Option<usize>) -> ThinkingRule {
    ThinkingRule {
        is_open: true,
        budget,
        ..ThinkingRule::default()
    }
}

#[test]
fn a_thought_that_the_prompt_opened_is_closed_in_time() {
    let thought = ids("abc");
    let budget = thought.len() + 1;
    let mut answer = constraint(open_thought(Some(budget)), CallRule::Never, choice());
    assert!(!allowed(&mut answer).is_allowed(stop()), "the answer is still to come");
    go_on(&mut answer, &thought);
    assert_eq!(follow(&mut answer), "\n</think>\n\n");
    go_on(&mut answer, &ids("no"));
    assert!(answer.is_complete());
}

#[test]
fn a_character_of_the_thought_is_not_cut() {
    let bytes = "🙂".bytes().map(|byte| {
        let is_it = |&id: &u32| tokenizer().token_bytes(id) == Some(&[byte][..]);
        (0..tokenizer().vocab_size() as u32).find(is_it).unwrap()
    });
    let bytes: Vec<u32> = bytes.collect();
    let mut answer = constraint(open_thought(Some(3)), CallRule::Never, None);
    go_on(&mut answer, &bytes);
    assert_eq!(follow(&mut answer), "\n</think>");
    // One that never gets whole is.
    let mut answer = constraint(open_thought(Some(2)), CallRule::Never, None);
    go_on(&mut answer, &[bytes[0]; 4]);
    assert_eq!(follow(&mut answer), "\n</think>");
}

#[test]
fn a_thought_ends_from_outside_and_no_line_break_is_doubled() {
    let thinking = open_thought(None);
    let end = Arc::clone(&thinking.end);
    let mut answer = constraint(thinking, CallRule::Never, None);
    go_on(&mut answer, &ids("abc\n"));
    end.store(true, Ordering::Release);
    assert_eq!(follow(&mut answer), "</think>");
    assert_eq!(
        allowed(&mut answer),
        TokenMask::new(tokenizer().vocab_size()),
        "free from here on"
    );
}

#[test]
fn a_thought_may_be_opened_only_where_it_may() {
    let open = ids("<think>")[0];
    let may = |may_open, budget| ThinkingRule {
        may_open,
        budget,
        ..ThinkingRule::default()
    };
    for (rule, expected) in [
        (may(true, None), true),
        (may(true, Some(0)), false),
        (may(false, None), false),
    ] {
        let mut answer = constraint(rule, CallRule::Never, choice());
        assert_eq!(allowed(&mut answer).is_allowed(open), expected);
        assert!(allowed(&mut answer).is_allowed(ids("y")[0]), "nor must it be");
    }
}

#[test]
fn required_calls_follow_each_other_and_nothing_else_does() {
    let calls = CallRule::Required {
        call: call(),
        several: true,
    };
    let mut answer = constraint(ThinkingRule::default(), calls, choice());
    let one = "<tool_call>\n{\"name\": \"f\", \"arguments\": {";
    assert!(follow(&mut answer).starts_with(one));
    go_on(&mut answer, &ids("}"));
    assert_eq!(follow(&mut answer), "}\n</tool_call>");
    let after = allowed(&mut answer);
    let possible: Vec<u32> = (0..tokenizer().vocab_size() as u32)
        .filter(|&id| after.is_allowed(id))
        .collect();
    let mut expected = [ids("\n"), vec![stop()]].concat();
    expected.sort_unstable();
    assert_eq!(possible, expected);
    go_on(&mut answer, &ids("\n"));
    assert!(follow(&mut answer).starts_with(one));
}

#[test]
fn what_is_forced_is_known_at_once_and_across_the_parts_of_an_answer() {
    let required = |several| CallRule::Required { call: call(), several };
    let mut answer = constraint(ThinkingRule::default(), required(false), None);
    let head = answer.forced(100);
    assert_eq!(answer.forced(3), head[..3.min(head.len())], "and it stays where it is");
    let text = tokenizer().decode(&head);
    assert!(text.starts_with("<tool_call>\n{\"name\""), "{text:?}");

    // Behind a thought, too, with the line breaks that stand there.
    let mut answer = constraint(open_thought(Some(3)), required(true), None);
    go_on(&mut answer, &ids("ab")[..1]);
    go_on(&mut answer, &ids("b"));
    // The thought is over: the mask says so, and what follows is known from then on.
    allowed(&mut answer);
    let text = tokenizer().decode(&answer.forced(100));
    assert!(text.starts_with("\n</think>\n\n<tool_call>\n{"), "{text:?}");

    // Nothing is where there is a choice.
    let mut answer = constraint(ThinkingRule::default(), CallRule::Never, choice());
    assert!(answer.forced(100).is_empty());
    go_on(&mut answer, &ids("y"));
    assert_eq!(tokenizer().decode(&answer.forced(100)), "es");
    assert!(
        constraint(ThinkingRule::default(), CallRule::Never, None)
            .forced(100)
            .is_empty()
    );
}

#[test]
fn one_call_by_choice_ends_the_answer() {
    let calls = CallRule::Allowed {
        call: call(),
        several: false,
    };
    let mut answer = constraint(ThinkingRule::default(), calls, None);
    go_on(&mut answer, &ids("Let me see.\n<tool_call>"));
    follow(&mut answer);
    go_on(&mut answer, &ids("}"));
    follow(&mut answer);
    assert!(answer.is_complete());
}
