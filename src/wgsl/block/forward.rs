//! The forward kernel: sums of a tile of places and four filters in registers, bias, ReLU and pooling on
//! the way out.

use super::Block;
use crate::wgsl::{Kernel, four, grid, line, program};

/// Binds input, weight, bias; output, choice. A layer is a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Forward(pub Block);

impl Kernel for Forward {
    fn invocations(&self) -> usize {
        let Self(block) = self;
        let ([height, width], tile) = (block.output(), Tile::of(block));
        height.div_ceil(tile.rows) * width.div_ceil(tile.columns) * block.filters / 4
    }

    fn text(&self) -> String {
        let inputs = ["input", "weight", "bias"];
        let outputs = ["output", "choice: i32"];
        program(&inputs, &outputs, self.invocations(), &forward(&self.0))
    }
}

/// Output places that one invocation computes, of four channels each.
struct Tile {
    rows: usize,
    columns: usize,
}

impl Tile {
    fn of(block: &Block) -> Self {
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
    let tile = Tile::of(block);
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
