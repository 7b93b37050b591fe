//! The kernels' text. Shapes are written into it as numbers and inner loops are written out, so that
//! sums stay in registers: each invocation loads few numbers and multiplies each of them many times.
//! No workgroup memory and no barriers: a software adapter pays dearly for them, and a card's caches
//! hold these maps.

use std::fmt::Write;

use super::Block;

/// Invocations a workgroup; WebGPU promises 256.
pub(super) const WORKGROUP: u32 = 64;

/// How the weights' gradient is summed: shares of some records and some rows each, then their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parts {
    records: usize,
    /// Records a share.
    records_each: usize,
    /// Rows a share.
    rows_each: usize,
    /// Shares of rows.
    row_shares: usize,
}

/// Most shares of records: their sum is read once more, and takes memory.
const RECORD_SHARES_MAX: usize = 32;
/// With fewer invocations than this a share, rows are shared out too.
const INVOCATIONS_FEW: usize = 64;
/// Shares of rows then.
const ROW_SHARES: usize = 5;

impl Parts {
    pub(super) fn new(records: usize, block: &Block) -> Self {
        let [rows, _] = block.pooled_over();
        let few = Tile::of_weights(block).count(block) < INVOCATIONS_FEW;
        let rows_each = if few { rows.div_ceil(ROW_SHARES) } else { rows };
        Self {
            records,
            records_each: records.div_ceil(RECORD_SHARES_MAX),
            rows_each,
            row_shares: rows.div_ceil(rows_each),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.records.div_ceil(self.records_each) * self.row_shares
    }
}

/// One kernel: what it computes and the shapes in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    Forward(Block),
    Spread {
        block: Block,
        pad: bool,
    },
    InputGradient(Block),
    WeightShares {
        block: Block,
        pad: bool,
        parts: Parts,
    },
    SumShares {
        block: Block,
        parts: Parts,
    },
}

impl Block {
    /// Number of weights.
    pub(super) fn weights(&self) -> usize {
        self.filters * self.channels * self.kernel * self.kernel
    }

    /// Height and width of a spread gradient, and its border.
    fn spread(&self, pad: bool) -> ([usize; 2], usize) {
        let [_, _, height, width] = super::spread_shape(1, self, pad);
        ([height, width], if pad { self.kernel - 1 } else { 0 })
    }
}

/// Output places that one invocation computes, of four channels each.
struct Tile {
    rows: usize,
    columns: usize,
}

impl Tile {
    fn of_forward(block: &Block) -> Self {
        let [_, width] = block.output();
        match block.pool {
            1 => Self {
                rows: 2,
                columns: 4,
            },
            // As many as leave few over: 15 and 6 are the tutorial's.
            _ if width.is_multiple_of(3) => Self {
                rows: 1,
                columns: 3,
            },
            _ => Self {
                rows: 1,
                columns: 2,
            },
        }
    }

    fn of_input(block: &Block) -> Self {
        let columns = [5, 4, 3]
            .into_iter()
            .find(|n| block.width.is_multiple_of(*n));
        Self {
            rows: 2,
            columns: columns.unwrap_or(4),
        }
    }

    /// The same for the weights' gradient: four filters, up to four channels, one row of the kernel.
    fn of_weights(block: &Block) -> WeightTile {
        WeightTile {
            channels: block.channels.min(4),
        }
    }
}

struct WeightTile {
    channels: usize,
}

impl WeightTile {
    fn count(&self, block: &Block) -> usize {
        block.filters / 4 * block.channels.div_ceil(self.channels) * block.kernel
    }
}

impl Kernel {
    /// Number of invocations in each layer.
    pub(super) fn invocations(&self) -> usize {
        match self {
            Self::Forward(block) => {
                let ([height, width], tile) = (block.output(), Tile::of_forward(block));
                height.div_ceil(tile.rows) * width.div_ceil(tile.columns) * block.filters / 4
            }
            Self::Spread { block, pad } => {
                let ([height, width], _) = block.spread(*pad);
                block.filters * height * width
            }
            Self::InputGradient(block) => {
                let tile = Tile::of_input(block);
                let places = block.height.div_ceil(tile.rows) * block.width.div_ceil(tile.columns);
                places * block.channels / 4
            }
            Self::WeightShares { block, .. } => Tile::of_weights(block).count(block),
            Self::SumShares { block, .. } => block.weights() + block.filters,
        }
    }

    /// The kernel's WGSL; its entry point is `main`.
    pub(super) fn text(&self) -> String {
        let (inputs, outputs, body) = match self {
            Self::Forward(block) => (
                &["input", "weight", "bias"][..],
                &[("output", "f32"), ("choice", "i32")][..],
                forward(block),
            ),
            Self::Spread { block, pad } => (
                &["gradient", "choice: i32"][..],
                &[("spread", "f32")][..],
                spread(block, *pad),
            ),
            Self::InputGradient(block) => (
                &["spread", "weight"][..],
                &[("result", "f32")][..],
                input_gradient(block),
            ),
            Self::WeightShares { block, pad, parts } => (
                &["input", "spread"][..],
                &[("shares", "f32")][..],
                weight_shares(block, *pad, parts),
            ),
            Self::SumShares { block, parts } => (
                &["shares"][..],
                &[("weight", "f32"), ("bias", "f32")][..],
                sum_shares(block, parts),
            ),
        };
        let mut text = String::new();
        for (at, input) in inputs.iter().enumerate() {
            let (name, kind) = input.split_once(": ").unwrap_or((input, "f32"));
            line(
                &mut text,
                &format!("@group(0) @binding({at}) var<storage, read> {name}: array<{kind}>;"),
            );
        }
        for (at, (name, kind)) in outputs.iter().enumerate() {
            let at = at + inputs.len();
            line(
                &mut text,
                &format!(
                    "@group(0) @binding({at}) var<storage, read_write> {name}: array<{kind}>;"
                ),
            );
        }
        let invocations = self.invocations();
        line(
            &mut text,
            &format!(
                "@compute @workgroup_size({WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {{
let i = id.x;
let layer = group.y;
if (i >= {invocations}u) {{ return; }}"
            ),
        );
        text + &body + "}\n"
    }
}

fn line(text: &mut String, words: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{words}");
}

/// Four numbers at `stride` from each other.
fn four(buffer: &str, at: &str, stride: usize) -> String {
    let one = |n: usize| format!("{buffer}[{at} + {}u]", n * stride);
    format!("vec4<f32>({}, {}, {}, {})", one(0), one(1), one(2), one(3))
}

fn forward(block: &Block) -> String {
    let Block {
        channels,
        height,
        width,
        kernel,
        pool,
        ..
    } = *block;
    let tile = Tile::of_forward(block);
    let [out_height, out_width] = block.output();
    let (groups_x, groups_y) = (
        out_width.div_ceil(tile.columns),
        out_height.div_ceil(tile.rows),
    );
    let (rows, columns) = (tile.rows * pool, tile.columns * pool);
    let area = kernel * kernel;
    let mut text = format!(
        "let px = (i % {groups_x}u) * {}u;
let py = ((i / {groups_x}u) % {groups_y}u) * {}u;
let f = (i / {}u) * 4u;
var at = layer * {}u + py * {}u + px * {pool}u;
var w = f * {}u;\n",
        tile.columns,
        tile.rows,
        groups_x * groups_y,
        channels * height * width,
        pool * width,
        channels * area,
    );
    for (y, x) in grid(rows, columns) {
        line(&mut text, &format!("var s{y}_{x} = vec4<f32>();"));
    }
    line(
        &mut text,
        &format!("for (var c = 0u; c < {channels}u; c++) {{"),
    );
    for (y, x) in grid(rows + kernel - 1, columns + kernel - 1) {
        line(
            &mut text,
            &format!("let a{y}_{x} = input[at + {}u];", y * width + x),
        );
    }
    for (ky, kx) in grid(kernel, kernel) {
        let k = ky * kernel + kx;
        let weights = four("weight", &format!("w + {k}u"), channels * area);
        line(&mut text, &format!("let w{k} = {weights};"));
        for (y, x) in grid(rows, columns) {
            line(
                &mut text,
                &format!("s{y}_{x} += a{}_{} * w{k};", y + ky, x + kx),
            );
        }
    }
    line(
        &mut text,
        &format!("at += {}u;\nw += {area}u;\n}}", height * width),
    );
    line(&mut text, &format!("let b = {};", four("bias", "f", 1)));
    let place = format!(
        "(layer * {}u + f) * {}u + py * {out_width}u + px",
        block.filters,
        out_height * out_width
    );
    line(&mut text, &format!("let to = {place};"));
    for (ty, tx) in grid(tile.rows, tile.columns) {
        let inside = format!("if (py + {ty}u < {out_height}u && px + {tx}u < {out_width}u) {{");
        line(&mut text, &inside);
        line(
            &mut text,
            "var best = vec4<f32>();\nvar which = vec4<i32>(-1);",
        );
        for (wy, wx) in grid(pool, pool) {
            let sum = format!("s{}_{} + b", ty * pool + wy, tx * pool + wx);
            let which = wy * pool + wx;
            line(
                &mut text,
                &format!(
                    "{{ let v = {sum}; let more = v > best; best = select(best, v, more); which = select(which, vec4<i32>({which}), more); }}"
                ),
            );
        }
        for (n, lane) in ["x", "y", "z", "w"].iter().enumerate() {
            let to = n * out_height * out_width + ty * out_width + tx;
            line(
                &mut text,
                &format!("output[to + {to}u] = best.{lane};\nchoice[to + {to}u] = which.{lane};"),
            );
        }
        line(&mut text, "}");
    }
    text
}

fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |y| (0..columns).map(move |x| (y, x)))
}

fn spread(block: &Block, pad: bool) -> String {
    let ([height, width], border) = block.spread(pad);
    let [out_height, out_width] = block.output();
    let [inner_height, inner_width] = block.pooled_over();
    let pool = block.pool;
    format!(
        "let x = i32(i % {width}u) - {border};
let y = i32((i / {width}u) % {height}u) - {border};
let f = i / {}u;
var value = 0.0;
if (x >= 0 && y >= 0 && x < {inner_width} && y < {inner_height}) {{
let start = (layer * {}u + f) * {}u + u32(y / {pool}) * {out_width}u + u32(x / {pool});
if (choice[start] == (y % {pool}) * {pool} + x % {pool}) {{ value = gradient[start]; }}
}}
spread[layer * {}u + i] = value;\n",
        height * width,
        block.filters,
        out_height * out_width,
        block.filters * height * width,
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
    let tile = Tile::of_input(block);
    let ([spread_height, spread_width], _) = block.spread(true);
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
        for (n, lane) in ["x", "y", "z", "w"].iter().enumerate() {
            let to = n * map + y * width + x;
            line(&mut text, &format!("result[to + {to}u] = s{y}_{x}.{lane};"));
        }
        line(&mut text, "}");
    }
    text
}

fn weight_shares(block: &Block, pad: bool, parts: &Parts) -> String {
    let Block {
        channels,
        height,
        width,
        filters,
        kernel,
        ..
    } = *block;
    let tile = Tile::of_weights(block);
    let ([spread_height, spread_width], border) = block.spread(pad);
    let [rows, columns] = block.pooled_over();
    let groups = channels.div_ceil(tile.channels);
    let (map, plane) = (height * width, spread_height * spread_width);
    let area = kernel * kernel;
    let mut text = format!(
        "let ky = i % {kernel}u;
let c = ((i / {kernel}u) % {groups}u) * {}u;
let f = (i / {}u) * 4u;
let first = (layer / {}u) * {}u;
let row = (layer % {}u) * {}u;
let rows_end = min(row + {}u, {rows}u);
let end = min(first + {}u, {}u);
var sb = vec4<f32>();\n",
        tile.channels,
        kernel * groups,
        parts.row_shares,
        parts.records_each,
        parts.row_shares,
        parts.rows_each,
        parts.rows_each,
        parts.records_each,
        parts.records,
    );
    for (n, kx) in grid(tile.channels, kernel) {
        line(&mut text, &format!("var s{n}_{kx} = vec4<f32>();"));
    }
    line(
        &mut text,
        &format!(
            "for (var n = first; n < end; n++) {{
for (var y = row; y < rows_end; y++) {{
var start = (n * {channels}u + c) * {map}u + (y + ky) * {width}u;
var g = (n * {filters}u + f) * {plane}u + (y + {border}u) * {spread_width}u + {border}u;"
        ),
    );
    // A window of the kernel's width slides along the row.
    for (n, x) in grid(tile.channels, kernel - 1) {
        let offset = n * map + x;
        line(
            &mut text,
            &format!("var a{n}_{x} = input[start + {offset}u];"),
        );
    }
    line(
        &mut text,
        &format!(
            "for (var x = 0u; x < {columns}u; x++) {{
let d = {};
sb += d;",
            four("spread", "g", plane)
        ),
    );
    for n in 0..tile.channels {
        let last = kernel - 1;
        let offset = n * map + last;
        line(
            &mut text,
            &format!("let a{n}_{last} = input[start + {offset}u];"),
        );
        for kx in 0..kernel {
            line(&mut text, &format!("s{n}_{kx} += a{n}_{kx} * d;"));
        }
        for x in 0..last {
            line(&mut text, &format!("a{n}_{x} = a{n}_{};", x + 1));
        }
    }
    line(&mut text, "start++;\ng++;\n}\n}\n}");
    let numbers = block.weights() + filters;
    line(
        &mut text,
        &format!("let to = layer * {numbers}u + (f * {channels}u + c) * {area}u + ky * {kernel}u;"),
    );
    for (n, kx) in grid(tile.channels, kernel) {
        for (m, lane) in ["x", "y", "z", "w"].iter().enumerate() {
            let to = (m * channels + n) * area + kx;
            line(
                &mut text,
                &format!("shares[to + {to}u] = s{n}_{kx}.{lane};"),
            );
        }
    }
    line(
        &mut text,
        &format!(
            "if (c == 0u && ky == 0u) {{
let b = layer * {numbers}u + {}u + f;
shares[b] = sb.x; shares[b + 1u] = sb.y; shares[b + 2u] = sb.z; shares[b + 3u] = sb.w;
}}",
            block.weights()
        ),
    );
    text
}

fn sum_shares(block: &Block, parts: &Parts) -> String {
    let numbers = block.weights() + block.filters;
    let weights = block.weights();
    format!(
        "var sum = 0.0;
for (var p = 0u; p < {}u; p++) {{ sum += shares[p * {numbers}u + i]; }}
if (i < {weights}u) {{ weight[i] = sum; }} else {{ bias[i - {weights}u] = sum; }}\n",
        parts.count()
    )
}
