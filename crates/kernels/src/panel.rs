//! Weights laid out anew for SIMD: panels of sixteen rows, side by side.
//!
//! A row in the file's layout leaves a product as eight partial sums in the lanes of a vector, to be added up at the
//! end of each row, and has its scales to be unpacked for itself. In a panel every lane is a row: four columns of
//! sixteen rows are one vector of 64 bytes, scales come sixteen at a time, and nothing is added up across lanes. The
//! bits stay as they are, as dense as in the file, so that memory is read no more than before. And because the sum of
//! each row runs over the columns in the same order whatever the number of tokens, a token's products are the same
//! alone and in company.
//!
//! A panel is a sequence of panel blocks of 256 columns; the last one is filled up with weights of value 0, as is
//! the last panel with rows. A panel block is its header and then its quants, in the order in which they're needed, since
//! memory is fetched ahead only for a reader who goes forward:
//!
//! - header: scales and mins, `[group, row]` each, as [`Header`] describes;
//! - quants: 32-bit words of a row's block, the same word of the sixteen rows side by side: `[word, row, byte]`. Words with
//!   the high bits of several groups come before those with the groups' low bits, in Q6_K in turns with the first of them.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) mod formats;
// Register tiles are arrays that several loops index by row and token at once.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[allow(clippy::needless_range_loop)]
pub(crate) mod lanes;

use crate::activations::BLOCK;
use crate::blocks::BlockType;
use crate::dispatch::WeightRows;

/// Rows that are laid side by side.
pub(crate) const PANEL_ROWS: usize = 16;
/// Tokens that one call of [`Multiply`] takes at most.
pub(crate) const PANEL_TOKENS: usize = 8;

/// `out[token][row] = x[token] . panel[row]` for 1 to [`PANEL_TOKENS`] tokens. The panel has as many blocks as every row
/// of `x`. A token's results don't depend on the others.
pub(crate) type Multiply =
    unsafe fn(panel: &[u8], x: &[&[crate::activations::QuantBlock]], out: &mut [[f32; PANEL_ROWS]]);

/// What the header of a panel block holds; f16 are little-endian, and every array is `[.., row]` with sixteen rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Header {
    /// f16 scale, f16 min, u8 scales `[8]` and u8 mins `[8]` for every 32 columns.
    ScalesAndMins,
    /// f16 scale, f16 min, and `[16]` bytes for every 16 columns: the scale in the low nibble, the min in the high one.
    Nibbles,
    /// i8 scales `[16]` for every 16 columns, f16 scale; then 32 bytes of nothing.
    SignedScales,
    /// f16 scales `[8]`, for every 32 columns.
    Halves,
    /// The same, then f16 offsets `[8]` that are added.
    HalvesAndOffsets,
}

impl Header {
    pub const fn num_bytes(self) -> usize {
        match self {
            Self::ScalesAndMins | Self::Nibbles | Self::SignedScales => 320,
            Self::Halves => 256,
            Self::HalvesAndOffsets => 512,
        }
    }
}

/// How a type's panel blocks are made up.
#[derive(Clone, Copy)]
pub(crate) struct PanelLayout {
    /// 32-bit words of quants per row.
    pub num_words: usize,
    pub header: Header,
}

impl PanelLayout {
    /// The layout of a quantized type; panics for the others.
    pub const fn of(block_type: BlockType) -> Self {
        let (num_words, header) = match block_type {
            BlockType::Q4_0 => (32, Header::Halves),
            BlockType::Q4_1 => (32, Header::HalvesAndOffsets),
            BlockType::Q5_0 => (40, Header::Halves),
            BlockType::Q5_1 => (40, Header::HalvesAndOffsets),
            BlockType::Q8_0 => (64, Header::Halves),
            BlockType::Q2K => (16, Header::Nibbles),
            BlockType::Q3K => (24, Header::SignedScales),
            BlockType::Q4K => (32, Header::ScalesAndMins),
            BlockType::Q5K => (40, Header::ScalesAndMins),
            BlockType::Q6K => (48, Header::SignedScales),
            BlockType::F32 | BlockType::F16 | BlockType::BF16 => panic!("floats have no panels"),
        };
        Self { num_words, header }
    }

    pub const fn block_bytes(self) -> usize {
        self.header.num_bytes() + self.num_words * 4 * PANEL_ROWS
    }

    /// Bytes of a panel of rows of `cols` weights.
    pub fn panel_bytes(self, cols: usize) -> usize {
        cols.div_ceil(BLOCK) * self.block_bytes()
    }
}

/// Packs at most sixteen rows into `panel`, whose length is that of a panel with the rows' columns.
pub(crate) fn pack_panel(block_type: BlockType, rows: WeightRows<'_>, panel: &mut [u8]) {
    let layout = PanelLayout::of(block_type);
    let block_bytes = block_type.block_bytes();
    let row_bytes_of_block = BLOCK / block_type.block_len() * block_bytes;
    panel.fill(0);
    for (index, block) in panel.chunks_exact_mut(layout.block_bytes()).enumerate() {
        let (header, quants) = block.split_at_mut(layout.header.num_bytes());
        let (words, _) = quants.as_chunks_mut::<4>();
        let start = index * row_bytes_of_block;
        for row in 0..rows.num_rows {
            let raw = &rows.row(row)[start..];
            let raw = &raw[..raw.len().min(row_bytes_of_block)];
            let mut target = RowOfBlock { words, header, row };
            if block_type.block_len() == BLOCK {
                target.pack_super_block(block_type, raw);
            } else {
                for (group, raw) in raw.chunks_exact(block_bytes).enumerate() {
                    target.pack_group(block_type, group, raw);
                }
            }
        }
    }
}

/// One row's places in a panel block.
struct RowOfBlock<'a> {
    /// `[word, row]`
    words: &'a mut [[u8; 4]],
    header: &'a mut [u8],
    row: usize,
}

impl RowOfBlock<'_> {
    /// 256 weights of a K type.
    fn pack_super_block(&mut self, block_type: BlockType, raw: &[u8]) {
        match block_type {
            BlockType::Q2K => {
                self.copy_words(0, &raw[16..80]);
                self.set_half(0, &raw[80..]);
                self.set_half(1, &raw[82..]);
                self.copy_bytes(64, &raw[..16]);
            }
            BlockType::Q3K => {
                self.copy_words(0, &raw[..96]);
                let mut scales = [0; 16];
                three_bit_scales(&raw[96..108], &mut scales);
                self.copy_bytes(0, &scales);
                self.set_half(8, &raw[108..]);
            }
            BlockType::Q4K => {
                self.copy_words(0, &raw[16..144]);
                self.pack_six_bit_header(raw);
            }
            BlockType::Q5K => {
                self.copy_words(0, &raw[16..176]);
                self.pack_six_bit_header(raw);
            }
            BlockType::Q6K => {
                for half in 0..2 {
                    let (low, high) = (&raw[64 * half..], &raw[128 + 32 * half..]);
                    self.copy_every_other_word(24 * half, &low[..32]);
                    self.copy_every_other_word(24 * half + 1, &high[..32]);
                    self.copy_words(24 * half + 16, &low[32..64]);
                }
                self.copy_bytes(0, &raw[192..208]);
                self.set_half(8, &raw[208..]);
            }
            _ => unreachable!("not a K type"),
        }
    }

    /// 32 weights of another type.
    fn pack_group(&mut self, block_type: BlockType, group: usize, raw: &[u8]) {
        self.set_half(group, raw);
        match block_type {
            BlockType::Q4_0 => self.copy_words(4 * group, &raw[2..18]),
            BlockType::Q4_1 => {
                self.set_half(8 + group, &raw[2..]);
                self.copy_words(4 * group, &raw[4..20]);
            }
            BlockType::Q5_0 => {
                self.copy_words(8 + 4 * group, &raw[6..22]);
                self.set_fifth_bits(group, &raw[2..6]);
            }
            BlockType::Q5_1 => {
                self.set_half(8 + group, &raw[2..]);
                self.copy_words(8 + 4 * group, &raw[8..24]);
                self.set_fifth_bits(group, &raw[4..8]);
            }
            BlockType::Q8_0 => self.copy_words(8 * group, &raw[2..34]),
            _ => unreachable!("not a type with blocks of 32"),
        }
    }

    fn copy_words(&mut self, first: usize, raw: &[u8]) {
        self.copy_words_apart(first, 1, raw);
    }

    fn copy_every_other_word(&mut self, first: usize, raw: &[u8]) {
        self.copy_words_apart(first, 2, raw);
    }

    fn copy_words_apart(&mut self, first: usize, step: usize, raw: &[u8]) {
        let (words, _) = raw.as_chunks::<4>();
        let targets = self.words[first * PANEL_ROWS + self.row..]
            .iter_mut()
            .step_by(step * PANEL_ROWS);
        targets.zip(words).for_each(|(target, word)| *target = *word);
    }

    /// Each of these bytes belongs to a group.
    fn copy_bytes(&mut self, start: usize, raw: &[u8]) {
        let targets = self.header[start + self.row..].iter_mut().step_by(PANEL_ROWS);
        targets.zip(raw).for_each(|(target, byte)| *target = *byte);
    }

    /// The f16 at the start of `raw`, as the `index`th of the header counted in arrays of f16.
    fn set_half(&mut self, index: usize, raw: &[u8]) {
        self.header[(index * PANEL_ROWS + self.row) * 2..][..2].copy_from_slice(&raw[..2]);
    }

    /// Scale, min, and eight 6-bit scales and mins in 12 bytes, unpacked to bytes.
    fn pack_six_bit_header(&mut self, raw: &[u8]) {
        self.set_half(0, raw);
        self.set_half(1, &raw[2..]);
        let packed = &raw[4..16];
        let mut scales_and_mins = [0; 16];
        for i in 0..4 {
            scales_and_mins[i] = packed[i] & 63;
            scales_and_mins[8 + i] = packed[4 + i] & 63;
            scales_and_mins[4 + i] = packed[8 + i] & 15 | packed[i] >> 6 << 4;
            scales_and_mins[12 + i] = packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4;
        }
        self.copy_bytes(64, &scales_and_mins);
    }

    /// One bit for each of a group's 32 weights, kept as bit `group` of a byte for each.
    fn set_fifth_bits(&mut self, group: usize, bits: &[u8]) {
        for column in 0..32 {
            let word = &mut self.words[column / 4 * PANEL_ROWS + self.row];
            word[column % 4] |= (bits[column / 8] >> (column % 8) & 1) << group;
        }
    }
}

/// The sixteen 6-bit scales of a Q3_K block, less 32, as signed bytes.
fn three_bit_scales(packed: &[u8], scales: &mut [u8; 16]) {
    for (i, scale) in scales.iter_mut().enumerate() {
        let low = if i < 8 { packed[i] & 15 } else { packed[i - 8] >> 4 };
        let high = packed[8 + i % 4] >> (2 * (i / 4)) & 3;
        *scale = (low | high << 4).wrapping_sub(32);
    }
}
