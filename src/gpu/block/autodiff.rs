//! The block's backward pass as autodiff calls it: what it keeps from the forward pass, and which of its
//! parts run.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};

use super::{Autodiff, Backend, Block, BlockBackward, BlockForward};

#[derive(Debug)]
struct BlockStep;

/// What the backward pass needs of the forward one.
#[derive(Clone, Debug)]
struct Kept<B: Backend> {
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    choice: IntTensor<B>,
    block: Block,
}

impl<B: BlockBackward> Backward<B, 3> for BlockStep {
    type State = Kept<B>;

    fn backward(self, ops: Ops<Kept<B>, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let [input, weight, bias] = ops.parents;
        let kept = ops.state;
        let pad = input.is_some();
        let spread = B::block_spread_gradient(gradient, kept.choice, kept.block, pad);
        if let Some(input) = input {
            let gradient = B::block_input_gradient(spread.clone(), kept.weight, kept.block);
            gradients.register::<B>(input.id, gradient);
        }
        if weight.is_none() && bias.is_none() {
            return;
        }
        let (of_weight, of_bias) = B::block_weight_gradient(kept.input, spread, kept.block, pad);
        if let Some(weight) = weight {
            gradients.register::<B>(weight.id, of_weight);
        }
        if let Some(bias) = bias {
            gradients.register::<B>(bias.id, of_bias);
        }
    }
}

impl<B: BlockForward + BlockBackward, C: CheckpointStrategy> BlockForward for Autodiff<B, C> {
    fn block(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        block: Block,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let [(input, of_input), (weight, of_weight), (bias, of_bias)] =
            [input, weight, bias].map(|tensor| tensor.into_parts());
        let nodes = [of_input, of_weight, of_bias];
        let prepared = BlockStep.prepare::<C>(nodes).compute_bound().stateful();
        let (output, choice) = B::block(input.clone(), weight.clone(), bias, block);
        let output = match prepared {
            OpsKind::UnTracked(step) => step.finish(output),
            OpsKind::Tracked(step) => {
                let kept = Kept {
                    input,
                    weight,
                    choice: choice.clone(),
                    block,
                };
                step.finish(kept, output)
            }
        };
        (output, choice)
    }
}
