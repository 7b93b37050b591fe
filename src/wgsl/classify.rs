//! Mean cross-entropy, the gradient of that against smoothed targets, and the number classified correctly, by one workgroup.

use super::{Kernel, WORKGROUP};

/// Binds logits, targets; loss, tally, gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Classes {
    /// Records of a batch.
    pub records: usize,
    /// Logits a record.
    pub classes: usize,
    /// How much of a target is spread evenly over all classes, as bits, which can be compared.
    label_smoothing: u32,
}

impl Classes {
    /// Of so many records.
    pub fn new(records: usize, classes: usize, label_smoothing: f32) -> Self {
        Self {
            records,
            classes,
            label_smoothing: label_smoothing.to_bits(),
        }
    }
}

impl Kernel for Classes {
    fn invocations(&self) -> usize {
        WORKGROUP as usize
    }

    /// Each invocation takes every 64th record; the first one adds up what they found.
    fn text(&self) -> String {
        let Self {
            records, classes, ..
        } = *self;
        let spread = f32::from_bits(self.label_smoothing);
        let target = match spread {
            0.0 => "t".to_owned(),
            spread => format!("(t * {:?} + {:?})", 1.0 - spread, spread / classes as f32),
        };
        format!(
            "@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> tally: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;
var<workgroup> found: array<vec2<f32>, {WORKGROUP}>;
@compute @workgroup_size({WORKGROUP})
fn main(@builtin(local_invocation_id) id: vec3<u32>) {{
var mine = vec2<f32>();
for (var n = id.x; n < {records}u; n += {WORKGROUP}u) {{
let at = n * {classes}u;
var best = logits[at];
var predicted = 0u;
for (var k = 1u; k < {classes}u; k++) {{
if (logits[at + k] > best) {{ best = logits[at + k]; predicted = k; }}
}}
var sum = 0.0;
for (var k = 0u; k < {classes}u; k++) {{ sum += exp(logits[at + k] - best); }}
let rest = best + log(sum);
for (var k = 0u; k < {classes}u; k++) {{
let t = targets[at + k];
let p = logits[at + k] - rest;
mine.x -= t * p;
gradient[at + k] = (exp(p) - {target}) / {records}.0;
}}
mine.y += targets[at + predicted];
}}
found[id.x] = mine;
workgroupBarrier();
if (id.x == 0u) {{
var sum = vec2<f32>();
for (var k = 0u; k < {WORKGROUP}u; k++) {{ sum += found[k]; }}
loss[0] = sum.x / {records}.0;
tally[0] = sum.x / {records}.0;
tally[1] = sum.y;
}}
}}
"
        )
    }
}
