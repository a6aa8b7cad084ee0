//! Products of queries with keys in q8_0, for any width of vectors: the first half of attention. A panel of keys is laid
//! out like one of packed Q8_0 weights, its rows being positions, so that the integer products are the same.

use half::f16;

use super::{GROUP, PANEL_POSITIONS, Q8Panels};
use crate::activations::{BLOCK, QuantBlock};
use crate::dispatch::TILE_TOKENS;
use crate::panel::formats::Q8_0;
use crate::panel::lanes::{Lanes, Place};
use crate::prefetch::Ahead;

/// # Safety
/// The caller has the features of `L`. `x` is 1 to 4 queries of `ceil(head_dim / 256)` blocks, and `out` has room for
/// whole panels of each, `stride` apart.
#[inline(always)]
pub(crate) unsafe fn scores<L: Lanes>(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    let out = out.as_mut_ptr();
    let at = |t: usize| x[t.min(x.len() - 1)].as_ptr();
    // SAFETY: this function's own contract, passed on. Where there are three queries, the last one is computed twice and
    // written to the same place.
    unsafe {
        match x.len() {
            1 => panels::<L, 1>(keys, [at(0)], [out]),
            2 => panels::<L, 2>(keys, std::array::from_fn(at), [out, out.add(stride)]),
            _ => panels::<L, TILE_TOKENS>(
                keys,
                std::array::from_fn(at),
                std::array::from_fn(|t| out.add(t.min(x.len() - 1) * stride)),
            ),
        }
    }
}

#[inline(always)]
unsafe fn panels<L: Lanes, const T: usize>(keys: Q8Panels<'_>, x: [*const QuantBlock; T], out: [*mut f32; T]) {
    let panel_bytes = Q8Panels::panel_bytes(keys.head_dim);
    let mut ahead = Ahead::some(keys.next);
    for panel in 0..keys.num_positions.div_ceil(PANEL_POSITIONS) {
        for first_row in (0..PANEL_POSITIONS).step_by(L::ROWS) {
            // SAFETY: `keys` has the panel, and each `out` room for it.
            unsafe {
                let sums = positions::<L, T>(
                    keys.bytes.as_ptr().add(panel * panel_bytes),
                    keys.head_dim,
                    first_row,
                    &x,
                    &mut ahead,
                );
                for t in 0..T {
                    L::store(sums[t], out[t].add(panel * PANEL_POSITIONS + first_row));
                }
            }
        }
    }
}

/// Some positions of a panel. The order of the sums is the same for any number of queries.
#[inline(always)]
unsafe fn positions<L: Lanes, const T: usize>(
    panel: *const u8,
    head_dim: usize,
    first_row: usize,
    x: &[*const QuantBlock; T],
    ahead: &mut Option<Ahead>,
) -> [L::Floats; T] {
    const GROUPS: usize = BLOCK / GROUP;
    // SAFETY: the panel has the groups of a head, and so has each row of `x`.
    unsafe {
        let mut sums = [L::splat(0.0); T];
        let quants = panel.add(Q8Panels::scale_bytes(head_dim));
        for group in 0..head_dim / GROUP {
            let place = Place {
                group: group % GROUPS,
                first_row,
            };
            let x: [*const QuantBlock; T] = x.map(|x| x.add(group / GROUPS));
            let words = quants.add(group / GROUPS * BLOCK * PANEL_POSITIONS);
            let scale = L::halves(panel.add(2 * (group * PANEL_POSITIONS + first_row)));
            let dots = L::dots::<Q8_0, 8, T>(words, place, 0, &x);
            if let Some(ahead) = ahead {
                ahead.fetch((GROUP + size_of::<f16>()) * L::ROWS);
            }
            for t in 0..T {
                let scale = L::mul(scale, L::splat((*x[t]).scales[place.group]));
                sums[t] = L::mul_add(dots[t], scale, sums[t]);
            }
        }
        sums
    }
}
