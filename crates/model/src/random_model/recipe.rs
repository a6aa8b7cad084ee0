//! Which quantization each matrix of a random model gets.

use std::str::FromStr;

use izwi_kernels::BlockType;

/// One type for all matrices, or one of the mixtures that are in common use. Norms and routers are F32 always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// Every matrix in one type.
    Pure(BlockType),
    /// Q4_0 with an output head in Q6_K.
    Q4_0,
    /// Q4_K with Q6_K for the output head and, in half of the layers, `attn_v` and `ffn_down`.
    Q4KM,
}

/// The part that a matrix plays, as far as recipes tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The output head: `output`, or a tied embedding.
    Head,
    /// `attn_v` or `ffn_down` of a layer.
    Sensitive {
        layer: usize,
    },
    Other,
}

impl Recipe {
    /// The type of a matrix with rows of `cols` values. In mixtures, rows that K-quants don't divide get the nearest type
    /// with blocks of 32, as is usual.
    pub(super) fn block_type(self, role: Role, num_layers: usize, cols: usize) -> BlockType {
        let wanted = match (self, role) {
            (Recipe::Pure(block_type), _) => return block_type,
            (Recipe::Q4_0 | Recipe::Q4KM, Role::Head) => BlockType::Q6K,
            (Recipe::Q4_0, _) => BlockType::Q4_0,
            (Recipe::Q4KM, Role::Sensitive { layer }) if uses_more_bits(layer, num_layers) => BlockType::Q6K,
            (Recipe::Q4KM, _) => BlockType::Q4K,
        };
        if cols.is_multiple_of(wanted.block_len()) {
            return wanted;
        }
        match wanted {
            BlockType::Q6K => BlockType::Q8_0,
            _ => BlockType::Q5_0,
        }
    }

    /// The number under `general.file_type`.
    pub(super) fn file_type(self) -> u32 {
        match self {
            Recipe::Q4KM => 15,
            Recipe::Q4_0 => 2,
            Recipe::Pure(block_type) => match block_type {
                BlockType::F32 => 0,
                BlockType::F16 => 1,
                BlockType::Q4_0 => 2,
                BlockType::Q4_1 => 3,
                BlockType::Q8_0 => 7,
                BlockType::Q5_0 => 8,
                BlockType::Q5_1 => 9,
                BlockType::Q2K => 10,
                BlockType::Q3K => 11,
                BlockType::Q4K => 14,
                BlockType::Q5K => 16,
                BlockType::Q6K => 18,
                BlockType::BF16 => 32,
            },
        }
    }
}

/// The layers that the `_M` mixtures favour: the first and last eighth, and every third between.
fn uses_more_bits(layer: usize, num_layers: usize) -> bool {
    let eighth = num_layers / 8;
    layer < eighth || layer >= 7 * num_layers / 8 || (layer - eighth) % 3 == 2
}

impl FromStr for Recipe {
    type Err = String;

    /// `Q4_K_M`, `Q4_0` (both mixtures), or the name of a block type; `pure-Q4_0` is Q4_0 throughout.
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "Q4_K_M" => return Ok(Recipe::Q4KM),
            "Q4_0" => return Ok(Recipe::Q4_0),
            _ => {}
        }
        let pure = name.strip_prefix("pure-").unwrap_or(name);
        BlockType::ALL
            .into_iter()
            .find(|block_type| block_type.name() == pure)
            .map(Recipe::Pure)
            .ok_or_else(|| {
                let names: Vec<&str> = BlockType::ALL.iter().map(|block_type| block_type.name()).collect();
                format!(
                    "unknown quantization \"{name}\"; known are Q4_K_M, pure-Q4_0, {}",
                    names.join(", ")
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_layers_get_more_bits() {
        let favoured: Vec<usize> = (0..28).filter(|&layer| uses_more_bits(layer, 28)).collect();
        assert_eq!(favoured, [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27]);
    }

    #[test]
    fn names_are_understood() {
        assert_eq!("Q4_K_M".parse(), Ok(Recipe::Q4KM));
        assert_eq!("Q4_0".parse(), Ok(Recipe::Q4_0));
        assert_eq!("pure-Q4_0".parse(), Ok(Recipe::Pure(BlockType::Q4_0)));
        assert_eq!("Q6_K".parse(), Ok(Recipe::Pure(BlockType::Q6K)));
        assert!("Q9".parse::<Recipe>().is_err());
    }
}
