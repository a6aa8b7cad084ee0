//! Writes a GGUF file with random weights.
//!
//!     cargo run --release -p izwi-model --example random_gguf -- --preset qwen3-0.6b --quantization Q4_K_M --seed 1 out.gguf
//!
//! Any size of the preset can be replaced: see `USAGE`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use izwi_model::random_model::{RandomModel, Scale};
use izwi_model::{Architecture, ExpertsConfig};

const USAGE: &str = "usage: random_gguf [--preset NAME] [--quantization NAME] [--seed N] [--scale NAME] [sizes] OUT.gguf
  presets: qwen3-0.6b, qwen3-4b, tiny (the default), tiny-moe
  quantization: Q4_K_M, Q4_0 (with a Q6_K head), pure-Q4_0, or one type for all matrices: F32, F16, BF16, Q8_0, Q6_K, …
  --scale trained (the default: activations and logits as trained models have them) or initial (weights of deviation 0.02)
  sizes: --layers --hidden --heads --kv-heads --head-dim --ffn --vocab --context --rope-theta
         --tied true|false, --experts COUNT,USED,FFN";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let result = parse(&arguments).and_then(|(model, path)| {
        model.write(&path).map_err(|error| error.to_string())?;
        std::fs::metadata(&path)
            .map(|file| (path, file.len()))
            .map_err(|error| error.to_string())
    });
    match result {
        Ok((path, bytes)) => {
            println!("{}: {bytes} bytes", path.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("random_gguf: {message}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<(RandomModel, PathBuf), String> {
    let preset = arguments.iter().position(|argument| argument == "--preset");
    let preset = preset.map_or("tiny", |index| arguments.get(index + 1).map_or("", String::as_str));
    let mut model = RandomModel::preset(preset).ok_or_else(|| {
        format!(
            "unknown preset \"{preset}\"; known are {}",
            RandomModel::PRESETS.join(", ")
        )
    })?;
    let mut path = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.strip_prefix("--") {
            Some(option) => {
                let value = rest.next().ok_or_else(|| format!("--{option} needs a value"))?;
                set(&mut model, option, value)?;
            }
            None if path.is_none() => path = Some(PathBuf::from(argument)),
            None => return Err(format!("unexpected argument \"{argument}\"")),
        }
    }
    path.map(|path| (model, path))
        .ok_or_else(|| "the name of the file to write is missing".to_owned())
}

fn set(model: &mut RandomModel, option: &str, value: &str) -> Result<(), String> {
    match option {
        "preset" => {}
        "quantization" => model.quantization = value.parse()?,
        "seed" => model.seed = number(option, value)?,
        "scale" => {
            model.scale = match value {
                "initial" => Scale::Initial,
                "trained" => Scale::Trained,
                _ => return Err(format!("unknown scale \"{value}\"; known are initial and trained")),
            }
        }
        "layers" => model.num_layers = number(option, value)?,
        "hidden" => model.hidden_size = number(option, value)?,
        "heads" => model.num_heads = number(option, value)?,
        "kv-heads" => model.num_kv_heads = number(option, value)?,
        "head-dim" => model.head_dim = number(option, value)?,
        "ffn" => model.intermediate_size = number(option, value)?,
        "vocab" => model.vocab_size = number(option, value)?,
        "context" => model.context_length = number(option, value)?,
        "rope-theta" => model.rope_theta = number(option, value)?,
        "tied" => model.tied_embeddings = number(option, value)?,
        "experts" => {
            let sizes: Vec<usize> = value
                .split(',')
                .map(|size| number(option, size))
                .collect::<Result<_, _>>()?;
            let &[num_experts, num_used, intermediate_size] = sizes.as_slice() else {
                return Err("--experts wants COUNT,USED,FFN".to_owned());
            };
            model.architecture = Architecture::Qwen3Moe;
            model.experts = Some(ExpertsConfig {
                num_experts,
                num_used,
                intermediate_size,
            });
        }
        _ => return Err(format!("unknown option --{option}")),
    }
    Ok(())
}

fn number<T: FromStr>(option: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("--{option} doesn't understand \"{value}\""))
}
