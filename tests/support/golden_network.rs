//! What Keras computed of the network in `tests/fixtures/golden_network.json` (`tests/reference/network.py`), and how far
//! a device is from it.

use burn::tensor::Device;
use convburn::batch::gather;
use convburn::checkpoint::Tensors;
use convburn::cifar::Records;
use convburn::layout::transposed;
use convburn::metrics::RunningMean;
use convburn::network::{Entry, NetworkPlan, Role};
use convburn::protocol::{ModelSpec, NormGroup};
use convburn::random::Draws;
use convburn::train::Learner;
use safetensors::SafeTensors;
use std::sync::Arc;

const TENSORS: &[u8] = include_bytes!("../fixtures/golden_network.safetensors");
const SPEC: &str = include_str!("../fixtures/golden_network.json");

/// Records of a step.
pub const BATCH: usize = 64;

/// How the records of a step are normalised.
pub struct Case {
    /// As the file's names begin.
    pub name: &'static str,
    /// The same for us.
    pub norm_group: NormGroup,
}

/// In one group, and in two.
pub const CASES: [Case; 2] = [
    Case {
        name: "batch",
        norm_group: NormGroup::Batch,
    },
    Case {
        name: "groups",
        norm_group: NormGroup::Records(32),
    },
];

/// How far it is, at most.
#[derive(Debug)]
pub struct Distance {
    /// Of 64 records, in training mode.
    pub logits: f64,
    pub loss: f64,
    /// As a share of the tensor's largest entry.
    pub gradients: f64,
    /// Of ten steps.
    pub losses: f64,
    /// After them: of the tensors that learn, or are frozen.
    pub weights: f64,
    /// After them: running means and variances.
    pub running: f64,
    /// After them: logits of the first 64 records, in inference mode.
    pub evaluated: f64,
}

impl Distance {
    pub fn assert_within(&self, bound: f64) {
        let Self {
            logits,
            loss,
            gradients,
            losses,
            weights,
            running,
            evaluated,
        } = *self;
        let all = [logits, loss, gradients, losses, weights, running, evaluated];
        assert!(all.iter().all(|apart| *apart <= bound), "{self:?}");
    }
}

/// Gives `device` Keras's first tensors and the first training records, and measures how far it gets.
pub async fn measure(records: &Records, case: &Case, device: &Device) -> Distance {
    let keras = Keras::open(case.name);
    let plan = Arc::new(plan(case.norm_group));
    let mut learner = Learner::new(&plan, 1, device);
    learner.load_state(&keras.initial(&plan), 0).unwrap();

    let batch_of = |step: usize| {
        let indices: Vec<usize> = (step * BATCH..(step + 1) * BATCH).collect();
        gather(records, &indices, None, device)
    };
    let found = learner.probe(&batch_of(0), Draws::default()).await.unwrap();
    let learning: Vec<&Entry> = of_role(&plan, |role| role == Role::Trainable);
    assert_eq!(keras.count("gradient"), learning.len());
    assert_eq!(found.gradients.len(), learning.len());
    let gradients = found.gradients.iter().zip(learning).map(|(found, entry)| {
        let expected = keras.tensor(&keras.of_case("gradient"), entry);
        largest_difference(found, &expected) / largest(&expected)
    });
    let gradients = gradients.fold(0.0, f64::max);

    let expected = keras.numbers(&keras.of_case("losses"));
    let mut losses = Vec::with_capacity(expected.len());
    for step in 0..expected.len() {
        learner.step(&batch_of(step), Draws::default(), 0.001);
        let mut mean = RunningMean::default();
        learner.read_running(&mut mean).await.unwrap();
        losses.push(mean.loss() as f32);
    }
    let (last, steps) = learner.tensors().await.unwrap();
    assert_eq!(steps as usize, expected.len());
    assert_eq!(keras.count("final"), plan.entries.len());
    let apart = |entries: Vec<&Entry>| {
        let apart = entries.into_iter().map(|entry| {
            let expected = keras.tensor(&keras.of_case("final"), entry);
            largest_difference(&last.values[&entry.name], &expected)
        });
        apart.fold(0.0, f64::max)
    };
    let evaluated = learner.logits(batch_of(0).images).await.unwrap();
    let against =
        |found: &[f32], name: &str| largest_difference(found, &keras.numbers(&keras.of_case(name)));
    Distance {
        logits: against(&found.logits, "logits"),
        loss: against(&found.loss, "loss"),
        gradients,
        losses: largest_difference(&losses, &expected),
        weights: apart(of_role(&plan, |role| role != Role::Buffer)),
        running: apart(of_role(&plan, |role| role == Role::Buffer)),
        evaluated: against(&evaluated, "evaluated"),
    }
}

/// The network, normalised so.
pub fn plan(norm_group: NormGroup) -> NetworkPlan {
    let spec: ModelSpec = serde_json::from_str(SPEC).unwrap();
    NetworkPlan::new(&ModelSpec { norm_group, ..spec }).unwrap()
}

pub fn of_role(plan: &NetworkPlan, is: impl Fn(Role) -> bool) -> Vec<&Entry> {
    let entries = plan.entries.iter();
    entries.filter(|entry| is(entry.role)).collect()
}

/// Keras's numbers of a case.
pub struct Keras {
    file: SafeTensors<'static>,
    case: &'static str,
}

impl Keras {
    pub fn open(case: &'static str) -> Self {
        Self::of_file(TENSORS, case)
    }

    /// Of another file than the network's own.
    pub fn of_file(bytes: &'static [u8], case: &'static str) -> Self {
        Self {
            file: SafeTensors::deserialize(bytes).unwrap(),
            case,
        }
    }

    fn of_case(&self, kind: &str) -> String {
        format!("{}/{kind}", self.case)
    }

    /// Every tensor as all cases begin.
    pub fn initial(&self, plan: &NetworkPlan) -> Tensors {
        let initial = plan.entries.iter();
        let initial = initial.map(|entry| (entry.name.clone(), self.tensor("initial", entry)));
        Tensors {
            values: initial.collect(),
            ..Tensors::default()
        }
    }

    /// How many tensors of a kind the case has.
    fn count(&self, kind: &str) -> usize {
        let prefix = format!("{}/", self.of_case(kind));
        let names = self.file.names().into_iter();
        names.filter(|name| name.starts_with(&prefix)).count()
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        let found = self.file.tensor(name).unwrap();
        let numbers = found.data().chunks_exact(4);
        let values = numbers.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
        values.collect()
    }

    /// The numbers of a tensor of the network as the network has them: its dense matrices are `[in, out]`.
    pub fn tensor(&self, prefix: &str, entry: &Entry) -> Vec<f32> {
        let name = format!("{prefix}/{}", entry.name);
        let shape = self.file.tensor(&name).unwrap().shape().to_vec();
        let values = self.numbers(&name);
        match entry.shape[..] {
            [inputs, outputs] => {
                assert_eq!(shape, [outputs, inputs], "{name}");
                transposed(&values, [outputs, inputs])
            }
            _ => {
                assert_eq!(shape, entry.shape, "{name}");
                values
            }
        }
    }
}

pub fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().all(|value| value.is_finite()));
    let pairs = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs()));
    pairs.fold(0.0, f64::max)
}

fn largest(values: &[f32]) -> f64 {
    let sizes = values.iter().map(|value| f64::from(value.abs()));
    sizes.fold(0.0, f64::max)
}
