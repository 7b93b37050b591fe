//! A dense layer's kernels.

use super::{Kernel, program};

/// One of the kernels; a layer is a record but for the weight's gradient, which has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dense {
    /// Binds input, weight, bias; output.
    Forward(Sides),
    /// Binds gradient, output (where ReLU), weight; result.
    Input(Sides),
    /// Binds gradient, output (where ReLU), input; weight, bias. Of so many records.
    Weight(Sides, usize),
}

/// What a dense layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sides {
    /// Numbers that come in.
    pub inputs: usize,
    /// Numbers that go out.
    pub units: usize,
    /// Whether ReLU follows.
    pub relu: bool,
}

impl Kernel for Dense {
    fn invocations(&self) -> usize {
        match self {
            Self::Forward(sides) => sides.units.div_ceil(2),
            Self::Input(sides) => sides.inputs.div_ceil(4),
            Self::Weight(sides, _) => sides.inputs.div_ceil(4) * sides.units,
        }
    }

    fn text(&self) -> String {
        let (Self::Forward(sides) | Self::Input(sides) | Self::Weight(sides, _)) = *self;
        let (inputs, outputs, body) = match *self {
            Self::Forward(_) => (["input", "weight", "bias"], &["output"][..], forward(sides)),
            Self::Input(_) => (
                ["gradient", "passed", "weight"],
                &["result"][..],
                input_gradient(sides),
            ),
            Self::Weight(_, records) => (
                ["gradient", "passed", "input"],
                &["weight", "bias"][..],
                weight_gradient(sides, records),
            ),
        };
        // A buffer that the text never reads has no place in the kernel's layout.
        let used = |name: &&str| *name != "passed" || sides.relu;
        let inputs: Vec<&str> = inputs.into_iter().filter(used).collect();
        program(&inputs, outputs, self.invocations(), &body)
    }
}

/// The gradient at `at` behind the layer's ReLU.
fn passing(at: &str, relu: bool) -> String {
    if relu {
        format!("select(0.0, gradient[{at}], passed[{at}] > 0.0)")
    } else {
        format!("gradient[{at}]")
    }
}

fn forward(sides: Sides) -> String {
    let Sides {
        inputs,
        units,
        relu,
    } = sides;
    let out = |sum: &str| match relu {
        true => format!("max({sum}, 0.0)"),
        false => sum.to_owned(),
    };
    // Beyond the last unit, the second sum is of other numbers and goes nowhere.
    format!(
        "let u = i * 2u;
var s0 = bias[u];
var s1 = bias[min(u + 1u, {units}u - 1u)];
let at = layer * {inputs}u;
var w = u;
for (var k = 0u; k < {inputs}u; k++) {{
let x = input[at + k];
s0 += x * weight[w];
s1 += x * weight[w + 1u];
w += {units}u;
}}
let to = layer * {units}u + u;
output[to] = {};
if (u + 1u < {units}u) {{ output[to + 1u] = {}; }}\n",
        out("s0"),
        out("s1")
    )
}

/// Four inputs an invocation.
fn input_gradient(sides: Sides) -> String {
    let Sides {
        inputs,
        units,
        relu,
    } = sides;
    let gradient = passing("at + u", relu);
    let zeros = four_times(|k| format!("var s{k} = 0.0;\n"));
    let sums = four_times(|k| format!("s{k} += g * weight[w + {}u];\n", k * units));
    let writes =
        four_times(|k| format!("if (first + {k}u < {inputs}u) {{ result[to + {k}u] = s{k}; }}\n"));
    format!(
        "let first = i * 4u;
let at = layer * {units}u;
var w = first * {units}u;
{zeros}for (var u = 0u; u < {units}u; u++) {{
let g = {gradient};
{sums}w++;
}}
let to = layer * {inputs}u + first;
{writes}"
    )
}

/// A line for each of four neighbours.
fn four_times(line: impl Fn(usize) -> String) -> String {
    (0..4).map(line).collect()
}

/// Four inputs' weights of one unit an invocation.
fn weight_gradient(sides: Sides, records: usize) -> String {
    let Sides {
        inputs,
        units,
        relu,
    } = sides;
    let gradient = passing(&format!("n * {units}u + u"), relu);
    let zeros = four_times(|k| format!("var s{k} = 0.0;\n"));
    let sums = four_times(|k| format!("s{k} += g * input[n * {inputs}u + first + {k}u];\n"));
    let writes = four_times(|k| {
        format!(
            "if (first + {k}u < {inputs}u) {{ weight[(first + {k}u) * {units}u + u] = s{k}; }}\n"
        )
    });
    format!(
        "let u = i % {units}u;
let first = (i / {units}u) * 4u;
var total = 0.0;
{zeros}for (var n = 0u; n < {records}u; n++) {{
let g = {gradient};
total += g;
{sums}}}
{writes}if (first == 0u) {{ bias[u] = total; }}\n"
    )
}
