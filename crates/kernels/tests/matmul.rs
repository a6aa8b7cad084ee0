//! Matrix products: against f64 on dequantized weights, and every instruction set against the
//! scalar twin.

mod inputs;

use inputs::{FILLS, Fill, Random};
use izwi_kernels::{
    Activations, BlockType, Isa, Kernels, Layout, MatrixView, ShapeError, ThreadPool, dequantize_row, matmul,
    matmul_rows, pack, packed_bytes,
};

const TOKEN_COUNTS: [usize; 9] = [1, 2, 3, 4, 5, 7, 8, 17, 33];

/// The matrix as these kernels take it, with the bytes that it then lies in.
struct Prepared<'a> {
    matrix: MatrixView<'a>,
    packed: Option<Vec<u8>>,
}

impl<'a> Prepared<'a> {
    fn new(kernels: &Kernels, pool: &ThreadPool, matrix: MatrixView<'a>) -> Self {
        let packed = packed_bytes(kernels, matrix.block_type, matrix.rows, matrix.cols).map(|len| {
            // Shifted by a byte, so that nothing is aligned; what was there before must not show.
            let mut bytes = vec![0xa5; len + 1];
            pack(pool, &matrix, &mut bytes[1..]);
            bytes
        });
        Self { matrix, packed }
    }

    fn view(&self) -> MatrixView<'_> {
        match &self.packed {
            None => self.matrix,
            Some(bytes) => MatrixView {
                layout: Layout::Panels,
                bytes: &bytes[1..],
                ..self.matrix
            },
        }
    }
}

fn product(kernels: &Kernels, pool: &ThreadPool, matrix: MatrixView<'_>, x: &[f32], tokens: usize) -> Vec<f32> {
    let prepared = Prepared::new(kernels, pool, matrix);
    let mut activations = Activations::new();
    activations.prepare(kernels, pool, x, tokens, matrix.cols);
    let mut out = vec![f32::NAN; tokens * matrix.rows];
    matmul(kernels, pool, &mut [(prepared.view(), &mut out)], &activations, false);
    out
}

/// The product in f64, and per element the largest error that int8 activations may cause: half a
/// step of each group of 32, times the weights' magnitudes.
fn exact(matrix: MatrixView<'_>, x: &[f32]) -> Vec<(f64, f64)> {
    let mut weights = vec![0f32; matrix.cols];
    let mut by_row = Vec::new();
    for row in 0..matrix.rows {
        dequantize_row(matrix.block_type, matrix.row(row), &mut weights);
        for x in x.chunks_exact(matrix.cols) {
            let (mut sum, mut magnitude, mut step) = (0f64, 0f64, 0f64);
            for (w, x) in weights.chunks(32).zip(x.chunks(32)) {
                let largest = x.iter().fold(0f32, |a, v| a.max(v.abs()));
                for (w, x) in w.iter().zip(x) {
                    sum += f64::from(*w) * f64::from(*x);
                    magnitude += f64::from(w * x).abs();
                    step += f64::from(w.abs() * largest) / 254.0;
                }
            }
            // Offsets and mins are summed apart from the quants: f32 rounding grows with them.
            let bound = if matrix.block_type.is_float() {
                1e-6 * magnitude
            } else {
                1.001 * step + 2e-5 * step * 127.0
            };
            by_row.push((sum, bound + 1e-6));
        }
    }
    let tokens = x.len() / matrix.cols;
    let at = |token: usize, row: usize| by_row[row * tokens + token];
    (0..tokens)
        .flat_map(|token| (0..matrix.rows).map(move |row| (token, row)))
        .map(|(token, row)| at(token, row))
        .collect()
}

fn assert_within(label: &str, actual: &[f32], expected: &[(f64, f64)]) {
    assert_eq!(actual.len(), expected.len());
    for (i, (actual, (expected, bound))) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(*actual) - expected).abs();
        assert!(
            error <= *bound,
            "{label} [{i}]: {actual} instead of {expected}, error {error:e} > {bound:e}"
        );
    }
}

fn tables() -> Vec<&'static Kernels> {
    [vec![inputs::scalar()], inputs::simd_tables()].concat()
}

/// Column counts for a type: one block, several, and sizes that end within 256.
fn column_counts(block_type: BlockType) -> Vec<usize> {
    match block_type.block_len() {
        1 => vec![1, 7, 8, 9, 16, 31, 64, 100, 257, 512],
        32 => vec![32, 64, 96, 224, 256, 288, 512, 544],
        _ => vec![256, 512, 768],
    }
}

#[test]
fn products_match_f64_on_dequantized_weights() {
    let pool = ThreadPool::new(2);
    let mut random = Random::new(2);
    for kernels in tables() {
        for block_type in BlockType::ALL {
            for cols in column_counts(block_type) {
                for fill in FILLS {
                    let (rows, tokens) = (1 + random.below(20), 1 + random.below(12));
                    let count = rows * cols / block_type.block_len();
                    let raw = inputs::blocks(block_type, count, fill, &mut random);
                    let matrix = MatrixView::new(block_type, rows, cols, &raw).unwrap();
                    let x = random.values(tokens * cols);
                    let actual = product(kernels, &pool, matrix, &x, tokens);
                    let label = format!("{:?} {} {fill:?}", kernels.isa(), block_type.name());
                    assert_within(&label, &actual, &exact(matrix, &x));
                }
            }
        }
    }
}

#[test]
fn the_largest_products_do_not_overflow() {
    let pool = ThreadPool::new(1);
    let mut random = Random::new(5);
    for kernels in tables() {
        for block_type in BlockType::ALL {
            for (tokens, sign) in [(1, 1.0), (4, -1.0), (9, 1.0), (9, -1.0)] {
                let (rows, cols) = (17, 512);
                let raw = inputs::blocks(
                    block_type,
                    rows * cols / block_type.block_len(),
                    Fill::Ones,
                    &mut random,
                );
                let matrix = MatrixView::new(block_type, rows, cols, &raw).unwrap();
                let x = vec![sign; tokens * cols];
                let actual = product(kernels, &pool, matrix, &x, tokens);
                let label = format!("{:?} {} {tokens} tokens of {sign}", kernels.isa(), block_type.name());
                assert_within(&label, &actual, &exact(matrix, &x));
            }
        }
    }
}

#[test]
fn every_token_count_matches_the_scalar_twin() {
    let pool = ThreadPool::new(3);
    let mut random = Random::new(3);
    for kernels in inputs::simd_tables() {
        for block_type in BlockType::ALL {
            for tokens in TOKEN_COUNTS {
                let (rows, cols) = (67, if tokens % 2 == 0 { 512 } else { 256 });
                let count = rows * cols / block_type.block_len();
                let raw = inputs::blocks(block_type, count, Fill::Random, &mut random);
                // One byte on, so that nothing is aligned.
                let shifted = [&[0], &raw[..]].concat();
                let matrix = MatrixView::new(block_type, rows, cols, &shifted[1..]).unwrap();
                let x = random.values(tokens * cols);
                let expected = product(inputs::scalar(), &pool, matrix, &x, tokens);
                let actual = product(kernels, &pool, matrix, &x, tokens);
                // Both have the same integers; only the order of f32 sums differs.
                let bounds: Vec<_> = exact(matrix, &x)
                    .iter()
                    .zip(&expected)
                    .map(|((_, bound), e)| (f64::from(*e), bound * 0.01 + 1e-5))
                    .collect();
                let label = format!("{:?} {} x{tokens}", kernels.isa(), block_type.name());
                if block_type.is_float() {
                    assert_within(&label, &actual, &exact(matrix, &x));
                } else {
                    assert_within(&label, &actual, &bounds);
                }
            }
        }
    }
}

#[test]
fn a_token_has_the_same_products_alone_and_in_company() {
    let pool = ThreadPool::new(2);
    let mut random = Random::new(8);
    let (rows, tokens) = (35, 19);
    for kernels in inputs::simd_tables() {
        for block_type in BlockType::ALL {
            let cols = if block_type.block_len() <= 32 { 544 } else { 768 };
            let x = random.values(tokens * cols);
            let raw = inputs::blocks(
                block_type,
                rows * cols / block_type.block_len(),
                Fill::Random,
                &mut random,
            );
            let matrix = MatrixView::new(block_type, rows, cols, &raw).unwrap();
            let together = product(kernels, &pool, matrix, &x, tokens);
            for (token, x) in x.chunks_exact(cols).enumerate() {
                let alone = product(kernels, &pool, matrix, x, 1);
                let expected = &together[token * rows..][..rows];
                assert_eq!(
                    alone,
                    expected,
                    "{:?} {} token {token}",
                    kernels.isa(),
                    block_type.name()
                );
            }
            for few in 2..8 {
                let some = product(kernels, &pool, matrix, &x[..few * cols], few);
                let label = format!("{:?} {} x{few}", kernels.isa(), block_type.name());
                assert_eq!(some, together[..few * rows], "{label}");
            }
        }
    }
}

#[test]
fn several_matrices_share_a_region_and_accumulate() {
    let pool = ThreadPool::new(2);
    let mut random = Random::new(4);
    let (cols, tokens) = (256, 5);
    let x = random.values(tokens * cols);
    for kernels in tables() {
        let mut activations = Activations::new();
        activations.prepare(kernels, &pool, &x, tokens, cols);
        // More than one region's worth, with an empty matrix among them.
        let shapes: Vec<_> = (0..11).map(|i| (BlockType::ALL[i], [48, 1, 0, 130][i % 4])).collect();
        let raws: Vec<_> = shapes
            .iter()
            .map(|&(t, rows)| inputs::blocks(t, rows * cols / t.block_len(), Fill::Random, &mut random))
            .collect();
        let views: Vec<_> = shapes
            .iter()
            .zip(&raws)
            .map(|(&(t, rows), raw)| MatrixView::new(t, rows, cols, raw).unwrap())
            .collect();
        let mut outs: Vec<_> = views.iter().map(|v| vec![1f32; tokens * v.rows]).collect();
        let prepared: Vec<_> = views.iter().map(|view| Prepared::new(kernels, &pool, *view)).collect();
        let mut pairs: Vec<_> = prepared
            .iter()
            .zip(&mut outs)
            .map(|(p, out)| (p.view(), &mut out[..]))
            .collect();
        matmul(kernels, &pool, &mut pairs, &activations, true);
        for (view, out) in views.iter().zip(&outs) {
            let alone = product(kernels, &pool, *view, &x, tokens);
            let expected: Vec<_> = alone.iter().map(|v| v + 1.0).collect();
            assert_eq!(*out, expected);
        }
    }
}

#[test]
fn chosen_token_rows_equal_the_whole_product() {
    let pool = ThreadPool::new(2);
    let mut random = Random::new(5);
    let (rows, cols, tokens) = (33, 512, 9);
    let x = random.values(tokens * cols);
    let chosen = [8, 0, 3, 3, 7, 1, 5];
    for kernels in tables() {
        for block_type in [BlockType::F16, BlockType::Q8_0, BlockType::Q4K] {
            let count = rows * cols / block_type.block_len();
            let raw = inputs::blocks(block_type, count, Fill::Random, &mut random);
            let matrix = MatrixView::new(block_type, rows, cols, &raw).unwrap();
            let whole = product(kernels, &pool, matrix, &x, tokens);
            let prepared = Prepared::new(kernels, &pool, matrix);
            let mut activations = Activations::new();
            activations.prepare(kernels, &pool, &x, tokens, cols);
            for n in 0..=chosen.len() {
                let mut out = vec![f32::NAN; n * rows];
                matmul_rows(kernels, &pool, prepared.view(), &activations, &chosen[..n], &mut out);
                for (out, &token) in out.chunks_exact(rows).zip(&chosen) {
                    // To the bit, in whatever company.
                    assert_eq!(*out, whole[token as usize * rows..][..rows]);
                }
            }
        }
    }
}

#[test]
fn nan_and_infinity_show_in_the_product() {
    let pool = ThreadPool::new(1);
    let mut random = Random::new(6);
    for kernels in tables() {
        for block_type in BlockType::ALL {
            let raw = inputs::blocks(block_type, 512 / block_type.block_len(), Fill::Random, &mut random);
            let matrix = MatrixView::new(block_type, 1, 512, &raw).unwrap();
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut x = random.values(512);
                x[300] = bad;
                let out = product(kernels, &pool, matrix, &x, 1);
                assert!(!out[0].is_finite(), "{} {bad}", block_type.name());
            }
            let broken = vec![0xff; raw.len()];
            let matrix = MatrixView::new(block_type, 1, 512, &broken).unwrap();
            let out = product(kernels, &pool, matrix, &random.values(512), 1);
            assert!(out[0].is_nan(), "{}", block_type.name());
        }
    }
}

#[test]
fn buffers_are_reused_for_other_shapes() {
    let pool = ThreadPool::new(2);
    let mut random = Random::new(7);
    for kernels in tables() {
        let mut activations = Activations::new();
        for (tokens, cols) in [(40, 1024), (1, 32), (3, 288), (200, 512), (2, 64)] {
            let raw = inputs::blocks(BlockType::Q8_0, 5 * cols / 32, Fill::Random, &mut random);
            let matrix = MatrixView::new(BlockType::Q8_0, 5, cols, &raw).unwrap();
            let x = random.values(tokens * cols);
            activations.prepare_quantized(kernels, &pool, &x, tokens, cols);
            let mut out = vec![f32::NAN; tokens * 5];
            let prepared = Prepared::new(kernels, &pool, matrix);
            matmul(kernels, &pool, &mut [(prepared.view(), &mut out)], &activations, false);
            assert_eq!(out, product(kernels, &pool, matrix, &x, tokens));
        }
    }
}

#[test]
fn tiny_and_zero_activations_are_zero() {
    let pool = ThreadPool::new(1);
    for kernels in tables() {
        let raw = vec![0x11; 34 * 8];
        let matrix = MatrixView::new(BlockType::Q8_0, 1, 256, &raw).unwrap();
        for value in [0.0, -0.0, 1e-38, -1e-42] {
            assert_eq!(product(kernels, &pool, matrix, &[value; 256], 1), [0.0]);
        }
    }
}

#[test]
fn views_check_their_shape() {
    let raw = [0; 68];
    assert!(MatrixView::new(BlockType::Q8_0, 2, 32, &raw).is_ok());
    let error = MatrixView::new(BlockType::Q8_0, 2, 33, &raw).unwrap_err();
    assert!(matches!(error, ShapeError::Columns { .. }));
    assert_eq!(
        error.to_string(),
        "a Q8_0 matrix needs a multiple of 32 columns, not 33"
    );
    let error = MatrixView::new(BlockType::Q8_0, 3, 32, &raw).unwrap_err();
    assert_eq!(error.to_string(), "a Q8_0 matrix of 3 x 32 needs 102 bytes, not 68");
    let error = MatrixView::new(BlockType::Q8_0, usize::MAX, 64, &raw).unwrap_err();
    assert!(error.to_string().contains("more bytes than"));
}

#[test]
#[should_panic(expected = "columns of matrix and activations")]
fn mismatched_columns_panic() {
    let pool = ThreadPool::new(1);
    let kernels = Kernels::for_isa(Isa::Scalar).unwrap();
    let matrix = MatrixView::new(BlockType::Q8_0, 1, 32, &[0; 34]).unwrap();
    let mut activations = Activations::new();
    activations.prepare(kernels, &pool, &[0.0; 64], 1, 64);
    matmul(kernels, &pool, &mut [(matrix, &mut [0.0])], &activations, false);
}
