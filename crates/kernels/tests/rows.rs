//! Operations on single rows: every instruction set against the scalar twin, and the twin against f64.

mod inputs;

use inputs::Random;
use izwi_kernels::{
    Kernels, RopeTable, ThreadPool, add_scaled, rms_norm, rms_norm_in_place, rms_norm_rows, rotate, silu_mul, softmax,
};

const LENGTHS: [usize; 15] = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 1024];

fn tables() -> Vec<&'static Kernels> {
    [vec![inputs::scalar()], inputs::simd_tables()].concat()
}

fn assert_close(label: &str, actual: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(*a) - e).abs();
        assert!(
            error <= tolerance * e.abs().max(1e-30),
            "{label} [{i}]: {a} instead of {e}"
        );
    }
}

#[test]
fn rms_norm_matches_f64() {
    let mut random = Random::new(21);
    let pool = ThreadPool::new(2);
    for kernels in tables() {
        for len in LENGTHS {
            let (x, weight) = (random.values(len), random.values(len));
            let mean: f64 = x.iter().map(|v| f64::from(v * v)).sum::<f64>() / len.max(1) as f64;
            let scale = 1.0 / (mean + 1e-6).sqrt();
            let expected: Vec<f64> = x
                .iter()
                .zip(&weight)
                .map(|(x, w)| f64::from(*x) * scale * f64::from(*w))
                .collect();
            let mut out = vec![f32::NAN; len];
            rms_norm(kernels, &x, &weight, 1e-6, &mut out);
            assert_close("rms_norm", &out, &expected, 2e-6);
            let mut in_place = x.clone();
            rms_norm_in_place(kernels, &mut in_place, &weight, 1e-6);
            assert_eq!(in_place, out);
        }
        for tokens in [0, 1, 3, 200] {
            let (x, weight) = (random.values(tokens * 512), random.values(512));
            let mut out = vec![f32::NAN; x.len()];
            rms_norm_rows(kernels, &pool, &x, &weight, 1e-6, &mut out);
            for (x, out) in x.chunks(512).zip(out.chunks(512)) {
                let mut expected = vec![0.0; 512];
                rms_norm(kernels, x, &weight, 1e-6, &mut expected);
                assert_eq!(out, expected);
            }
        }
    }
}

#[test]
fn silu_matches_f64_over_its_whole_range() {
    let mut random = Random::new(22);
    for kernels in tables() {
        for len in LENGTHS {
            let up = random.values(len);
            let gate: Vec<f32> = random.values(len).iter().map(|v| v * 80.0).collect();
            let expected: Vec<f64> = gate
                .iter()
                .zip(&up)
                .map(|(g, u)| f64::from(*g) / (1.0 + (-f64::from(*g)).exp()) * f64::from(*u))
                .collect();
            let mut out = gate.clone();
            silu_mul(kernels, &mut out, &up);
            assert_close("silu_mul", &out, &expected, 1e-6);
        }
        let mut far = [1e30, -1e30, 200.0, -200.0, f32::INFINITY, 0.0, -0.0, 88.5, f32::NAN];
        silu_mul(kernels, &mut far, &[1.0; 9]);
        assert_eq!(far[..4], [1e30, -0.0, 200.0, -0.0]);
        assert_eq!(far[4..8], [f32::INFINITY, 0.0, 0.0, 88.5]);
        assert!(far[8].is_nan());
    }
}

#[test]
fn softmax_matches_f64() {
    let mut random = Random::new(23);
    for kernels in tables() {
        for len in LENGTHS {
            let x: Vec<f32> = random.values(len).iter().map(|v| v * 40.0 + 1e3).collect();
            let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let e: Vec<f64> = x.iter().map(|v| f64::from(v - max).exp()).collect();
            let total: f64 = e.iter().sum();
            let expected: Vec<f64> = e.iter().map(|e| e / total).collect();
            let mut out = x.clone();
            softmax(kernels, &mut out);
            assert_close("softmax", &out, &expected, 2e-6);
        }
        let mut masked = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY, 1.0, -1e30];
        softmax(kernels, &mut masked);
        assert_eq!(masked, [0.0, 0.5, 0.0, 0.5, 0.0]);
        let mut wide = vec![f32::NEG_INFINITY; 19];
        wide[17] = -3.0;
        softmax(kernels, &mut wide);
        assert!(wide.iter().enumerate().all(|(i, v)| *v == f32::from(i == 17)));
        let mut broken = [1.0; 20];
        broken[18] = f32::NAN;
        softmax(kernels, &mut broken);
        assert!(broken[0].is_nan());
    }
}

#[test]
fn rotation_matches_f64_at_near_and_far_positions() {
    let mut random = Random::new(24);
    for head_dim in [2, 8, 16, 64, 96, 128, 6] {
        let mut table = RopeTable::new(1e6, head_dim);
        assert_eq!(table.num_positions(), 0);
        table.grow(3);
        table.grow(40_001);
        table.grow(5);
        assert_eq!(table.num_positions(), 40_001);
        let half = head_dim / 2;
        for position in [0, 1, 2, 4095, 40_000] {
            let head = random.values(head_dim);
            let mut expected = vec![0f64; head_dim];
            for i in 0..half {
                let angle = position as f64 / 1e6f64.powf(2.0 * i as f64 / head_dim as f64);
                let (a, b) = (f64::from(head[i]), f64::from(head[i + half]));
                expected[i] = a * angle.cos() - b * angle.sin();
                expected[i + half] = b * angle.cos() + a * angle.sin();
            }
            let (cos, sin) = table.at(position);
            for kernels in tables() {
                let mut out = head.clone();
                rotate(kernels, &mut out, cos, sin);
                for (a, e) in out.iter().zip(&expected) {
                    assert!((f64::from(*a) - e).abs() < 3e-7, "{a} instead of {e}");
                }
            }
        }
    }
}

#[test]
fn add_scaled_matches_the_scalar_twin() {
    let mut random = Random::new(25);
    for kernels in tables() {
        for len in LENGTHS {
            let (start, x) = (random.values(len), random.values(len));
            let (mut out, mut expected) = (start.clone(), start);
            add_scaled(kernels, &mut out, &x, 0.75);
            add_scaled(inputs::scalar(), &mut expected, &x, 0.75);
            for (a, e) in out.iter().zip(&expected) {
                assert!((a - e).abs() <= 2e-7);
            }
        }
    }
}
