//! ConvBurn trains a convolutional network on CIFAR-10 inside a web page: a Burn model on WebGPU or
//! on the CPU, compiled to WebAssembly.
//!
//! ```text
//! bytes ─► cifar ─► batch ─► model ─► train ─► metrics ─► session ─► bindings ─► JavaScript
//!                             ▲
//!       list of layers ─► network
//! ```
//!
//! Data goes along this line, and a room knows its left neighbours only (`tests/native/layering.rs`):
//! [`cifar`] checks bytes, [`plan`] says which records a run uses, [`batch`] makes tensors of them,
//! [`network`] plans a list of layers, [`model`] makes logits with it, [`rule`] says how it learns,
//! [`train`] and [`optimizer`] make it better, [`metrics`] and [`run`] keep
//! the figures, [`session`] owns it all, and `bindings` (on wasm32) exports `load`, `train_epoch`,
//! `predict` and their kin. [`device`] is the only place where a backend is chosen, and [`self_check`]
//! finds out whether a GPU computes what the CPU computes.
//!
//! A native program drives the same session:
//!
//! ```
//! use convburn::cifar::{Dataset, RECORD_BYTES};
//! use convburn::protocol::{Backend, Config, Event, Split};
//! use convburn::{device, error::Error, session::Session};
//!
//! # pollster::block_on(async {
//! let black = vec![0; RECORD_BYTES]; // label 0, then 3,072 dark pixels
//! let mut white = vec![255; RECORD_BYTES];
//! white[0] = 1;
//! let mut dataset = Dataset::new(None)?;
//! dataset.add(Split::Train, [black.clone(), white].concat())?;
//! dataset.add(Split::Test, black)?;
//!
//! let config = Config { backend: Backend::Flex, train: 2, test: 1, batch: 2, epochs: 1, ..Config::default() };
//! let backend = device::open(&config).await?;
//! let mut session = Session::new(config, backend, dataset)?;
//! let done = |events: &[Event]| matches!(events.last(), Some(Event::Done { .. }));
//! while !done(&session.advance(100.0).await?) {}
//!
//! let epoch = &session.history()[0];
//! assert!(epoch.loss > 0.0 && epoch.val_accuracy <= 1.0);
//! # Ok::<(), Error>(())
//! # }).unwrap();
//! ```

pub mod activate;
pub mod batch;
#[cfg(target_arch = "wasm32")]
pub mod bindings;
pub mod block;
pub mod checkpoint;
pub mod cifar;
#[cfg(all(feature = "cli", not(target_arch = "wasm32")))]
pub mod cli;
pub mod device;
pub mod driver;
pub mod error;
#[cfg(feature = "webgpu")]
pub mod gpu;
pub mod layout;
pub mod metrics;
pub mod model;
pub mod network;
pub mod normalize;
pub mod optimizer;
pub mod plan;
mod platform;
pub mod pool;
pub mod protocol;
pub mod random;
pub mod replica;
pub mod rule;
pub mod run;
pub mod self_check;
pub mod session;
#[cfg(not(target_arch = "wasm32"))]
pub mod threads;
pub mod train;
pub mod wgsl;

/// A crate of its own, without Burn, so that it is tested and timed alone.
pub use convburn_kernels as kernels;
