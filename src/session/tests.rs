//! What needs the session's inside: a run that diverges. No accepted learning rate makes the loss NaN
//! reliably (at 10 the ReLUs die and the loss stays finite), so one is set that is never accepted.

#![allow(clippy::unwrap_used, reason = "tests")]

use pollster::block_on;

use super::Session;
use crate::cifar::{Dataset, RECORD_BYTES};
use crate::device;
use crate::protocol::{Backend, Config, Split};

#[test]
fn a_run_that_diverges_is_ended_and_told_and_reset_mends_it() {
    let mut dataset = Dataset::new(None).unwrap();
    let gray = vec![1; 10 * RECORD_BYTES];
    dataset.add(Split::Train, gray).unwrap();
    let config = Config {
        backend: Backend::Flex,
        batch: 1,
        train: 8,
        ..Config::default()
    };
    let backend = block_on(device::open(&config)).unwrap();
    let mut session = Session::new(config, backend, dataset).unwrap();
    session.config.lr = f64::INFINITY;
    let error = block_on(session.advance(1e9)).unwrap_err();
    assert_eq!(error.code(), "diverged");
    assert!(error.to_string().contains("epoch 1"));
    assert!(!session.is_running());

    session.config.lr = 0.001;
    session.reset();
    assert!(block_on(session.evaluate()).unwrap().loss.is_finite());
}
