//! The backward kernels: a pooled gradient spread over the places it belongs to, and from that the
//! input's gradient. (`weights.rs` has those of weight and bias.)

use super::Block;
use crate::wgsl::{Kernel, four, grid, line, program};

/// Binds gradient, choice; spread. A layer is a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spread {
    /// Whose gradient.
    pub block: Block,
    /// Whether it gets a border of zeros.
    pub pad: bool,
}

impl Kernel for Spread {
    fn invocations(&self) -> usize {
        let [height, _] = self.block.spread(self.pad);
        self.block.filters * height
    }

    fn text(&self) -> String {
        program(
            &["gradient", "choice: i32"],
            &["spread"],
            self.invocations(),
            &spread(&self.block, self.pad),
        )
    }
}

/// Binds spread, weight; result. A layer is a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InputGradient(pub Block);

impl Kernel for InputGradient {
    fn invocations(&self) -> usize {
        let Self(block) = self;
        let tile = Tile::of(block);
        let places = block.height.div_ceil(tile.rows) * block.width.div_ceil(tile.columns);
        places * block.channels.div_ceil(4)
    }

    fn text(&self) -> String {
        program(
            &["spread", "weight"],
            &["result"],
            self.invocations(),
            &input_gradient(&self.0),
        )
    }
}

/// Places of the input's gradient that one invocation computes, of four channels each.
struct Tile {
    rows: usize,
    columns: usize,
}

impl Tile {
    fn of(block: &Block) -> Self {
        let columns = [5, 4, 3]
            .into_iter()
            .find(|n| block.width.is_multiple_of(*n));
        Self {
            rows: 2,
            columns: columns.unwrap_or(4),
        }
    }
}

/// A row an invocation: each pooled gradient is read once for the places that it may belong to.
fn spread(block: &Block, pad: bool) -> String {
    let ([height, width], border) = (block.spread(pad), block.border(pad));
    let [out_height, out_width] = block.output();
    let [inner_height, inner_width] = block.pooled_over();
    let (pool, filters) = (block.pool, block.filters);
    let places = (0..pool)
        .map(|x| format!("spread[to + {x}u] = select(0.0, value, chosen == first + {x});\n"));
    format!(
        "let y = i32(i % {height}u) - {border};
let f = i / {height}u;
var to = layer * {}u + i * {width}u;
let end = to + {width}u;
if (y >= 0 && y < {inner_height}) {{
for (var x = 0u; x < {border}u; x++) {{ spread[to] = 0.0; to++; }}
var start = (layer * {filters}u + f) * {}u + u32(y / {pool}) * {out_width}u;
let first = (y % {pool}) * {pool};
for (var x = 0u; x < {inner_width}u; x += {pool}u) {{
let value = gradient[start];
let chosen = choice[start];
{}to += {pool}u;
start++;
}}
}}
for (; to < end; to++) {{ spread[to] = 0.0; }}\n",
        filters * height * width,
        out_height * out_width,
        places.collect::<String>(),
    )
}

fn input_gradient(block: &Block) -> String {
    let Block {
        channels,
        height,
        width,
        filters,
        kernel,
        ..
    } = *block;
    let tile = Tile::of(block);
    let [spread_height, spread_width] = block.spread(true);
    let (groups_x, groups_y) = (width.div_ceil(tile.columns), height.div_ceil(tile.rows));
    let area = kernel * kernel;
    let mut text = format!(
        "let px = (i % {groups_x}u) * {}u;
let py = ((i / {groups_x}u) % {groups_y}u) * {}u;
let c = (i / {}u) * 4u;
var at = layer * {}u + py * {spread_width}u + px;
var w = c * {area}u;\n",
        tile.columns,
        tile.rows,
        groups_x * groups_y,
        filters * spread_height * spread_width,
    );
    for (y, x) in grid(tile.rows, tile.columns) {
        line(&mut text, &format!("var s{y}_{x} = vec4<f32>();"));
    }
    line(
        &mut text,
        &format!("for (var f = 0u; f < {filters}u; f++) {{"),
    );
    for (y, x) in grid(tile.rows + kernel - 1, tile.columns + kernel - 1) {
        let offset = y * spread_width + x;
        line(
            &mut text,
            &format!("let a{y}_{x} = spread[at + {offset}u];"),
        );
    }
    for (ky, kx) in grid(kernel, kernel) {
        let k = ky * kernel + kx;
        let weights = four("weight", &format!("w + {k}u"), area);
        line(&mut text, &format!("let w{k} = {weights};"));
        // The kernel is turned about: its first row meets the last of the window.
        let (from_y, from_x) = (kernel - 1 - ky, kernel - 1 - kx);
        for (y, x) in grid(tile.rows, tile.columns) {
            line(
                &mut text,
                &format!("s{y}_{x} += a{}_{} * w{k};", y + from_y, x + from_x),
            );
        }
    }
    let plane = spread_height * spread_width;
    line(
        &mut text,
        &format!("at += {plane}u;\nw += {}u;\n}}", channels * area),
    );
    let map = height * width;
    line(
        &mut text,
        &format!("let to = (layer * {channels}u + c) * {map}u + py * {width}u + px;"),
    );
    for (y, x) in grid(tile.rows, tile.columns) {
        let inside = format!("if (py + {y}u < {height}u && px + {x}u < {width}u) {{");
        line(&mut text, &inside);
        // Beyond the last channel, sums are of other weights and go nowhere.
        for (n, lane) in ["x", "y", "z", "w"].iter().enumerate().take(channels) {
            let to = n * map + y * width + x;
            line(&mut text, &format!("result[to + {to}u] = s{y}_{x}.{lane};"));
        }
        line(&mut text, "}");
    }
    text
}
