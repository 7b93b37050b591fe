//! Steps whose gradients come in slices: the state is kept as plain numbers, which is how it is sent to
//! helpers and how their answers come.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use burn::module::Module;

use super::{Collector, Learner, figures, forward};
use crate::adam::{Adam, HostAdam};
use crate::batch::{Batch, numbers};
use crate::checkpoint::Numbers;
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::model::Model;
use crate::parameters::{self, read_flat};

/// Parameters and optimiser as plain numbers. While it is there, the learner's own optimiser is behind it, and its
/// model may be.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    /// Shared with whoever sends them to helpers; nobody does during a step.
    parameters: Rc<Vec<f32>>,
    adam: HostAdam,
    /// Whether the learner's model is that of an earlier step.
    is_ahead: bool,
}

/// What a slice of a batch came to.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceResult {
    /// As [`Learner::slice_gradients`] gives them, here or in a helper.
    pub numbers: Vec<f32>,
    /// Number of records of the slice.
    pub records: usize,
}

impl SliceResult {
    fn gradients(&self) -> &[f32] {
        self.numbers.get(2..).unwrap_or_default()
    }
}

impl Learner {
    /// Mean loss and number classified rightly, then the gradients of each parameter, over a slice of a batch;
    /// the model stays as it is.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read it back.
    pub async fn slice_gradients(&self, slice: &Batch) -> Result<Vec<Vec<f32>>, Error> {
        let model = self.model();
        let (logits, loss) = forward(&model, slice);
        let gradients = loss.backward();
        let mut collector = Collector {
            gradients: &gradients,
            flat: vec![figures(loss.inner(), logits.inner(), slice)],
        };
        model.visit(&mut collector);
        let flat = collector.flat;
        drop(gradients); // Else they are shared, and handed out as copies.
        let mut found = Vec::with_capacity(flat.len());
        for tensor in flat {
            found.push(numbers(tensor).await?);
        }
        Ok(found)
    }

    /// All parameters, one after the other: what a helper has to be sent.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read them back.
    pub async fn parameters(&self) -> Result<Rc<Vec<f32>>, Error> {
        match &self.joint {
            Some(joint) => Ok(Rc::clone(&joint.parameters)),
            None => parameters::read_joined(&self.model).await.map(Rc::new),
        }
    }

    /// Takes over what [`Learner::parameters`] gave, with a fresh optimiser.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is of another network; the learner is as it was.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<(), Error> {
        let numbers = |range: Range<usize>| parameters.get(range).unwrap_or_default().to_vec();
        self.take_parameters(parameters.len(), numbers)
    }

    /// The same, with `entries` parameters of which `numbers` gives those in a range: so each is copied once.
    ///
    /// # Errors
    /// As [`Learner::set_parameters`].
    pub fn take_parameters(
        &mut self,
        entries: usize,
        numbers: impl FnMut(Range<usize>) -> Vec<f32>,
    ) -> Result<(), Error> {
        self.model = parameters::write_ranges(self.model.clone(), entries, numbers)?;
        self.restart_optimizer();
        Ok(())
    }

    /// Brings the model up to the plain numbers, which [`Learner::step_with`] leaves to a moment at which
    /// nobody waits: until then each use of it makes one for itself.
    pub fn catch_up(&mut self) {
        if let Cow::Owned(model) = self.model() {
            self.model = model;
        }
        if let Some(joint) = &mut self.joint {
            joint.is_ahead = false;
        }
    }

    /// The model as the last step left it.
    pub(super) fn model(&self) -> Cow<'_, Model> {
        let ahead = self.joint.as_ref().filter(|joint| joint.is_ahead);
        // They were read from this model, so they always fit it.
        let written = ahead
            .and_then(|joint| parameters::write_joined(self.model.clone(), &joint.parameters).ok());
        written.map_or(Cow::Borrowed(&self.model), Cow::Owned)
    }

    /// One optimiser step on the mean over the slices of a batch, each weighted by its records. Adds what it
    /// came to to `mean`.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read the state back, before the first such step.
    pub async fn step_with(
        &mut self,
        slices: &[SliceResult],
        lr: f64,
        mean: &mut RunningMean,
    ) -> Result<(), Error> {
        let mut joint = match self.joint.take() {
            Some(joint) => joint,
            None => self.to_joint().await?,
        };
        let records = slices.iter().map(|slice| slice.records).sum();
        let parameters = Rc::make_mut(&mut joint.parameters);
        joint.adam.step(parameters, &weighted(slices, records), lr);
        joint.is_ahead = true;
        self.joint = Some(joint);
        let (loss, right) = figures_of(slices, records);
        mean.add(loss, right, records);
        Ok(())
    }

    /// The state as plain numbers.
    async fn to_joint(&self) -> Result<Joint, Error> {
        let parameters = parameters::read_joined(&self.model).await?;
        let (means, squares) = self.adam.moments();
        let adam = HostAdam::with_moments(
            self.adam.steps(),
            read_flat(means).await?.concat(),
            read_flat(squares).await?.concat(),
            parameters.len(),
        );
        let parameters = Rc::new(parameters);
        Ok(Joint {
            parameters,
            adam,
            is_ahead: false,
        })
    }

    /// Brings the optimiser's tensors up to the plain numbers, if there were steps with helpers.
    pub(super) fn end_joint(&mut self) {
        self.catch_up();
        if let Some((found, steps)) = self.joint_numbers() {
            self.adam = Adam::with_moments(steps, &found.means, &found.squares, &self.inner_device);
            self.joint = None;
        }
    }

    /// The state after steps with helpers, one vector a parameter, and the optimiser's number of steps.
    pub(super) fn joint_numbers(&self) -> Option<(Numbers, i32)> {
        let joint = self.joint.as_ref()?;
        let (means, squares) = joint.adam.moments();
        let numbers = Numbers {
            parameters: self.split(&joint.parameters),
            means: self.split(means),
            squares: self.split(squares),
        };
        Some((numbers, joint.adam.steps()))
    }

    /// Plain numbers of all parameters, one vector each.
    fn split(&self, joined: &[f32]) -> Vec<Vec<f32>> {
        let mut rest = joined;
        let take = |shape: Vec<usize>| {
            let entries = shape.iter().product::<usize>();
            let (first, others) = rest.split_at(entries.min(rest.len()));
            rest = others;
            first.to_vec()
        };
        let shapes = parameters::shapes(&self.model);
        shapes.into_iter().map(take).collect()
    }
}

/// Mean loss of a batch's slices, and how many were right.
fn figures_of(slices: &[SliceResult], records: usize) -> (f64, f64) {
    let (mut loss_sum, mut right_sum) = (0.0, 0.0);
    for slice in slices {
        if let [loss, right, ..] = slice.numbers[..] {
            loss_sum += f64::from(loss) * slice.records as f64;
            right_sum += f64::from(right);
        }
    }
    (loss_sum / records as f64, right_sum)
}

/// Each slice's gradients with its share of the records.
fn weighted(slices: &[SliceResult], records: usize) -> Vec<(f32, &[f32])> {
    let share = |slice: &SliceResult| (slice.records as f64 / records as f64) as f32;
    let slices = slices.iter();
    slices.map(|s| (share(s), s.gradients())).collect()
}
