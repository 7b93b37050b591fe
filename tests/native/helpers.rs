//! Helpers that compute here, when they are asked: two of them, by one replica.

use std::cell::RefCell;
use std::rc::Rc;

use burn::tensor::Device;
use convburn::pool::{Answer, Helpers, Job};
use convburn::replica::Replica;
use pollster::block_on;

#[derive(Debug)]
struct Here(RefCell<Replica>);

/// Helpers for a session, which then has three workers.
pub fn here() -> Rc<dyn Helpers> {
    Rc::new(Here(RefCell::new(Replica::new(&Device::flex()))))
}

impl Helpers for Here {
    fn cores(&self) -> usize {
        3
    }

    fn want(&self, _: usize) {}

    fn ask(&self, _: usize, job: &Job<'_>) -> Answer {
        let answer = block_on(self.0.borrow_mut().answer(job));
        Box::pin(std::future::ready(Some(answer.unwrap())))
    }
}
