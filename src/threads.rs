//! Threads of this process as a run's helpers: what web workers are to a page.
//!
//! Each thread has a [`Replica`] of its own, and is handed one job after the other with all that the job is of. A
//! thread that panics is given up: its job is answered by none, so that `pool.rs` asks again, and the next job of that
//! helper starts another thread. The bits are those that web workers compute. This decides nothing about a run.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, available_parallelism};

use crate::device;
use crate::platform::block_on;
use crate::pool::{Answer, Helpers, Job, Task};
use crate::protocol::{Arithmetic, ModelSpec};
use crate::random::Draws;
use crate::replica::Replica;

/// Helper threads, the first being 0. They end when this is dropped.
#[derive(Debug, Default)]
pub struct Threads {
    /// Where each helper's jobs go; none of one that has not been asked, or whose thread was lost.
    helpers: Rc<RefCell<Vec<Option<Sender<Order>>>>>,
}

/// A job that owns what it is of, and where its answer goes.
#[derive(Debug)]
struct Order {
    task: Task,
    model: ModelSpec,
    arithmetic: Arithmetic,
    label_smoothing: f32,
    values: Vec<f32>,
    draws: Draws,
    pixels: Vec<u8>,
    labels: Vec<u8>,
    answer_numbers: usize,
    answer: Sender<Vec<f32>>,
}

impl Threads {
    /// No thread runs before it is asked something.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Helpers for Threads {
    fn cores(&self) -> usize {
        available_parallelism().map_or(1, NonZeroUsize::get)
    }

    fn want(&self, helpers: usize) {
        self.helpers.borrow_mut().resize_with(helpers, || None);
    }

    /// The future waits by blocking its thread, as the run's own computing does.
    fn ask(&self, helper: usize, job: &Job<'_>) -> Answer {
        let answer = send(&self.helpers, helper, job);
        let helpers = Rc::clone(&self.helpers);
        Box::pin(async move {
            let found = answer.and_then(|answer| answer.recv().ok());
            if found.is_none()
                && let Some(lost) = helpers.borrow_mut().get_mut(helper)
            {
                *lost = None;
            }
            found
        })
    }
}

/// Hands a job over, copied. None when no thread takes it.
fn send(
    helpers: &RefCell<Vec<Option<Sender<Order>>>>,
    helper: usize,
    job: &Job<'_>,
) -> Option<Receiver<Vec<f32>>> {
    let (answer, found) = channel();
    let order = Order {
        task: job.task,
        model: job.model.clone(),
        arithmetic: job.arithmetic,
        label_smoothing: job.label_smoothing,
        values: job.values.to_vec(),
        draws: job.draws,
        pixels: job.pixels.to_vec(),
        labels: job.labels.to_vec(),
        answer_numbers: job.answer_numbers,
        answer,
    };
    let mut helpers = helpers.borrow_mut();
    let place = helpers.get_mut(helper)?;
    if place.is_none() {
        *place = start(helper);
    }
    place.as_ref()?.send(order).ok()?;
    Some(found)
}

/// Starts a helper's thread. None when the system gives no further one.
fn start(helper: usize) -> Option<Sender<Order>> {
    let (sender, orders) = channel();
    let thread = Builder::new().name(format!("helper {helper}"));
    thread.spawn(move || serve(&orders)).ok()?;
    Some(sender)
}

/// Answers one job after the other, until nobody can ask any more.
fn serve(orders: &Receiver<Order>) {
    let mut replica = Replica::new(&device::helper());
    while let Ok(order) = orders.recv() {
        let job = Job {
            task: order.task,
            model: &order.model,
            arithmetic: order.arithmetic,
            label_smoothing: order.label_smoothing,
            values: &order.values,
            draws: order.draws,
            pixels: &order.pixels,
            labels: &order.labels,
            answer_numbers: order.answer_numbers,
        };
        // An order that is dropped without an answer tells its asker that there is none.
        if let Ok(numbers) = block_on(replica.answer(&job)) {
            let _ = order.answer.send(numbers); // Its asker may have gone.
        }
    }
}
