//! Training images that stay on a GPU, so that a step uploads which they are and not what they show.
//! On the CPU there is no such thing: gathering is as quick there.

#[cfg(feature = "webgpu")]
mod on_gpu {
    use burn::tensor::{Device, Tensor};

    use crate::batch::augment::{Augmenter, Placement};
    use crate::batch::{Augmentation, Batch, labelled};
    use crate::cifar::Selection;
    use crate::gpu::{Images, Laying, Pick, runs_on};
    use crate::protocol::Border;

    /// The images of a run's records on a GPU.
    #[derive(Clone, Debug)]
    pub struct ResidentImages {
        images: Images,
    }

    impl ResidentImages {
        /// Uploads the images of these records, in their order; none where `device` is no GPU or there are
        /// too many.
        pub fn new<'a>(records: impl Into<Selection<'a>>, device: &Device) -> Option<Self> {
            if !runs_on(device) {
                return None;
            }
            let records = records.into();
            let found = (0..records.len()).filter_map(|index| records.get(index));
            let pixels: Vec<&[u8]> = found.map(|record| record.pixels).collect();
            let images = Images::new(&pixels, records.spec().image.dims(), device)?;
            Some(Self { images })
        }

        /// Images that are held, in `[0, 1]`.
        ///
        /// # Shapes
        /// → `[n, channels, height, width]` for `n` indices.
        pub fn images(&self, indices: &[usize], device: &Device) -> Tensor<4> {
            let plain = |index: &usize| Pick {
                index: *index,
                flip: false,
                right: 0,
                down: 0,
                cutout: [0, 0],
            };
            let picks: Vec<Pick> = indices.iter().map(plain).collect();
            self.images.pick(&picks, Laying::default(), device)
        }

        /// As [`crate::batch::gather`], of the records that are held.
        pub fn gather<'a>(
            &self,
            records: impl Into<Selection<'a>>,
            indices: &[usize],
            augmentation: Option<Augmentation>,
            device: &Device,
        ) -> Batch {
            let records = records.into();
            let image = records.spec().image;
            let mut augmenter = augmentation.and_then(|how| Augmenter::new(how, image));
            let mut labels = Vec::with_capacity(indices.len());
            let mut picks = Vec::with_capacity(indices.len());
            for &index in indices {
                let Some(record) = records.get(index) else {
                    continue;
                };
                let placement = augmenter.as_mut().map(|augmenter| augmenter.next(index));
                let Placement {
                    flip,
                    right,
                    down,
                    cutout,
                    ..
                } = placement.unwrap_or_default();
                labels.push(i32::from(record.label));
                picks.push(Pick {
                    index,
                    flip,
                    right,
                    down,
                    cutout,
                });
            }
            let classes = records.spec().classes;
            let laying = augmentation.map_or(Laying::default(), |how| Laying {
                reflects: how.kind.shift_edge == Border::Reflect,
                cutout: how.kind.cutout_px,
            });
            let images = || self.images.pick(&picks, laying, device);
            labelled(images, labels, classes, device)
        }
    }
}

#[cfg(not(feature = "webgpu"))]
mod on_gpu {
    use burn::tensor::{Device, Tensor};

    use crate::batch::{Augmentation, Batch};
    use crate::cifar::Selection;

    /// There is none in a module without WebGPU.
    #[derive(Clone, Debug)]
    pub enum ResidentImages {}

    impl ResidentImages {
        /// None.
        pub fn new<'a>(_: impl Into<Selection<'a>>, _: &Device) -> Option<Self> {
            None
        }

        /// Never called.
        pub fn images(&self, _: &[usize], _: &Device) -> Tensor<4> {
            match *self {}
        }

        /// Never called.
        pub fn gather<'a>(
            &self,
            _: impl Into<Selection<'a>>,
            _: &[usize],
            _: Option<Augmentation>,
            _: &Device,
        ) -> Batch {
            match *self {}
        }
    }
}

pub use on_gpu::ResidentImages;
