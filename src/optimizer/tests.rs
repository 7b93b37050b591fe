//! Each rule on plain numbers and on tensors, against its formula in `f64`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may block"
)]

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::{HostEntry, HostOptimizer, Optimizer};
use crate::model::{Model, Value};
use crate::network::NetworkPlan;
use crate::protocol::{
    Config, Conv, Decay, Dense, ImageSpec, Initializer, Layer, LayerSpec, ModelSpec, NetworkSpec,
    NormGroup, OptimizerKind, Padding, Pixels, Seeding, Switch, TensorSpec, Velocity,
};
use crate::rule::Rule;

/// Steps of each test.
const STEPS: i32 = 4;
/// Rates that change from step to step.
const RATES: [f64; STEPS as usize] = [0.01, 0.02, 0.015, 0.005];

/// A network whose tensors are a kernel `[4, 1, 3, 3]`, a matrix `[4, 6]` and one of `[6, 2]`; it is never computed.
fn plan() -> Arc<NetworkPlan> {
    let learnt = || TensorSpec::learnt(Initializer::Zeros);
    let dense = |units| {
        Layer::Dense(Dense {
            units,
            weight: learnt(),
            bias: None,
        })
    };
    let conv = Layer::Conv(Conv {
        filters: 4,
        kernel: 3,
        padding: Padding::Same,
        stride: 1,
        weight: learnt(),
        bias: Some(learnt()),
    });
    let layers = vec![conv, Layer::GlobalAvgPool, dense(6), dense(2)];
    let layers = layers.into_iter().zip(1..);
    Arc::new(
        NetworkPlan::new(&ModelSpec {
            network: NetworkSpec {
                seeding: Seeding::ByLayer,
                layers: layers.map(|(layer, id)| LayerSpec { id, layer }).collect(),
            },
            image: ImageSpec {
                channels: 1,
                height: 8,
                width: 8,
            },
            classes: 2,
            pixels: Pixels::Unit,
            norm_group: NormGroup::default(),
        })
        .unwrap(),
    )
}

/// Numbers between −1 and 1 that repeat themselves nowhere.
fn number(at: usize) -> f32 {
    ((at as f32 * 0.754_877_7).fract() - 0.5) * 2.0
}

/// All rules, with and without what can be chosen.
fn configs() -> Vec<Config> {
    let with = |optimizer, momentum, nesterov, velocity| Config {
        optimizer,
        momentum,
        nesterov,
        velocity,
        ..Config::default()
    };
    let (inside, outside) = (Velocity::RateInside, Velocity::RateOutside);
    let bare = vec![
        with(OptimizerKind::Adam, 0.0, Switch::Off, inside),
        with(OptimizerKind::Sgd, 0.0, Switch::Off, inside),
        with(OptimizerKind::Sgd, 0.9, Switch::Off, inside),
        with(OptimizerKind::Sgd, 0.9, Switch::On, inside),
        with(OptimizerKind::Sgd, 0.9, Switch::Off, outside),
        with(OptimizerKind::Sgd, 0.9, Switch::On, outside),
        with(OptimizerKind::RmsProp, 0.0, Switch::Off, inside),
        with(OptimizerKind::RmsProp, 0.8, Switch::Off, inside),
        with(OptimizerKind::Muon, 0.9, Switch::On, outside),
        with(OptimizerKind::Muon, 0.0, Switch::Off, inside),
    ];
    let mut all = bare.clone();
    for decay in [Decay::Coupled, Decay::Decoupled] {
        all.extend(bare.iter().map(|config| Config {
            weight_decay: 0.1,
            decay,
            muon_lr: 0.02,
            ..config.clone()
        }));
    }
    all
}

fn rule(config: &Config, plan: &NetworkPlan) -> Arc<Rule> {
    Arc::new(Rule::new(&config.recipe(plan.spec.clone()), plan))
}

/// One tensor's state in `f64`, moved by the formulas as they are written in papers and sources.
struct Written {
    shape: Vec<usize>,
    values: Vec<f64>,
    slots: [Vec<f64>; 2],
}

impl Written {
    fn step(&mut self, config: &Config, is_muon: bool, gradients: &[f64], lr: f64, t: i32) {
        if is_muon {
            return self.muon(config, gradients, lr * config.muon_lr / config.lr);
        }
        let decay = if self.shape.len() > 1 {
            config.weight_decay
        } else {
            0.0
        };
        let (mu, nesterov) = (config.momentum, config.nesterov == Switch::On);
        for (at, gradient) in gradients.iter().enumerate() {
            let (mut w, mut g) = (self.values[at], *gradient);
            match config.decay {
                Decay::Coupled => g += decay * w,
                Decay::Decoupled => w -= w * decay * lr,
            }
            let [first, second] = &mut self.slots;
            let (m, v) = (&mut first[at], &mut second[at]);
            w -= match config.optimizer {
                OptimizerKind::Adam | OptimizerKind::AdamW => {
                    *m = 0.9 * *m + 0.1 * g;
                    *v = 0.999 * *v + 0.001 * g * g;
                    let rate = lr * (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
                    rate * *m / (v.sqrt() + 1e-7)
                }
                OptimizerKind::RmsProp => {
                    *m = 0.9 * *m + 0.1 * g * g;
                    *v = mu * *v + lr * g / (*m + 1e-7).sqrt();
                    *v
                }
                OptimizerKind::Sgd | OptimizerKind::Muon => {
                    let inside = config.velocity == Velocity::RateInside;
                    let (own, rate) = if inside { (lr * g, 1.0) } else { (g, lr) };
                    *m = mu * *m + own;
                    rate * if nesterov { own + mu * *m } else { *m }
                }
            };
            self.values[at] = w;
        }
    }

    fn muon(&mut self, config: &Config, gradients: &[f64], lr: f64) {
        let mu = config.muon_momentum;
        let mut u = Vec::new();
        for (m, g) in self.slots[0].iter_mut().zip(gradients) {
            *m = mu * *m + g;
            u.push(g + mu * *m);
        }
        let (filters, rows) = match self.shape[..] {
            [inputs, outputs] => (outputs, inputs),
            _ => (self.shape[0], self.shape[0]),
        };
        let columns = u.len() / rows;
        let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let all = length(&u);
        let mut m: Vec<f64> = u.iter().map(|u| u / all).collect();
        let times = |a: &[f64], b: &[f64], inner: usize, columns: usize| -> Vec<f64> {
            let product = |at: usize| {
                let (row, column) = (at / columns, at % columns);
                (0..inner)
                    .map(|k| a[row * inner + k] * b[k * columns + column])
                    .sum()
            };
            (0..a.len() / inner * columns).map(product).collect()
        };
        for _ in 0..config.muon_iterations {
            let turned: Vec<f64> = (0..m.len())
                .map(|at| m[at % rows * columns + at / rows])
                .collect();
            let a = times(&m, &turned, columns, rows);
            let b: Vec<f64> = (a.iter().zip(times(&a, &a, rows, rows)))
                .map(|(a, aa)| -4.7750 * a + 2.0315 * aa)
                .collect();
            let bm = times(&b, &m, rows, columns);
            m = m.iter().zip(bm).map(|(m, bm)| 3.4445 * m + bm).collect();
        }
        let scale = (filters as f64).sqrt() / length(&self.values);
        for (w, m) in self.values.iter_mut().zip(m) {
            *w = *w * scale - lr * m;
        }
    }
}

/// First values, gradients of each step, and what the formulas come to.
struct Case {
    plan: Arc<NetworkPlan>,
    first: Vec<Vec<f32>>,
    gradients: Vec<Vec<Vec<f32>>>,
    expected: Vec<Vec<f64>>,
}

fn case(config: &Config) -> Case {
    let plan = plan();
    let lengths: Vec<usize> = plan.entries.iter().map(|entry| entry.entries()).collect();
    let numbers = |salt: usize| -> Vec<Vec<f32>> {
        let mut at = salt * 1_000;
        let mut next = |length: &usize| {
            let numbers = (at..at + length).map(number).collect();
            at += length;
            numbers
        };
        lengths.iter().map(&mut next).collect()
    };
    let first = numbers(0);
    // Small in the end, so that epsilons count.
    let scales = [1.0, 0.1, 1e-4, 1e-6];
    let gradients: Vec<Vec<Vec<f32>>> = (scales.iter().enumerate())
        .map(|(step, scale)| {
            let all = numbers(step + 1).into_iter();
            all.map(|tensor| tensor.iter().map(|g| g * scale).collect())
                .collect()
        })
        .collect();
    let moved = rule(config, &plan);
    let expected = plan.entries.iter().enumerate().map(|(place, entry)| {
        let length = entry.entries();
        let mut written = Written {
            shape: entry.shape.clone(),
            values: first[place].iter().map(|w| f64::from(*w)).collect(),
            slots: [vec![0.0; length], vec![0.0; length]],
        };
        let is_muon = moved.entry(place).unwrap().update == crate::rule::Update::Muon;
        for (step, gradients) in gradients.iter().enumerate() {
            let gradients: Vec<f64> = gradients[place].iter().map(|g| f64::from(*g)).collect();
            written.step(config, is_muon, &gradients, RATES[step], step as i32 + 1);
        }
        written.values
    });
    Case {
        expected: expected.collect(),
        plan: Arc::clone(&plan),
        first,
        gradients,
    }
}

fn entries(plan: &NetworkPlan) -> Vec<HostEntry> {
    let mut end = 0;
    let entry = |(place, entry): (usize, &crate::network::Entry)| {
        let start = end;
        end += entry.entries();
        HostEntry {
            place,
            range: start..end,
            shape: entry.shape.clone(),
        }
    };
    plan.entries.iter().enumerate().map(entry).collect()
}

fn assert_near(found: &[f32], expected: &[f64], what: &dyn std::fmt::Debug) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let apart = (f64::from(*found) - expected).abs();
        assert!(apart < 5e-6, "{apart:e}: {what:?}");
    }
}

#[test]
fn plain_numbers_move_as_the_formulas_say_in_parts_or_at_once() {
    for config in configs() {
        let case = case(&config);
        let entries = entries(&case.plan);
        let rule = rule(&config, &case.plan);
        let mut values = case.first.concat();
        let mut optimizer = HostOptimizer::new(&rule, 0, &entries, &[]);
        for (gradients, lr) in case.gradients.iter().zip(RATES) {
            // In two halves, as two workers bring them.
            let all = gradients.concat();
            optimizer.step(&mut values, &[(0.5, &all), (0.5, &all)], lr);
        }
        assert_eq!(optimizer.steps(), STEPS);
        assert_near(&values, &case.expected.concat(), &config);

        // Saved after two steps and taken up again: the same bits.
        let mut half = case.first.concat();
        let mut before = HostOptimizer::new(&rule, 0, &entries, &[]);
        let mut step = |optimizer: &mut HostOptimizer, step: usize| {
            let all = case.gradients[step].concat();
            optimizer.step(&mut half, &[(0.5, &all), (0.5, &all)], RATES[step]);
        };
        step(&mut before, 0);
        step(&mut before, 1);
        let slots = entries.iter();
        let slots = slots.map(|entry| Some(before.slots(entry.place, &entry.range)));
        let slots: Vec<_> = slots.collect();
        let mut after = HostOptimizer::new(&rule, 2, &entries, &slots);
        step(&mut after, 2);
        step(&mut after, 3);
        assert_eq!(half, values, "{config:?}");
    }
}

#[test]
fn tensors_move_as_the_formulas_say() {
    for device in devices() {
        for config in configs() {
            assert_tensors_move(&config, &device.clone().autodiff());
        }
    }
}

#[allow(deprecated, reason = "ndarray is upstream's older backend")]
fn devices() -> Vec<Device> {
    vec![
        Device::flex(),
        #[cfg(feature = "ndarray")]
        Device::ndarray(),
    ]
}

fn assert_tensors_move(config: &Config, device: &Device) {
    let case = case(config);
    let first = |place: usize| Some(case.first[place].clone());
    let model = Model::new(Arc::clone(&case.plan), 1, device);
    let mut model = model.with_numbers(first).unwrap();
    let mut optimizer = Optimizer::new(&rule(config, &case.plan), 0);
    for (gradients, lr) in case.gradients.iter().zip(RATES) {
        // The sum of weight times gradient, whose gradient it is.
        let products = model
            .values()
            .iter()
            .zip(gradients)
            .map(|(value, numbers)| {
                let factors = Tensor::<1>::from_data(numbers.as_slice(), device);
                match value {
                    Value::Vector(w) => (w.clone() * factors).sum(),
                    Value::Matrix(w) => (w.clone() * factors.reshape(w.dims())).sum(),
                    Value::Kernel(w) => (w.clone() * factors.reshape(w.dims())).sum(),
                }
            });
        let loss = products.reduce(|a, b| a + b).unwrap();
        optimizer.step(&mut model, &mut loss.backward(), lr);
    }
    assert_eq!(optimizer.steps(), STEPS);
    for (value, expected) in model.values().iter().zip(&case.expected) {
        let found: Vec<f32> = value.flat().into_data().try_into_vec().unwrap();
        assert_near(&found, expected, config);
    }
}

/// One part and three, over more entries than a chunk has: the same state, entry by entry.
#[test]
fn every_entry_moves_wherever_it_lies() {
    let plan = NetworkPlan::new(&crate::network::tutorial_model()).unwrap();
    let rule = Arc::new(Rule::of_tutorial(&plan));
    let entries = entries(&plan);
    let all = entries.last().unwrap().range.end;
    let gradients: Vec<f32> = (0..all).map(|n| (n as f32 - 999.0) * 1e-3).collect();
    let mut moved = vec![0.0; all];
    let mut optimizer = HostOptimizer::new(&rule, 0, &entries, &[]);
    optimizer.step(&mut moved, &[(1.0, &gradients)], 0.01);
    // Adam's first step is the rate, whatever the gradient.
    for (value, gradient) in moved.iter().zip(&gradients) {
        let expected = -0.01 * gradient.signum() * f32::from(u8::from(*gradient != 0.0));
        assert!((value - expected).abs() < 1e-4, "{value} along {gradient}");
    }
    let mut thirds = vec![0.0; all];
    let third = (1.0 / 3.0, gradients.as_slice());
    HostOptimizer::new(&rule, 0, &entries, &[]).step(&mut thirds, &[third; 3], 0.01);
    let apart = thirds.iter().zip(&moved).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) < 1e-6);
}

/// A gradient of nothing, and weights of nothing, move nothing to where no number is.
#[test]
fn muon_stays_finite_where_there_is_nothing() {
    let plan = plan();
    let config = Config {
        optimizer: OptimizerKind::Muon,
        ..Config::default()
    };
    let entries = entries(&plan);
    let all = entries.last().unwrap().range.end;
    for first in [0.0, 0.5] {
        let mut values = vec![first; all];
        let mut optimizer = HostOptimizer::new(&rule(&config, &plan), 0, &entries, &[]);
        optimizer.step(&mut values, &[(1.0, &vec![0.0; all])], 0.1);
        assert!(values.iter().all(|value| value.is_finite()));
    }
}
