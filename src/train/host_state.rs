//! Steps whose gradients come in slices: the state is kept as plain numbers, which is how it is sent to
//! helpers and how their answers come.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use burn::tensor::Tensor;

use super::layout::Layout;
use super::{Learner, Loss, average, figures, forward, group_sizes, running};
use crate::batch::{Batch, numbers};
use crate::checkpoint::Tensors;
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::model::{Model, Pass};
use crate::network::Role;
use crate::optimizer::{HostEntry, HostOptimizer, Optimizer, Share};
use crate::random::Draws;

/// The network's tensors and the optimiser as plain numbers. While it is there, the learner's own optimiser is behind
/// it, and its model may be.
#[derive(Clone, Debug)]
pub(super) struct HostState {
    pub(super) layout: Layout,
    /// Shared with whoever sends them to helpers; nobody does during a step.
    values: Rc<Vec<f32>>,
    optimizer: HostOptimizer,
    /// The averages of all values; none where there are none, and before the first step.
    pub(super) average: Option<Vec<f32>>,
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

impl Learner {
    /// Mean loss and number classified correctly, then the gradients of each trainable tensor, then each group's
    /// statistics, over a slice of a batch; the model stays as it is.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read it back.
    pub async fn slice_gradients(
        &self,
        slice: &Batch,
        draws: Draws,
    ) -> Result<Vec<Vec<f32>>, Error> {
        let model = self.model();
        let groups = self.groups(slice.records);
        let Pass { logits, statistics } = forward(&model, slice, draws, &groups);
        let Loss { learnt, plain } = self.loss(logits.clone(), slice);
        let mut gradients = learnt.backward();
        let mut flat = vec![figures(plain, logits.inner(), slice)];
        for place in model.trainable() {
            let value = model.values().get(place);
            let gradient = value.and_then(|value| value.take_gradient(&mut gradients));
            // What no gradient reaches does not move, and still has its place in the answer.
            flat.extend(gradient.or_else(|| Some(value?.flat().zeros_like())));
        }
        for found in statistics {
            flat.extend([found.mean, found.variance]);
        }
        drop(gradients); // Else they are shared, and handed out as copies.
        let mut found = Vec::with_capacity(flat.len());
        for tensor in flat {
            found.push(numbers(tensor).await?);
        }
        Ok(found)
    }

    /// How many numbers [`Learner::slice_gradients`] gives of so many records.
    pub fn slice_numbers(&self, records: usize) -> usize {
        let plan = self.plan();
        let groups = self.groups(records).len();
        let features: usize = plan
            .norms()
            .iter()
            .map(|layer| layer.input.features())
            .sum();
        2 + Layout::of(plan).trainable + 2 * groups * features
    }

    /// All tensors' numbers, one after the other, the trainable ones first: what a helper has to be sent.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read them back.
    pub async fn joined(&self) -> Result<Rc<Vec<f32>>, Error> {
        match &self.host_state {
            Some(host) => Ok(Rc::clone(&host.values)),
            None => read_joined(&self.model).await.map(Rc::new),
        }
    }

    /// The same of the model that images are classified by.
    ///
    /// # Errors
    /// As [`Learner::joined`].
    pub async fn joined_as_shown(&self) -> Result<Rc<Vec<f32>>, Error> {
        match &self.shown {
            Some((_, shown)) => read_joined(shown).await.map(Rc::new),
            None => self.joined().await,
        }
    }

    /// Takes over what [`Learner::joined`] gave, with a fresh optimiser: `entries` numbers, of which `numbers` gives
    /// those in a range, so that each is copied once.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is of another network; the learner is as it was.
    pub fn load_flat(
        &mut self,
        entries: usize,
        mut numbers: impl FnMut(Range<usize>) -> Vec<f32>,
    ) -> Result<(), Error> {
        let layout = Layout::of(self.plan());
        if layout.all != entries {
            return Err(Error::checkpoint(format!(
                "it has {entries} numbers, and the network has {}",
                layout.all
            )));
        }
        let model = self.model.clone();
        self.model = model.with_numbers(|place| Some(numbers(layout.range(place))))?;
        self.restart_optimizer();
        Ok(())
    }

    /// Brings the model up to the plain numbers, which [`Learner::step_with`] leaves to a moment at which
    /// nobody waits: until then each use of it makes one for itself.
    pub fn catch_up(&mut self) {
        if let Cow::Owned(model) = self.model() {
            self.model = model;
        }
        if let Some(host) = &mut self.host_state {
            host.is_ahead = false;
        }
    }

    /// The model as the last step left it.
    pub(super) fn model(&self) -> Cow<'_, Model> {
        let Some(host) = self.host_state.as_ref().filter(|host| host.is_ahead) else {
            return Cow::Borrowed(&self.model);
        };
        let numbers = |place| {
            host.values
                .get(host.layout.range(place))
                .map(<[f32]>::to_vec)
        };
        // They were read from this model, so they always fit it.
        let written = self.model.clone().with_numbers(numbers).ok();
        written.map_or(Cow::Borrowed(&self.model), Cow::Owned)
    }

    /// One optimiser step on the mean over the slices of a batch, each weighted by its records. Adds what it
    /// came to to `mean`.
    ///
    /// # Errors
    /// As [`Learner::begin_step`].
    pub async fn step_with(
        &mut self,
        slices: &[SliceResult],
        lr: f64,
        mean: &mut RunningMean,
    ) -> Result<(), Error> {
        self.begin_step(slices).await?;
        if let Some(share) = self.share(0, 1) {
            self.flatten(share);
        }
        self.end_step(slices, lr, mean);
        Ok(())
    }

    /// Begins such a step: the directions of Muon's matrices are to be made equally strong then, share by share, before
    /// [`Learner::end_step`].
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read the state back, before the first such step.
    pub async fn begin_step(&mut self, slices: &[SliceResult]) -> Result<(), Error> {
        if self.host_state.is_none() {
            self.host_state = Some(self.to_host_state().await?);
        }
        if let Some(host) = &mut self.host_state {
            let gradients = weighted(slices, host.layout.trainable);
            host.optimizer.begin_step(&gradients);
        }
        Ok(())
    }

    /// A share of the matrices that Muon moves; none where it moves none, and before a step was begun.
    pub fn share(&self, part: u32, parts: u32) -> Option<Share> {
        self.host_state.as_ref()?.optimizer.share(part, parts)
    }

    /// The steps of a share's matrices, one after the other.
    pub fn steps_of(&self, share: Share) -> Vec<f32> {
        let host = self.host_state.as_ref();
        host.map_or_else(Vec::new, |host| host.optimizer.steps_of(share))
    }

    /// Makes the directions of a share's steps equally strong.
    pub fn flatten(&mut self, share: Share) {
        if let Some(host) = &mut self.host_state {
            host.optimizer.flatten(share);
        }
    }

    /// Takes over the same from whoever did so.
    pub fn take_flattened(&mut self, share: Share, steps: &[f32]) {
        if let Some(host) = &mut self.host_state {
            host.optimizer.take_flattened(share, steps);
        }
    }

    /// Ends a step that was begun with the same slices.
    pub fn end_step(&mut self, slices: &[SliceResult], lr: f64, mean: &mut RunningMean) {
        let Some(mut host) = self.host_state.take() else {
            return;
        };
        let averaging = self.optimizer.rule().averaging;
        if host.average.is_none() && averaging > 0.0 {
            host.average = Some(host.values.to_vec());
        }
        let trainable = host.layout.trainable;
        let values = Rc::make_mut(&mut host.values);
        let end = trainable.min(values.len());
        let (moved, rest) = values.split_at_mut(end);
        host.optimizer
            .end_step(moved, &weighted(slices, trainable), lr);
        self.advance_running(slices, &host.layout, rest);
        if let Some(average) = &mut host.average
            && let Some(share) = average::share(averaging, host.optimizer.steps())
        {
            average::advance_host(average, &host.values, share);
        }
        host.is_ahead = true;
        self.shown = None;
        self.host_state = Some(host);
        let records = slices.iter().map(|slice| slice.records).sum();
        let (loss, right) = figures_of(slices, records);
        mean.add(loss, right, records);
    }

    /// Moves the running statistics, which lie in `rest`: all numbers that the optimiser does not move.
    fn advance_running(&self, slices: &[SliceResult], layout: &Layout, rest: &mut [f32]) {
        if !self.plan().is_grouped() {
            return;
        }
        let statistics: Vec<&[f32]> = (slices.iter())
            .map(|slice| {
                slice
                    .numbers
                    .get(2 + layout.trainable..)
                    .unwrap_or_default()
            })
            .collect();
        let groups: Vec<Vec<usize>> = (slices.iter())
            .map(|slice| group_sizes(slice.records, self.plan().spec.norm_group))
            .collect();
        let in_place = |place: usize, change: &mut dyn FnMut(&mut [f32])| {
            let range = layout.range(place);
            let range = range.start - layout.trainable..range.end - layout.trainable;
            if let Some(numbers) = rest.get_mut(range) {
                change(numbers);
            }
        };
        running::advance_host(self.plan(), in_place, &statistics, &groups);
    }

    /// The state as plain numbers.
    async fn to_host_state(&self) -> Result<HostState, Error> {
        let layout = Layout::of(self.plan());
        let values = Rc::new(read_joined(&self.model).await?);
        let (mut found, steps) = self.tensors().await?;
        let (mut entries, mut remembered) = (Vec::new(), Vec::new());
        for place in self.plan().places_of(Role::Trainable) {
            if let Some(entry) = self.plan().entries.get(place) {
                remembered.push(found.slots.remove(&entry.name));
                entries.push(HostEntry {
                    place,
                    range: layout.range(place),
                    shape: entry.shape.clone(),
                });
            }
        }
        let average = self.average.as_ref().map(|_| {
            let mut average = values.to_vec(); // What is frozen stays as it is.
            for (place, entry) in self.plan().entries.iter().enumerate() {
                if let Some(numbers) = found.averaged.get(&entry.name)
                    && let Some(place) = average.get_mut(layout.range(place))
                    && place.len() == numbers.len()
                {
                    place.copy_from_slice(numbers);
                }
            }
            average
        });
        Ok(HostState {
            optimizer: HostOptimizer::new(self.optimizer.rule(), steps, &entries, &remembered),
            layout,
            values,
            average,
            is_ahead: false,
        })
    }

    /// Brings the optimiser's tensors up to the plain numbers, if there were steps with helpers.
    pub(super) fn end_host_state(&mut self) {
        self.catch_up();
        if let Some((found, steps)) = self.host_tensors() {
            self.take_optimizer(&found, steps);
            self.host_state = None;
        }
    }

    /// The optimiser goes on with what `found` has of it.
    pub(super) fn take_optimizer(&mut self, found: &Tensors, steps: i32) {
        self.optimizer = Optimizer::new(self.optimizer.rule(), steps);
        let device = &self.inner_device;
        let mut average = Vec::new();
        for (place, entry) in self.model.plan().entries.iter().enumerate() {
            if let Some(slots) = found.slots.get(&entry.name) {
                self.optimizer.set_slots(place, slots, device);
            }
            let numbers = found.averaged.get(&entry.name);
            average.push(numbers.map(|numbers| Tensor::from_data(numbers.as_slice(), device)));
        }
        self.average = (!found.averaged.is_empty()).then_some(average);
        self.shown = None;
    }

    /// The state after steps with helpers, and the optimiser's number of steps.
    pub(super) fn host_tensors(&self) -> Option<(Tensors, i32)> {
        let host = self.host_state.as_ref()?;
        let mut found = Tensors::default();
        for (place, entry) in self.plan().entries.iter().enumerate() {
            let range = host.layout.range(place);
            let of = |numbers: &[f32]| numbers.get(range.clone()).map(<[f32]>::to_vec);
            found.values.insert(entry.name.clone(), of(&host.values)?);
            let slots = host.optimizer.slots(place, &range);
            if !slots.is_empty() {
                found.slots.insert(entry.name.clone(), slots);
            }
            if let Some(average) = host.average.as_ref().filter(|_| entry.role != Role::Frozen) {
                found.averaged.insert(entry.name.clone(), of(average)?);
            }
        }
        Some((found, host.optimizer.steps()))
    }
}

/// All numbers of a model, as [`Layout`] lays them.
async fn read_joined(model: &Model) -> Result<Vec<f32>, Error> {
    let places = Layout::of(model.plan()).in_order().into_iter();
    let values = places.filter_map(|place| model.values().get(place));
    let flat = values.map(|value| value.flat()).collect();
    numbers(Tensor::cat(flat, 0)).await
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
fn weighted(slices: &[SliceResult], trainable: usize) -> Vec<(f32, &[f32])> {
    let records: usize = slices.iter().map(|slice| slice.records).sum();
    let share = |slice: &SliceResult| (slice.records as f64 / records as f64) as f32;
    let gradients =
        |slice: &'_ SliceResult| -> Range<usize> { 2..(2 + trainable).min(slice.numbers.len()) };
    let slices = slices.iter();
    slices
        .map(|s| (share(s), s.numbers.get(gradients(s)).unwrap_or_default()))
        .collect()
}
