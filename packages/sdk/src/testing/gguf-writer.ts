/** A metadata value. Whole numbers are written as u32, others as f32, arrays by the type of their elements. */
export type GgufValue = string | boolean | number | string[] | { int32: number[] } | { float32: number };

/** A tensor as rows of numbers; `shape` is [columns, rows], or [columns] for one row, as GGUF has it. */
export interface GgufTensor {
  name: string;
  shape: [columns: number] | [columns: number, rows: number];
  type: "F32" | "Q8_0";
  values: Float32Array;
}

const MAGIC = "GGUF";
const VERSION = 3;
const ALIGNMENT = 32;
const VALUE_TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 };
const TENSOR_TYPES = { F32: 0, Q8_0: 8 };
const Q8_BLOCK = 32;

/** The bytes of a GGUF file: header, metadata, the tensors' places, the tensors. */
export function writeGguf(metadata: Record<string, GgufValue>, tensors: readonly GgufTensor[]): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes(new TextEncoder().encode(MAGIC));
  writer.u32(VERSION);
  writer.u64(tensors.length);
  writer.u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    writer.string(key);
    writeValue(writer, value);
  }
  const data = tensors.map((tensor) => (tensor.type === "F32" ? f32Bytes(tensor.values) : q8Bytes(tensor)));
  let offset = 0;
  tensors.forEach(({ name, shape, type }, index) => {
    writer.string(name);
    writer.u32(shape.length);
    for (const size of shape) writer.u64(size);
    writer.u32(TENSOR_TYPES[type]);
    writer.u64(offset);
    offset = aligned(offset + data[index]!.length);
  });
  for (const bytes of data) {
    writer.align(ALIGNMENT);
    writer.bytes(bytes);
  }
  return writer.done();
}

function writeValue(writer: ByteWriter, value: GgufValue): void {
  if (typeof value === "string") {
    writer.u32(VALUE_TYPES.string);
    writer.string(value);
  } else if (typeof value === "boolean") {
    writer.u32(VALUE_TYPES.bool);
    writer.bytes(Uint8Array.of(value ? 1 : 0));
  } else if (typeof value === "number") {
    writer.u32(VALUE_TYPES.u32);
    writer.u32(value);
  } else if (Array.isArray(value)) {
    writer.u32(VALUE_TYPES.array);
    writer.u32(VALUE_TYPES.string);
    writer.u64(value.length);
    for (const text of value) writer.string(text);
  } else if ("int32" in value) {
    writer.u32(VALUE_TYPES.array);
    writer.u32(VALUE_TYPES.i32);
    writer.u64(value.int32.length);
    for (const number of value.int32) writer.u32(number >>> 0);
  } else {
    writer.u32(VALUE_TYPES.f32);
    writer.bytes(f32Bytes(Float32Array.of(value.float32)));
  }
}

const aligned = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

/** GGUF is little-endian, whatever the machine is. */
function f32Bytes(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return new Uint8Array(view.buffer);
}

/** Blocks of 32 numbers: a scale in half precision, then 32 signed bytes. */
function q8Bytes({ name, shape, values }: GgufTensor): Uint8Array {
  if (shape[0] % Q8_BLOCK !== 0)
    throw new RangeError(`${name}: a row of Q8_0 needs a multiple of ${Q8_BLOCK} columns.`);
  const blocks = values.length / Q8_BLOCK;
  const view = new DataView(new ArrayBuffer(blocks * (2 + Q8_BLOCK)));
  for (let block = 0; block < blocks; block++) {
    const row = values.subarray(block * Q8_BLOCK, (block + 1) * Q8_BLOCK);
    const scale = row.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / 127;
    const at = block * (2 + Q8_BLOCK);
    view.setUint16(at, halfBits(scale), true);
    row.forEach((value, index) => view.setInt8(at + 2 + index, scale === 0 ? 0 : Math.round(value / scale)));
  }
  return new Uint8Array(view.buffer);
}

/** A number from 0 to 65504 in IEEE half precision, rounded to the nearest. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.max(-14, Math.floor(Math.log2(value)));
  const fraction = Math.round((value / 2 ** exponent) * 1024);
  // Rounded up to the next power of two, or too small for a normal number: both fall out of the addition.
  return ((exponent + 14) << 10) + fraction;
}

class ByteWriter {
  #parts: Uint8Array[] = [];
  #length = 0;

  bytes(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  u32(value: number): void {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value, true);
    this.bytes(new Uint8Array(view.buffer));
  }

  u64(value: number): void {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), true);
    this.bytes(new Uint8Array(view.buffer));
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    this.bytes(bytes);
  }

  align(to: number): void {
    const padding = (to - (this.#length % to)) % to;
    if (padding > 0) this.bytes(new Uint8Array(padding));
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
