//! How much memory a step takes, before it is asked for: in 64 bits, since wasm's `usize` has 32.

use super::{NetworkPlan, PlannedLayer, Shape};
use crate::error::Error;
use crate::protocol::{Activation, Layer};

/// Most bytes of a step in one worker: its records' maps, as its share of the batch.
pub const WORKER_BYTES_MAX: u64 = 1 << 30;
/// Most bytes of a step in all workers.
pub const STEP_BYTES_MAX: u64 = 2 << 30;

/// The largest buffers of one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LargestBuffers {
    /// Of what a convolution sees, should a kernel unfold it into windows.
    pub unfolded_bytes: u64,
    /// Of what goes out of a layer.
    pub output_bytes: u64,
}

impl NetworkPlan {
    /// The largest buffers that a backend may make of one record, in `f32`.
    pub fn largest_buffers(&self) -> LargestBuffers {
        let mut found = LargestBuffers::default();
        for layer in self.all_layers() {
            let output = 4 * layer.output.entries() as u64;
            found.output_bytes = found.output_bytes.max(output);
            if let (Layer::Conv(conv), Shape::Maps([_, height, width])) =
                (&layer.layer, layer.output)
            {
                let window = layer.input.features() as u64 * u64::from(conv.kernel).pow(2);
                let unfolded = 4 * window * (height * width) as u64;
                found.unfolded_bytes = found.unfolded_bytes.max(unfolded);
            }
        }
        found.unfolded_bytes = found.unfolded_bytes.max(found.output_bytes);
        found
    }

    /// Bytes of all that a training step keeps of one image: what goes out of each layer. ReLU is computed in
    /// place of what comes in.
    pub fn image_bytes(&self) -> u64 {
        let kept = |layer: &&PlannedLayer| {
            !matches!(
                layer.layer,
                Layer::Activation(Activation::Relu) | Layer::Flatten
            )
        };
        let outputs = self.all_layers().into_iter().filter(kept).map(|l| l.output);
        let inputs = Shape::Maps(self.input_shape());
        let entries = outputs.chain([inputs]).map(|shape| shape.entries() as u64);
        entries.fold(0u64, u64::saturating_add).saturating_mul(4)
    }

    /// Bytes of all tensors, with gradients and two moments.
    fn state_bytes(&self) -> u64 {
        let entries = self.entries.iter().map(|entry| entry.entries() as u64);
        entries.fold(0, u64::saturating_add).saturating_mul(16)
    }

    /// Whether a step of `batch` records by so many workers, of at most `share` records each, fits.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] that says how much memory it would take.
    pub fn check_memory(&self, batch: u32, share: u32, workers: u32) -> Result<(), Error> {
        let image = self.image_bytes();
        let state = self.state_bytes();
        let of = |records: u32, states: u32| {
            let maps = image.saturating_mul(u64::from(records));
            maps.saturating_add(state.saturating_mul(u64::from(states)))
        };
        let each = of(share, 1);
        let all = of(batch, workers);
        for (bytes, most, whose) in [
            (each, WORKER_BYTES_MAX, "in one worker"),
            (all, STEP_BYTES_MAX, "in all workers"),
        ] {
            if bytes > most {
                return Err(Error::invalid_config(
                    "batch",
                    format!(
                        "a step of {batch} images of this network takes {} MiB {whose}, and {} MiB are the most",
                        bytes >> 20,
                        most >> 20
                    ),
                ));
            }
        }
        Ok(())
    }
}
