//! The gradients of weight and bias, from a spread one: shares of the records, then their sum.

use super::Block;
use crate::wgsl::{Kernel, four, grid, line, program};

/// How the weights' gradient is summed: shares of some records and some rows each, then their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parts {
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
    /// The shares of so many records.
    pub fn new(records: usize, block: &Block) -> Self {
        let [rows, _] = block.pooled_over();
        let few = weight_invocations(block) < INVOCATIONS_FEW;
        let rows_each = if few { rows.div_ceil(ROW_SHARES) } else { rows };
        Self {
            records,
            records_each: records.div_ceil(RECORD_SHARES_MAX),
            rows_each,
            row_shares: rows.div_ceil(rows_each),
        }
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.records.div_ceil(self.records_each) * self.row_shares
    }
}

/// Binds input, spread; shares. A layer is a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WeightShares {
    /// Whose gradients.
    pub block: Block,
    /// Whether the spread gradient has a border.
    pub pad: bool,
    /// The shares.
    pub parts: Parts,
}

impl Kernel for WeightShares {
    fn invocations(&self) -> usize {
        weight_invocations(&self.block)
    }

    fn text(&self) -> String {
        program(
            &["input", "spread"],
            &["shares"],
            self.invocations(),
            &weight_shares(&self.block, self.pad, &self.parts),
        )
    }
}

/// Binds shares; weight, bias. One layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SumShares {
    /// Whose gradients.
    pub block: Block,
    /// The shares.
    pub parts: Parts,
}

impl Kernel for SumShares {
    fn invocations(&self) -> usize {
        self.block.numbers()
    }

    fn text(&self) -> String {
        program(
            &["shares"],
            &["weight", "bias"],
            self.invocations(),
            &sum_shares(&self.block, &self.parts),
        )
    }
}

/// Channels whose weights' gradients one invocation sums, for four filters and a row of the kernel.
fn channels_at_once(block: &Block) -> usize {
    block.channels.min(4)
}

fn weight_invocations(block: &Block) -> usize {
    block.filters / 4 * block.channels.div_ceil(channels_at_once(block)) * block.kernel
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
    let at_once = channels_at_once(block);
    let ([spread_height, spread_width], border) = (block.spread(pad), block.border(pad));
    let [rows, columns] = block.pooled_over();
    let groups = channels.div_ceil(at_once);
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
        at_once,
        kernel * groups,
        parts.row_shares,
        parts.records_each,
        parts.row_shares,
        parts.rows_each,
        parts.rows_each,
        parts.records_each,
        parts.records,
    );
    for (n, kx) in grid(at_once, kernel) {
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
    for (n, x) in grid(at_once, kernel - 1) {
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
    for n in 0..at_once {
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
    let numbers = block.numbers();
    line(
        &mut text,
        &format!("let to = layer * {numbers}u + (f * {channels}u + c) * {area}u + ky * {kernel}u;"),
    );
    for (n, kx) in grid(at_once, kernel) {
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
    let numbers = block.numbers();
    let weights = block.weights();
    format!(
        "var sum = 0.0;
for (var p = 0u; p < {}u; p++) {{ sum += shares[p * {numbers}u + i]; }}
if (i < {weights}u) {{ weight[i] = sum; }} else {{ bias[i - {weights}u] = sum; }}\n",
        parts.count()
    )
}
