//! The Node.js addon: translates between JavaScript and the runtime, and decides nothing.
//!
//! Failures that are thrown carry a message `CODE: text`, since a napi async function can't set an error's code;
//! failures of a stream arrive as its last event.

mod convert;
mod event;
mod load;
mod machine;
mod model;
mod request;
mod stream;
