//! What a pass takes that verifies guesses: one sequence, 1 to 8 rows.
//!
//!     cargo run --release -p izwi-model --example pass_costs -- MODEL.gguf [DEPTH] [THREADS]

use std::path::Path;
use std::time::Instant;

use izwi_model::gguf::GgufFile;
use izwi_model::{BLOCK_SIZE, BackendChoice, Batch, LoadOptions, load_model};

const MOST_ROWS: usize = 8;
const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments
        .first()
        .ok_or("which model? pass_costs MODEL.gguf [DEPTH] [THREADS]")?;
    let number = |index: usize| arguments.get(index).map(|text| text.parse::<usize>()).transpose();
    let depth = number(1)?.unwrap_or(128);
    let options = LoadOptions {
        backend: BackendChoice::Cpu,
        num_threads: number(2)?,
        context_length: Some(depth + MOST_ROWS + 1),
        ..Default::default()
    };
    let (mut model, info) = load_model(&GgufFile::open(Path::new(path))?, &options)?;
    let blocks: Vec<u32> = (0..(depth + MOST_ROWS).div_ceil(BLOCK_SIZE) as u32).collect();
    let mut logits = Vec::new();
    let mut pass = |start: usize, num_rows: usize, wants_logits: bool| {
        let tokens: Vec<u32> = (start..start + num_rows)
            .map(|position| (position * 37 % 1000) as u32)
            .collect();
        let mut batch = Batch::default();
        batch.push(&tokens, start, &blocks[..(start + num_rows).div_ceil(BLOCK_SIZE)]);
        if wants_logits {
            batch.logit_rows.extend(0..num_rows);
        }
        let begin = Instant::now();
        model.forward(&batch, &mut logits)?;
        Ok::<f64, izwi_model::ModelError>(begin.elapsed().as_secs_f64() * 1e3)
    };
    let mut reading = 0.0;
    for start in (0..depth).step_by(64) {
        reading += pass(start, 64.min(depth - start), false)?;
    }
    let mut times = vec![Vec::new(); MOST_ROWS];
    for _ in 0..ROUNDS {
        for num_rows in 1..=MOST_ROWS {
            times[num_rows - 1].push(pass(depth, num_rows, true)?);
        }
    }
    println!(
        "{} at depth {depth}, {} threads, {}",
        info.name, info.num_threads, info.isa
    );
    println!("reading: {:.2} ms a row", reading / depth as f64);
    let medians = times.iter_mut().map(|times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    let medians: Vec<f64> = medians.collect();
    for (index, median) in medians.iter().enumerate() {
        println!("{} rows: {median:7.2} ms, {:.2} of one", index + 1, median / medians[0]);
    }
    Ok(())
}
