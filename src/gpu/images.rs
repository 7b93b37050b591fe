//! Images that stay on the GPU, a byte a number, and batches picked from them there: a step then uploads
//! indices instead of pixels.

use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Device, Int, Shape, Tensor, TensorData};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::launch::{empty, launch};
use crate::wgsl::images::{Laying, PICK_WORDS, PickKernel};

/// Bytes of a buffer, where WebGPU promises 128 MiB a binding.
const BUFFER_BYTES: usize = 48 << 20;
/// Buffers; with picks and output, WebGPU promises 8.
const BUFFERS: usize = 4;
/// Bytes of images on a GPU.
#[derive(Clone, Debug)]
pub struct Images {
    /// `[images · words]` each, four bytes a number, the last ones empty.
    buffers: [Tensor<1, Int>; BUFFERS],
    shape: ImageShape,
}

/// Channels, height and width of an image; four bytes of it are a word, and it begins with one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageShape([usize; 3]);

impl ImageShape {
    fn bytes(self) -> usize {
        self.0.iter().product()
    }

    fn words(self) -> usize {
        self.bytes().div_ceil(4)
    }

    /// Images a buffer.
    fn images_each(self) -> usize {
        BUFFER_BYTES / (4 * self.words()).max(1)
    }

    /// How images are picked.
    fn kernel(self, laying: Laying) -> PickKernel {
        let [channels, height, width] = self.0;
        PickKernel {
            channels,
            height,
            width,
            images_each: self.images_each(),
            laying,
        }
    }

    fn batch(self, records: usize) -> [usize; 4] {
        let [channels, height, width] = self.0;
        [records, channels, height, width]
    }
}

/// Which image, and how it is laid into the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Number of the image.
    pub index: usize,
    /// Mirrored left to right, before it is shifted.
    pub flip: bool,
    /// Shift to the right in pixels; what comes in is black.
    pub right: i32,
    /// Shift downwards in pixels.
    pub down: i32,
    /// Left and upper edge of the black square in pixels.
    pub cutout: [usize; 2],
}

impl Images {
    /// Uploads images of so many channels, height and width; none when there are too many to hold.
    pub fn new(images: &[&[u8]], dims: [usize; 3], device: &Device) -> Option<Self> {
        let shape = ImageShape(dims);
        let each = shape.images_each();
        if images.len() > each * BUFFERS {
            return None;
        }
        let mut chunks = images.chunks(each.max(1));
        let buffers = std::array::from_fn(|_| {
            let words = words(chunks.next().unwrap_or_default());
            let length = words.len();
            Tensor::from_data(TensorData::new(words, [length]), device)
        });
        Some(Self { buffers, shape })
    }

    /// The images picked, in `[0, 1]`.
    ///
    /// # Shapes
    /// → `[n, channels, height, width]` for `n` picks.
    pub fn pick(&self, picks: &[Pick], laying: Laying, device: &Device) -> Tensor<4> {
        let numbers = |pick: &Pick| {
            [
                pick.index as i32,
                i32::from(pick.flip),
                pick.right,
                pick.down,
                pick.cutout[0] as i32,
                pick.cutout[1] as i32,
            ]
        };
        let numbers: Vec<i32> = picks.iter().flat_map(numbers).collect();
        let picks = TensorData::new(numbers, [picks.len(), PICK_WORDS]);
        let picks = Tensor::<2, Int>::from_data(picks, device);
        let [a, b, c, d] = self.buffers.clone().map(Tensor::into_dispatch);
        let picks = picks.into_dispatch();
        let how = (self.shape, laying);
        let picked = <Dispatch as PickImages>::pick_images(picks, a, b, c, d, how);
        Tensor::from_dispatch(picked)
    }
}

/// Four bytes a number, the first in the lowest bits, an image's last number filled up with zeros; one 0 for no image,
/// since no buffer is empty.
fn words(images: &[&[u8]]) -> Vec<i32> {
    if images.is_empty() {
        return vec![0];
    }
    let words = images.iter().flat_map(|image| image.chunks(4));
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | i32::from(*byte))
    };
    words.map(word).collect()
}

/// On the GPU.
#[backend_extension(Cube, Fusion)]
pub trait PickImages: Backend {
    /// # Shapes
    /// Picks `[n, 6]`: index, 1 for a flip, shift to the right and down, left and upper edge of the square →
    /// `[n, channels, height, width]`.
    #[fusion(meta = picked_spec)]
    fn pick_images(
        picks: IntTensor<Self>,
        a: IntTensor<Self>,
        b: IntTensor<Self>,
        c: IntTensor<Self>,
        d: IntTensor<Self>,
        how: (ImageShape, Laying),
    ) -> FloatTensor<Self>;
}

fn picked_spec(
    picks: &TensorSpec,
    _: &TensorSpec,
    _: &TensorSpec,
    _: &TensorSpec,
    _: &TensorSpec,
    how: &(ImageShape, Laying),
) -> TensorSpec {
    TensorSpec::new(Shape::from(how.0.batch(picks.shape[0])), DType::F32)
}

impl PickImages for CubeBackend {
    fn pick_images(
        picks: CubeTensor,
        a: CubeTensor,
        b: CubeTensor,
        c: CubeTensor,
        d: CubeTensor,
        (shape, laying): (ImageShape, Laying),
    ) -> CubeTensor {
        let picks = into_contiguous(picks);
        let records = picks.meta.shape()[0];
        let output = empty(&picks, shape.batch(records), DType::F32);
        let buffers = [&picks, &a, &b, &c, &d, &output];
        launch(shape.kernel(laying), records, &buffers);
        output
    }
}
