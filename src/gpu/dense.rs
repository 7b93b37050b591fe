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

use super::launch::{empty, launch};
use crate::wgsl::dense::{Dense, Sides};

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

fn sides(weight: &CubeTensor, relu: bool) -> Sides {
    let (inputs, units) = (weight.meta.shape()[0], weight.meta.shape()[1]);
    Sides {
        inputs,
        units,
        relu,
    }
}

impl DenseForward for CubeBackend {
    fn dense(input: CubeTensor, weight: CubeTensor, bias: CubeTensor, relu: bool) -> CubeTensor {
        let [input, weight, bias] = [input, weight, bias].map(into_contiguous);
        let (records, sides) = (input.meta.shape()[0], sides(&weight, relu));
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
        let (records, sides) = (gradient.meta.shape()[0], sides(&weight, relu));
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
        let sides = sides(&weight, relu);
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
