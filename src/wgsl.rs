//! WebGPU kernels as text: WGSL for the shapes that a network has. `gpu` launches them; nothing here knows
//! Burn or a GPU, so that every text is checked in native tests (`tests/native/wgsl.rs`).
//!
//! Shapes are written into the texts as numbers and inner loops are written out, so that sums stay in
//! registers: each invocation loads few numbers and multiplies each of them many times. No workgroup memory
//! and no barriers where they can be helped: a software adapter pays dearly for them, and a card's caches
//! hold these maps.

pub mod adam;
pub mod block;
pub mod classify;
pub mod dense;
pub mod images;

use std::fmt::{Debug, Write};
use std::hash::Hash;

/// Invocations a workgroup; WebGPU promises 256.
pub const WORKGROUP: u32 = 64;
/// Workgroups that WebGPU promises a dimension. A layer is one of the second dimension.
pub const WORKGROUPS_MAX: usize = 65_535;

/// A kernel of our own text: what it computes and the shapes in its text, which make it another kernel.
pub trait Kernel: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// Number of invocations in each layer.
    fn invocations(&self) -> usize;

    /// Its WGSL; the entry point is `main`.
    fn text(&self) -> String;
}

/// A kernel's text: its buffers in the order of their binding, and `body` for invocation `i` of `layer`.
/// Buffers are of `f32` unless they say otherwise after a colon.
fn program(inputs: &[&str], outputs: &[&str], invocations: usize, body: &str) -> String {
    let mut text = String::new();
    let buffers = inputs.iter().map(|name| (name, "read"));
    let buffers = buffers.chain(outputs.iter().map(|name| (name, "read_write")));
    for (at, (name, access)) in buffers.enumerate() {
        let (name, kind) = name.split_once(": ").unwrap_or((name, "f32"));
        let declared = format!("var<storage, {access}> {name}: array<{kind}>;");
        line(&mut text, &format!("@group(0) @binding({at}) {declared}"));
    }
    let signature =
        "@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>";
    line(
        &mut text,
        &format!(
            "@compute @workgroup_size({WORKGROUP})
fn main({signature}) {{
let i = id.x;
let layer = group.y;
if (i >= {invocations}u) {{ return; }}"
        ),
    );
    text + body + "}\n"
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

/// Rows and columns, row by row.
fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |y| (0..columns).map(move |x| (y, x)))
}
