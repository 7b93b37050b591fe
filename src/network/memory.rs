//! How much memory a step takes, before it is asked for: in 64 bits, since wasm's `usize` has 32.

use super::{NetworkPlan, PlannedLayer, Shape};
use crate::error::Error;
use crate::protocol::{Activation, Layer, MEASURE_BATCH};

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
        self.check_measuring()
    }

    /// Whether a batch that is measured fits: nothing is kept but what goes into a layer and out of it.
    fn check_measuring(&self) -> Result<(), Error> {
        let largest = self.largest_buffers().output_bytes;
        let bytes = largest.saturating_mul(2 * u64::from(MEASURE_BATCH));
        if bytes <= WORKER_BYTES_MAX {
            return Ok(());
        }
        Err(Error::invalid_config(
            "network",
            format!(
                "to measure {MEASURE_BATCH} images with it takes {} MiB, and {} MiB are the most",
                bytes >> 20,
                WORKER_BYTES_MAX >> 20
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::tutorial_model;
    use crate::protocol::ImageSpec;

    #[test]
    fn the_tutorials_largest_batch_fits_and_what_takes_more_is_refused_with_how_much() {
        let plan = |model| NetworkPlan::new(&model).ok();
        let said = |result: Result<(), Error>| result.err().map(|error| error.to_string());
        let tutorial = plan(tutorial_model());
        let check = |batch, share, workers| {
            let found = tutorial
                .as_ref()
                .map(|plan| plan.check_memory(batch, share, workers));
            found.and_then(said)
        };
        assert_eq!(check(4_096, 4_096, 1), None);
        assert_eq!(check(4_096, 64, 64), None);
        assert!(check(8_192, 8_192, 1).is_some_and(|text| text.contains("in one worker")));
        assert!(check(16_384, 256, 64).is_some_and(|text| text.contains("in all workers")));

        // Of one image at a time a step fits; a hundred that are measured do not.
        let mut large = tutorial_model();
        large.image = ImageSpec {
            height: 96,
            width: 96,
            ..large.image
        };
        if let Some(Layer::Conv(conv)) = large.network.layers.first_mut().map(|l| &mut l.layer) {
            conv.filters = 1_024;
        }
        let large = plan(large).map(|plan| plan.check_memory(1, 1, 1));
        assert!(
            large
                .and_then(said)
                .is_some_and(|text| text.contains("to measure 100 images"))
        );
    }
}
