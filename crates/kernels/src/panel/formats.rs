//! How a panel block's words and header become vectors of bytes and scales, for every quantized type and any width.
//!
//! The layouts are those of `panel.rs`; which bits belong to which column is described in `unpack.rs`.

use super::lanes::Lanes;
use super::{PANEL_ROWS, PanelLayout};
use crate::blocks::BlockType;

/// Bytes of one word of all rows.
const WORD: usize = 4 * PANEL_ROWS;

/// The factors of 32 columns of some rows: with `q` a weight's bits, its value is
pub(crate) enum Scales<L: Lanes> {
    /// `scale * q - min`
    AndMin(L::Floats, L::Floats),
    /// `scale * (q - CENTER)`
    Centered(L::Floats),
    /// The same with one scale for the first and one for the last 16 columns.
    CenteredHalves([L::Floats; 2]),
    /// `scale * q - min` with two scales and two mins.
    HalvesAndMins([L::Floats; 2], [L::Floats; 2]),
}

/// A type's bits. The methods may only be called from a function that has the lanes' features.
pub(crate) trait Format {
    const TYPE: BlockType;
    /// The largest value of the bits, if they are unsigned; else they are signed bytes.
    const LARGEST: Option<usize>;
    /// What is subtracted from every weight's bits; 0 for types with mins.
    const CENTER: i32;

    const LAYOUT: PanelLayout = PanelLayout::of(Self::TYPE);

    /// Four columns of `L::ROWS` rows, from `first_row` on: the `quad`th four of the `group`th 32. `words` are the block's
    /// quants.
    unsafe fn quad<L: Lanes>(words: *const u8, group: usize, quad: usize, first_row: usize) -> L::Ints;
    /// `header` is the block's.
    unsafe fn scales<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L>;
}

#[inline(always)]
unsafe fn word<L: Lanes>(words: *const u8, index: usize, first_row: usize) -> L::Ints {
    // SAFETY: the caller's quants have the word.
    unsafe { L::load(words.add(WORD * index + 4 * first_row)) }
}

/// `width` bits of every byte from bit `from` on, moved to bit `to`.
#[inline(always)]
unsafe fn bits<L: Lanes>(v: L::Ints, from: i32, width: u32, to: i32) -> L::Ints {
    let mask = ((1u32 << width) - 1) << to;
    // SAFETY: the caller has the features.
    unsafe { L::and(L::shift_right(v, from - to), mask as u8) }
}

/// The f16 at `index`, counted in arrays of sixteen from the header's start, of each row.
#[inline(always)]
unsafe fn halves<L: Lanes>(header: *const u8, index: usize, first_row: usize) -> L::Floats {
    // SAFETY: the caller's header has the array.
    unsafe { L::halves(header.add(2 * (PANEL_ROWS * index + first_row))) }
}

#[inline(always)]
unsafe fn unsigned<L: Lanes>(bytes: *const u8, index: usize, first_row: usize) -> L::Floats {
    // SAFETY: the caller's bytes have the array.
    unsafe { L::to_floats(L::unsigned_bytes(bytes.add(PANEL_ROWS * index + first_row))) }
}

#[inline(always)]
unsafe fn signed<L: Lanes>(bytes: *const u8, index: usize, first_row: usize) -> L::Floats {
    // SAFETY: the caller's bytes have the array.
    unsafe { L::to_floats(L::signed_bytes(bytes.add(PANEL_ROWS * index + first_row))) }
}

/// The header of Q4_K and Q5_K.
#[inline(always)]
unsafe fn scale_and_min<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L> {
    // SAFETY: the caller's header is `ScalesAndMins`.
    unsafe {
        let bytes = header.add(4 * PANEL_ROWS);
        Scales::AndMin(
            L::mul(
                halves::<L>(header, 0, first_row),
                unsigned::<L>(bytes, group, first_row),
            ),
            L::mul(
                halves::<L>(header, 1, first_row),
                unsigned::<L>(bytes, 8 + group, first_row),
            ),
        )
    }
}

/// The header of Q3_K and Q6_K.
#[inline(always)]
unsafe fn signed_scales<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L> {
    // SAFETY: the caller's header is `SignedScales`.
    unsafe {
        let scale = halves::<L>(header, 8, first_row);
        Scales::CenteredHalves([
            L::mul(scale, signed::<L>(header, 2 * group, first_row)),
            L::mul(scale, signed::<L>(header, 2 * group + 1, first_row)),
        ])
    }
}

/// The header of Q4_1 and Q5_1, whose offset is added.
#[inline(always)]
unsafe fn scale_and_offset<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L> {
    // SAFETY: the caller's header is `HalvesAndOffsets`.
    unsafe {
        let offset = halves::<L>(header, 8 + group, first_row);
        Scales::AndMin(halves::<L>(header, group, first_row), L::mul(offset, L::splat(-1.0)))
    }
}

/// Low nibbles of 32 columns and then high ones of the next 32, as Q4_K has them.
#[inline(always)]
unsafe fn nibble_by_64<L: Lanes>(
    words: *const u8,
    first_word: usize,
    group: usize,
    quad: usize,
    first_row: usize,
) -> L::Ints {
    // SAFETY: the caller's quants have the words, and it has the features.
    unsafe {
        let word = word::<L>(words, first_word + 8 * (group / 2) + quad, first_row);
        bits::<L>(word, 4 * (group as i32 % 2), 4, 0)
    }
}

/// Low nibbles of 16 columns and then high ones of the next 16, as Q4_0 has them.
#[inline(always)]
unsafe fn nibble_by_32<L: Lanes>(
    words: *const u8,
    first_word: usize,
    group: usize,
    quad: usize,
    first_row: usize,
) -> L::Ints {
    // SAFETY: the caller's quants have the words, and it has the features.
    unsafe {
        let word = word::<L>(words, first_word + 4 * group + quad % 4, first_row);
        bits::<L>(word, 4 * (quad as i32 / 4), 4, 0)
    }
}

/// Two bits of four groups of 32 columns in one byte, as the K types have them.
#[inline(always)]
unsafe fn two_bits<L: Lanes>(
    words: *const u8,
    first_word: usize,
    group: usize,
    quad: usize,
    first_row: usize,
    to: i32,
) -> L::Ints {
    // SAFETY: the caller's quants have the words, and it has the features.
    unsafe {
        let word = word::<L>(words, first_word + 8 * (group / 4) + quad, first_row);
        bits::<L>(word, 2 * (group as i32 % 4), 2, to)
    }
}

/// One bit of eight groups of 32 columns in one byte of the first words.
#[inline(always)]
unsafe fn one_bit<L: Lanes>(words: *const u8, group: usize, quad: usize, first_row: usize, to: i32) -> L::Ints {
    // SAFETY: the caller's quants have the words, and it has the features.
    unsafe { bits::<L>(word::<L>(words, quad, first_row), group as i32, 1, to) }
}

macro_rules! format {
    ($name:ident, $largest:expr, $center:expr,
     |$words:ident, $group:ident, $quad:ident, $first_row:ident| $bits:expr, $scales:expr) => {
        pub(crate) struct $name;

        impl Format for $name {
            const TYPE: BlockType = BlockType::$name;
            const LARGEST: Option<usize> = $largest;
            const CENTER: i32 = $center;

            #[inline(always)]
            unsafe fn quad<L: Lanes>($words: *const u8, $group: usize, $quad: usize, $first_row: usize) -> L::Ints {
                // SAFETY: the caller's block is of this type, and it has the features.
                unsafe { $bits }
            }

            #[inline(always)]
            unsafe fn scales<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L> {
                // SAFETY: the caller's block is of this type, and it has the features.
                unsafe { $scales(header, group, first_row) }
            }
        }
    };
}

/// The header of Q4_0, Q5_0 and Q8_0.
#[inline(always)]
unsafe fn scale_only<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L> {
    // SAFETY: the caller's header is `Halves`.
    unsafe { Scales::Centered(halves::<L>(header, group, first_row)) }
}

/// The header of Q2_K.
#[inline(always)]
unsafe fn nibble_scales<L: Lanes>(header: *const u8, group: usize, first_row: usize) -> Scales<L> {
    // SAFETY: the caller's header is `Nibbles`, and it has the features.
    unsafe {
        let (scale, min) = (halves::<L>(header, 0, first_row), halves::<L>(header, 1, first_row));
        let bytes = header.add(4 * PANEL_ROWS + first_row);
        let first = L::unsigned_bytes(bytes.add(PANEL_ROWS * 2 * group));
        let last = L::unsigned_bytes(bytes.add(PANEL_ROWS * (2 * group + 1)));
        Scales::HalvesAndMins(
            [
                L::mul(scale, L::to_floats(bits::<L>(first, 0, 4, 0))),
                L::mul(scale, L::to_floats(bits::<L>(last, 0, 4, 0))),
            ],
            [
                L::mul(min, L::to_floats(bits::<L>(first, 4, 4, 0))),
                L::mul(min, L::to_floats(bits::<L>(last, 4, 4, 0))),
            ],
        )
    }
}

format!(
    Q4_0,
    Some(15),
    8,
    |w, g, q, r| nibble_by_32::<L>(w, 0, g, q, r),
    scale_only::<L>
);
format!(
    Q4_1,
    Some(15),
    0,
    |w, g, q, r| nibble_by_32::<L>(w, 0, g, q, r),
    scale_and_offset::<L>
);
format!(
    Q5_0,
    Some(31),
    16,
    |w, g, q, r| L::or(nibble_by_32::<L>(w, 8, g, q, r), one_bit::<L>(w, g, q, r, 4)),
    scale_only::<L>
);
format!(
    Q5_1,
    Some(31),
    0,
    |w, g, q, r| L::or(nibble_by_32::<L>(w, 8, g, q, r), one_bit::<L>(w, g, q, r, 4)),
    scale_and_offset::<L>
);
format!(Q8_0, None, 0, |w, g, q, r| word::<L>(w, 8 * g + q, r), scale_only::<L>);
format!(
    Q2K,
    Some(3),
    0,
    |w, g, q, r| two_bits::<L>(w, 0, g, q, r, 0),
    nibble_scales::<L>
);
format!(
    Q3K,
    Some(7),
    4,
    |w, g, q, r| L::or(two_bits::<L>(w, 8, g, q, r, 0), one_bit::<L>(w, g, q, r, 2)),
    signed_scales::<L>
);
format!(
    Q4K,
    Some(15),
    0,
    |w, g, q, r| nibble_by_64::<L>(w, 0, g, q, r),
    scale_and_min::<L>
);
format!(
    Q5K,
    Some(31),
    0,
    |w, g, q, r| L::or(nibble_by_64::<L>(w, 8, g, q, r), one_bit::<L>(w, g, q, r, 4)),
    scale_and_min::<L>
);
format!(
    Q6K,
    Some(63),
    32,
    |w, g, q, r| {
        let half = 24 * (g / 4);
        let low = match g % 2 {
            0 => half + 2 * q,
            _ => half + 16 + q,
        };
        let (low, high) = (word::<L>(w, low, r), word::<L>(w, half + 2 * q + 1, r));
        L::or(
            bits::<L>(low, 4 * (g as i32 % 4 / 2), 4, 0),
            bits::<L>(high, 2 * (g as i32 % 4), 2, 4),
        )
    },
    signed_scales::<L>
);

/// A kernel for each type, in the order of [`BlockType::ALL`]: `$multiply`, a generic function, for quantized ones.
macro_rules! panels {
    ($multiply:ident) => {{
        use crate::panel::formats::{Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
        [
            None,
            None,
            None,
            Some($multiply::<Q4_0> as crate::panel::Multiply),
            Some($multiply::<Q4_1>),
            Some($multiply::<Q5_0>),
            Some($multiply::<Q5_1>),
            Some($multiply::<Q8_0>),
            Some($multiply::<Q2K>),
            Some($multiply::<Q3K>),
            Some($multiply::<Q4K>),
            Some($multiply::<Q5K>),
            Some($multiply::<Q6K>),
        ]
    }};
}
pub(crate) use panels;
