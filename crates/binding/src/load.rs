//! Loading a model, as JavaScript sees it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use izwi_runtime::{BackendChoice, KvType, LoadOptions, Model, ModelOptions, OnProgress, Speculation};
use napi::bindgen_prelude::spawn_blocking;
use napi_derive::napi;

use crate::convert::{count, invalid_request, napi_error};
use crate::model::{NativeModel, lost_task};

#[napi(object)]
pub struct NativeLoadOptions {
    /// auto | cpu | candle | metal | cuda
    pub backend: Option<String>,
    pub threads: Option<f64>,
    pub context_length: Option<f64>,
    pub max_running: Option<f64>,
    pub max_waiting: Option<f64>,
    /// auto | off
    pub speculation: Option<String>,
    /// f16 | q8_0
    pub kv_cache_type: Option<String>,
    /// A model's file.
    pub draft_model: Option<String>,
}

#[napi(object)]
pub struct NativeLoadProgress {
    pub loaded_bytes: f64,
    /// 0 before the file was opened.
    pub total_bytes: f64,
}

/// A load that can be looked at and called off while it runs.
#[napi]
pub struct NativeLoad {
    path: String,
    options: ModelOptions,
    state: Arc<LoadState>,
}

/// Written by the thread that loads, but for the flag.
#[derive(Default)]
struct LoadState {
    loaded_bytes: AtomicUsize,
    total_bytes: AtomicUsize,
    is_cancelled: AtomicBool,
}

#[napi]
impl NativeLoad {
    #[napi(constructor)]
    pub fn new(path: String, options: NativeLoadOptions) -> napi::Result<Self> {
        let options = model_options(&options)?;
        Ok(Self {
            path,
            options,
            state: Arc::default(),
        })
    }

    /// Maps the GGUF file and makes it ready, off the event loop.
    #[napi]
    pub async fn run(&self) -> napi::Result<NativeModel> {
        let (path, mut options, state) = (self.path.clone(), self.options.clone(), Arc::clone(&self.state));
        options.load.on_progress = Some(OnProgress::new(move |progress| {
            state.loaded_bytes.store(progress.loaded_bytes, Ordering::Relaxed);
            state.total_bytes.store(progress.total_bytes, Ordering::Relaxed);
            if state.is_cancelled.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }));
        let loaded = spawn_blocking(move || Model::load(Path::new(&path), &options)).await;
        let model = loaded.map_err(lost_task)?.map_err(|error| napi_error(&error))?;
        Ok(NativeModel::new(model))
    }

    #[napi]
    pub fn progress(&self) -> NativeLoadProgress {
        NativeLoadProgress {
            loaded_bytes: self.state.loaded_bytes.load(Ordering::Relaxed) as f64,
            total_bytes: self.state.total_bytes.load(Ordering::Relaxed) as f64,
        }
    }

    /// `run` fails with `ABORTED` once the tensor that is being read is done.
    #[napi]
    pub fn cancel(&self) {
        self.state.is_cancelled.store(true, Ordering::Relaxed);
    }
}

fn model_options(options: &NativeLoadOptions) -> napi::Result<ModelOptions> {
    let backend = match options.backend.as_deref() {
        None => BackendChoice::default(),
        Some(name) => BackendChoice::from_name(name).ok_or_else(|| {
            invalid_request(format!(
                "the backend \"{name}\" is unknown: choose {}",
                BackendChoice::NAMES.join(", ")
            ))
        })?,
    };
    Ok(ModelOptions {
        load: LoadOptions {
            backend,
            num_threads: count("threads", options.threads)?,
            context_length: count("contextLength", options.context_length)?,
            kv_type: kv_type(options.kv_cache_type.as_deref())?,
            ..LoadOptions::default()
        },
        max_running: count("maxRunning", options.max_running)?,
        max_waiting: count("maxWaiting", options.max_waiting)?,
        draft_model: options.draft_model.as_ref().map(PathBuf::from),
        speculation: match options.speculation.as_deref() {
            None | Some("auto") => Speculation::Auto,
            Some("off") => Speculation::Off,
            Some(name) => {
                return Err(invalid_request(format!(
                    "speculation must be auto or off, not {name:?}"
                )));
            }
        },
    })
}

fn kv_type(name: Option<&str>) -> napi::Result<KvType> {
    let Some(name) = name else {
        return Ok(KvType::default());
    };
    KvType::from_name(name).ok_or_else(|| {
        let names = KvType::ALL.map(KvType::name).join(" or ");
        invalid_request(format!("kvCacheType must be {names}, not {name:?}"))
    })
}
