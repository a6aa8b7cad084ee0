//! Products of queries with keys in f16, a lane for each position: the first half of attention, for any width of vectors.

use half::f16;

use crate::prefetch::Ahead;
use crate::scalar;

/// The keys of some positions of one head: column `c` of position `p` is `values[c * stride + p]`.
#[derive(Clone, Copy)]
pub(crate) struct KeyColumns<'a> {
    pub values: &'a [f16],
    pub stride: usize,
    pub num_positions: usize,
    pub head_dim: usize,
    /// What is read soon, for fetching it meanwhile. (In every call: the check costs more.)
    pub next: &'a [f16],
}

/// Positions that a SIMD kernel takes at least: it may read and write so many more than there are.
pub(crate) const POSITIONS_AT_ONCE: usize = 16;

impl KeyColumns<'_> {
    /// Positions that a kernel writes.
    pub fn padded_positions(&self) -> usize {
        match self.are_padded() {
            true => self.num_positions.next_multiple_of(POSITIONS_AT_ONCE),
            false => self.num_positions,
        }
    }

    /// Whether the padding's values are there to be read. (This must not depend on the number of positions: a query's
    /// scores have to be the same whatever is beside it.)
    pub fn are_padded(&self) -> bool {
        self.stride.is_multiple_of(POSITIONS_AT_ONCE)
    }

    /// Panics unless the kernels may read what they are going to.
    pub fn check(&self) {
        let num_values = (self.head_dim - 1) * self.stride + self.padded_positions();
        assert!(self.head_dim > 0 && self.values.len() >= num_values);
    }
}

/// Vectors of f32. The methods may only be called from a function that has the features that the implementation names;
/// pointers are to as many values as there are lanes.
pub(crate) trait PositionLanes {
    const LANES: usize;
    /// Vectors of sums that stay in registers.
    const MOST_SUMS: usize;
    type Floats: Copy;

    unsafe fn splat(value: f32) -> Self::Floats;
    /// f16, widened.
    unsafe fn halves(values: *const f16) -> Self::Floats;
    /// `a * b + c`
    unsafe fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    unsafe fn store(v: Self::Floats, out: *mut f32);
}

/// `out[query * stride + position]` for any number of queries. A product's sum runs over the columns one by one, whatever
/// is beside it.
///
/// # Safety
/// The caller has the features of `L`; the rest as for [`crate::dispatch::ScoresF16`].
#[inline(always)]
pub(crate) unsafe fn scores<L: PositionLanes>(keys: KeyColumns<'_>, x: &[&[f32]], stride: usize, out: &mut [f32]) {
    if !keys.are_padded() {
        return scalar::scores_f16(keys, x, stride, out);
    }
    let mut row = 0;
    while row < x.len() {
        // SAFETY: this function's own contract: the rows are `x`'s.
        row += unsafe {
            let (x, out) = (&x[row..], out.as_mut_ptr().add(row * stride));
            match x.len() {
                1 => rows::<L, 1>(keys, x, stride, out),
                2 => rows::<L, 2>(keys, x, stride, out),
                3 => rows::<L, 3>(keys, x, stride, out),
                4..8 => rows::<L, 4>(keys, x, stride, out),
                _ => rows::<L, 8>(keys, x, stride, out),
            }
        };
    }
}

/// The first `R` queries; returns `R`.
#[inline(always)]
unsafe fn rows<L: PositionLanes, const R: usize>(
    keys: KeyColumns<'_>,
    x: &[&[f32]],
    out_stride: usize,
    out: *mut f32,
) -> usize {
    let x: [*const f32; R] = std::array::from_fn(|r| x[r].as_ptr());
    let mut ahead = Ahead::new(keys.next);
    let (mut position, end) = (0, keys.padded_positions());
    while position < end {
        let vectors = (end - position) / L::LANES;
        let most = vectors.min(L::MOST_SUMS / R);
        // SAFETY: this function's own contract: positions stay below the padded ones.
        unsafe {
            let keys = Columns {
                values: keys.values.as_ptr().add(position),
                stride: keys.stride,
                count: keys.head_dim,
            };
            let out = out.add(position);
            let done = match most {
                8.. => columns::<L, R, 8>(keys, x, out_stride, out, &mut ahead),
                4..8 => columns::<L, R, 4>(keys, x, out_stride, out, &mut ahead),
                2..4 => columns::<L, R, 2>(keys, x, out_stride, out, &mut ahead),
                _ => columns::<L, R, 1>(keys, x, out_stride, out, &mut ahead),
            };
            position += done * L::LANES;
        }
    }
    R
}

#[derive(Clone, Copy)]
struct Columns {
    values: *const f16,
    stride: usize,
    count: usize,
}

/// `N` vectors of positions; returns `N`.
#[inline(always)]
unsafe fn columns<L: PositionLanes, const R: usize, const N: usize>(
    keys: Columns,
    x: [*const f32; R],
    out_stride: usize,
    out: *mut f32,
    ahead: &mut Ahead,
) -> usize {
    // SAFETY: as for `scores`.
    unsafe {
        let mut sums = [[L::splat(0.0); N]; R];
        let mut values = keys.values;
        for column in 0..keys.count {
            let key: [L::Floats; N] = std::array::from_fn(|n| L::halves(values.wrapping_add(n * L::LANES)));
            for r in 0..R {
                let query = L::splat(*x[r].add(column));
                for n in 0..N {
                    sums[r][n] = L::mul_add(query, key[n], sums[r][n]);
                }
            }
            values = values.wrapping_add(keys.stride);
            ahead.fetch(N * L::LANES * size_of::<f16>());
        }
        for r in 0..R {
            for n in 0..N {
                L::store(sums[r][n], out.add(r * out_stride + n * L::LANES));
            }
        }
    }
    N
}
