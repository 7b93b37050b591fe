//! Images picked from those that stay on a GPU, a byte a number.

use super::{Kernel, program};

/// Bytes of a word of the buffers.
const BYTES: usize = 4;

/// Words of a pick: index, 1 for a flip, shift to the right and down, left and upper edge of the square.
pub const PICK_WORDS: usize = 6;

/// How images are laid down, all of a batch alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Laying {
    /// What a shift brings in is the image mirrored at its edge; else it is black.
    pub reflects: bool,
    /// Side of the square that is made black; 0: there is none.
    pub cutout: u32,
}

/// Binds picks, four buffers; output. A layer is a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PickKernel {
    /// Channels of an image.
    pub channels: usize,
    /// Height of an image.
    pub height: usize,
    /// Width of an image.
    pub width: usize,
    /// Images a buffer.
    pub images_each: usize,
    /// How they are laid down.
    pub laying: Laying,
}

impl PickKernel {
    /// Numbers of an image.
    fn numbers(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Words of four bytes that an image takes; of the last one, bytes may be left over.
    pub fn words(&self) -> usize {
        self.numbers().div_ceil(BYTES)
    }
}

impl Kernel for PickKernel {
    fn invocations(&self) -> usize {
        self.numbers()
    }

    fn text(&self) -> String {
        let Self {
            height,
            width,
            images_each,
            laying,
            ..
        } = *self;
        let (plane, numbers, words) = (height * width, self.numbers(), self.words());
        let last = width - 1;
        let reflection = match laying.reflects {
            true => format!(
                "x = min(abs(x), {} - abs(x));\ny = min(abs(y), {} - abs(y));\n",
                2 * (width - 1),
                2 * (height - 1)
            ),
            false => String::new(),
        };
        let cut = match laying.cutout {
            0 => String::new(),
            side => format!(
                "let across = column - picks[at + 4u];
let along = line - picks[at + 5u];
if (across >= 0 && across < {side} && along >= 0 && along < {side}) {{ value = 0.0; }}\n"
            ),
        };
        let inputs = ["picks: i32", "a: i32", "b: i32", "c: i32", "d: i32"];
        let body = format!(
            "let at = layer * {PICK_WORDS}u;
let index = u32(picks[at]);
let column = i32(i % {width}u);
let line = i32((i / {width}u) % {height}u);
var x = select(column, {last} - column, picks[at + 1u] != 0) - picks[at + 2u];
var y = line - picks[at + 3u];
{reflection}var value = 0.0;
if (x >= 0 && y >= 0 && x < {width} && y < {height}) {{
let byte = (i / {plane}u) * {plane}u + u32(y) * {width}u + u32(x);
let place = (index % {images_each}u) * {words}u + byte / 4u;
var word = 0;
switch (index / {images_each}u) {{
case 0u: {{ word = a[place]; }}
case 1u: {{ word = b[place]; }}
case 2u: {{ word = c[place]; }}
default: {{ word = d[place]; }}
}}
value = f32((bitcast<u32>(word) >> (8u * (byte % 4u))) & 255u) / 255.0;
}}
{cut}output[layer * {numbers}u + i] = value;\n"
        );
        program(&inputs, &["output"], self.invocations(), &body)
    }
}
