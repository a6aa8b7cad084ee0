//! Products of a panel with several tokens: a block's bits are opened once, into plain bytes that stay in the first cache,
//! and these are multiplied with a few tokens at a time, for whose sums there are registers.

use std::arch::x86_64::*;
use std::array::from_fn;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::panels::Eights;
use super::products::Products;
use crate::activations::{BLOCK, QuantBlock};
use crate::blocks::BlockType;
use crate::panel::PANEL_ROWS;
use crate::panel::formats::{Format, Scales};
use crate::panel::lanes::{self, Lanes, Place};

/// Bytes of four columns of all rows.
const QUAD: usize = 4 * PANEL_ROWS;
/// Quads of a group of 32 columns, and groups of a block.
const QUADS: usize = 8;
const GROUPS: usize = 8;
/// Tiles that are computed with weights opened once.
const MOST_TILES: usize = 2;

/// A block's weights, a byte each: `[quad, row, byte]`, as those of Q8_0 lie in a panel.
#[repr(C, align(64))]
struct Bytes([u8; BLOCK * PANEL_ROWS]);

/// `F` once its bits are [`Bytes`].
struct Opened<F>(PhantomData<F>);

impl<F: Format> Format for Opened<F> {
    const TYPE: BlockType = F::TYPE;
    const LARGEST: Option<usize> = F::LARGEST;
    const CENTER: i32 = F::CENTER;

    #[inline(always)]
    unsafe fn quad<L: Lanes>(words: *const u8, group: usize, quad: usize, first_row: usize) -> L::Ints {
        // SAFETY: the caller's words are `Bytes`.
        unsafe { L::load(words.add(QUAD * (QUADS * group + quad) + 4 * first_row)) }
    }

    #[inline(always)]
    unsafe fn scales<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L> {
        // SAFETY: the caller's.
        unsafe { F::scales::<L>(header, group, first_row) }
    }
}

/// Tiles of `T` tokens; the last one may have fewer, and costs as much.
///
/// # Safety
/// The caller has AVX2, FMA, F16C and the features of `P`. `x` is 1 to `MOST_TILES * T` rows, `panel` as many panel blocks
/// as a row has blocks, and `out` as many tokens.
#[inline(always)]
pub(super) unsafe fn multiply_opened<P: Products, F: Format, const T: usize>(
    panel: *const u8,
    x: &[&[QuantBlock]],
    out: &mut [[f32; PANEL_ROWS]],
) {
    let num_blocks = x[0].len();
    let mut tiles: [[*const QuantBlock; T]; MOST_TILES] =
        from_fn(|tile| from_fn(|t| x[(tile * T + t).min(x.len() - 1)].as_ptr()));
    let tiles = &mut tiles[..x.len().div_ceil(T)];
    let mut opened = MaybeUninit::<Bytes>::uninit();
    // SAFETY: this function's own contract; blocks are within the panel and the rows of `x`.
    unsafe {
        let mut sums = [[Eights::<P, 2>::splat(0.0); T]; MOST_TILES];
        for index in 0..num_blocks {
            let block = panel.add(index * F::LAYOUT.block_bytes());
            let mut words = block.add(F::LAYOUT.header.num_bytes());
            if F::LARGEST.is_some() {
                open::<P, F>(words, opened.as_mut_ptr().cast());
                words = opened.as_ptr().cast();
            }
            for group in 0..GROUPS {
                fetch_part(
                    block.wrapping_add(F::LAYOUT.block_bytes()),
                    F::LAYOUT.block_bytes(),
                    group,
                );
                let scales = F::scales::<Eights<P, 2>>(block, group, 0);
                let place = Place { group, first_row: 0 };
                for (x, sums) in tiles.iter().zip(&mut sums) {
                    lanes::add_products::<Eights<P, 2>, Opened<F>, T>(words, place, &scales, x, sums);
                }
            }
            for x in tiles.iter_mut().flatten() {
                *x = x.add(1);
            }
        }
        for (sum, out) in sums.iter().flatten().zip(out) {
            Eights::<P, 2>::store(*sum, out.as_mut_ptr());
        }
    }
}

/// Fetches an eighth of the next block, or of the next panel's first one. A block is opened in a moment and multiplied for
/// long: the processor doesn't see that someone reads on.
#[inline(always)]
unsafe fn fetch_part(next: *const u8, block_bytes: usize, part: usize) {
    let part_bytes = block_bytes / GROUPS;
    for line in (0..part_bytes).step_by(64) {
        // SAFETY: fetching reads nothing that a program can see, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(part * part_bytes + line).cast()) };
    }
}

/// `out` has room for [`Bytes`].
#[inline(always)]
unsafe fn open<P: Products, F: Format>(words: *const u8, out: *mut u8) {
    // SAFETY: the caller's block has the groups.
    unsafe {
        // Written out, so that a group's number is a constant: it decides which bits are taken.
        open_group::<P, F, 0>(words, out);
        open_group::<P, F, 1>(words, out);
        open_group::<P, F, 2>(words, out);
        open_group::<P, F, 3>(words, out);
        open_group::<P, F, 4>(words, out);
        open_group::<P, F, 5>(words, out);
        open_group::<P, F, 6>(words, out);
        open_group::<P, F, 7>(words, out);
    }
}

#[inline(always)]
unsafe fn open_group<P: Products, F: Format, const GROUP: usize>(words: *const u8, out: *mut u8) {
    for quad in 0..QUADS {
        // SAFETY: the caller's block has the group, and `out` room for it.
        unsafe {
            let [first, last] = F::quad::<Eights<P, 2>>(words, GROUP, quad, 0);
            let out: *mut __m256i = out.add(QUAD * (QUADS * GROUP + quad)).cast();
            _mm256_store_si256(out, first);
            _mm256_store_si256(out.add(1), last);
        }
    }
}
