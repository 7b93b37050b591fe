//! Requests to a running session from outside, which never wait for it.

use std::sync::atomic::{AtomicBool, Ordering};

/// Requests that may come while a step runs.
#[derive(Debug, Default)]
pub struct Signals {
    pause: AtomicBool,
    stop: AtomicBool,
}

impl Signals {
    /// The run pauses before its next step.
    pub fn pause(&self) {
        self.pause.store(true, Ordering::Relaxed);
    }

    /// The run stops before its next step; it can go on from there.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn clear(&self) {
        self.take_pause();
        self.take_stop();
    }

    pub(super) fn take_pause(&self) -> bool {
        self.pause.swap(false, Ordering::Relaxed)
    }

    pub(super) fn take_stop(&self) -> bool {
        self.stop.swap(false, Ordering::Relaxed)
    }
}
