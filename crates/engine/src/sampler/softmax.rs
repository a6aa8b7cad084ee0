//! Exponentials over whole rows of logits.

/// Sum of `exp((logit - max) * scale)` over a row; `max` is its highest logit and `scale` above 0.
pub(crate) fn sum_exp(logits: &[f32], max: f32, scale: f32) -> f64 {
    const LANES: usize = 16;
    let mut total = 0.0;
    // f32 sums over short stretches keep the loop vectorized and the error below 1e-6.
    for stretch in logits.chunks(1024) {
        let mut sums = [0f32; LANES];
        let lanes = stretch.chunks_exact(LANES);
        let rest: f32 = lanes.remainder().iter().map(|logit| exp((logit - max) * scale)).sum();
        for lane in lanes {
            for (sum, logit) in sums.iter_mut().zip(lane) {
                *sum += exp((logit - max) * scale);
            }
        }
        total += sums.iter().sum::<f32>() as f64 + rest as f64;
    }
    total
}

/// `ln(sum(exp(logits)))`
pub(crate) fn log_sum_exp(logits: &[f32]) -> f64 {
    let max = max(logits);
    max as f64 + sum_exp(logits, max, 1.0).ln()
}

/// The highest logit; minus infinity for an empty row.
pub(crate) fn max(logits: &[f32]) -> f32 {
    const LANES: usize = 16;
    let lanes = logits.chunks_exact(LANES);
    let rest = lanes.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut highest = [f32::NEG_INFINITY; LANES];
    for lane in lanes {
        for (high, &logit) in highest.iter_mut().zip(lane) {
            *high = if logit > *high { logit } else { *high };
        }
    }
    highest.into_iter().fold(rest, f32::max)
}

/// `e^x` for `x <= 0` to 2 units in the last place, in a form that compilers vectorize. Below -87 it stays at e^-87,
/// which is too small to count beside the highest logit's 1.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // e^x = 2^n * e^r with |r| <= ln(2) / 2; ln(2) is split so that n * LN_2_HIGH is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 * 2^23 rounds to an integer.
    const ROUND: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    // Taylor series to r^7; the rest is below 1e-8.
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * r + coefficient;
    }
    // The low bits of `rounded` are n: moved to the exponent, with its bias of 127, they make 2^n.
    sum * f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::rng::Rng;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for step in 0..870_000 {
            let x = -(step as f32) * 1e-4;
            let (ours, exact) = (exp(x) as f64, (x as f64).exp());
            assert!((ours - exact).abs() <= 3e-7 * exact, "exp({x}) = {ours}, not {exact}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn row_sums_agree_with_plain_loops_at_every_length() {
        let mut rng = Rng::new(1);
        for len in (1..70).chain([1023, 1024, 1025, 5000]) {
            let logits: Vec<f32> = (0..len).map(|_| (rng.next_f64() * 40.0 - 20.0) as f32).collect();
            let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(max(&logits), highest);
            let scale = 0.7;
            let plain: f64 = logits
                .iter()
                .map(|&logit| ((logit - highest) as f64 * scale as f64).exp())
                .sum();
            assert!((sum_exp(&logits, highest, scale) / plain - 1.0).abs() < 3e-6);
            let plain: f64 = logits.iter().map(|&logit| (logit as f64).exp()).sum::<f64>().ln();
            assert!((log_sum_exp(&logits) - plain).abs() < 3e-6);
        }
    }
}
