//! The small module with relaxed SIMD's instructions: the same as `cpu.rs`, whose kernels fuse a product and a sum. Where a
//! browser lacks one of them the whole module is invalid, so `www/engine/worker.js` asks first.
//!
//! Of one library, built once for both: that this program brings the fused kernels is all that links them.

use convburn as _;

fn main() {
    #[cfg(target_arch = "wasm32")]
    convburn_kernels_relaxed::bring_relaxed();
}
