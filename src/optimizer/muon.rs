//! Muon's step on plain numbers: a kernel or a matrix moves by a step whose directions are equally strong.
//!
//! `m ← µm + g`, `u = g + µm` (Nesterov); of u over its length, as a matrix M, some times `M ← aM + (bA + cA²)M` with
//! `A = MMᵀ`: the polynomial draws all singular values towards 1 (K. Jordan and others, 2024, "Muon: An optimizer for
//! hidden layers in neural networks", whose a, b and c these are). The weights are first scaled to the length √filters,
//! then `w ← w − rate · M`. Sums come in one order, whoever computes them.
//!
//! With `P = aI + bA + cA²` an iteration is `M ← PM`, and the next A is `PAP`, since P is made of A. So only A and the
//! product of all P are computed with, which are small, and M is multiplied once at the end.

use crate::rule::Rule;

/// The polynomial: of M, of MMᵀM, and of MMᵀMMᵀM.
pub(super) const POLYNOMIAL: [f64; 3] = [3.4445, -4.7750, 2.0315];
/// Shortest length that is divided by: what has none stays where it is.
pub(super) const LENGTH_MIN: f32 = 1e-20;
/// So many columns of two rows at a time: their sums stay in registers. Rows are filled up with zeros to whole blocks.
const BLOCK: usize = 16;

/// A tensor as a matrix of no more rows than columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MatrixShape {
    /// Rows and columns as the numbers lie.
    pub(super) sides: [usize; 2],
    /// Number of filters, or of units: of the rows of a kernel, of the columns of a dense matrix `[in, out]`.
    pub(super) filters: usize,
}

impl MatrixShape {
    /// Of a kernel `[out, in, height, width]` or a dense matrix `[in, out]`.
    pub(super) fn of(shape: &[usize]) -> Self {
        match *shape {
            [inputs, outputs] => Self {
                sides: [inputs, outputs],
                filters: outputs,
            },
            [filters, ref rest @ ..] => Self {
                sides: [filters, rest.iter().product()],
                filters,
            },
            [] => Self {
                sides: [0, 0],
                filters: 0,
            },
        }
    }

    /// Whether it has more rows than columns, and is computed with as its transpose.
    pub(super) fn is_tall(self) -> bool {
        self.sides[0] > self.sides[1]
    }

    /// Rows and columns as it is computed with.
    pub(super) fn wide(self) -> [usize; 2] {
        let [rows, columns] = self.sides;
        if self.is_tall() {
            [columns, rows]
        } else {
            self.sides
        }
    }
}

/// Makes the directions of matrices equally strong. It is the room that this takes, used by one matrix after the other.
#[derive(Clone, Debug, Default)]
pub struct Orthogonal {
    /// The matrix, and what becomes of it.
    matrices: [Vec<f32>; 2],
    /// A, P, the product of all P so far, and two in the making.
    squares: [Vec<f32>; 5],
}

impl Orthogonal {
    /// Room for the largest of these shapes.
    pub(super) fn for_shapes<'a>(shapes: impl Iterator<Item = &'a [usize]>) -> Self {
        let mut room = Self::default();
        for shape in shapes {
            room.grow(MatrixShape::of(shape));
        }
        room
    }

    fn grow(&mut self, shape: MatrixShape) {
        let grow = |numbers: &mut Vec<f32>, length: usize| {
            numbers.resize(numbers.len().max(length), 0.0);
        };
        let [rows, columns] = shape.wide();
        for matrix in &mut self.matrices {
            grow(matrix, rows * stride(columns));
        }
        for square in &mut self.squares {
            grow(square, rows * stride(rows));
        }
    }

    /// Makes the directions of a step equally strong: of a tensor of this shape, in as many iterations.
    pub(super) fn flatten(&mut self, step: &mut [f32], shape: &[usize], iterations: u32) {
        let shape = MatrixShape::of(shape);
        self.grow(shape);
        let [rows, columns] = shape.wide();
        let (long, short) = (stride(columns), stride(rows));
        let [matrix, moved] = (self.matrices.each_mut())
            .map(|matrix| matrix.get_mut(..rows * long).unwrap_or_default());
        let [mut gram, polynomial, mut all, mut next, half] = (self.squares.each_mut())
            .map(|square| square.get_mut(..rows * short).unwrap_or_default());
        // Another shape's numbers may lie where this one is filled up.
        matrix.fill(0.0);
        gram.fill(0.0);
        polynomial.fill(0.0);
        let scale = 1.0 / length(step);
        lay(step, shape, matrix, long, |number, place| {
            *place = *number * scale
        });
        products_of_rows(matrix, long, gram, short);
        for iteration in 0..iterations {
            polynomial_of(gram, polynomial, short);
            if iteration == 0 {
                all.copy_from_slice(polynomial);
            } else {
                product(polynomial, short, all, short, next);
                std::mem::swap(&mut all, &mut next);
            }
            if iteration + 1 < iterations {
                product(polynomial, short, gram, short, half);
                product(half, short, polynomial, short, next);
                std::mem::swap(&mut gram, &mut next);
            }
        }
        product(all, short, matrix, long, moved);
        lay(step, shape, moved, long, |number, place| *number = *place);
    }
}

/// P of A.
fn polynomial_of(gram: &[f32], polynomial: &mut [f32], short: usize) {
    let [a, b, c] = POLYNOMIAL.map(|factor| factor as f32);
    products_of_rows(gram, short, polynomial, short);
    let rows = polynomial.chunks_exact_mut(short);
    for (at, (row, gram)) in rows.zip(gram.chunks_exact(short)).enumerate() {
        for (factor, product) in row.iter_mut().zip(gram) {
            *factor = *factor * c + product * b;
        }
        // a times the matrix itself.
        if let Some(factor) = row.get_mut(at) {
            *factor += a;
        }
    }
}

/// Makes of a gradient the step along it: `momenta` is its velocity, which looks ahead.
pub(super) fn look_ahead(gradient: &mut [f32], momenta: &mut [f32], rule: &Rule) {
    let momentum = rule.muon_momentum as f32;
    for (step, velocity) in gradient.iter_mut().zip(momenta) {
        *velocity = *velocity * momentum + *step;
        *step += *velocity * momentum;
    }
}

/// Moves a tensor of this shape along a step whose directions are equally strong.
pub(super) fn move_along(values: &mut [f32], step: &[f32], shape: &[usize], lr: f64) {
    let scale = (MatrixShape::of(shape).filters as f32).sqrt() / length(values);
    let rate = lr as f32;
    for (value, step) in values.iter_mut().zip(step) {
        *value = *value * scale - step * rate;
    }
}

/// Numbers from one row to the next.
fn stride(columns: usize) -> usize {
    columns.next_multiple_of(BLOCK)
}

/// Goes through a tensor's numbers and their places in a matrix of no more rows than columns.
fn lay(
    numbers: &mut [f32],
    shape: MatrixShape,
    matrix: &mut [f32],
    stride: usize,
    mut each: impl FnMut(&mut f32, &mut f32),
) {
    let [_, columns] = shape.sides;
    for (at, row) in numbers.chunks_exact_mut(columns.max(1)).enumerate() {
        if shape.is_tall() {
            for (number, place_row) in row.iter_mut().zip(matrix.chunks_exact_mut(stride)) {
                if let Some(place) = place_row.get_mut(at) {
                    each(number, place);
                }
            }
        } else if let Some(places) = matrix.get_mut(at * stride..) {
            for (number, place) in row.iter_mut().zip(places) {
                each(number, place);
            }
        }
    }
}

/// The length of all numbers, as a vector; never nothing.
fn length(numbers: &[f32]) -> f32 {
    let squares = numbers.iter().map(|number| f64::from(*number).powi(2));
    (squares.sum::<f64>().sqrt() as f32).max(LENGTH_MIN)
}

/// `gram[i][j]`: row i of `matrix` times row j.
fn products_of_rows(matrix: &[f32], long: usize, gram: &mut [f32], short: usize) {
    let rows: usize = matrix.len() / long.max(1);
    let row = |at: usize| matrix.get(at * long..(at + 1) * long).unwrap_or_default();
    let mut set = |i: usize, j: usize, product: f32| {
        for at in [i * short + j, j * short + i] {
            if let Some(place) = gram.get_mut(at) {
                *place = product;
            }
        }
    };
    for i in 0..rows {
        for j in (0..=i).step_by(2) {
            // The second of the last pair may be one that is not asked for.
            let second = (j + 1).min(i);
            let products = dots(row(i), [row(j), row(second)]);
            set(i, j, products[0]);
            set(i, second, products[1]);
        }
    }
}

/// A row times two others.
fn dots(row: &[f32], others: [&[f32]; 2]) -> [f32; 2] {
    let mut sums = [[0.0f32; BLOCK]; 2];
    let [first, second] = others.map(|other| other.as_chunks::<BLOCK>().0);
    for ((row, first), second) in row.as_chunks::<BLOCK>().0.iter().zip(first).zip(second) {
        for at in 0..BLOCK {
            sums[0][at] += row[at] * first[at];
            sums[1][at] += row[at] * second[at];
        }
    }
    sums.map(|sums| sums.iter().sum())
}

/// `next = factors · matrix`, a block of columns of two rows at a time.
fn product(factors: &[f32], short: usize, matrix: &[f32], long: usize, next: &mut [f32]) {
    let pairs = next.chunks_mut(2 * long);
    for (factors, pair) in factors.chunks(2 * short).zip(pairs) {
        let (first, second) = factors.split_at(short.min(factors.len()));
        let (upper, lower) = pair.split_at_mut(long.min(pair.len()));
        // Of an odd number of rows the last is computed beside itself.
        let second = if second.is_empty() { first } else { second };
        for at in 0..long / BLOCK {
            let sums = block_of_product([first, second], matrix, long, at);
            for (row, sums) in [&mut *upper, &mut *lower].into_iter().zip(sums) {
                if let Some(block) = row.as_chunks_mut::<BLOCK>().0.get_mut(at) {
                    *block = sums;
                }
            }
        }
    }
}

/// A block of columns of two rows of a product.
fn block_of_product(
    [first, second]: [&[f32]; 2],
    matrix: &[f32],
    long: usize,
    at: usize,
) -> [[f32; BLOCK]; 2] {
    let mut sums = [[0.0f32; BLOCK]; 2];
    for ((upper, lower), row) in first.iter().zip(second).zip(matrix.chunks_exact(long)) {
        if let Some(row) = row.as_chunks::<BLOCK>().0.get(at) {
            for place in 0..BLOCK {
                sums[0][place] += upper * row[place];
                sums[1][place] += lower * row[place];
            }
        }
    }
    sums
}
