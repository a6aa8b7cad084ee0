//! Panels with NEON: a vector is four of the sixteen rows. Two of them are worked on together, or all four for a single
//! token, for which there are registers enough.

use std::arch::aarch64::*;
use std::arch::asm;
use std::array::from_fn;
use std::marker::PhantomData;

use super::products::{Dotprod, Products, Widening};
use super::widen;
use crate::activations::QuantBlock;
use crate::blocks::BlockType;
use crate::panel::formats::{Format, panels};
use crate::panel::lanes::{self, Lanes, Place};
use crate::panel::{Multiply, PANEL_ROWS, PANEL_TOKENS};

pub(super) const NEON: [Option<Multiply>; BlockType::ALL.len()] = panels!(multiply_widening);
pub(super) const DOTPROD: [Option<Multiply>; BlockType::ALL.len()] = panels!(multiply_dotprod);

/// Tokens that plain NEON computes together: there are registers for no more.
const WIDENING_TOKENS: usize = 4;

/// # Safety
/// The machine has NEON. `x` is 1 to 8 rows, `panel` as many panel blocks as a row has blocks, and `out` as many tokens.
#[target_feature(enable = "neon")]
unsafe fn multiply_widening<F: Format>(panel: &[u8], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    let (panel, num_blocks) = (panel.as_ptr(), x[0].len());
    for (x, out) in x.chunks(WIDENING_TOKENS).zip(out.chunks_mut(WIDENING_TOKENS)) {
        // Three tokens cost as much as four: the last one is computed twice.
        let at = |t: usize| x[t.min(x.len() - 1)].as_ptr();
        // SAFETY: this function's own contract, passed on.
        unsafe {
            match x.len() {
                1 => lanes::multiply::<Neon<Widening, 4>, F, 1>(panel, num_blocks, [at(0)], out),
                2 => lanes::multiply::<Neon<Widening, 2>, F, 2>(panel, num_blocks, from_fn(at), out),
                _ => lanes::multiply::<Neon<Widening, 2>, F, WIDENING_TOKENS>(panel, num_blocks, from_fn(at), out),
            }
        }
    }
}

/// # Safety
/// The machine has NEON and its dot products. `x` is 1 to 8 rows, `panel` as many panel blocks as a row has blocks, and
/// `out` as many tokens.
#[target_feature(enable = "neon,dotprod")]
unsafe fn multiply_dotprod<F: Format>(panel: &[u8], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    let (panel, num_blocks) = (panel.as_ptr(), x[0].len());
    // A tile between two sizes repeats its last token, and leaves the copies out.
    let at = |t: usize| x[t.min(x.len() - 1)].as_ptr();
    // SAFETY: this function's own contract, passed on.
    unsafe {
        match x.len() {
            1 => lanes::multiply::<Neon<Dotprod, 4>, F, 1>(panel, num_blocks, [at(0)], out),
            2 => lanes::multiply::<Neon<Dotprod, 2>, F, 2>(panel, num_blocks, from_fn(at), out),
            3..=4 => lanes::multiply::<Neon<Dotprod, 2>, F, 4>(panel, num_blocks, from_fn(at), out),
            5..=6 => lanes::multiply::<Neon<Dotprod, 2>, F, 6>(panel, num_blocks, from_fn(at), out),
            _ => lanes::multiply::<Neon<Dotprod, 2>, F, PANEL_TOKENS>(panel, num_blocks, from_fn(at), out),
        }
    }
}

/// `V` vectors, two or four, whose bytes are multiplied by `P`.
pub(super) struct Neon<P, const V: usize>(PhantomData<P>);

/// NEON, and what `P` needs.
impl<P: Products, const V: usize> Lanes for Neon<P, V> {
    const ROWS: usize = 4 * V;
    const SIGNED_CENTER: i32 = 0;

    type Ints = [int32x4_t; V];
    type Floats = [float32x4_t; V];

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe { from_fn(|v| vreinterpretq_s32_u8(vld1q_u8(bytes.add(16 * v)))) }
    }

    #[inline(always)]
    unsafe fn and(v: Self::Ints, mask: u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe { v.map(|v| vandq_s32(v, vreinterpretq_s32_u8(vdupq_n_u8(mask)))) }
    }

    #[inline(always)]
    unsafe fn or(a: Self::Ints, b: Self::Ints) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe { from_fn(|v| vorrq_s32(a[v], b[v])) }
    }

    /// Shifts bytes: no bit crosses over.
    #[inline(always)]
    unsafe fn shift_right(v: Self::Ints, by: i32) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe { v.map(|v| vreinterpretq_s32_u8(shift_right(vreinterpretq_u8_s32(v), by))) }
    }

    #[inline(always)]
    unsafe fn unsigned_bytes(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut wide = [vdupq_n_u32(0); V];
            for pair in 0..V / 2 {
                let eight = vmovl_u8(vld1_u8(bytes.add(8 * pair)));
                wide[2 * pair] = vmovl_u16(vget_low_u16(eight));
                wide[2 * pair + 1] = vmovl_high_u16(eight);
            }
            wide.map(|v| vreinterpretq_s32_u32(v))
        }
    }

    #[inline(always)]
    unsafe fn signed_bytes(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut wide = [vdupq_n_s32(0); V];
            for pair in 0..V / 2 {
                let eight = vmovl_s8(vld1_s8(bytes.add(8 * pair).cast()));
                wide[2 * pair] = vmovl_s16(vget_low_s16(eight));
                wide[2 * pair + 1] = vmovl_high_s16(eight);
            }
            wide
        }
    }

    #[inline(always)]
    unsafe fn to_floats(v: Self::Ints) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { v.map(|v| vcvtq_f32_s32(v)) }
    }

    #[inline(always)]
    unsafe fn halves(bytes: *const u8) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe {
            let mut floats = [vdupq_n_f32(0.0); V];
            for pair in 0..V / 2 {
                let eight = widen(vreinterpretq_u16_u8(vld1q_u8(bytes.add(16 * pair))));
                floats[2 * pair..][..2].copy_from_slice(&eight);
            }
            floats
        }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [vdupq_n_f32(value); V] }
    }

    #[inline(always)]
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { from_fn(|v| vmulq_f32(a[v], b[v])) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { from_fn(|v| vfmaq_f32(c[v], a[v], b[v])) }
    }

    #[inline(always)]
    unsafe fn mul_sub(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { from_fn(|v| vfmsq_f32(c[v], a[v], b[v])) }
    }

    #[inline(always)]
    unsafe fn splat_start(value: &i32, by: u32) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let start = vdupq_n_s32(*value);
            let start = match by {
                0 => start,
                3 => vshrq_n_s32::<3>(start),
                4 => vshrq_n_s32::<4>(start),
                _ => unreachable!("no format is centered there"),
            };
            [start; V]
        }
    }

    #[inline(always)]
    unsafe fn store(v: Self::Floats, out: *mut f32) {
        for (i, v) in v.into_iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { vst1q_f32(out.add(4 * i), v) };
        }
    }

    #[inline(always)]
    unsafe fn finish(v: Self::Floats) -> Self::Floats {
        v.map(|mut v| {
            // SAFETY: no instruction at all.
            unsafe { asm!("/* {0:v} */", inout(vreg) v, options(nostack, preserves_flags)) };
            v
        })
    }

    #[inline(always)]
    unsafe fn dots<F: Format, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [Self::Floats; T] {
        // SAFETY: the caller's.
        unsafe { P::dots::<F, V, QUADS, T>(words, place, first, x).map(|v| Self::to_floats(v)) }
    }
}

/// Of each byte; to the left if `by`, a constant, is negative.
#[inline(always)]
unsafe fn shift_right(v: uint8x16_t, by: i32) -> uint8x16_t {
    // SAFETY: the caller has NEON.
    unsafe {
        match by {
            -4 => vshlq_n_u8::<4>(v),
            -3 => vshlq_n_u8::<3>(v),
            -2 => vshlq_n_u8::<2>(v),
            -1 => vshlq_n_u8::<1>(v),
            0 => v,
            1 => vshrq_n_u8::<1>(v),
            2 => vshrq_n_u8::<2>(v),
            3 => vshrq_n_u8::<3>(v),
            4 => vshrq_n_u8::<4>(v),
            5 => vshrq_n_u8::<5>(v),
            6 => vshrq_n_u8::<6>(v),
            _ => unreachable!("no format shifts by {by}"),
        }
    }
}
