//! `cargo xtask generate`: writes what is made from the crate's types and its table of settings. What is made, and how,
//! stands in `src/protocol/generated/`; a native test there holds the files against it.

use crate::error::Result;
use crate::step::timed;
use crate::test::NATIVE_FEATURES;
use crate::workspace::{Workspace, cargo, run};

/// Runs that test so that it writes what is stale.
///
/// # Errors
/// The crate does not compile, or a file lacks the lines between which it is made.
pub fn generate(workspace: &Workspace) -> Result<()> {
    timed(
        "Writing what is made from the Rust types and settings",
        || {
            let mut command = workspace.command(&cargo());
            command
                .args(["test", "--workspace", "--lib"])
                .args(NATIVE_FEATURES)
                .args(["--", "--nocapture", "protocol::generated::"])
                .env("CONVBURN_GENERATE", "1");
            run(&mut command, "Read the message above.")
        },
    )
}
