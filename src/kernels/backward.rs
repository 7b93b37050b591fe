//! Gradients of a block's outputs → gradients of its weights, bias and images, only along what they reach.

use super::arithmetic::{Arithmetic, LANES};
use super::{Block, DEAD, in_burn};

/// Numbers that the backward loops keep in registers at a time: 12 of wasm's 16.
const LONG: usize = 6 * LANES;
/// Rows of a window that [`add_narrow`] takes, and numbers of each: as many registers.
const NARROW: [usize; 2] = [3, 2 * LANES];

/// Gradients of all that a block reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// `[n, height, width, inputs]`; empty unless they were asked for.
    pub images: Vec<f32>,
    /// `[filters, inputs, kernel, kernel]`.
    pub weights: Vec<f32>,
    /// `[filters]`.
    pub bias: Vec<f32>,
}

/// A gradient and where it goes: a window of the image, or a filter.
#[derive(Clone, Copy, Default)]
struct Entry {
    to: u32,
    gradient: f32,
}

/// Computes the gradients of a block from those of its outputs.
///
/// # Shapes
/// `images`: `[n, height, width, inputs]`; `weights`: `[filters, inputs, kernel, kernel]`; `argmax` as
/// the forward pass kept them and `gradients`: `[n, height, width, filters]` of the output.
#[inline(always)]
pub fn backward<A: Arithmetic>(
    block: &Block,
    images: &[f32],
    weights: &[f32],
    argmax: &[u32],
    gradients: &[f32],
    of_images: bool,
) -> Gradients {
    let filters = block.filters;
    let segment = block.segment().next_multiple_of(LANES);
    // What is read in chunks may end beyond a window's row: the last one's must not end beyond the images.
    let padded;
    let images = if segment == block.segment() {
        images
    } else {
        padded = [images, &[0.0; LANES][..]].concat();
        &padded
    };
    let rows = rows_of(block, weights, segment);
    let mut to_rows = vec![0.0; rows.len()];
    let mut bias = vec![0.0; filters];
    let numbers = if of_images {
        block.images * block.image()
    } else {
        0
    };
    let mut to_images = vec![0.0; numbers];
    let mut by_filter = Lists::new(filters, block.output_image() / filters.max(1));
    let mut by_corner = Lists::new(DEAD as usize + 1, filters);
    // A plain block has no argmax: each gradient is its only convolution's.
    let firsts = vec![
        0;
        if argmax.is_empty() {
            block.output_image()
        } else {
            0
        }
    ];
    for n in 0..block.images {
        let here = n * block.output_image()..(n + 1) * block.output_image();
        let (argmax, gradients) = (argmax.get(here.clone()), &gradients[here]);
        let argmax = argmax.unwrap_or(&firsts);
        let image = &images[n * block.image()..];
        gather_by_filter(block, argmax, gradients, &mut by_filter);
        for (filter, rows) in to_rows.chunks_exact_mut(block.kernel * segment).enumerate() {
            let entries = by_filter.list(filter);
            bias[filter] += entries.iter().map(|entry| entry.gradient).sum::<f32>();
            if [block.kernel, segment] == NARROW {
                add_narrow::<A>(rows, image, block.row(), entries);
                continue;
            }
            for (row, row_sums) in rows.chunks_exact_mut(segment).enumerate() {
                add_windows::<A>(row_sums, &image[row * block.row()..], entries);
            }
        }
        if of_images {
            let to_image = &mut to_images[n * block.image()..];
            spread::<A>(block, &rows, argmax, gradients, &mut by_corner, to_image);
        }
    }
    Gradients {
        images: to_images,
        weights: weights_of(block, &to_rows, segment),
        bias,
    }
}

/// Lists of entries, of one capacity.
struct Lists {
    entries: Vec<Entry>,
    lengths: Vec<usize>,
    /// Room for one more than is kept, because an entry is written before it is known whether it stays.
    room: usize,
}

impl Lists {
    fn new(lists: usize, capacity: usize) -> Self {
        let room = capacity + 1;
        Self {
            entries: vec![Entry::default(); lists * room],
            lengths: vec![0; lists],
            room,
        }
    }

    fn list(&self, list: usize) -> &[Entry] {
        &self.entries[list * self.room..][..self.lengths[list]]
    }
}

/// For each filter the gradients that reach its convolution, and their windows: position by position, because
/// that is how they lie, and without a branch, because half of them are dead.
fn gather_by_filter(block: &Block, argmax: &[u32], gradients: &[f32], lists: &mut Lists) {
    let filters = block.filters;
    let [_, width] = block.output_size();
    let corners = block.corners().map(|corner| corner as u32);
    lists.lengths.fill(0);
    let positions = argmax
        .chunks_exact(filters)
        .zip(gradients.chunks_exact(filters));
    for (position, (argmax, gradients)) in positions.enumerate() {
        let window = block.window(position / width, position % width) as u32;
        let rooms = lists
            .entries
            .chunks_exact_mut(lists.room)
            .zip(&mut lists.lengths);
        for ((index, gradient), (room, length)) in argmax.iter().zip(gradients).zip(rooms) {
            room[*length] = Entry {
                to: window + corners[(index % DEAD) as usize],
                gradient: *gradient,
            };
            *length += usize::from(*index != DEAD);
        }
    }
}

/// [`add_windows`] of all rows at once, where each is so short that all their sums stay in registers: an entry is read once.
#[inline(always)]
fn add_narrow<A: Arithmetic>(sums: &mut [f32], image: &[f32], row: usize, entries: &[Entry]) {
    let [rows, numbers] = NARROW;
    let mut found = [[A::splat(0.0); NARROW[1] / LANES]; NARROW[0]];
    for entry in entries {
        let gradient = A::splat(entry.gradient);
        let window = &image[entry.to as usize..][..(rows - 1) * row + numbers];
        for (at, found) in found.iter_mut().enumerate() {
            let (values, _) = window[at * row..][..numbers].as_chunks::<LANES>();
            for (sum, values) in found.iter_mut().zip(values) {
                *sum = A::add_product(*sum, gradient, A::load(values));
            }
        }
    }
    for (found, sums) in found.into_iter().zip(sums.chunks_exact_mut(numbers)) {
        add_lanes::<A, _>(found, sums);
    }
}

/// Adds to `sums`, of which the last may be fewer than eight.
#[inline(always)]
fn add_lanes<A: Arithmetic, const N: usize>(found: [A::Lanes; N], sums: &mut [f32]) {
    let (whole, rest) = sums.as_chunks_mut::<LANES>();
    for (found, sums) in found.iter().zip(whole.iter_mut()) {
        A::store(A::add(A::load(sums), *found), sums);
    }
    if let Some(found) = found.get(whole.len()) {
        let mut lanes = [0.0; LANES];
        A::store(*found, &mut lanes);
        for (sum, value) in rest.iter_mut().zip(lanes) {
            *sum += value;
        }
    }
}

/// Adds to `sums` each entry's window times its gradient.
#[inline(always)]
fn add_windows<A: Arithmetic>(sums: &mut [f32], image: &[f32], entries: &[Entry]) {
    for (at, sums) in sums.chunks_mut(LONG).enumerate() {
        add_some::<A>(sums, &image[at * LONG..], entries);
    }
}

/// Adds to at most [`LONG`] `sums` those from each entry's place in `from` on, times its gradient.
#[inline(always)]
fn add_some<A: Arithmetic>(sums: &mut [f32], from: &[f32], entries: &[Entry]) {
    match sums.len().div_ceil(LANES) {
        1 => add_chunk::<A, 1>(sums, from, entries),
        2 => add_chunk::<A, 2>(sums, from, entries),
        3 => add_chunk::<A, 3>(sums, from, entries),
        4 => add_chunk::<A, 4>(sums, from, entries),
        5 => add_chunk::<A, 5>(sums, from, entries),
        _ => add_chunk::<A, 6>(sums, from, entries),
    }
}

/// Adds to `sums` (up to `N` times eight numbers) those from each entry's place in `from` on, times its gradient.
#[inline(always)]
fn add_chunk<A: Arithmetic, const N: usize>(sums: &mut [f32], from: &[f32], entries: &[Entry]) {
    let mut found = [A::splat(0.0); N];
    for entry in entries {
        let (values, _) = from[entry.to as usize..][..N * LANES].as_chunks::<LANES>();
        let gradient = A::splat(entry.gradient);
        for (sum, values) in found.iter_mut().zip(values) {
            *sum = A::add_product(*sum, gradient, A::load(values));
        }
    }
    add_lanes::<A, N>(found, sums);
}

/// Adds to an image's gradients what comes back through the filters, position by position.
#[inline(always)]
fn spread<A: Arithmetic>(
    block: &Block,
    rows: &[f32],
    argmax: &[u32],
    gradients: &[f32],
    lists: &mut Lists,
    to_image: &mut [f32],
) {
    let (filters, segment) = (block.filters, block.segment());
    let row_length = segment.next_multiple_of(LANES);
    let [_, width] = block.output_size();
    let corners = block.corners();
    let positions = argmax
        .chunks_exact(filters)
        .zip(gradients.chunks_exact(filters));
    for (position, (argmax, gradients)) in positions.enumerate() {
        lists.lengths.fill(0);
        let places = (0..).step_by(block.kernel * row_length);
        for (filter, (index, gradient)) in places.zip(argmax.iter().zip(gradients)) {
            let list = *index as usize;
            let length = &mut lists.lengths[list];
            lists.entries[list * lists.room + *length] = Entry {
                to: filter,
                gradient: *gradient,
            };
            *length += 1;
        }
        let window = block.window(position / width, position % width);
        for (corner, from_window) in corners.iter().enumerate() {
            let entries = lists.list(corner);
            if entries.is_empty() {
                continue;
            }
            for row in 0..block.kernel {
                let sums = &mut to_image[window + from_window + row * block.row()..][..segment];
                add_filters::<A>(sums, &rows[row * row_length..], entries);
            }
        }
    }
}

/// Adds to `sums` each entry's filter times its gradient.
#[inline(always)]
fn add_filters<A: Arithmetic>(sums: &mut [f32], rows: &[f32], entries: &[Entry]) {
    // The last numbers may be fewer than eight: what lies beyond in `rows` is padding.
    for (at, sums) in sums.chunks_mut(LONG).enumerate() {
        add_some::<A>(sums, &rows[at * LONG..], entries);
    }
}

/// `[filters, inputs, kernel, kernel]` → `[filters, kernel, segment]`: each row of a window in one run, padded.
fn rows_of(block: &Block, weights: &[f32], segment: usize) -> Vec<f32> {
    let mut rows = vec![0.0; block.filters * block.kernel * segment];
    each_number(block, segment, |in_rows, in_weights| {
        rows[in_rows] = weights[in_weights];
    });
    rows
}

/// The inverse of [`rows_of`].
fn weights_of(block: &Block, rows: &[f32], segment: usize) -> Vec<f32> {
    let mut weights = vec![0.0; block.filters * block.filter()];
    each_number(block, segment, |in_rows, in_weights| {
        weights[in_weights] = rows[in_rows];
    });
    weights
}

/// Where each number of the weights lies in `[filters, kernel, segment]` and in `[filters, inputs, kernel, kernel]`.
fn each_number(block: &Block, segment: usize, mut tell: impl FnMut(usize, usize)) {
    for filter in 0..block.filters {
        for row in 0..block.kernel {
            for column in 0..block.kernel {
                for input in 0..block.inputs {
                    let row_of_all = filter * block.kernel + row;
                    tell(
                        row_of_all * segment + column * block.inputs + input,
                        filter * block.filter() + in_burn(block.kernel, row, column, input),
                    );
                }
            }
        }
    }
}
