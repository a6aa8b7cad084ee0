//! A small random number generator whose whole state is one number.

/// SplitMix64 (Steele, Lea and Flood, 2014). One per request, so that nothing running beside changes its draws.
#[derive(Debug, Clone)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    pub fn new(seed: u64) -> Self {
        // Mixed, so that neighbouring seeds don't give overlapping sequences.
        Rng {
            state: mix(seed ^ 0x5851_f42d_4c95_7f2d),
        }
    }

    /// Uniform in `0.0..1.0`, in steps of 2^-53.
    pub fn next_f64(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.state) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }
}

pub(crate) fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform_and_seeds_are_independent() {
        for seed in 0..20 {
            let (mut rng, mut neighbour) = (Rng::new(seed), Rng::new(seed + 1));
            let mut counts = [0usize; 16];
            let mut joint = [0usize; 16];
            for _ in 0..16_000 {
                let (draw, other) = (rng.next_f64(), neighbour.next_f64());
                assert!((0.0..1.0).contains(&draw));
                counts[(draw * 16.0) as usize] += 1;
                joint[(draw * 4.0) as usize * 4 + (other * 4.0) as usize] += 1;
            }
            for counts in [counts, joint] {
                let chi_square: f64 = counts
                    .iter()
                    .map(|&count| (count as f64 - 1000.0).powi(2) / 1000.0)
                    .sum();
                // 15 degrees of freedom: above 50 once in 100,000.
                assert!(chi_square < 50.0, "seed {seed}: {counts:?}");
            }
        }
    }
}
