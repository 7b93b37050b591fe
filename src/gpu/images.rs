//! Images that stay on the GPU, a byte a number, and batches picked from them there: a step then uploads
//! indices instead of pixels.

use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Device, Int, Shape, Tensor, TensorData};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::launch::{empty, launch};
use crate::wgsl::images::PickKernel;

/// Images a buffer: 48 MiB, where WebGPU promises 128 a binding.
const IMAGES_EACH: usize = 16_384;
/// Buffers; with picks and output, WebGPU promises 8.
const BUFFERS: usize = 4;
/// How images are picked.
const PICK: PickKernel = PickKernel {
    channels: 3,
    height: 32,
    width: 32,
    images_each: IMAGES_EACH,
};

/// Bytes of images on a GPU.
#[derive(Clone, Debug)]
pub struct Images {
    /// `[images · 768]` each, four bytes a number, the last ones empty.
    buffers: [Tensor<1, Int>; BUFFERS],
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
}

impl Images {
    /// Uploads images of 3,072 bytes; none when there are too many to hold.
    pub fn new(images: &[&[u8]], device: &Device) -> Option<Self> {
        if images.len() > IMAGES_EACH * BUFFERS {
            return None;
        }
        let mut chunks = images.chunks(IMAGES_EACH);
        let buffers = std::array::from_fn(|_| {
            let words = words(chunks.next().unwrap_or_default());
            let length = words.len();
            Tensor::from_data(TensorData::new(words, [length]), device)
        });
        Some(Self { buffers })
    }

    /// The images picked, in `[0, 1]`.
    ///
    /// # Shapes
    /// → `[n, 3, 32, 32]` for `n` picks.
    pub fn pick(&self, picks: &[Pick], device: &Device) -> Tensor<4> {
        let numbers = |pick: &Pick| {
            [
                pick.index as i32,
                i32::from(pick.flip),
                pick.right,
                pick.down,
            ]
        };
        let numbers: Vec<i32> = picks.iter().flat_map(numbers).collect();
        let picks = TensorData::new(numbers, [picks.len(), 4]);
        let picks = Tensor::<2, Int>::from_data(picks, device);
        let [a, b, c, d] = self.buffers.clone().map(Tensor::into_dispatch);
        let picked = <Dispatch as PickImages>::pick_images(picks.into_dispatch(), a, b, c, d);
        Tensor::from_dispatch(picked)
    }
}

/// Four bytes a number, the first in the lowest bits; one 0 for no image, since no buffer is empty.
fn words(images: &[&[u8]]) -> Vec<i32> {
    if images.is_empty() {
        return vec![0];
    }
    let words = images.iter().flat_map(|image| image.chunks_exact(4));
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
    /// Picks `[n, 4]`: index, 1 for a flip, shift to the right and down → `[n, 3, 32, 32]`.
    #[fusion(meta = |picks, _, _, _, _| TensorSpec::new(Shape::from([picks.shape[0], 3, 32, 32]), DType::F32))]
    fn pick_images(
        picks: IntTensor<Self>,
        a: IntTensor<Self>,
        b: IntTensor<Self>,
        c: IntTensor<Self>,
        d: IntTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl PickImages for CubeBackend {
    fn pick_images(
        picks: CubeTensor,
        a: CubeTensor,
        b: CubeTensor,
        c: CubeTensor,
        d: CubeTensor,
    ) -> CubeTensor {
        let picks = into_contiguous(picks);
        let records = picks.meta.shape()[0];
        let output = empty(&picks, [records, 3, 32, 32], DType::F32);
        launch(PICK, records, &[&picks, &a, &b, &c, &d, &output]);
        output
    }
}
