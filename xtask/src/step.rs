//! How a chore speaks: each step says what it does before, and how long it took after.

use std::time::{Duration, Instant};

use crate::error::Result;

/// Does one step between its two lines.
///
/// # Errors
/// The step's own.
pub fn timed<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {title}");
    let started = Instant::now();
    let result = work();
    let took = duration(started.elapsed());
    match result {
        Ok(_) => println!("    done in {took}"),
        Err(_) => println!("    FAILED after {took}"),
    }
    result
}

/// A duration for people: `0.4 s`, `59.9 s`, `12 min 05 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = duration.as_secs();
    format!("{} min {:02} s", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(420)), "0.4 s");
        assert_eq!(duration(Duration::from_secs(725)), "12 min 05 s");
    }
}
