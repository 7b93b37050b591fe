//! A process and all that it started: found by their parents, and ended together.
//!
//! They stay in our process group, because Ctrl+C has to reach them; so they are not found by a group of their own.

use std::process::{self, Child};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, Signal, System};

use crate::error::Result;

/// Ends a program and all that it started. What fails here fails because it has ended already.
pub fn end(child: &mut Child) {
    end_all(|system| family(Pid::from_u32(child.id()), system));
    let _ = child.kill();
    let _ = child.wait();
}

/// Whether a signal is ending us.
static IS_ENDING: AtomicBool = AtomicBool::new(false);

/// From now on, whoever ends this process by Ctrl+C or SIGTERM ends what it started too. Until now SIGTERM would have reached
/// us alone, and a build would have gone on for minutes. It holds until another program takes this process over.
///
/// SIGHUP stays as it is: a terminal that is closed sends it to all of us, and `nohup` has all of us ignore it.
///
/// # Errors
/// The system refuses.
#[cfg(unix)]
pub fn end_with_us() -> Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use crate::error::Context;

    let hint = "Start it again; if it fails again, `trunk serve --release` builds and serves too.";
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("wait for signals", hint)?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            IS_ENDING.store(true, Ordering::SeqCst);
            let own = Pid::from_u32(process::id());
            end_all(|system| family(own, system).into_iter().skip(1).collect());
            // As a shell says that a signal ended a program.
            process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Elsewhere Ctrl+C reaches all of us, and there is no other signal.
#[cfg(not(unix))]
pub fn end_with_us() -> Result<()> {
    Ok(())
}

/// Comes back only if no signal is ending us: what ends then has not failed, and nothing else is to begin.
pub fn go_on_unless_ending() {
    while IS_ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
}

/// Ends the processes that `find` finds. They are stopped first and looked for again, because one that runs may start another
/// between the look and its end.
fn end_all(find: impl for<'a> Fn(&'a System) -> Vec<&'a Process>) {
    let Ok(mut system) = System::new() else {
        return;
    };
    let mut stopped = 0;
    loop {
        let kind = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let found = find(&system);
        if found.len() <= stopped {
            for process in found {
                process.kill();
            }
            return;
        }
        stopped = found.len();
        for process in found {
            process.kill_with(Signal::Stop);
        }
    }
}

/// A process and its descendants; it is the first.
fn family(root: Pid, system: &System) -> Vec<&Process> {
    let mut found: Vec<&Process> = system.process(root).into_iter().collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|process| process.pid()) {
        let processes = system.processes().values();
        found.extend(processes.filter(|process| process.parent() == Some(parent)));
        next += 1;
    }
    found
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::{Read, pipe};
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::time::{Duration, Instant};
    use std::{env, thread};

    use super::*;

    /// Processes of two generations, which would live for a minute.
    const LONG_LIVED: &str = "(sleep 60 & sleep 60; true) & sleep 60; true";
    /// Set where a test runs as the program whose end another test asks for.
    const AS_PROGRAM: &str = "CONVBURN_TEST_AS_PROGRAM";

    #[test]
    fn as_a_program_with_children() {
        if env::var_os(AS_PROGRAM).is_none() {
            return;
        }
        end_with_us().unwrap();
        let mut child = Command::new("sh").args(["-c", LONG_LIVED]).spawn().unwrap();
        child.wait().unwrap();
        go_on_unless_ending();
    }

    #[test]
    fn a_signal_to_us_ends_what_we_started() {
        let (mut reader, writer) = pipe().unwrap();
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", "family::tests::as_a_program_with_children"])
            .args(["--nocapture"])
            .env(AS_PROGRAM, "1")
            .stdout(writer);
        let mut program = command.spawn().unwrap();
        drop(command);
        let started = Instant::now();
        let pid = Pid::from_u32(program.id());
        let mut system = System::new().unwrap();
        loop {
            system.refresh_processes(ProcessesToUpdate::All, true);
            // The program, its shells and their sleeps.
            if family(pid, &system).len() >= 5 {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(30));
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(
            system.process(pid).unwrap().kill_with(Signal::Term),
            Some(true)
        );
        // The pipe ends when the last of them has.
        reader.read_to_end(&mut Vec::new()).unwrap();
        let status = program.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (Some(128 + 15), None));
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
