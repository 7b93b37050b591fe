//! Images picked from those that stay on a GPU, a byte a number.

use super::{Kernel, program};

/// Bytes of a word of the buffers.
const BYTES: usize = 4;

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
            ..
        } = *self;
        let (plane, numbers, words) = (height * width, self.numbers(), self.words());
        let last = width - 1;
        let inputs = ["picks: i32", "a: i32", "b: i32", "c: i32", "d: i32"];
        let body = format!(
            "let index = u32(picks[layer * 4u]);
let column = i32(i % {width}u);
let x = select(column, {last} - column, picks[layer * 4u + 1u] != 0) - picks[layer * 4u + 2u];
let y = i32((i / {width}u) % {height}u) - picks[layer * 4u + 3u];
var value = 0.0;
if (x >= 0 && y >= 0 && x < {width} && y < {height}) {{
let byte = (i / {plane}u) * {plane}u + u32(y) * {width}u + u32(x);
let at = (index % {images_each}u) * {words}u + byte / 4u;
var word = 0;
switch (index / {images_each}u) {{
case 0u: {{ word = a[at]; }}
case 1u: {{ word = b[at]; }}
case 2u: {{ word = c[at]; }}
default: {{ word = d[at]; }}
}}
value = f32((bitcast<u32>(word) >> (8u * (byte % 4u))) & 255u) / 255.0;
}}
output[layer * {numbers}u + i] = value;\n"
        );
        program(&inputs, &["output"], self.invocations(), &body)
    }
}
