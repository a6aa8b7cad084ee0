//! The Node.js addon: translates between JavaScript and the runtime.
