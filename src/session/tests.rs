//! What needs the session's inside: a GPU that is prepared, refused and left (flex stands in for it, because
//! a native program has none), and a run that diverges. No accepted learning rate makes the loss NaN
//! reliably (at 10 the ReLUs die and the loss stays finite), so one is set that is never accepted.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use pollster::block_on;

use super::Session;
use crate::checkpoint::Checkpoint;
use crate::cifar::{Dataset, RECORD_BYTES};
use crate::device::{self, Timed};
use crate::protocol::{Backend, CompilePart, Config, Event, Split};

/// Eight gray records, in steps of one.
fn session(requested: Backend) -> Session {
    let mut dataset = Dataset::new(None).unwrap();
    let gray = vec![1; 10 * RECORD_BYTES];
    dataset.add(Split::Train, gray).unwrap();
    let config = Config {
        backend: Backend::Flex,
        batch: 1,
        train: 8,
        epochs: 1,
        ..Config::default()
    };
    let mut backend = block_on(device::open(&config)).unwrap();
    let is_flex = requested == Backend::Flex;
    if !is_flex {
        // A GPU that computes as flex does, because it is flex.
        backend.active.requested = requested;
        backend.active.active = Backend::Webgpu;
    }
    let config = Config {
        backend: requested,
        ..config
    };
    Session::new(config, backend, dataset).unwrap()
}

/// The parts that were announced, the backends told, and `true` when the run is done.
fn pull(session: &mut Session) -> (Vec<CompilePart>, Vec<Backend>, bool) {
    let events = block_on(session.advance(0.0)).unwrap();
    let (mut parts, mut backends, mut done) = (Vec::new(), Vec::new(), false);
    for event in events {
        match event {
            Event::Compiling { part, .. } => parts.push(part),
            Event::Backend { backend } => backends.push(backend.active),
            Event::Done { .. } => done = true,
            _ => {}
        }
    }
    (parts, backends, done)
}

fn finish(session: &mut Session) {
    while !pull(session).2 {}
}

#[test]
fn a_gpu_is_prepared_a_part_a_pull_and_once_a_session() {
    let mut session = session(Backend::Webgpu);
    assert_eq!(
        pull(&mut session),
        (vec![CompilePart::Upload], vec![], false)
    );
    assert_eq!(
        pull(&mut session),
        (vec![CompilePart::Comparison], vec![], false)
    );
    let told = vec![Backend::Webgpu];
    assert_eq!(
        pull(&mut session),
        (vec![CompilePart::FirstStep], told, false)
    );
    let check = session.loaded().backend.self_check.unwrap();
    assert_eq!(
        (check.loss_difference, check.gradient_difference),
        (0.0, 0.0)
    );
    finish(&mut session);
    assert_eq!(session.history().len(), 1);
    assert_eq!(
        pull(&mut session).0,
        [],
        "a second run needs no preparation"
    );
}

#[test]
fn a_pause_while_a_gpu_is_prepared_announces_the_part_again() {
    let mut session = session(Backend::Webgpu);
    pull(&mut session);
    session.signals().pause();
    let events = block_on(session.advance(0.0)).unwrap();
    assert!(matches!(events[..], [Event::Paused { epoch: 1, step: 0 }]));
    assert_eq!(pull(&mut session).0, [CompilePart::Upload]);
    session.signals().stop();
    let events = block_on(session.advance(0.0)).unwrap();
    assert!(matches!(
        events[..],
        [Event::Stopped {
            epoch: 1,
            step: 0,
            ..
        }]
    ));
    session.reset();
    finish(&mut session);
}

#[test]
fn a_refused_gpu_is_left_by_auto_and_an_error_when_asked_for_by_name() {
    let mut left = session(Backend::Auto);
    pull(&mut left);
    let mut events = Vec::new();
    left.leave_gpu("it is a test".into(), &mut events);
    assert!(matches!(&events[..], [Event::Backend { backend }] if backend.active == Backend::Flex));
    assert!(
        left.loaded()
            .backend
            .reason
            .contains("refused: it is a test")
    );
    finish(&mut left);

    let mut refused = session(Backend::Webgpu);
    pull(&mut refused);
    refused.leave_gpu("it is a test".into(), &mut Vec::new());
    for _ in 0..2 {
        let error = block_on(refused.advance(0.0)).unwrap_err();
        assert_eq!(error.code(), "self_check");
        assert!(error.to_string().contains("it is a test"));
    }
    // What it predicts is the CPU's work.
    assert_eq!(refused.loaded().backend.active, Backend::Flex);
    assert_eq!(block_on(refused.predict(&[0; 3_072])).unwrap().len(), 10);
}

/// What `auto` comes to where GPU and CPU took these milliseconds a step: its parts, the backends that it
/// told, and the reason for the last.
fn decided(gpu_step_ms: f64, cpu_step_ms: f64) -> (Vec<CompilePart>, Vec<Backend>, String) {
    let mut session = session(Backend::Auto);
    session.config.workers = gpu_step_ms as u32; // Nobody else's trial.
    let timed = Timed {
        gpu_step_ms,
        cpu_step_ms,
        workers: 3,
    };
    device::keep_timed(&session.config, timed);
    let (mut parts, mut backends) = (Vec::new(), Vec::new());
    loop {
        let (part, backend, done) = pull(&mut session);
        parts.extend(part);
        backends.extend(backend);
        if done {
            assert_eq!(session.history().len(), 1);
            return (parts, backends, session.loaded().backend.reason);
        }
    }
}

#[test]
fn auto_takes_the_faster_of_gpu_and_cpu_and_says_by_how_much() {
    use CompilePart::{Calibration, Comparison, FirstStep, Upload};

    let (parts, backends, reason) = decided(51.0, 10.0);
    assert_eq!(parts, [Upload, Comparison, Calibration]);
    assert_eq!(backends, [Backend::Webgpu, Backend::Flex]);
    assert!(reason.contains("On the CPU") && reason.contains("5.1 times"));

    let (parts, backends, reason) = decided(52.0, 520.0);
    assert_eq!(parts, [Upload, Comparison, Calibration, FirstStep]);
    assert_eq!(backends, [Backend::Webgpu, Backend::Webgpu]);
    assert!(reason.contains("On the GPU") && reason.contains("10 times"));
}

#[test]
fn auto_times_both_where_nobody_has() {
    let mut session = session(Backend::Auto);
    session.config.workers = 53;
    finish(&mut session);
    let timed = device::timed(&session.config).unwrap();
    assert!(timed.gpu_step_ms > 0.0 && timed.cpu_step_ms > 0.0);
    let reason = session.loaded().backend.reason;
    assert!(reason.contains("in a short trial"), "{reason}");
}

#[test]
fn warming_up_changes_nothing_of_the_run() {
    let whole = |is_warm: bool| {
        let mut session = session(Backend::Webgpu);
        let mut announced = Vec::new();
        loop {
            // Before it begins, and between any two steps.
            if is_warm {
                let running = session.is_running();
                block_on(session.warm_up()).unwrap();
                assert_eq!(session.is_running(), running);
            }
            let (parts, backends, done) = pull(&mut session);
            announced.push((parts, backends));
            assert!(announced.len() < 100, "the run goes on");
            if done {
                let tensors = block_on(session.learner.tensors()).unwrap();
                let losses = (session.history()[0].loss, session.history()[0].val_loss);
                return (announced, tensors, losses);
            }
        }
    };
    assert_eq!(whole(true), whole(false));
}

#[test]
fn a_run_after_a_restored_one_keeps_the_optimiser_also_when_the_gpu_is_left() {
    let mut over = session(Backend::Flex);
    finish(&mut over);
    let bytes = block_on(over.save()).unwrap();
    let Ok(Checkpoint::Run(mut state, tensors)) = over.read(&bytes) else {
        panic!("no run");
    };
    assert_eq!(
        (state.optimizer_steps, state.position.is_some()),
        (8, false)
    );
    state.compute.backend = Backend::Auto;
    let gpu = session(Backend::Auto);
    let (backend, dataset) = (gpu.backend.clone(), gpu.into_dataset());
    let mut next = Session::restored(*state, &tensors, backend, dataset).unwrap();
    next.extend(2).unwrap();
    pull(&mut next); // It begins, and the first part is announced.
    next.leave_gpu("it is a test".into(), &mut Vec::new());
    let (taken, steps) = block_on(next.learner.tensors()).unwrap();
    assert_eq!((steps, taken), (8, tensors));
    finish(&mut next);
    assert_eq!(next.history().len(), 2);
}

#[test]
fn a_run_that_diverges_is_ended_and_told_and_reset_mends_it() {
    let mut session = session(Backend::Flex);
    session.config.lr = f64::INFINITY;
    // The first report comes at once, before the step that goes wrong.
    let mut advance = || block_on(session.advance(1e9));
    let error = advance().and_then(|_| advance()).unwrap_err();
    assert_eq!(error.code(), "diverged");
    assert!(error.to_string().contains("epoch 1"));
    assert!(!session.is_running());

    session.config.lr = 0.001;
    session.reset();
    assert!(
        block_on(session.evaluate(Split::Test))
            .unwrap()
            .loss
            .is_finite()
    );
}
