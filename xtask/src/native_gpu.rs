//! `cargo xtask native-gpu`: the command line with the feature `webgpu`, on whatever Vulkan, Metal or DirectX finds here, held
//! to the same run on the processor.
//!
//! A chore and no check: it compiles wgpu's native half, which nothing else needs. Without a graphics card it takes the software
//! adapter that Chromium brings.

use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::setup::{Need, ensure};
use crate::step::timed;
use crate::workspace::{Workspace, cargo, command_line, output_of, run};

/// What the program is built with.
const PROGRAM: [&str; 6] = [
    "--release",
    "--bin",
    "convburn",
    "--no-default-features",
    "--features",
    "cli,webgpu",
];
/// A run of 20 steps.
const RUN: &str = "--workers 1 --train 640 --test 200 --epochs 1 --json";
/// Where Linux has its graphics cards.
const CARDS: &str = "/dev/dri";
/// Where Debian's Chromium keeps Vulkan's loader, and what names its software adapter to it.
const LOADER: &str = "/usr/lib/chromium";
const SOFTWARE_ADAPTER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";
/// The losses of the two may be so far apart, as a share: sums are added up in another order.
const TOLERANCE: f64 = 1e-3;

/// Trains on the graphics card and on the processor, and compares.
///
/// # Errors
/// It does not compile, there is no adapter, or the losses are apart.
pub fn native_gpu(workspace: &mut Workspace) -> Result<()> {
    timed("Building the command line for graphics cards", || {
        let mut command = workspace.command(&cargo());
        command.arg("build").args(PROGRAM);
        run(&mut command, "Read cargo's message above.")
    })?;
    ensure(Need::Data, workspace)?;
    let title = "Training on the graphics card, then on the processor";
    let (gpu, cpu) = timed(title, || {
        Ok((losses(workspace, "webgpu")?, losses(workspace, "flex")?))
    })?;
    let told = format!("{gpu:?} on the graphics card, {cpu:?} on the processor");
    println!("    Losses in training and on the test images: {told}.");
    let is_near = |(gpu, cpu): (&f64, &f64)| (gpu - cpu).abs() <= TOLERANCE * cpu.abs();
    if gpu.len() == cpu.len() && gpu.iter().zip(&cpu).all(is_near) {
        return Ok(());
    }
    Err(Error::new(
        format!("The losses are apart: {told}."),
        "See whether `cargo xtask test wasm` passes, which holds the same kernels to the processor's in a browser.",
    ))
}

/// The losses of the epoch of a run.
fn losses(workspace: &Workspace, backend: &str) -> Result<[f64; 2]> {
    let folder = tempfile::tempdir();
    let folder = folder.map_err(|error| Error::new(error.to_string(), "Make room for files."))?;
    let mut command = workspace.command(&cargo());
    command.arg("run").args(PROGRAM).args(["--", "train"]);
    command.args(RUN.split(' ')).args(["--backend", backend]);
    command.arg("--save").arg(folder.path().join("run"));
    if !Path::new(CARDS).exists() && Path::new(SOFTWARE_ADAPTER).exists() {
        command.env("VK_ICD_FILENAMES", SOFTWARE_ADAPTER);
        command.env("LD_LIBRARY_PATH", LOADER);
    }
    let told = output_of(&mut command).unwrap_or_default();
    losses_in(&told).ok_or_else(|| {
        let message = format!("`{}` told of no epoch.", command_line(&command));
        Error::new(
            message,
            "Run it by hand, and read its message: without an adapter it says so.",
        )
    })
}

/// Training and test loss in what a run told.
fn losses_in(told: &str) -> Option<[f64; 2]> {
    let mut events = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let epoch = events.find(|event| event["type"] == "epoch_end")?;
    let of = |name: &str| epoch["result"][name].as_f64();
    Some([of("loss")?, of("val_loss")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_those_of_the_epochs_end() {
        let told = "{\"type\":\"resumed\"}\nno JSON\n{\"type\":\"epoch_end\",\"result\":{\"loss\":2.5,\"val_loss\":2.25}}";
        assert_eq!(losses_in(told), Some([2.5, 2.25]));
        assert_eq!(losses_in("{\"type\":\"done\"}"), None);
    }
}
