//! A dense layer with bias and, if wanted, ReLU as one operation: a dispatch forward, two backward.
//!
//! Its matrices are small and narrow; an invocation computes few numbers, since there are not many.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Shape, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::launch::{Kernel, empty, launch};
use super::wgsl::program;

/// The forward pass, on the GPU and with gradients.
#[backend_extension(Cube, Fusion, Autodiff)]
pub trait DenseForward: Backend {
    /// # Shapes
    /// Input `[n, inputs]`, weight `[inputs, units]`, bias `[units]` → `[n, units]`.
    #[fusion(meta = |input, weight, _, _| product_spec(input, weight))]
    fn dense(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;
}

/// The backward pass, on the GPU. Where `relu`, `output` says which gradients pass.
#[backend_extension(Cube, Fusion)]
pub trait DenseBackward: Backend {
    /// # Shapes
    /// Gradient and output `[n, units]`, weight `[inputs, units]` → `[n, inputs]`.
    #[fusion(meta = |gradient, _, weight, _| TensorSpec::new([gradient.shape[0], weight.shape[0]].into(), gradient.dtype))]
    fn dense_input_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;

    /// # Shapes
    /// Gradient and output `[n, units]`, input `[n, inputs]` → `[inputs, units]` and `[units]`.
    #[fusion(meta = weight_specs)]
    fn dense_weight_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        input: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The layer's output; with gradients where its inputs have them.
///
/// # Shapes
/// As [`DenseForward::dense`].
pub fn dense(input: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, relu: bool) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as DenseForward>::dense(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        relu,
    ))
}

fn product_spec(input: &TensorSpec, weight: &TensorSpec) -> TensorSpec {
    TensorSpec::new(Shape::from([input.shape[0], weight.shape[1]]), input.dtype)
}

fn weight_specs(
    gradient: &TensorSpec,
    _: &TensorSpec,
    input: &TensorSpec,
    _: &bool,
) -> (TensorSpec, TensorSpec) {
    let (inputs, units) = (input.shape[1], gradient.shape[1]);
    let spec = |shape: Shape| TensorSpec::new(shape, gradient.dtype);
    (spec([inputs, units].into()), spec([units].into()))
}

/// One of the kernels; a layer is a record but for the weight's gradient, which has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Dense {
    /// Binds input, weight, bias; output.
    Forward(Sides),
    /// Binds gradient, output (where ReLU), weight; result.
    Input(Sides),
    /// Binds gradient, output (where ReLU), input; weight, bias.
    Weight(Sides, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sides {
    inputs: usize,
    units: usize,
    relu: bool,
}

impl Sides {
    fn new(weight: &CubeTensor, relu: bool) -> Self {
        let (inputs, units) = (weight.meta.shape()[0], weight.meta.shape()[1]);
        Self {
            inputs,
            units,
            relu,
        }
    }
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

impl DenseForward for CubeBackend {
    fn dense(input: CubeTensor, weight: CubeTensor, bias: CubeTensor, relu: bool) -> CubeTensor {
        let [input, weight, bias] = [input, weight, bias].map(into_contiguous);
        let (records, sides) = (input.meta.shape()[0], Sides::new(&weight, relu));
        let output = empty(&input, [records, sides.units], DType::F32);
        let buffers = [&input, &weight, &bias, &output];
        launch(Dense::Forward(sides), records, &buffers);
        output
    }
}

/// Leaves the output out of the buffers where no ReLU asks for it.
fn bind<'a>(gradient: &'a CubeTensor, output: &'a CubeTensor, relu: bool) -> Vec<&'a CubeTensor> {
    if relu {
        vec![gradient, output]
    } else {
        vec![gradient]
    }
}

impl DenseBackward for CubeBackend {
    fn dense_input_gradient(
        gradient: CubeTensor,
        output: CubeTensor,
        weight: CubeTensor,
        relu: bool,
    ) -> CubeTensor {
        let [gradient, output, weight] = [gradient, output, weight].map(into_contiguous);
        let (records, sides) = (gradient.meta.shape()[0], Sides::new(&weight, relu));
        let result = empty(&gradient, [records, sides.inputs], DType::F32);
        let mut buffers = bind(&gradient, &output, relu);
        buffers.extend([&weight, &result]);
        launch(Dense::Input(sides), records, &buffers);
        result
    }

    fn dense_weight_gradient(
        gradient: CubeTensor,
        output: CubeTensor,
        input: CubeTensor,
        relu: bool,
    ) -> (CubeTensor, CubeTensor) {
        let [gradient, output, input] = [gradient, output, input].map(into_contiguous);
        let (records, units) = (gradient.meta.shape()[0], gradient.meta.shape()[1]);
        let inputs = input.meta.shape()[1];
        let weight = empty(&gradient, [inputs, units], DType::F32);
        let bias = empty(&gradient, [units], DType::F32);
        let sides = Sides::new(&weight, relu);
        let mut buffers = bind(&gradient, &output, relu);
        buffers.extend([&input, &weight, &bias]);
        launch(Dense::Weight(sides, records), 1, &buffers);
        (weight, bias)
    }
}

#[derive(Debug)]
struct DenseStep;

/// What the backward pass needs of the forward one.
#[derive(Clone, Debug)]
struct Kept<B: Backend> {
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    output: FloatTensor<B>,
    relu: bool,
}

impl<B: DenseBackward> Backward<B, 3> for DenseStep {
    type State = Kept<B>;

    fn backward(self, ops: Ops<Kept<B>, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let [input, weight, bias] = ops.parents;
        let kept = ops.state;
        if let Some(input) = input {
            let (gradient, output) = (gradient.clone(), kept.output.clone());
            let of_input = B::dense_input_gradient(gradient, output, kept.weight, kept.relu);
            gradients.register::<B>(input.id, of_input);
        }
        let (of_weight, of_bias) =
            B::dense_weight_gradient(gradient, kept.output, kept.input, kept.relu);
        if let Some(weight) = weight {
            gradients.register::<B>(weight.id, of_weight);
        }
        if let Some(bias) = bias {
            gradients.register::<B>(bias.id, of_bias);
        }
    }
}

impl<B: DenseForward + DenseBackward, C: CheckpointStrategy> DenseForward for Autodiff<B, C> {
    fn dense(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let [(input, of_input), (weight, of_weight), (bias, of_bias)] =
            [input, weight, bias].map(|tensor| tensor.into_parts());
        let nodes = [of_input, of_weight, of_bias];
        let prepared = DenseStep.prepare::<C>(nodes).compute_bound().stateful();
        let output = B::dense(input.clone(), weight.clone(), bias, relu);
        match prepared {
            OpsKind::UnTracked(step) => step.finish(output),
            OpsKind::Tracked(step) => {
                let kept = Kept {
                    input,
                    weight,
                    output: output.clone(),
                    relu,
                };
                step.finish(kept, output)
            }
        }
    }
}
