//! The native tests, one binary: Burn is compiled into it and linked once, not ten times.
//!
//! `cargo test … --test native learning::` runs those of one file. (`hostile.rs` counts allocations with an
//! allocator of its own, and `browser.rs` is for wasm: they stay apart.)

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(clippy::disallowed_methods, reason = "native tests may block")]

#[path = "../support/golden_network.rs"]
mod network_values;
#[path = "../support/golden_presets.rs"]
mod preset_values;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/golden.rs"]
mod values;

mod best;
mod blocks;
mod cifar;
mod data;
mod driver;
mod golden;
mod golden_network;
mod golden_presets;
mod golden_rules;
mod helpers;
mod identity;
mod layering;
mod learning;
mod networks;
mod pool;
mod protocol;
mod resume;
mod rules;
mod self_check;
mod wgsl;
