//! Block sizes and dequantization, against values from the gguf package.

mod inputs;

use inputs::{FILLS, Random};
use izwi_kernels::{BlockType, dequantize_row};

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (head, rest) = bytes.split_at(n);
    *bytes = rest;
    head
}

fn take_u32(bytes: &mut &[u8]) -> u32 {
    u32::from_le_bytes(take(bytes, 4).try_into().unwrap())
}

#[test]
fn dequantizes_as_the_gguf_package_does() {
    let mut fixture = &include_bytes!("fixtures/dequantize.bin")[..];
    let mut seen = Vec::new();
    while !fixture.is_empty() {
        let block_type = BlockType::from_ggml_type(take_u32(&mut fixture)).unwrap();
        let (num_values, num_bytes) = (take_u32(&mut fixture), take_u32(&mut fixture));
        let raw = take(&mut fixture, num_bytes as usize);
        let expected = take(&mut fixture, 4 * num_values as usize);
        let mut values = vec![0f32; num_values as usize];
        dequantize_row(block_type, raw, &mut values);
        for (i, (value, expected)) in values.iter().zip(expected.chunks_exact(4)).enumerate() {
            let expected = f32::from_le_bytes(expected.try_into().unwrap());
            assert_eq!(*value, expected, "{} value {i}", block_type.name());
        }
        // The same bytes one further on in memory.
        let shifted = [&[7], raw].concat();
        let mut again = vec![0f32; num_values as usize];
        dequantize_row(block_type, &shifted[1..], &mut again);
        assert_eq!(values, again);
        seen.push(block_type);
    }
    assert_eq!(seen.len(), BlockType::ALL.len());
}

#[test]
fn types_are_consistent() {
    for (index, block_type) in BlockType::ALL.into_iter().enumerate() {
        assert_eq!(block_type as usize, index);
        assert_eq!(BlockType::from_ggml_type(block_type.ggml_type()), Some(block_type));
        let cols = 3 * block_type.block_len();
        assert_eq!(block_type.row_bytes(cols), 3 * block_type.block_bytes());
    }
    assert_eq!(BlockType::from_ggml_type(9), None);
    assert_eq!(BlockType::from_ggml_type(u32::MAX), None);
}

#[test]
fn nan_and_infinite_scales_do_not_panic() {
    let mut random = Random::new(1);
    for block_type in BlockType::ALL {
        for fill in FILLS {
            let mut raw = inputs::blocks(block_type, 2, fill, &mut random);
            raw.fill(0xff);
            let mut values = vec![0f32; 2 * block_type.block_len()];
            dequantize_row(block_type, &raw, &mut values);
        }
    }
}

#[test]
#[should_panic(expected = "byte count of a Q8_0 row")]
fn wrong_length_panics() {
    dequantize_row(BlockType::Q8_0, &[0; 33], &mut [0.0; 32]);
}
