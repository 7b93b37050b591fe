//! The small module: flex alone, for the processor. Built without default features (`www/index.html`); every
//! export of the library, and nothing of its own.
//!
//! Trunk builds binaries; the library's `wasm-bindgen` exports carry over to one that links it.

use convburn as _;

fn main() {}
