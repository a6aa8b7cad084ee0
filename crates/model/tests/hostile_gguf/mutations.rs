//! The damage that is done: blindly to bytes, and knowingly to fields.

use crate::parts::{ARRAY, Parts, STRING, Value, fixed_bytes};

/// Values that lengths, counts, types, sizes and offsets are replaced by.
pub const EVIL: [u64; 14] = [
    0,
    1,
    2,
    9,
    31,
    255,
    1 << 20,
    1 << 24,
    (1 << 31) - 1,
    1 << 31,
    u32::MAX as u64,
    1 << 63,
    u64::MAX - 7,
    u64::MAX,
];

/// Sizes that a model's shape is made of.
const SIZES: [&str; 10] = [
    ".block_count",
    ".embedding_length",
    ".feed_forward_length",
    ".attention.head_count",
    ".attention.head_count_kv",
    ".attention.key_length",
    ".context_length",
    ".expert_count",
    ".expert_used_count",
    ".expert_feed_forward_length",
];

/// A small deterministic generator (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// A damaged file and what was done to it.
pub type Case = (Vec<u8>, String);

/// Blind damage to the first `header` bytes, or a cut anywhere.
pub fn blind(file: &[u8], header: usize, random: &mut Random) -> Case {
    let mut bytes = file.to_vec();
    let at = random.below(header);
    let evil = EVIL[random.below(EVIL.len())];
    match random.below(6) {
        0 => {
            let longest = [header, file.len()][random.below(2)];
            let end = random.below(longest);
            bytes.truncate(end);
            (bytes, format!("cut at {end}"))
        }
        1 => {
            let bit = random.below(8);
            bytes[at] ^= 1 << bit;
            (bytes, format!("bit {bit} of byte {at}"))
        }
        2 => {
            bytes[at..at + 8].copy_from_slice(&evil.to_le_bytes());
            (bytes, format!("{evil} in 8 bytes at {at}"))
        }
        3 => {
            bytes[at..at + 4].copy_from_slice(&(evil as u32).to_le_bytes());
            (bytes, format!("{evil} in 4 bytes at {at}"))
        }
        4 => {
            let len = 1 + random.below(64);
            bytes[at..at + len].fill_with(|| random.next() as u8);
            (bytes, format!("{len} random bytes at {at}"))
        }
        _ => {
            let (len, to) = (1 + random.below(40), random.below(header));
            bytes.copy_within(at..at + len, to);
            (bytes, format!("{len} bytes at {at} again at {to}"))
        }
    }
}

/// Random bytes, with and without the beginning of a sound file.
pub fn garbage(file: &[u8], random: &mut Random) -> Case {
    let kept = [0, 4, 8, 24, 100][random.below(5)];
    let len = random.below(4096);
    let mut bytes = file[..kept].to_vec();
    bytes.extend((0..len).map(|_| random.next() as u8));
    (bytes, format!("{len} random bytes after {kept} of the file"))
}

/// Cuts before, at and behind the beginning of every field of the header.
pub fn cuts(parts: &Parts) -> impl Iterator<Item = Case> {
    let (file, fields) = parts.bytes_and_fields();
    fields.into_iter().flat_map(move |field| {
        let ends = [field.saturating_sub(1), field, field + 1];
        ends.map(|end| (file[..end].to_vec(), format!("cut at {end}")))
    })
}

/// Every value of the metadata: missing, twice, of every type, and as every evil number of its own type.
pub fn metadata(parts: &Parts) -> impl Iterator<Item = Case> {
    (0..parts.values.len()).flat_map(move |index| {
        let value = &parts.values[index];
        let mut cases = vec![
            changed(parts, format!("{} missing", value.key), |parts| {
                parts.values.remove(index);
            }),
            changed(parts, format!("{} twice", value.key), |parts| {
                parts.values.push(parts.values[index].clone());
            }),
        ];
        let other_types = (0..14).map(|value_type| (value_type, 0));
        let evil = EVIL.map(|evil| (value.value_type, evil));
        for (value_type, number) in other_types.chain(evil) {
            let what = format!("{} of type {value_type}: {number}", value.key);
            cases.push(changed(parts, what, |parts| {
                parts.values[index].value_type = value_type;
                parts.values[index].bytes = encoded(value_type, number);
            }));
        }
        cases
    })
}

/// A number in the given type; as a string or an array it is the length, with nothing behind.
fn encoded(value_type: u32, number: u64) -> Vec<u8> {
    match (fixed_bytes(value_type), value_type) {
        (Some(bytes), _) => number.to_le_bytes()[..bytes].to_vec(),
        (None, STRING) => number.to_le_bytes().to_vec(),
        (None, ARRAY) => [&STRING.to_le_bytes()[..], &number.to_le_bytes()].concat(),
        (None, _) => vec![],
    }
}

/// Arrays of every element type that claim more than there is.
pub fn arrays(parts: &Parts) -> impl Iterator<Item = Case> {
    (0..14_u32).flat_map(move |element_type| {
        EVIL.map(|len| {
            changed(parts, format!("{len} elements of type {element_type}"), |parts| {
                parts.values.push(Value {
                    key: "more".to_owned(),
                    value_type: ARRAY,
                    bytes: [&element_type.to_le_bytes()[..], &len.to_le_bytes()].concat(),
                });
            })
        })
    })
}

/// Two or more sizes at once, whose products overflow or agree by chance.
pub fn sizes(parts: &Parts, random: &mut Random) -> Case {
    let mut what = Vec::new();
    let mut case = parts.clone();
    for _ in 0..2 + random.below(4) {
        let key = SIZES[random.below(SIZES.len())];
        let size = 1 << random.below(25);
        if set_size(&mut case, key, size) {
            what.push(format!("{key} {size}"));
        }
    }
    (case.bytes(), what.join(", "))
}

/// Sizes that are each in range, whose product is 2 to the 64.
pub fn overflowing_cache(parts: &Parts) -> Case {
    let mut case = parts.clone();
    let sizes = [
        (".block_count", 1 << 22),
        (".attention.head_count", 1 << 20),
        (".attention.head_count_kv", 1 << 20),
        (".attention.key_length", 1 << 20),
    ];
    for (key, size) in sizes {
        assert!(set_size(&mut case, key, size), "{key} is there");
    }
    // Where it is stated too, it must agree.
    set_size(&mut case, ".attention.value_length", 1 << 20);
    (case.bytes(), "a KV cache of 2 to the 64".to_owned())
}

fn set_size(parts: &mut Parts, key: &str, size: u32) -> bool {
    let Some(index) = parts.value_index(key) else {
        return false;
    };
    parts.values[index].value_type = 4;
    parts.values[index].bytes = size.to_le_bytes().to_vec();
    true
}

pub fn alignments(parts: &Parts) -> impl Iterator<Item = Case> {
    let others = [3, 8, 16, 32, 48, 64, 4096, 1 << 21];
    EVIL.into_iter().chain(others).flat_map(move |alignment| {
        [4, 5, 10].map(|value_type| {
            let what = format!("an alignment of {alignment} in type {value_type}");
            changed(parts, what, |parts| {
                parts.values.push(Value {
                    key: "general.alignment".to_owned(),
                    value_type,
                    bytes: encoded(value_type, alignment),
                });
            })
        })
    })
}

/// Every tensor: missing, twice, of every type, of other shapes, and elsewhere.
pub fn tensors(parts: &Parts) -> impl Iterator<Item = Case> {
    (0..parts.tensors.len()).flat_map(move |index| tensor(parts, index))
}

fn tensor(parts: &Parts, index: usize) -> Vec<Case> {
    let original = &parts.tensors[index];
    let change = |what: String, change: &dyn Fn(&mut Parts)| {
        changed(parts, format!("{}: {what}", original.name), |parts| change(parts))
    };
    let mut cases = vec![
        change("missing".to_owned(), &|parts| {
            parts.tensors.remove(index);
        }),
        change("twice".to_owned(), &|parts| {
            parts.tensors.push(parts.tensors[index].clone());
        }),
        change("turned".to_owned(), &|parts| parts.tensors[index].dims.reverse()),
        change("one dimension less".to_owned(), &|parts| {
            parts.tensors[index].dims.pop();
        }),
        change("one dimension more".to_owned(), &|parts| {
            parts.tensors[index].dims.push(1);
        }),
        change("five dimensions".to_owned(), &|parts| {
            parts.tensors[index].dims.resize(5, 1);
        }),
    ];
    for ggml_type in (0..42).chain([1 << 31, u32::MAX]) {
        cases.push(change(format!("type {ggml_type}"), &|parts| {
            parts.tensors[index].ggml_type = ggml_type;
        }));
    }
    for evil in EVIL.into_iter().chain([original.offset + 1, original.offset + 32]) {
        cases.push(change(format!("offset {evil}"), &|parts| {
            parts.tensors[index].offset = evil
        }));
        for dim in 0..original.dims.len() {
            cases.push(change(format!("dimension {dim} is {evil}"), &|parts| {
                parts.tensors[index].dims[dim] = evil;
            }));
        }
        cases.push(change(format!("all dimensions are {evil}"), &|parts| {
            parts.tensors[index].dims.fill(evil);
        }));
    }
    cases
}

/// Weights that are no numbers, or random.
pub fn weights(parts: &Parts, random: &mut Random) -> Case {
    let tensor = &parts.tensors[random.below(parts.tensors.len())];
    let start = tensor.offset as usize;
    let end = parts.tensors.iter().map(|tensor| tensor.offset as usize);
    let end = end.filter(|&end| end > start).min().unwrap_or(parts.data.len());
    let fill = [0xff, 0x7c, 0x7f, 0x80, 0x00];
    let fill = fill.get(random.below(fill.len() + 1));
    changed(parts, format!("{} filled with {fill:?}", tensor.name), |parts| {
        parts.data[start..end].fill_with(|| fill.copied().unwrap_or_else(|| random.next() as u8));
    })
}

fn changed(parts: &Parts, what: String, change: impl FnOnce(&mut Parts)) -> Case {
    let mut parts = parts.clone();
    change(&mut parts);
    (parts.bytes(), what)
}
