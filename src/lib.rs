//! ConvBurn trains a convolutional network on CIFAR-10 inside a web page.
pub mod adam;
pub mod batch;
#[cfg(target_arch = "wasm32")]
pub mod bindings;
pub mod cifar;
pub mod device;
pub mod error;
pub mod metrics;
pub mod model;
pub mod plan;
mod platform;
pub mod protocol;
pub mod random;
pub mod run;
pub mod session;
pub mod train;
