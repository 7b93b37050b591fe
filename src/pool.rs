//! Several workers for one run: who else computes, and what they are asked.
//!
//! The run's own worker holds the weights, the optimiser and the data. The others are helpers without a
//! state of their own: each job carries the parameters and a slice of the records, and the answer is
//! plain numbers. So a helper that died can be replaced and asked again, with the same bits.
//!
//! This is no scheduler and knows no tensor and no JavaScript: `session.rs` decides what is split, and
//! `bindings.rs` (or a test) brings the helpers.

use std::fmt::Debug;
use std::pin::Pin;
use std::rc::Rc;

use crate::optimizer::Share;
use crate::protocol::{Arithmetic, Backend, Config, ModelSpec, Operators};
use crate::random::Draws;

/// Most workers that are taken when nobody says how many: beyond it slices of a batch of 32 are so small
/// that sending the parameters costs more than they gain.
const AUTOMATIC_MAX: usize = 8;
/// Fewest records of a batch for which a further worker is taken when nobody says how many.
const RECORDS_PER_WORKER_MIN: usize = 4;
/// How often a helper is asked for the same thing. It is replaced when it dies, so the second time
/// another one answers; after that the run's own worker computes.
const ATTEMPTS: usize = 2;

/// What a helper is asked.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// Mean loss, number classified correctly, the gradients of all trainable tensors, and what was normalised by.
    Gradients,
    /// Logits, one a class of each image.
    Logits,
    /// The steps of this share of Muon's matrices, their directions made equally strong.
    Directions(Share),
}

/// One thing asked of a helper; whoever sends it copies what it borrows.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is to be computed.
    pub task: Task,
    /// Of which model.
    pub model: &'a ModelSpec,
    /// How its blocks round.
    pub arithmetic: Arithmetic,
    /// How much of a target is spread over all classes.
    pub label_smoothing: f32,
    /// All its tensors' numbers, one after the other, as the run's own worker lays them; for directions the steps.
    pub values: &'a [f32],
    /// Where the records are in the run.
    pub draws: Draws,
    /// The planes of each image one after the other.
    pub pixels: &'a [u8],
    /// One byte a record; empty but for gradients.
    pub labels: &'a [u8],
    /// How many numbers answer it.
    pub answer_numbers: usize,
}

/// What a helper answers; none when it died or did not answer in time.
pub type Answer = Pin<Box<dyn Future<Output = Option<Vec<f32>>>>>;

/// Whoever brings helpers.
pub trait Helpers: Debug {
    /// Number of processor cores here.
    fn cores(&self) -> usize;
    /// So many helpers may be asked from now on; they can be started now, and others be let go.
    fn want(&self, helpers: usize);
    /// Asks a helper, the first being 0. The job is sent before this returns.
    fn ask(&self, helper: usize, job: &Job<'_>) -> Answer;
}

/// How many workers a run of `config` on `backend` gets, its own among them. A batch falls into so many `parts`, which
/// are computed whole.
fn workers(config: &Config, backend: Backend, cores: usize, parts: usize) -> usize {
    // Helpers compute in blocks on flex: a GPU's work is not theirs, and ndarray and Burn's layers round otherwise.
    if backend != Backend::Flex || config.operators != Operators::Blocks {
        return 1;
    }
    let batch = config.batch as usize;
    let wanted = match config.workers as usize {
        0 => cores.min(AUTOMATIC_MAX).min(batch / RECORDS_PER_WORKER_MIN),
        named => named.min(batch),
    };
    wanted.min(parts).max(1)
}

/// The helpers of one run.
#[derive(Clone, Debug)]
pub struct Pool {
    helpers: Rc<dyn Helpers>,
    workers: usize,
}

impl Pool {
    /// As many of `helpers` as a run of `config` on `backend` wants, whose batches fall into so many `parts`.
    pub fn new(helpers: Rc<dyn Helpers>, config: &Config, backend: Backend, parts: usize) -> Self {
        let workers = workers(config, backend, helpers.cores(), parts);
        helpers.want(workers - 1);
        Self { helpers, workers }
    }

    /// The helpers, for another run.
    pub fn helpers(&self) -> Rc<dyn Helpers> {
        Rc::clone(&self.helpers)
    }

    /// Number of workers, the run's own among them.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Asks a helper for each job. They compute while the caller does its own part.
    pub fn ask<'a>(&'a self, jobs: impl IntoIterator<Item = Job<'a>>) -> Asked<'a> {
        let ask = |(helper, job)| (job, self.helpers.ask(helper, &job));
        Asked {
            pool: self,
            jobs: jobs.into_iter().enumerate().map(ask).collect(),
        }
    }
}

/// Jobs that are under way.
pub struct Asked<'a> {
    pool: &'a Pool,
    jobs: Vec<(Job<'a>, Answer)>,
}

impl Asked<'_> {
    /// Waits for the answers, in the order of the jobs. A job whose helper failed is asked again; one that
    /// failed again is none, and left to the caller.
    pub async fn answers(self) -> Vec<Option<Vec<f32>>> {
        let mut found = Vec::with_capacity(self.jobs.len());
        for (helper, (job, mut answer)) in self.jobs.into_iter().enumerate() {
            let fits = |numbers: &Vec<f32>| numbers.len() == job.answer_numbers;
            let mut numbers = answer.await.filter(fits);
            for _ in 1..ATTEMPTS {
                if numbers.is_none() {
                    answer = self.pool.helpers.ask(helper, &job);
                    numbers = answer.await.filter(fits);
                }
            }
            found.push(numbers);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers_of(workers: u32, batch: u32, backend: Backend, cores: usize) -> usize {
        let config = Config {
            workers,
            batch,
            ..Config::default()
        };
        super::workers(&config, backend, cores, batch as usize)
    }

    #[test]
    fn nought_takes_the_cores_that_pay_and_a_number_is_a_number() {
        assert_eq!(workers_of(0, 32, Backend::Flex, 1), 1);
        assert_eq!(workers_of(0, 32, Backend::Flex, 4), 4);
        assert_eq!(workers_of(0, 32, Backend::Flex, 64), 8);
        assert_eq!(workers_of(0, 11, Backend::Flex, 4), 2);
        assert_eq!(workers_of(0, 1, Backend::Flex, 4), 1);
        assert_eq!(workers_of(1, 32, Backend::Flex, 4), 1);
        assert_eq!(workers_of(3, 32, Backend::Flex, 1), 3);
        assert_eq!(workers_of(3, 32, Backend::Ndarray, 4), 1);
        assert_eq!(workers_of(64, 16, Backend::Flex, 2), 16);
        assert_eq!(workers_of(4, 32, Backend::Webgpu, 4), 1);
        let config = Config {
            workers: 4,
            ..Config::default()
        };
        assert_eq!(super::workers(&config, Backend::Flex, 4, 3), 3);
    }
}
