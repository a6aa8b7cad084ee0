//! The tensors of a random model and their values.

use izwi_kernels::BlockType;

use super::recipe::Role;
use super::{RandomModel, Scale};

/// Standard deviation of the logits at `Scale::Trained`.
const LOGIT_DEVIATION: f64 = 1.5;
/// Standard deviation of all matrices at `Scale::Initial`: `initializer_range` in Qwen3's config.json.
const INITIAL_DEVIATION: f64 = 0.02;

/// One tensor of a random model. Values are `mean + deviation * noise`, the noise being near to normal.
#[derive(Debug, Clone)]
pub struct RandomTensor {
    pub name: String,
    /// Outermost dimension first, as in `TensorInfo`.
    pub shape: Vec<usize>,
    pub block_type: BlockType,
    mean: f32,
    deviation: f32,
    key: u64,
}

impl RandomTensor {
    /// Length of a row.
    pub fn cols(&self) -> usize {
        self.shape[self.shape.len() - 1]
    }

    /// Rows of all its matrices together.
    pub fn num_rows(&self) -> usize {
        self.shape[..self.shape.len() - 1].iter().product()
    }

    pub fn num_bytes(&self) -> usize {
        self.num_rows() * self.block_type.row_bytes(self.cols())
    }

    /// The values of rows `rows`, before quantization.
    pub fn values(&self, rows: std::ops::Range<usize>) -> Vec<f32> {
        let cols = self.cols();
        (rows.start * cols..rows.end * cols)
            .map(|index| self.mean + self.deviation * noise(self.key, index as u64))
            .collect()
    }
}

/// The sum of four 16-bit uniform numbers, scaled to mean 0 and deviation 1.
fn noise(key: u64, index: u64) -> f32 {
    let bits = mix(key.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let sum: i32 = (0..4).map(|part| (bits >> (16 * part)) as u16 as i32).sum();
    // 1 / (65536 * sqrt(4 / 12)); the sum is an integer below 2^24, so that this is the only rounding.
    const SCALE: f32 = 2.642_899_8e-5;
    (sum - 131_070) as f32 * SCALE
}

/// The finishing step of SplitMix64.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// FNV-1a over the name, mixed with the seed.
fn tensor_key(seed: u64, name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash ^ mix(seed))
}

pub(super) fn tensors(model: &RandomModel) -> Vec<RandomTensor> {
    let mut list = List {
        model,
        tensors: Vec::new(),
    };
    list.embeddings();
    for layer in 0..model.num_layers {
        list.layer(layer);
    }
    list.tensors
}

struct List<'a> {
    model: &'a RandomModel,
    tensors: Vec<RandomTensor>,
}

impl List<'_> {
    fn push(&mut self, name: String, shape: &[usize], block_type: BlockType, mean: f64, deviation: f64) {
        let key = tensor_key(self.model.seed, &name);
        let (mean, deviation) = (mean as f32, deviation as f32);
        self.tensors.push(RandomTensor {
            name,
            shape: shape.to_vec(),
            block_type,
            mean,
            deviation,
            key,
        });
    }

    /// A matrix that, at `Scale::Trained`, maps rows of deviation 1 to rows of deviation `gain`.
    fn matrix(&mut self, name: String, shape: &[usize], role: Role, gain: f64) {
        let cols = shape[shape.len() - 1];
        let block_type = self.model.quantization.block_type(role, self.model.num_layers, cols);
        self.push(name, shape, block_type, 0.0, self.deviation(cols, gain));
    }

    fn deviation(&self, cols: usize, gain: f64) -> f64 {
        match self.model.scale {
            Scale::Initial => INITIAL_DEVIATION,
            Scale::Trained => gain / (cols as f64).sqrt(),
        }
    }

    fn norm(&mut self, name: String, len: usize, mean: f64) {
        self.push(name, &[len], BlockType::F32, mean, 0.15);
    }

    fn embeddings(&mut self) {
        let (vocab, hidden) = (self.model.vocab_size, self.model.hidden_size);
        let name = "token_embd.weight".to_owned();
        if self.model.tied_embeddings {
            self.matrix(name, &[vocab, hidden], Role::Head, LOGIT_DEVIATION);
        } else {
            self.matrix(name, &[vocab, hidden], Role::Other, 0.5 * (hidden as f64).sqrt());
            self.matrix(
                "output.weight".to_owned(),
                &[vocab, hidden],
                Role::Head,
                LOGIT_DEVIATION,
            );
        }
        self.norm("output_norm.weight".to_owned(), hidden, 1.0);
    }

    fn layer(&mut self, layer: usize) {
        let RandomModel {
            hidden_size,
            num_heads,
            num_kv_heads,
            head_dim,
            num_layers,
            ..
        } = *self.model;
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        let (q_width, kv_width) = (num_heads * head_dim, num_kv_heads * head_dim);
        // What the sublayers add makes a residual stream of deviation 1 in the end.
        let added = 1.0 / (2.0 * num_layers as f64).sqrt();

        self.norm(name("attn_norm"), hidden_size, 1.0);
        self.matrix(name("attn_q"), &[q_width, hidden_size], Role::Other, 1.0);
        self.matrix(name("attn_k"), &[kv_width, hidden_size], Role::Other, 1.0);
        self.matrix(name("attn_v"), &[kv_width, hidden_size], Role::Sensitive { layer }, 1.0);
        // Attention's mean over some positions has about half the deviation of one value.
        self.matrix(name("attn_output"), &[hidden_size, q_width], Role::Other, 2.0 * added);
        // Norms above 1 make attention choose: scores of deviation 2, not 1.
        let sharpness = if self.model.scale == Scale::Trained { 1.4 } else { 1.0 };
        self.norm(name("attn_q_norm"), head_dim, sharpness);
        self.norm(name("attn_k_norm"), head_dim, sharpness);
        self.norm(name("ffn_norm"), hidden_size, 1.0);
        self.mlp(layer, added);
    }

    fn mlp(&mut self, layer: usize, added: f64) {
        let hidden = self.model.hidden_size;
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        let sensitive = Role::Sensitive { layer };
        // silu(gate) * up has a deviation of 0.6.
        let gain = added / 0.6;
        let Some(experts) = self.model.experts.clone() else {
            let width = self.model.intermediate_size;
            self.matrix(name("ffn_gate"), &[width, hidden], Role::Other, 1.0);
            self.matrix(name("ffn_up"), &[width, hidden], Role::Other, 1.0);
            self.matrix(name("ffn_down"), &[hidden, width], sensitive, gain);
            return;
        };
        let (count, width) = (experts.num_experts, experts.intermediate_size);
        // The experts' weights sum to one: their mean loses deviation.
        let gain = gain * (experts.num_used as f64).sqrt();
        self.push(
            name("ffn_gate_inp"),
            &[count, hidden],
            BlockType::F32,
            0.0,
            1.0 / (hidden as f64).sqrt(),
        );
        self.matrix(name("ffn_gate_exps"), &[count, width, hidden], Role::Other, 1.0);
        self.matrix(name("ffn_up_exps"), &[count, width, hidden], Role::Other, 1.0);
        self.matrix(name("ffn_down_exps"), &[count, hidden, width], sensitive, gain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_mean_zero_and_deviation_one() {
        let values: Vec<f64> = (0..100_000).map(|index| f64::from(noise(7, index))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(
            mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02,
            "mean {mean}, variance {variance}"
        );
    }

    #[test]
    fn rows_can_be_made_alone() {
        let model = RandomModel::preset("tiny").unwrap();
        let tensor = &model.tensors()[4];
        let (all, part) = (tensor.values(0..8), tensor.values(3..5));
        assert_eq!(all[3 * tensor.cols()..5 * tensor.cols()], part);
        assert_ne!(all[..tensor.cols()], all[tensor.cols()..2 * tensor.cols()]);
    }
}
