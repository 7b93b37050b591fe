//! The full module: WebGPU, flex and ndarray. `www/engine/worker.js` loads it where the small one (`cpu.rs`) lacks
//! the backend; every export of the library, and nothing of its own.

use convburn as _;

fn main() {}
