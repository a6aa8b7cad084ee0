//! The product of a panel with a few tokens, for any width of vectors.

use super::PANEL_ROWS;
use super::formats::{Format, Scales};
use crate::activations::QuantBlock;

/// Vectors whose lanes are rows of a panel. The methods may only be called from a function that has the features that
/// the implementation names; pointers are to as many values as there are lanes.
pub(crate) trait Lanes {
    /// 32-bit lanes of a vector.
    const ROWS: usize;
    /// Added to signed weights before they are multiplied; 0 if they are multiplied as they are.
    const SIGNED_CENTER: i32;

    type Ints: Copy;
    type Floats: Copy;

    unsafe fn load(bytes: *const u8) -> Self::Ints;
    unsafe fn and(v: Self::Ints, mask: u8) -> Self::Ints;
    unsafe fn or(a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// Shifts 16-bit values, or bytes: the caller masks what crosses over. To the left if `by`, a constant, is negative.
    unsafe fn shift_right(v: Self::Ints, by: i32) -> Self::Ints;
    /// Bytes, widened to 32 bits.
    unsafe fn unsigned_bytes(bytes: *const u8) -> Self::Ints;
    unsafe fn signed_bytes(bytes: *const u8) -> Self::Ints;
    unsafe fn to_floats(v: Self::Ints) -> Self::Floats;
    /// f16, widened to f32.
    unsafe fn halves(bytes: *const u8) -> Self::Floats;
    unsafe fn splat(value: f32) -> Self::Floats;
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`
    unsafe fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `c - a * b`
    unsafe fn mul_sub(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    unsafe fn store(v: Self::Floats, out: *mut f32);
    /// The same value, which the compiler must have by here, and after which it must load anew whatever it needs. Without
    /// it a whole block is scheduled as one, token by token, with several times the registers that there are.
    unsafe fn finish(v: Self::Floats) -> Self::Floats;

    /// `value >> by` in all lanes; `by` is a constant.
    unsafe fn splat_start(value: &i32, by: u32) -> Self::Ints;

    /// For each token the integer products of `QUADS` times four columns, from the `first`th four of a group on, with the
    /// token's quants, less what the weights' center makes of them.
    unsafe fn dots<F: Format, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [Self::Floats; T];
}

/// Some rows of 32 columns of a panel block.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub group: usize,
    pub first_row: usize,
}

/// `out[t][row] = x[t] . panel[row]`, all rows.
///
/// # Safety
/// The caller has the features of `L`; `panel` and every row of `x` have `num_blocks` blocks.
#[inline(always)]
pub(crate) unsafe fn multiply<L: Lanes, F: Format, const T: usize>(
    panel: *const u8,
    num_blocks: usize,
    x: [*const QuantBlock; T],
    out: &mut [[f32; PANEL_ROWS]],
) {
    // SAFETY: blocks are within the panel and the rows of `x`; rows are below sixteen.
    unsafe {
        // One part of the rows, or two.
        let mut sums = [[L::splat(0.0); T]; 2];
        let mut x = x;
        for index in 0..num_blocks {
            let block = panel.add(index * F::LAYOUT.block_bytes());
            // Written out, so that a group's number is a constant: it decides which bits are taken.
            pass::<L, F, T, 0>(block, &x, &mut sums);
            pass::<L, F, T, 1>(block, &x, &mut sums);
            pass::<L, F, T, 2>(block, &x, &mut sums);
            pass::<L, F, T, 3>(block, &x, &mut sums);
            pass::<L, F, T, 4>(block, &x, &mut sums);
            pass::<L, F, T, 5>(block, &x, &mut sums);
            pass::<L, F, T, 6>(block, &x, &mut sums);
            pass::<L, F, T, 7>(block, &x, &mut sums);
            for x in &mut x {
                *x = x.add(1);
            }
        }
        for (t, out) in out.iter_mut().enumerate() {
            for part in 0..PANEL_ROWS / L::ROWS {
                L::store(sums[part][t], out.as_mut_ptr().add(part * L::ROWS));
            }
        }
    }
}

/// One group of all rows.
#[inline(always)]
unsafe fn pass<L: Lanes, F: Format, const T: usize, const GROUP: usize>(
    block: *const u8,
    x: &[*const QuantBlock; T],
    sums: &mut [[L::Floats; T]; 2],
) {
    for part in 0..PANEL_ROWS / L::ROWS {
        let place = Place {
            group: GROUP,
            first_row: part * L::ROWS,
        };
        // SAFETY: `multiply`'s own contract.
        unsafe {
            add_group::<L, F, T>(block, place, x, &mut sums[part]);
            for sum in &mut sums[part] {
                *sum = L::finish(*sum);
            }
        }
    }
}

#[inline(always)]
unsafe fn add_group<L: Lanes, F: Format, const T: usize>(
    block: *const u8,
    place: Place,
    x: &[*const QuantBlock; T],
    sums: &mut [L::Floats; T],
) {
    // SAFETY: `multiply`'s own contract.
    unsafe {
        let scales = F::scales::<L>(block, place.group, place.first_row);
        add_products::<L, F, T>(block.add(F::LAYOUT.header.num_bytes()), place, &scales, x, sums);
    }
}

/// The order of the sums is the same for any number of tokens: that's what makes a token's products independent of the
/// others.
///
/// # Safety
/// The caller has the features of `L`; `words` are a block's quants as `F` has them, and `x` blocks of tokens.
#[inline(always)]
pub(crate) unsafe fn add_products<L: Lanes, F: Format, const T: usize>(
    words: *const u8,
    place: Place,
    scales: &Scales<L>,
    x: &[*const QuantBlock; T],
    sums: &mut [L::Floats; T],
) {
    let group = place.group;
    // SAFETY: this function's own contract.
    unsafe {
        match *scales {
            Scales::AndMin(scale, min) => {
                let dots = L::dots::<F, 8, T>(words, place, 0, x);
                for t in 0..T {
                    let scale = L::mul(scale, L::splat((*x[t]).scales[group]));
                    sums[t] = L::mul_add(dots[t], scale, sums[t]);
                    sums[t] = L::mul_sub(min, L::splat((*x[t]).sums32[group]), sums[t]);
                }
            }
            Scales::Centered(scale) => {
                let dots = L::dots::<F, 8, T>(words, place, 0, x);
                for t in 0..T {
                    let scale = L::mul(scale, L::splat((*x[t]).scales[group]));
                    sums[t] = L::mul_add(dots[t], scale, sums[t]);
                }
            }
            Scales::CenteredHalves([first, last]) => {
                let first_dots = L::dots::<F, 4, T>(words, place, 0, x);
                let last_dots = L::dots::<F, 4, T>(words, place, 4, x);
                for t in 0..T {
                    let both = L::mul_add(last_dots[t], last, L::mul(first_dots[t], first));
                    sums[t] = L::mul_add(both, L::splat((*x[t]).scales[group]), sums[t]);
                }
            }
            Scales::HalvesAndMins([first, last], [first_min, last_min]) => {
                let first_dots = L::dots::<F, 4, T>(words, place, 0, x);
                let last_dots = L::dots::<F, 4, T>(words, place, 4, x);
                for t in 0..T {
                    let mut both = L::mul_add(last_dots[t], last, L::mul(first_dots[t], first));
                    for (half, min) in [first_min, last_min].into_iter().enumerate() {
                        let sum = (*x[t]).starts16[2 * group + half] as f32 * (-1.0 / 32.0);
                        both = L::mul_sub(min, L::splat(sum), both);
                    }
                    sums[t] = L::mul_add(both, L::splat((*x[t]).scales[group]), sums[t]);
                }
            }
        }
    }
}

/// `-CENTER * sum of the quants` of 32 columns, or of the 16 that begin with the `first`th quad: from a multiple of it,
/// by a power of two, that is kept beside the quants.
#[inline(always)]
pub(crate) unsafe fn start<L: Lanes, F: Format, const QUADS: usize>(
    x: &QuantBlock,
    group: usize,
    first: usize,
) -> L::Ints {
    let center = if F::LARGEST.is_none() {
        L::SIGNED_CENTER
    } else {
        F::CENTER
    };
    // SAFETY: the caller has the features.
    unsafe {
        if center == 0 {
            L::splat_start(&0, 0)
        } else if QUADS == 8 {
            L::splat_start(&x.starts32[group], 7 - center.trailing_zeros())
        } else {
            L::splat_start(&x.starts16[2 * group + first / 4], 5 - center.trailing_zeros())
        }
    }
}
