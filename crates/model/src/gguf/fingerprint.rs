//! What tells one model file from another without reading all of it.

use sha2::{Digest, Sha256};

use super::GgufFile;

/// Bytes read at each place of a tensor.
const PIECE_BYTES: usize = 4096;

impl GgufFile {
    /// A SHA-256 of the file's length, its whole header, and the beginning, middle and end of every tensor: files of
    /// models that were trained, converted or quantized differently differ in it. It doesn't tell a file that was changed
    /// on purpose to look the same.
    pub fn fingerprint(&self) -> [u8; 32] {
        let bytes = self.bytes();
        let mut tensors: Vec<_> = self.tensors().collect();
        tensors.sort_by_key(|&(name, _)| name);
        let header_end = tensors.iter().map(|(_, info)| info.range().start).min();
        let mut hash = Sha256::new();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes[..header_end.unwrap_or(bytes.len())]);
        for (_, info) in tensors {
            let data = &bytes[info.range()];
            let last = data.len().saturating_sub(PIECE_BYTES);
            for start in [0, last / 2, last] {
                hash.update(&data[start..data.len().min(start + PIECE_BYTES)]);
            }
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_model::RandomModel;

    #[test]
    fn any_change_that_training_makes_is_seen() {
        let path = std::env::temp_dir().join(format!("izwi-fingerprint-{}.gguf", std::process::id()));
        let bytes_of = |seed: u64| {
            let model = RandomModel {
                seed,
                ..RandomModel::preset("tiny").unwrap()
            };
            model.write(&path).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            bytes
        };
        let fingerprint = |bytes: Vec<u8>| GgufFile::from_bytes(bytes).unwrap().fingerprint();
        let (one, other) = (bytes_of(1), bytes_of(2));
        assert_eq!(fingerprint(one.clone()), fingerprint(one.clone()));
        assert_ne!(fingerprint(one.clone()), fingerprint(other));
        let mut changed = one.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_ne!(fingerprint(one.clone()), fingerprint(changed));
        let mut longer = one.clone();
        longer.push(0);
        assert_ne!(fingerprint(one), fingerprint(longer));
    }
}
