//! Zeros around images, for the kernels that know none: Winograd's way reads them where they would be.

use std::borrow::Cow;

use super::Block;

/// Images with the zeros that `block` asks for.
///
/// # Shapes
/// `[n, height, width, inputs]` → `[n, height + 2 · padding, width + 2 · padding, inputs]`.
pub(super) fn pad<'a>(block: &Block, images: &'a [f32]) -> Cow<'a, [f32]> {
    if block.padding == 0 {
        return Cow::Borrowed(images);
    }
    let bare = block.bare();
    let mut padded = vec![0.0; block.images * bare.image()];
    let rows = images.chunks_exact(block.row().max(1)).enumerate();
    for (row, numbers) in rows {
        let at = place(block, row);
        padded[at..at + numbers.len()].copy_from_slice(numbers);
    }
    Cow::Owned(padded)
}

/// The inverse of [`pad`]: what reached the zeros is left out. Of nothing nothing is left.
pub(super) fn crop(block: &Block, padded: Vec<f32>) -> Vec<f32> {
    if block.padding == 0 || padded.is_empty() {
        return padded;
    }
    let mut images = Vec::with_capacity(block.images * block.image());
    for row in 0..block.images * block.height {
        images.extend_from_slice(&padded[place(block, row)..][..block.row()]);
    }
    images
}

/// Where a row of all images begins in those with zeros.
fn place(block: &Block, row: usize) -> usize {
    let bare = block.bare();
    let (n, row) = (row / block.height, row % block.height);
    n * bare.image() + (row + block.padding) * bare.row() + block.padding * block.inputs
}
