//! What this machine can do, without a model.

use napi::bindgen_prelude::spawn_blocking;
use napi_derive::napi;

use crate::convert::count;
use crate::model::lost_task;

/// Bytes per second that this many threads read from memory together; null if the 1 GiB that it takes can't be had.
// Called from JavaScript only, which a build for tests doesn't know.
#[cfg_attr(test, allow(dead_code))]
#[napi]
pub async fn memory_bandwidth(threads: Option<f64>) -> napi::Result<Option<f64>> {
    let threads = count("threads", threads)?;
    let measured = spawn_blocking(move || izwi_runtime::memory_bandwidth(threads)).await;
    measured.map_err(lost_task)
}
