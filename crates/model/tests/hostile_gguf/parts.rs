//! A GGUF file taken apart, so that it can be put together wrongly.

pub const STRING: u32 = 8;
pub const ARRAY: u32 = 9;
const ALIGNMENT: usize = 32;

#[derive(Clone)]
pub struct Parts {
    pub values: Vec<Value>,
    pub tensors: Vec<TensorPart>,
    /// From the first tensor's first byte on.
    pub data: Vec<u8>,
}

/// A key and its value as they lie in the file, without the type's id.
#[derive(Clone)]
pub struct Value {
    pub key: String,
    pub value_type: u32,
    pub bytes: Vec<u8>,
}

#[derive(Clone)]
pub struct TensorPart {
    pub name: String,
    pub dims: Vec<u64>,
    pub ggml_type: u32,
    pub offset: u64,
}

/// Bytes of a value of fixed size, by the type's id.
pub fn fixed_bytes(value_type: u32) -> Option<usize> {
    [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]
        .get(value_type as usize)
        .copied()
        .filter(|&bytes| bytes > 0)
}

impl Parts {
    /// Of a sound file with the default alignment.
    pub fn of(file: &[u8]) -> Self {
        let mut at = Reader { file, position: 8 };
        let (num_tensors, num_values) = (at.u64(), at.u64());
        let values = (0..num_values).map(|_| at.value()).collect();
        let tensors = (0..num_tensors)
            .map(|_| TensorPart {
                name: at.string(),
                dims: (0..at.u32()).map(|_| at.u64()).collect(),
                ggml_type: at.u32(),
                offset: at.u64(),
            })
            .collect();
        let data = file[at.position.next_multiple_of(ALIGNMENT)..].to_vec();
        Self { values, tensors, data }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_and_fields().0
    }

    /// The file, and where each field of its header begins.
    pub fn bytes_and_fields(&self) -> (Vec<u8>, Vec<usize>) {
        let mut out = Writer::default();
        out.field(b"GGUF");
        out.field(&3_u32.to_le_bytes());
        out.field(&(self.tensors.len() as u64).to_le_bytes());
        out.field(&(self.values.len() as u64).to_le_bytes());
        for value in &self.values {
            out.string(&value.key);
            out.field(&value.value_type.to_le_bytes());
            out.field(&value.bytes);
        }
        for tensor in &self.tensors {
            out.string(&tensor.name);
            out.field(&(tensor.dims.len() as u32).to_le_bytes());
            for dim in &tensor.dims {
                out.field(&dim.to_le_bytes());
            }
            out.field(&tensor.ggml_type.to_le_bytes());
            out.field(&tensor.offset.to_le_bytes());
        }
        out.bytes.resize(out.bytes.len().next_multiple_of(ALIGNMENT), 0);
        out.field(&self.data);
        (out.bytes, out.fields)
    }

    /// The index of the value whose key ends so.
    pub fn value_index(&self, key: &str) -> Option<usize> {
        self.values.iter().position(|value| value.key.ends_with(key))
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    fields: Vec<usize>,
}

impl Writer {
    fn field(&mut self, bytes: &[u8]) {
        self.fields.push(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    fn string(&mut self, text: &str) {
        self.field(&(text.len() as u64).to_le_bytes());
        self.field(text.as_bytes());
    }
}

struct Reader<'a> {
    file: &'a [u8],
    position: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> &[u8] {
        self.position += count;
        &self.file[self.position - count..self.position]
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().expect("four bytes"))
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take(8).try_into().expect("eight bytes"))
    }

    fn string(&mut self) -> String {
        let len = self.u64() as usize;
        String::from_utf8(self.take(len).to_vec()).expect("a name in UTF-8")
    }

    fn value(&mut self) -> Value {
        let key = self.string();
        let value_type = self.u32();
        let start = self.position;
        self.skip(value_type);
        Value {
            key,
            value_type,
            bytes: self.file[start..self.position].to_vec(),
        }
    }

    fn skip(&mut self, value_type: u32) {
        if let Some(bytes) = fixed_bytes(value_type) {
            self.take(bytes);
        } else if value_type == STRING {
            self.string();
        } else {
            let element_type = self.u32();
            for _ in 0..self.u64() {
                self.skip(element_type);
            }
        }
    }
}
