//! Logits → mean cross-entropy, its gradient, and how many records were classified correctly, in one
//! dispatch of one workgroup.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Shape, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::launch::{empty, launch};
use crate::wgsl::classify::Classes;

/// What became of a batch.
#[derive(Debug)]
pub struct Classified {
    /// `[1]`: mean loss, from which `backward` goes; with smoothed targets, to their loss's gradient.
    pub loss: Tensor<1>,
    /// `[2]`, without gradients: mean loss and number classified correctly.
    pub tally: Tensor<1>,
}

/// Mean cross-entropy of logits against one-hot targets, and the gradient of that against targets of which
/// `label_smoothing` is spread evenly over all classes. Of equal logits the first is the prediction.
///
/// # Shapes
/// Logits and targets `[n, classes]`.
pub fn classify(logits: Tensor<2>, targets: Tensor<2>, label_smoothing: f32) -> Classified {
    let (loss, tally, _) = <Dispatch as Classify>::classify(
        logits.into_dispatch(),
        targets.autodiff().into_dispatch(),
        label_smoothing,
    );
    Classified {
        loss: Tensor::from_dispatch(loss),
        tally: Tensor::<1>::from_dispatch(tally).inner(),
    }
}

/// On the GPU and with gradients.
#[backend_extension(Cube, Fusion, Autodiff)]
pub trait Classify: Backend {
    /// Loss `[1]`, tally `[2]` and the loss's gradient `[n, classes]`.
    #[fusion(meta = specs)]
    fn classify(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        label_smoothing: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

fn specs(logits: &TensorSpec, _: &TensorSpec, _: &f32) -> (TensorSpec, TensorSpec, TensorSpec) {
    let spec = |length: usize| TensorSpec::new(Shape::from([length]), logits.dtype);
    (spec(1), spec(2), logits.clone())
}

impl Classify for CubeBackend {
    fn classify(
        logits: CubeTensor,
        targets: CubeTensor,
        label_smoothing: f32,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [logits, targets] = [logits, targets].map(into_contiguous);
        let (records, classes) = (logits.meta.shape()[0], logits.meta.shape()[1]);
        let loss = empty(&logits, [1], DType::F32);
        let tally = empty(&logits, [2], DType::F32);
        let gradient = empty(&logits, [records, classes], DType::F32);
        let buffers = [&logits, &targets, &loss, &tally, &gradient];
        launch(Classes::new(records, classes, label_smoothing), 1, &buffers);
        (loss, tally, gradient)
    }
}

#[derive(Debug)]
struct ClassifyStep;

impl<B: Backend> Backward<B, 1> for ClassifyStep {
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<FloatTensor<B>, 1>,
        gradients: &mut Gradients,
        _: &mut Checkpointer,
    ) {
        let above = gradients.consume::<B>(&ops.node);
        let [logits] = ops.parents;
        if let Some(logits) = logits {
            let above = B::float_reshape(above, Shape::from([1, 1]));
            gradients.register::<B>(logits.id, B::float_mul(ops.state, above));
        }
    }
}

impl<B: Classify, C: CheckpointStrategy> Classify for Autodiff<B, C> {
    fn classify(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        label_smoothing: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, node) = logits.into_parts();
        let prepared = ClassifyStep.prepare::<C>([node]).compute_bound().stateful();
        let (loss, tally, gradient) =
            B::classify(logits, targets.into_primitive(), label_smoothing);
        let untracked = <Self as AutodiffBackend>::from_inner;
        let kept = gradient.clone();
        let loss = match prepared {
            OpsKind::Tracked(step) => step.finish(kept, loss),
            OpsKind::UnTracked(step) => step.finish(loss),
        };
        (loss, untracked(tally), untracked(gradient))
    }
}
