//! The rule on plain numbers: for a run with helpers, whose gradients come as such.
//!
//! As tensor operations a step of Adam takes ten passes a parameter while the helpers wait; here it is one loop. Nothing
//! is allocated in a step.

use std::ops::Range;
use std::sync::Arc;

use super::directions::{Matrices, Share};
use super::muon::{self, Orthogonal};
use super::{BETA_1, BETA_2, EPSILON, RHO, step_size};
use crate::protocol::{Decay, Velocity};
use crate::rule::{EntryRule, Rule, Update};

/// So many entries at a time: their sum of gradients stays in the first cache, and is not written out.
const CHUNK: usize = 1_024;
/// Most slots that a rule has.
const SLOTS: usize = 2;

/// A tensor among all numbers that learn.
#[derive(Clone, Debug, PartialEq)]
pub struct HostEntry {
    /// Its place in the network.
    pub place: usize,
    /// Where its numbers lie.
    pub range: Range<usize>,
    /// Its shape, as the network has it.
    pub shape: Vec<usize>,
}

/// Neighbouring tensors that move alike; one alone where Muon moves it.
#[derive(Clone, Debug)]
struct Span {
    range: Range<usize>,
    rule: EntryRule,
    /// Its shape.
    shape: Vec<usize>,
}

/// The optimiser's state as plain numbers, all parameters one after the other.
#[derive(Clone, Debug)]
pub struct HostOptimizer {
    rule: Arc<Rule>,
    steps: i32,
    spans: Vec<Span>,
    /// As many numbers as learn in each; empty where no tensor has such a slot.
    slots: [Vec<f32>; SLOTS],
    /// What Muon moves.
    matrices: Matrices,
    /// Their steps, one after the other.
    matrix_steps: Vec<f32>,
    orthogonal: Orthogonal,
}

impl HostOptimizer {
    /// An optimiser that goes on after `steps` steps. `remembered` has each tensor's slots, in the order of `entries`;
    /// none of one that has not moved.
    pub fn new(
        rule: &Arc<Rule>,
        steps: i32,
        entries: &[HostEntry],
        remembered: &[Option<Vec<Vec<f32>>>],
    ) -> Self {
        let end = entries.iter().map(|entry| entry.range.end).max();
        let most = entries.iter().map(|entry| rule.slots(entry.place).len());
        let most = most.max().unwrap_or(0);
        let mut slots: [Vec<f32>; SLOTS] = std::array::from_fn(|slot| match slot < most {
            true => vec![0.0; end.unwrap_or(0)],
            false => Vec::new(),
        });
        for (entry, found) in entries.iter().zip(remembered) {
            for (slot, numbers) in slots.iter_mut().zip(found.iter().flatten()) {
                if let Some(place) = slot.get_mut(entry.range.clone())
                    && place.len() == numbers.len()
                {
                    place.copy_from_slice(numbers);
                }
            }
        }
        let spans = spans(rule, entries);
        let shapes = || {
            spans
                .iter()
                .filter(|span| span.is_matrix())
                .map(|span| span.shape.as_slice())
        };
        let orthogonal = Orthogonal::for_shapes(shapes());
        let matrices = Matrices::new(shapes().map(<[usize]>::to_vec).collect());
        Self {
            rule: Arc::clone(rule),
            steps,
            spans,
            slots,
            matrix_steps: vec![0.0; matrices.numbers()],
            matrices,
            orthogonal,
        }
    }

    /// Number of steps since it was fresh.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// What is remembered of the tensor in a place whose numbers lie in `range`.
    pub fn slots(&self, place: usize, range: &Range<usize>) -> Vec<Vec<f32>> {
        let slots = self.slots.iter().take(self.rule.slots(place).len());
        let found = slots.map(|slot| slot.get(range.clone()).unwrap_or_default().to_vec());
        found.collect()
    }

    /// Moves `parameters` by one step along the sum of `parts`: gradients, each with its weight.
    pub fn step(&mut self, parameters: &mut [f32], parts: &[(f32, &[f32])], lr: f64) {
        self.begin_step(parts);
        if let Some(share) = self.share(0, 1) {
            self.flatten(share);
        }
        self.end_step(parameters, parts, lr);
    }

    /// The first third of a step along the sum of `parts`: what Muon's matrices are to move along, in every direction as
    /// far as the gradients say. The second is [`HostOptimizer::flatten`], share by share, here or elsewhere; the third
    /// [`HostOptimizer::end_step`].
    pub fn begin_step(&mut self, parts: &[(f32, &[f32])]) {
        self.steps = self.steps.saturating_add(1);
        let [first, _] = &mut self.slots;
        let mut rest = self.matrix_steps.as_mut_slice();
        for span in self.spans.iter().filter(|span| span.is_matrix()) {
            let (step, further) = rest.split_at_mut(span.range.len().min(rest.len()));
            for (at, step) in step.chunks_mut(CHUNK).enumerate() {
                add_up(parts, span.range.start + at * CHUNK, step);
            }
            let velocity = first.get_mut(span.range.clone()).unwrap_or_default();
            muon::look_ahead(step, velocity, &self.rule);
            rest = further;
        }
    }

    /// A share of the matrices; none where there are none.
    pub fn share(&self, part: u32, parts: u32) -> Option<Share> {
        let share = Share {
            part,
            parts,
            iterations: self.rule.muon_iterations,
        };
        (!self.matrix_steps.is_empty()).then_some(share)
    }

    /// The steps of a share's matrices, one after the other: what [`Matrices::flatten`] takes.
    pub fn steps_of(&self, share: Share) -> Vec<f32> {
        let ranges = self.matrices.ranges(share).into_iter();
        let steps = ranges.filter_map(|range| self.matrix_steps.get(range));
        steps.collect::<Vec<_>>().concat()
    }

    /// Makes the directions of a share's steps equally strong.
    pub fn flatten(&mut self, share: Share) {
        if share.parts == 1 {
            let all = &mut self.matrix_steps;
            self.matrices.flatten(share, &mut self.orthogonal, all);
            return;
        }
        let mut steps = self.steps_of(share);
        self.matrices
            .flatten(share, &mut self.orthogonal, &mut steps);
        self.take_flattened(share, &steps);
    }

    /// Takes over what [`Matrices::flatten`] made of a share's steps.
    pub fn take_flattened(&mut self, share: Share, mut steps: &[f32]) {
        for range in self.matrices.ranges(share) {
            let (found, further) = steps.split_at(range.len().min(steps.len()));
            if let Some(place) = self.matrix_steps.get_mut(range)
                && place.len() == found.len()
            {
                place.copy_from_slice(found);
            }
            steps = further;
        }
    }

    /// Moves `parameters`: the matrices along their steps, the others along the sum of `parts`.
    pub fn end_step(&mut self, parameters: &mut [f32], parts: &[(f32, &[f32])], lr: f64) {
        let mut sum = [0.0; CHUNK];
        let [first, second] = &mut self.slots;
        let mut steps = self.matrix_steps.as_slice();
        for span in &self.spans {
            let lr = lr * span.rule.lr_factor;
            if span.is_matrix() {
                let values = parameters.get_mut(span.range.clone()).unwrap_or_default();
                let (step, further) = steps.split_at(span.range.len().min(steps.len()));
                muon::move_along(values, step, &span.shape, lr);
                steps = further;
                continue;
            }
            let formula = Formula::new(&self.rule, &span.rule, lr, self.steps);
            for start in span.range.clone().step_by(CHUNK) {
                let range = start..span.range.end.min(start + CHUNK);
                let sum = sum.get_mut(..range.len()).unwrap_or_default();
                add_up(parts, start, sum);
                let values = parameters.get_mut(range.clone()).unwrap_or_default();
                let first = first.get_mut(range.clone()).unwrap_or_default();
                let second = second.get_mut(range).unwrap_or_default();
                formula.step(values, sum, first, second);
            }
        }
    }
}

impl Span {
    /// Whether Muon moves it.
    fn is_matrix(&self) -> bool {
        self.rule.update == Update::Muon
    }
}

/// Neighbours with one rule are one span: of most rules there is one span in all.
fn spans(rule: &Rule, entries: &[HostEntry]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for entry in entries {
        let Some(moved) = rule.entry(entry.place) else {
            continue;
        };
        match spans.last_mut() {
            Some(last)
                if last.rule == moved
                    && moved.update != Update::Muon
                    && last.range.end == entry.range.start =>
            {
                last.range.end = entry.range.end;
            }
            _ => spans.push(Span {
                range: entry.range.clone(),
                rule: moved,
                shape: entry.shape.clone(),
            }),
        }
    }
    spans
}

/// The weighted sum of the parts' entries from `first` on; nought where they have none.
fn add_up(parts: &[(f32, &[f32])], first: usize, sum: &mut [f32]) {
    sum.fill(0.0);
    for (weight, gradients) in parts {
        let gradients = gradients.get(first..).unwrap_or_default();
        for (sum, gradient) in sum.iter_mut().zip(gradients) {
            *sum += gradient * weight;
        }
    }
}

/// One span's formula with its numbers as a step has them.
struct Formula {
    update: Update,
    /// The learning rate, with Adam's corrections.
    rate: f32,
    momentum: f32,
    nesterov: bool,
    velocity: Velocity,
    decay: Decay,
    /// 0: no decay.
    weight_decay: f32,
    /// The learning rate itself.
    lr: f32,
}

impl Formula {
    fn new(rule: &Rule, entry: &EntryRule, lr: f64, steps: i32) -> Self {
        let rate = match entry.update {
            Update::Adam => step_size(steps, lr),
            Update::Sgd | Update::RmsProp | Update::Muon => lr,
        };
        Self {
            update: entry.update,
            rate: rate as f32,
            momentum: rule.momentum as f32,
            nesterov: rule.nesterov,
            velocity: rule.velocity,
            decay: rule.decay,
            weight_decay: entry.weight_decay as f32,
            lr: lr as f32,
        }
    }

    /// Moves a chunk; `first` and `second` are its slots, as far as the formula has any.
    fn step(
        &self,
        parameters: &mut [f32],
        gradients: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        if self.weight_decay != 0.0 {
            self.let_decay(parameters, gradients);
        }
        match self.update {
            Update::Adam => adam(parameters, gradients, first, second, self.rate),
            Update::RmsProp => self.rms_prop(parameters, gradients, first, second),
            Update::Sgd | Update::Muon => self.sgd(parameters, gradients, first),
        }
    }

    fn let_decay(&self, parameters: &mut [f32], gradients: &mut [f32]) {
        match self.decay {
            Decay::Coupled => {
                for (gradient, parameter) in gradients.iter_mut().zip(&*parameters) {
                    *gradient += *parameter * self.weight_decay;
                }
            }
            Decay::Decoupled => {
                for parameter in parameters {
                    *parameter -= *parameter * self.weight_decay * self.lr;
                }
            }
        }
    }

    fn sgd(&self, parameters: &mut [f32], gradients: &[f32], momenta: &mut [f32]) {
        let (rate, momentum) = (self.rate, self.momentum);
        let pairs = parameters.iter_mut().zip(gradients);
        if momentum == 0.0 {
            for (parameter, gradient) in pairs {
                *parameter -= gradient * rate;
            }
            return;
        }
        let triples = pairs.zip(momenta);
        match (self.velocity, self.nesterov) {
            (Velocity::RateInside, true) => {
                for ((parameter, gradient), velocity) in triples {
                    *velocity = *velocity * momentum - gradient * rate;
                    *parameter += *velocity * momentum - gradient * rate;
                }
            }
            (Velocity::RateInside, false) => {
                for ((parameter, gradient), velocity) in triples {
                    *velocity = *velocity * momentum - gradient * rate;
                    *parameter += *velocity;
                }
            }
            (Velocity::RateOutside, true) => {
                for ((parameter, gradient), velocity) in triples {
                    *velocity = *velocity * momentum + gradient;
                    *parameter -= (gradient + *velocity * momentum) * rate;
                }
            }
            (Velocity::RateOutside, false) => {
                for ((parameter, gradient), velocity) in triples {
                    *velocity = *velocity * momentum + gradient;
                    *parameter -= *velocity * rate;
                }
            }
        }
    }

    fn rms_prop(
        &self,
        parameters: &mut [f32],
        gradients: &[f32],
        squares: &mut [f32],
        momenta: &mut [f32],
    ) {
        let (rho, rest, epsilon) = (RHO as f32, (1.0 - RHO) as f32, EPSILON as f32);
        let (rate, momentum) = (self.rate, self.momentum);
        let increment = |square: &mut f32, gradient: f32| {
            *square = *square * rho + gradient * gradient * rest;
            gradient * rate / (*square + epsilon).sqrt()
        };
        let triples = parameters.iter_mut().zip(gradients).zip(squares);
        if momentum == 0.0 {
            for ((parameter, gradient), square) in triples {
                *parameter -= increment(square, *gradient);
            }
            return;
        }
        for (((parameter, gradient), square), velocity) in triples.zip(momenta) {
            *velocity = *velocity * momentum + increment(square, *gradient);
            *parameter -= *velocity;
        }
    }
}

fn adam(
    parameters: &mut [f32],
    gradients: &[f32],
    means: &mut [f32],
    squares: &mut [f32],
    step_size: f32,
) {
    let (beta_1, beta_2, epsilon) = (BETA_1 as f32, BETA_2 as f32, EPSILON as f32);
    let (rest_1, rest_2) = ((1.0 - BETA_1) as f32, (1.0 - BETA_2) as f32);
    let moments = means.iter_mut().zip(squares);
    for ((parameter, gradient), (mean, square)) in parameters.iter_mut().zip(gradients).zip(moments)
    {
        *mean = *mean * beta_1 + gradient * rest_1;
        *square = *square * beta_2 + gradient * gradient * rest_2;
        *parameter -= *mean * step_size / (square.sqrt() + epsilon);
    }
}
