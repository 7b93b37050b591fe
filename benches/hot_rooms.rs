//! The rooms where a training step's time goes, natively: `cargo bench --no-default-features --features ndarray`.
//!
//! The browser is not measured here (`cargo xtask bench` does that): this says in which room a change helps. It
//! makes its own records, because a step's time does not depend on what is in them.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that cannot set up has nothing to say"
)]

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    native::run();
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::hint::black_box;
    use std::io::Write;
    use std::sync::Arc;

    use burn::tensor::Device;
    use convburn::batch::{Augmentation, gather, shuffled};
    use convburn::cifar::{Dataset, RECORD_BYTES};
    use convburn::metrics::RunningMean;
    use convburn::model::{Mode, Model};
    use convburn::network::{NetworkPlan, tutorial_model};
    use convburn::optimizer::{HostEntry, HostOptimizer, Optimizer};
    use convburn::protocol::{Augment, Config, OptimizerKind, Split};
    use convburn::random::Draws;
    use convburn::rule::Rule;
    use convburn::train::Learner;
    use criterion::{Criterion, criterion_group};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use pollster::block_on;

    const RECORDS: usize = 512;
    const SHARD_RECORDS: usize = 2_000;
    const BATCH: usize = 32;
    const MEASURE_BATCH: usize = 256;

    /// Records of noise: what a step costs does not depend on what it sees.
    fn noise(records: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let bytes = (0..records * RECORD_BYTES).map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if at % RECORD_BYTES == 0 {
                ((at / RECORD_BYTES) % 10) as u8
            } else {
                (state >> 24) as u8
            }
        });
        bytes.collect()
    }

    fn dataset() -> Dataset {
        let mut dataset = Dataset::new(None).unwrap();
        dataset.add(Split::Train, noise(RECORDS)).unwrap();
        dataset
    }

    fn tutorial() -> Arc<NetworkPlan> {
        Arc::new(NetworkPlan::new(&tutorial_model()).unwrap())
    }

    /// A training pass over [`BATCH`] records.
    fn mode() -> Mode<'static> {
        Mode::Train {
            draws: Draws::default(),
            groups: &[BATCH],
        }
    }

    /// A shard of the server's size, raw and as the server has it.
    fn cifar(criterion: &mut Criterion) {
        let raw = noise(SHARD_RECORDS);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&raw).unwrap();
        let packed = encoder.finish().unwrap();
        for (name, bytes) in [("raw", raw), ("gzip", packed)] {
            criterion.bench_function(
                &format!("cifar: take a shard of 2,000, {name}"),
                |bencher| {
                    bencher.iter_batched(
                        || (Dataset::new(None).unwrap(), bytes.clone()),
                        |(mut dataset, bytes)| {
                            dataset.add(Split::Train, bytes).unwrap();
                            dataset
                        },
                        criterion::BatchSize::LargeInput,
                    );
                },
            );
        }
    }

    fn batch(criterion: &mut Criterion) {
        let (dataset, device) = (dataset(), Device::flex());
        let indices: Vec<usize> = (0..BATCH).collect();
        let augmentation = Augmentation {
            kind: Augment::FlipShift.into(),
            seed: 1,
            epoch: 0,
            step: 0,
        };
        criterion.bench_function("batch: gather 32", |bencher| {
            bencher.iter(|| gather(dataset.train(), black_box(&indices), None, &device));
        });
        criterion.bench_function("batch: gather 32, flipped and shifted", |bencher| {
            bencher.iter(|| {
                gather(
                    dataset.train(),
                    black_box(&indices),
                    Some(augmentation),
                    &device,
                )
            });
        });
        criterion.bench_function("batch: shuffle 50,000", |bencher| {
            bencher.iter(|| shuffled(black_box(50_000), 1, 0));
        });
    }

    fn train(criterion: &mut Criterion) {
        let (dataset, device) = (dataset(), Device::flex());
        let indices: Vec<usize> = (0..BATCH).collect();
        let batch = gather(dataset.train(), &indices, None, &device);
        let mut learner = Learner::new(&tutorial(), 1, &device);
        criterion.bench_function(
            "train: forward 32, with autodiff's bookkeeping",
            |bencher| {
                let model = Model::new(tutorial(), 1, &device.clone().autodiff());
                bencher.iter(|| model.forward(batch.images.clone().autodiff(), mode()));
            },
        );
        criterion.bench_function("train: a step of 32", |bencher| {
            bencher.iter(|| {
                learner.step(&batch, Draws::default(), 0.001);
                block_on(learner.read_running(&mut RunningMean::default())).unwrap();
            });
        });
        let many: Vec<usize> = (0..MEASURE_BATCH).collect();
        let images = gather(dataset.train(), &many, None, &device).images;
        criterion.bench_function("train: logits of 256", |bencher| {
            bencher.iter(|| block_on(learner.logits(images.clone())).unwrap());
        });
    }

    /// One tensor operation after the other, as one worker has it.
    fn optimizer(criterion: &mut Criterion) {
        let (dataset, device) = (dataset(), Device::flex());
        let indices: Vec<usize> = (0..BATCH).collect();
        let batch = gather(dataset.train(), &indices, None, &device);
        let autodiff = device.clone().autodiff();
        for optimizer in [OptimizerKind::Adam, OptimizerKind::Sgd, OptimizerKind::Muon] {
            let config = Config {
                optimizer,
                momentum: 0.9,
                ..Config::default()
            };
            let plan = tutorial();
            let rule = Arc::new(Rule::new(&config.recipe(plan.spec.clone()), &plan));
            let name = format!("optimizer: {optimizer:?}, 122,570 parameters");
            criterion.bench_function(&name, |bencher| {
                bencher.iter_batched(
                    || {
                        let model = Model::new(tutorial(), 1, &autodiff);
                        let gradients = model
                            .forward(batch.images.clone().autodiff(), mode())
                            .logits
                            .sum()
                            .backward();
                        (Optimizer::new(&rule, 0), model, gradients)
                    },
                    |(mut optimizer, mut model, mut gradients)| {
                        optimizer.step(&mut model, &mut gradients, 0.001);
                        (optimizer, model) // Let go of outside the measurement.
                    },
                    criterion::BatchSize::LargeInput,
                );
            });
        }
    }

    /// The same on plain numbers, as a run with helpers has it.
    fn host_optimizer(criterion: &mut Criterion) {
        let plan = tutorial();
        let mut end = 0;
        let entries: Vec<HostEntry> = (plan.entries.iter().enumerate())
            .map(|(place, entry)| {
                let start = end;
                end += entry.entries();
                HostEntry {
                    place,
                    range: start..end,
                    shape: entry.shape.clone(),
                }
            })
            .collect();
        let gradients: Vec<f32> = (0..end).map(|n| (n % 101) as f32 * 1e-3 - 0.05).collect();
        for optimizer in [OptimizerKind::Adam, OptimizerKind::Sgd, OptimizerKind::Muon] {
            let config = Config {
                optimizer,
                momentum: 0.9,
                ..Config::default()
            };
            let rule = Arc::new(Rule::new(&config.recipe(plan.spec.clone()), &plan));
            let mut host = HostOptimizer::new(&rule, 0, &entries, &[]);
            let mut values = gradients.clone();
            let name = format!("optimizer: {optimizer:?}, 122,570 plain numbers in two parts");
            criterion.bench_function(&name, |bencher| {
                let parts = [(0.5, gradients.as_slice()), (0.5, gradients.as_slice())];
                bencher.iter(|| host.step(&mut values, black_box(&parts), 1e-6));
            });
        }
    }

    criterion_group! {
        name = rooms;
        config = Criterion::default().sample_size(20);
        targets = cifar, batch, train, optimizer, host_optimizer
    }

    /// What criterion's own `main` does, which a browser's build cannot have.
    pub fn run() {
        rooms();
        Criterion::default().configure_from_args().final_summary();
    }
}
