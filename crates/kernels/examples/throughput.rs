//! Speed of the matmul and attention kernels on this machine, and of its memory.
//!
//!     cargo run --release -p izwi-kernels --example throughput [threads] [types, comma-separated]
//!
//! Decode: one token times a set of matrices larger than any cache, in GB/s of weights, and a few tokens in GOPS.
//! Prefill: 128 and 512 tokens times the matrices of one layer of Qwen3-0.6B, in GOPS (two per
//! weight and token), and as tokens per second of the whole model's 440 M layer weights.
//! Medians over several rounds. `IZWI_ISA` chooses the instruction set. On one thread the thread's
//! CPU time is measured, so that other programs on the machine disturb less; on several, wall time.

use std::time::{Duration, Instant};

use izwi_kernels::{
    Activations, AttentionShape, BlockType, Kernels, KvLayer, KvType, Layout, MatrixView, SequenceSpan, ThreadPool,
    attention, default_num_threads, f16, matmul, memory_bandwidth, pack, packed_bytes, store_keys_q8_0,
    store_values_q8_0,
};

/// Rows and columns of one layer: q, k, v, output, gate, up, down.
const LAYER: [(usize, usize); 7] = [
    (2048, 1024),
    (1024, 1024),
    (1024, 1024),
    (1024, 2048),
    (3072, 1024),
    (3072, 1024),
    (1024, 3072),
];
const DECODE_BYTES: usize = 256 << 20;
const MODEL_LAYERS: f64 = 28.0;

fn main() {
    let mut args = std::env::args().skip(1);
    let threads = args
        .next()
        .and_then(|a| a.parse().ok())
        .unwrap_or_else(default_num_threads);
    let wanted = args.next();
    let kernels = Kernels::active();
    let pool = ThreadPool::new(threads);
    println!("{} on {threads} threads", kernels.isa().name());
    if wanted.as_deref().is_none_or(|list| list.contains("bandwidth")) {
        let bandwidth = memory_bandwidth(&pool).unwrap_or(f64::NAN);
        println!("memory read: {:.1} GB/s", bandwidth * 1e-9);
    }
    println!("type   decode GB/s   x2 x4 x8 x16 tok GOPS   prefill 128 GOPS (tok/s)   prefill 512 GOPS (tok/s)");
    for block_type in BlockType::ALL {
        let chosen = |list: &str| list.split(',').any(|t| t == block_type.name());
        if wanted.as_deref().is_none_or(chosen) {
            measure_type(kernels, &pool, block_type);
        }
    }
    if wanted.as_deref().is_none_or(|list| list.contains("attention")) {
        for (queries, context) in [(1, 2048), (512, 512), (512, 2048)] {
            for kv_type in KvType::ALL {
                measure_attention(kernels, &pool, kv_type, queries, context);
            }
        }
    }
}

/// Bytes that are finite weights in every type: quants vary, f16 fields are small.
fn weights(block_type: BlockType, rows: usize, cols: usize, seed: usize) -> Vec<u8> {
    let len = rows * block_type.row_bytes(cols);
    (0..len)
        .map(|i| ((i + seed).wrapping_mul(2654435761) >> 7) as u8 & 0x2f)
        .collect()
}

/// The matrix as the kernels take it.
struct Prepared {
    matrix: MatrixView<'static>,
    bytes: Vec<u8>,
}

impl Prepared {
    fn new(kernels: &Kernels, pool: &ThreadPool, block_type: BlockType, rows: usize, cols: usize) -> Self {
        let raw = weights(block_type, rows, cols, rows);
        let view = MatrixView::new(block_type, rows, cols, &raw).unwrap();
        let matrix = MatrixView { bytes: &[], ..view };
        match packed_bytes(kernels, block_type, rows, cols) {
            None => Self { matrix, bytes: raw },
            Some(len) => {
                let mut bytes = vec![0; len];
                pack(pool, &view, &mut bytes);
                let matrix = MatrixView {
                    layout: Layout::Panels,
                    ..matrix
                };
                Self { matrix, bytes }
            }
        }
    }

    fn view<'a>(&self, bytes: &'a [u8]) -> MatrixView<'a> {
        MatrixView { bytes, ..self.matrix }
    }
}

/// The median time of one round, in seconds.
fn median(pool: &ThreadPool, rounds: usize, mut round: impl FnMut()) -> f64 {
    let epoch = Instant::now();
    let now = || match pool.num_threads() {
        1 => thread_cpu_time().unwrap_or_else(|| epoch.elapsed()),
        _ => epoch.elapsed(),
    };
    round();
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = now();
            round();
            (now() - start).as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

#[cfg(unix)]
fn thread_cpu_time() -> Option<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec to write to.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    (status == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(unix))]
fn thread_cpu_time() -> Option<Duration> {
    None
}

fn measure_type(kernels: &Kernels, pool: &ThreadPool, block_type: BlockType) {
    let decode = decode_time_per_byte(kernels, pool, block_type, 1);
    let weights_per_byte = block_type.block_len() as f64 / block_type.block_bytes() as f64;
    print!("{:5}  {:11.2} ", block_type.name(), 1e-9 / decode);
    for tokens in [2, 4, 8, 16] {
        let time = decode_time_per_byte(kernels, pool, block_type, tokens);
        print!("  {:5.1}", weights_per_byte * 2e-9 * tokens as f64 / time);
    }
    for tokens in [128, 512] {
        let (gops, tokens_per_second) = prefill(kernels, pool, block_type, tokens);
        print!("   {gops:16.1} ({tokens_per_second:5.1})");
    }
    println!();
}

fn decode_time_per_byte(kernels: &Kernels, pool: &ThreadPool, block_type: BlockType, tokens: usize) -> f64 {
    let (rows, cols) = (3072, 1024);
    let matrix = Prepared::new(kernels, pool, block_type, rows, cols);
    let copies = DECODE_BYTES / matrix.bytes.len();
    let all = matrix.bytes.repeat(copies);
    let mut x = Activations::new();
    x.prepare(kernels, pool, &vec![0.5; tokens * cols], tokens, cols);
    let mut out = vec![0f32; tokens * rows];
    let seconds = median(pool, 7, || {
        for bytes in all.chunks_exact(matrix.bytes.len()) {
            matmul(kernels, pool, &mut [(matrix.view(bytes), &mut out)], &x, false);
        }
    });
    seconds / (copies * rows * block_type.row_bytes(cols)) as f64
}

fn prefill(kernels: &Kernels, pool: &ThreadPool, block_type: BlockType, tokens: usize) -> (f64, f64) {
    let matrices: Vec<_> = LAYER
        .iter()
        .map(|&(rows, cols)| Prepared::new(kernels, pool, block_type, rows, cols))
        .collect();
    let input: Vec<f32> = (0..tokens * 3072).map(|i| (i as f32).sin()).collect();
    let mut out = vec![0f32; tokens * 3072];
    let mut x = Activations::new();
    let seconds = median(pool, 5, || {
        for (&(rows, cols), matrix) in LAYER.iter().zip(&matrices) {
            let (input, out) = (&input[..tokens * cols], &mut out[..tokens * rows]);
            if block_type.is_float() {
                x.prepare_f32(input, tokens, cols);
            } else {
                x.prepare_quantized(kernels, pool, input, tokens, cols);
            }
            matmul(kernels, pool, &mut [(matrix.view(&matrix.bytes), out)], &x, false);
        }
    });
    let weights: usize = LAYER.iter().map(|(rows, cols)| rows * cols).sum();
    let gops = 2e-9 * (weights * tokens) as f64 / seconds;
    (gops, tokens as f64 / (seconds * MODEL_LAYERS))
}

fn measure_attention(kernels: &Kernels, pool: &ThreadPool, kv_type: KvType, num_queries: usize, context: usize) {
    let shape = AttentionShape {
        num_heads: 16,
        num_kv_heads: 8,
        head_dim: 128,
        block_size: 32,
    };
    // Several layers' caches, so that decode reads memory and not a cache.
    let layers = if num_queries == 1 { 16 } else { 1 };
    let row = shape.num_kv_heads * shape.head_dim;
    let floats: Vec<f32> = (0..row).map(|i| (i as f32).sin()).collect();
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut halves = Vec::new();
    match kv_type {
        KvType::F16 => halves = floats.repeat(layers * context).into_iter().map(f16::from_f32).collect(),
        KvType::Q8_0 => {
            let bytes = layers * context * shape.num_kv_heads * kv_type.row_bytes(shape.head_dim);
            (keys, values) = (vec![0; bytes], vec![0; bytes]);
            for slot in 0..layers * context {
                store_keys_q8_0(kernels, &shape, &floats, slot, &mut keys);
                store_values_q8_0(kernels, &shape, &floats, slot, &mut values);
            }
        }
    }
    let other_halves = halves.clone();
    let layer = |index: usize| match kv_type {
        KvType::F16 => [&halves, &other_halves].map(|all| KvLayer::F16(&all[index * context * row..][..context * row])),
        KvType::Q8_0 => {
            let bytes = keys.len() / layers;
            [&keys, &values].map(|all| KvLayer::Q8_0(&all[index * bytes..][..bytes]))
        }
    };
    let block_table: Vec<u32> = (0..context as u32 / 32).rev().collect();
    let q = vec![0.1f32; num_queries * 16 * 128];
    let mut out = vec![0f32; q.len()];
    let span = SequenceSpan {
        query_start: 0,
        num_queries,
        context_len: context,
        block_table: &block_table,
    };
    let seconds = median(pool, 7, || {
        for index in 0..layers {
            let [keys, values] = layer(index);
            attention(kernels, pool, &shape, &q, keys, values, &[span], &mut out);
        }
    }) / layers as f64;
    let seen: usize = (context - num_queries + 1..=context).sum();
    println!(
        "attention {} {num_queries} x {context}: {:.3} ms per layer, {:.1} GB/s, {:.1} GFLOPS",
        kv_type.name(),
        seconds * 1e3,
        (2 * context * shape.num_kv_heads * kv_type.row_bytes(shape.head_dim)) as f64 * 1e-9 / seconds,
        (seen * 16 * 128 * 4) as f64 * 1e-9 / seconds
    );
}
