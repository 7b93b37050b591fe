//! `cargo xtask generate`: writes what is made from the crate's types and its table of settings. What is made, and how,
//! stands in `src/protocol/generated/`, and in `src/network/presets.rs` for the networks that have a name; native tests there
//! hold the files against it.

use crate::error::Result;
use crate::step::timed;
use crate::test::NATIVE_FEATURES;
use crate::workspace::{Workspace, cargo, run};

/// Runs those tests so that they write what is stale.
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
                .args([
                    "--",
                    "--nocapture",
                    "protocol::generated::",
                    "network::presets::",
                ])
                .env("CONVBURN_GENERATE", "1");
            run(&mut command, "Read the message above.")
        },
    )
}
