//! The session with learners that are not the run's: steps that compile a GPU's kernels while data is
//! fetched, and steps that are timed on a GPU and on the processor, when nobody has said which to take.
//!
//! A graphics card need not be faster: the network is small, and a laptop's card may be slower than eight
//! cores.

use super::Session;
use super::data_parallel::step_on_all;
use super::prepare::Preparation;
use crate::batch::{self, RecordBytes};
use crate::device::{self, Timed};
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::plan::Plan;
use crate::platform::now_ms;
use crate::pool::Pool;
use crate::protocol::{Backend, CompilePart, Event, MEASURE_BATCH};
use crate::random::Draws;
use crate::train::Learner;

/// Milliseconds of steps on each side; with the first step, which may compile, it stays below a second.
const BUDGET_MS: f64 = 300.0;
/// Most steps between two reads.
const STEPS_MAX: usize = 16;

impl Session {
    /// Compiles a GPU's kernels by a step and a measurement of black images, so that a run need not wait for
    /// them. On the CPU there is nothing to do.
    ///
    /// # Errors
    /// [`Error::Compute`].
    pub async fn warm_up(&self) -> Result<(), Error> {
        if self.backend.active.active != Backend::Webgpu {
            return Ok(());
        }
        let spec = self.dataset.spec();
        let black = |records: u32| RecordBytes {
            spec,
            pixels: vec![0; records as usize * spec.image.bytes()],
            labels: vec![0; records as usize],
        };
        let device = &self.backend.device;
        let mut learner =
            Learner::new(&self.network, self.config.seed, device).with_rule(self.rule());
        let batch = black(self.config.batch).all().upload(device);
        learner.step(&batch, Draws::default(), self.config.lr);
        learner.read_running(&mut RunningMean::default()).await?;
        let images = batch::images(&black(MEASURE_BATCH).pixels, spec.image, device);
        learner.logits(images).await.map(drop)
    }

    /// The helpers that the CPU would have start, so that they are there when it is timed.
    pub(super) fn call_rivals(&self) {
        if self.config.backend == Backend::Auto {
            self.rivals();
        }
    }

    /// The CPU's helpers, if a session's host brought some and the run wants them.
    fn rivals(&self) -> Option<Pool> {
        let helpers = self.pool.as_ref()?.helpers();
        let pool = self.pool_of(helpers, Backend::Flex);
        (pool.workers() > 1).then_some(pool)
    }

    /// Takes the faster of GPU and CPU, and says by how much. The next part, if it is the GPU.
    ///
    /// # Errors
    /// Why the GPU could not be timed, as the end of a sentence.
    pub(super) async fn calibrate(
        &mut self,
        plan: &Plan,
        events: &mut Vec<Event>,
    ) -> Result<Option<CompilePart>, String> {
        let timed = match device::timed(&self.config) {
            Some(known) => known,
            None => {
                let found = self.race(plan).await.map_err(|error| error.to_string())?;
                device::keep_timed(&self.config, found);
                found
            }
        };
        self.backend.decide(timed);
        if self.backend.active.active == Backend::Flex {
            self.preparation = Preparation::Done;
            self.move_to_cpu(events);
            return Ok(None);
        }
        self.choose_helpers(); // The CPU's are let go.
        self.tell_backend(events);
        Ok(Some(CompilePart::FirstStep))
    }

    /// Milliseconds a step on both.
    async fn race(&self, plan: &Plan) -> Result<Timed, Error> {
        let records = plan.train_records(&self.dataset);
        let indices = self.first_batch(plan);
        let device = &self.backend.device;
        let learner = |device| {
            Learner::new(&self.network, self.config.seed, device)
                .with_arithmetic(self.config.arithmetic)
                .with_rule(self.rule())
        };
        let mut on_gpu = learner(device);
        let gpu_step_ms = step_ms(now_ms, async |steps| {
            for _ in 0..steps {
                let batch = match &self.resident_train {
                    Some(resident) => resident.gather(records, &indices, None, device),
                    None => batch::gather(records, &indices, None, device),
                };
                on_gpu.step(&batch, Draws::default(), self.config.lr);
            }
            on_gpu.read_running(&mut RunningMean::default()).await
        })
        .await?;
        let rivals = self.rivals();
        let bytes = batch::gather_bytes(records, &indices, None);
        let cpu = device::helper();
        let mut on_cpu = learner(&cpu);
        let cpu_step_ms = step_ms(now_ms, async |steps| {
            for _ in 0..steps {
                self.cpu_step(&mut on_cpu, rivals.as_ref(), &bytes).await?;
            }
            on_cpu.read_running(&mut RunningMean::default()).await
        })
        .await?;
        Ok(Timed {
            gpu_step_ms,
            cpu_step_ms,
            workers: rivals.map_or(1, |pool| pool.workers()),
        })
    }

    async fn cpu_step(
        &self,
        learner: &mut Learner,
        pool: Option<&Pool>,
        bytes: &RecordBytes,
    ) -> Result<(), Error> {
        let lr = self.config.lr;
        match pool {
            Some(pool) => {
                let mean = &mut RunningMean::default();
                step_on_all(learner, pool, bytes, Draws::default(), lr, mean).await
            }
            None => {
                let batch = bytes.all().upload(learner.device());
                learner.step(&batch, Draws::default(), lr);
                Ok(())
            }
        }
    }
}

/// Milliseconds a step of the quickest round of steps, the first one left out; rounds grow, since a read
/// costs as much as a step on some GPUs, and training reads after several.
async fn step_ms(
    now_ms: impl Fn() -> f64,
    mut steps: impl AsyncFnMut(usize) -> Result<(), Error>,
) -> Result<f64, Error> {
    steps(1).await?;
    let until_ms = now_ms() + BUDGET_MS;
    let mut quickest_ms = f64::INFINITY;
    let mut count = 1;
    loop {
        let started_ms = now_ms();
        steps(count).await?;
        let took_ms = now_ms() - started_ms;
        quickest_ms = quickest_ms.min(took_ms / count as f64);
        count = (2 * count).min(STEPS_MAX);
        if now_ms() + 2.0 * took_ms > until_ms {
            return Ok(quickest_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Rounds, milliseconds a step, and milliseconds in all, where reading takes `read_ms` a round.
    fn time(first_ms: f64, each_ms: f64, read_ms: f64) -> (Vec<usize>, f64, f64) {
        let (clock, mut rounds) = (Cell::new(0.0), Vec::new());
        let found = step_ms(
            || clock.get(),
            async |count| {
                let first = if rounds.is_empty() { first_ms } else { 0.0 };
                clock.set(clock.get() + first + each_ms * count as f64 + read_ms);
                rounds.push(count);
                Ok(())
            },
        );
        let found = pollster::block_on(found).unwrap_or(f64::NAN);
        (rounds, found, clock.get())
    }

    #[test]
    fn the_first_step_does_not_count_and_rounds_grow_within_the_budget() {
        let (rounds, found, all_ms) = time(100.0, 2.0, 3.0);
        assert!(
            rounds.starts_with(&[1, 1, 2, 4, 8, 16, 16, 16]),
            "{rounds:?}"
        );
        assert_eq!(found, 2.0 + 3.0 / 16.0);
        assert!(all_ms <= 105.0 + BUDGET_MS, "{all_ms}");
    }

    #[test]
    fn a_slow_side_takes_two_steps() {
        assert_eq!(time(100.0, 400.0, 0.0), (vec![1, 1], 400.0, 900.0));
    }

    #[test]
    fn an_error_of_a_step_is_told() {
        let found = step_ms(|| 0.0, async |_| Err(Error::NotLoaded));
        assert!(pollster::block_on(found).is_err());
    }
}
