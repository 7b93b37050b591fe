//! The module that `www/worker.js` loads: every export of the library, and nothing of its own.
//!
//! Trunk builds binaries; the library's `wasm-bindgen` exports carry over to one that links it.

use convburn as _;

fn main() {}
