//! Log-probabilities against transformers, and what must not depend on how a sequence is computed.

mod golden;
mod invariants;
mod running;

use izwi_kernels::KvType;
use izwi_model::random_model::Scale;
use running::Target;

/// How far log-probabilities may be from the reference's: the largest difference, and the mean over a model's sequences.
struct Bounds {
    max: f64,
    mean: f64,
}

/// With float weights only the order of sums differs, and the f16 of the KV cache. With quantized ones, products round
/// their activations to int8, on our backend with one scale for 32 values; candle has one for 256 with K-quants.
///
/// That rounding is relative, so the differences grow with the logits: of a deviation of 0.3 in a model as it is
/// initialised, of 1.5 at the scale of a trained one. There they are no measure of the graph; its float weights are.
/// A KV cache of q8_0 rounds keys, values and queries to int8, which costs about as much again.
fn bounds(scale: Scale, quantization: &str, target: Target) -> Bounds {
    let has_float_weights = matches!(quantization, "F32" | "F16" | "BF16");
    let (max, mean) = match (scale, has_float_weights, target) {
        (Scale::Initial, true, Target::Cpu(_, KvType::Q8_0)) => (0.015, 0.003),
        (Scale::Initial, true, _) => (0.002, 0.0005),
        (Scale::Initial, false, Target::Cpu(_, KvType::F16)) => (0.05, 0.005),
        (Scale::Initial, false, _) => (0.05, 0.006),
        (Scale::Trained, true, Target::Cpu(_, KvType::Q8_0)) => (0.25, 0.045),
        (Scale::Trained, true, _) => (0.01, 0.002),
        (Scale::Trained, false, Target::Cpu(_, KvType::F16)) => (0.4, 0.05),
        (Scale::Trained, false, _) => (0.4, 0.07),
    };
    Bounds { max, mean }
}

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
        "{:<20} {:<10} {:<20} {:>8} {:>8}",
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
                    "{:<20} {:<10} {:<20} {max:>8.4} {mean:>8.5}",
                    golden.name,
                    quantization.name,
                    target.name()
                );
                println!("{line}");
                let allowed = bounds(quantization.model.scale, &quantization.name, target);
                // Written so that NaN fails.
                if !(max <= allowed.max && mean <= allowed.mean) {
                    failed.push(format!("{line}, allowed {} and {}", allowed.max, allowed.mean));
                }
            }
        }
    }
    assert!(failed.is_empty(), "too far from transformers:\n{}", failed.join("\n"));
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
