//! Log-probabilities against transformers, and what must not depend on how a sequence is computed.

mod golden;
mod invariants;
mod running;

use running::Target;

/// Largest difference of a log-probability, and the mean over a model's sequences.
const MAX_DIFFERENCE: f64 = 0.05;
const MEAN_DIFFERENCE: f64 = 0.005;
/// candle rounds the activations of K-quants with one scale for 256 values, we with one for 32.
const MEAN_DIFFERENCE_OF_CANDLE: f64 = 0.006;

#[test]
fn random_files_are_the_same_on_every_machine() {
    for golden in golden::goldens() {
        for quantization in &golden.quantizations {
            let checksum = golden::checksum(&running::open(&quantization.model));
            assert_eq!(
                checksum, quantization.checksum,
                "{} in {}",
                golden.name, quantization.name
            );
        }
    }
}

#[test]
fn log_probabilities_agree_with_transformers() {
    let mut failed = Vec::new();
    println!(
        "{:<20} {:<10} {:<12} {:>8} {:>8}",
        "model", "type", "backend", "max", "mean"
    );
    for golden in golden::goldens() {
        let longest = golden
            .sequences
            .iter()
            .map(|sequence| sequence.token_ids.len())
            .max()
            .expect("a sequence");
        for quantization in &golden.quantizations {
            let file = running::open(&quantization.model);
            for target in Target::all() {
                let mut model = target.load(&file, longest);
                let (max, mean) = differences(model.as_mut(), &golden.sequences, &quantization.log_probs);
                let line = format!(
                    "{:<20} {:<10} {:<12} {max:>8.4} {mean:>8.5}",
                    golden.name,
                    quantization.name,
                    target.name()
                );
                println!("{line}");
                let is_candle = target.name() == "candle";
                let mean_allowed = if is_candle {
                    MEAN_DIFFERENCE_OF_CANDLE
                } else {
                    MEAN_DIFFERENCE
                };
                // Written so that NaN fails.
                if !(max <= MAX_DIFFERENCE && mean <= mean_allowed) {
                    failed.push(line);
                }
            }
        }
    }
    assert!(
        failed.is_empty(),
        "more than {MAX_DIFFERENCE} or a mean of {MEAN_DIFFERENCE} (candle {MEAN_DIFFERENCE_OF_CANDLE}) away:\n{}",
        failed.join("\n")
    );
}

/// Largest and mean absolute difference to the reference over all sequences.
fn differences(
    model: &mut dyn izwi_model::LanguageModel,
    sequences: &[golden::Sequence],
    reference: &[Vec<f64>],
) -> (f64, f64) {
    let (mut max, mut sum, mut count) = (0.0_f64, 0.0, 0);
    for (sequence, expected) in sequences.iter().zip(reference) {
        let actual = running::log_probs(model, &sequence.token_ids, sequence.first);
        assert_eq!(
            actual.len(),
            expected.len(),
            "one log-probability for each token but the first"
        );
        for (actual, expected) in actual.iter().zip(expected) {
            let difference = (actual - expected).abs();
            if difference.is_nan() {
                return (f64::NAN, f64::NAN);
            }
            max = max.max(difference);
            sum += difference;
            count += 1;
        }
    }
    (max, sum / f64::from(count))
}
