//! The command line as a person or a program uses it: the built binary, its exit codes, what it says and the files that it
//! writes.

#![cfg(unix)] // Ctrl+C is a signal here.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests"
)]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use convburn::checkpoint::{Checkpoint, RunState, decode};
use convburn::protocol::EpochResult;
use serde_json::Value;

/// The repository's images, two epochs of 2,000 of them: small, but a run like any other.
const RUN: [&str; 9] = [
    "--train",
    "2000",
    "--test",
    "200",
    "--epochs",
    "2",
    "--workers",
    "2",
    "--json",
];

/// The command that trains it and saves it there.
/// It reports often, so that one that is to be interrupted is so before it is over.
fn train(save: &str) -> Vec<&str> {
    let often = ["--report-every-ms", "10"];
    [&["train"], &RUN[..], &often, &["--save", save]].concat()
}

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("convburn-cli-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convburn"));
    command.args(words);
    command
}

/// Runs a command to its end.
fn run(words: &[&str]) -> Output {
    command(words).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The lines of a command's output as JSON.
fn lines(output: &Output) -> Vec<Value> {
    let text = said(&output.stdout);
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// Runs a command that is to do what it was asked for.
fn fine(words: &[&str]) -> Vec<Value> {
    let output = run(words);
    assert_eq!(code(&output), 0, "{words:?}: {}", said(&output.stderr));
    lines(&output)
}

/// Runs a command that is to fail with this code; returns what it says.
fn refused(words: &[&str], exit: i32) -> String {
    let output = run(words);
    let text = said(&output.stderr);
    assert_eq!(code(&output), exit, "{words:?}: {text}");
    assert!(output.stdout.is_empty(), "{}", said(&output.stdout));
    assert!(!text.contains("panicked") && !text.contains('{'), "{text}");
    text
}

fn read(path: &str) -> (RunState, Vec<u32>) {
    match decode(&fs::read(path).unwrap(), &support::tutorial()).unwrap() {
        Checkpoint::Run(state, tensors) => (*state, support::bits(&tensors)),
        Checkpoint::Weights(..) => panic!("no run"),
    }
}

/// The bits of weights and moments, and the history without its times.
fn end(path: &str) -> (Vec<u32>, Vec<EpochResult>) {
    let (state, bits) = read(path);
    assert_eq!(state.position, None, "{path} is over");
    let rows = state.history.into_iter().map(|row| EpochResult {
        seconds: 0.0,
        step_ms: 0.0,
        ..row
    });
    (bits, rows.collect())
}

/// Begins a run and presses Ctrl+C as soon as it says that it is in this epoch.
fn interrupted_in(epoch: u64, words: &[&str]) -> Vec<Value> {
    let mut child = command(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines: Vec<Value> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let is_there = line["type"] == "progress" && line["epoch"] == epoch;
        lines.push(line);
        if is_there {
            let pid = child.id().to_string();
            let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
            assert!(sent.success());
            break;
        }
    }
    // Whoever reads may go: the run is saved all the same.
    assert_eq!(child.wait().unwrap().code(), Some(130));
    lines
}

fn picture(path: &str, side: u32, record: &[u8]) {
    let scale = side / 32;
    let plane = |channel: u32, x: u32, y: u32| {
        record[(1 + channel * 1_024 + y / scale * 32 + x / scale) as usize]
    };
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    let pixels: Vec<u8> = places
        .flat_map(|(x, y)| [0, 1, 2].map(|channel| plane(channel, x, y)))
        .collect();
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), side, side);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
}

#[test]
fn a_run_that_is_interrupted_goes_on_to_the_bits_of_one_that_is_not_and_is_used() {
    let folder = Folder::new("run");
    let [whole, begun, once, twice] =
        ["whole", "begun", "once", "twice"].map(|name| folder.file(&format!("{name}.safetensors")));
    let lines = fine(&train(&whole));
    let kinds: Vec<&str> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("loaded", "saved"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "epoch_end").count(), 2);
    assert_eq!(lines[0]["backend"]["workers"], 2);
    assert_eq!(lines.last().unwrap()["complete"], true);

    interrupted_in(2, &train(&begun));
    let (state, _) = read(&begun);
    let position = state.position.expect("it waits");
    assert_eq!((position.epoch, state.history.len()), (1, 1));
    assert!(position.step > 0);
    for path in [&once, &twice] {
        let lines = fine(&["train", "--json", "--from", &begun, "--save", path]);
        assert!(lines.iter().any(|line| line["type"] == "resumed"));
    }
    assert!(end(&once) == end(&whole) && end(&twice) == end(&whole));
    assert_eq!(folder.names().len(), 4, "nothing else is left there");

    // What it has come to.
    let info = &fine(&["info", &begun, "--json"])[0];
    assert_eq!(info["position"]["epoch"], 2);
    assert_eq!(info["summary"]["total_parameters"], 122_570);
    let text = said(&run(&["info", &begun]).stdout);
    for part in [
        "conv2d_1",
        "122,570 parameters",
        "seed 1",
        "Epoch 1/2 — ",
        "--from",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let found = &fine(&["evaluate", &whole, "--json"])[0];
    let last = end(&whole).1.remove(1);
    let apart = found["loss"].as_f64().unwrap() - last.val_loss;
    assert!(
        apart.abs() < 1e-12,
        "serde_json reads the last digit otherwise"
    );
    assert_eq!(found["accuracy"], last.val_accuracy);
    asks_about_pictures(&folder, &whole);

    // One that is over goes on for more epochs only.
    let text = refused(&["train", "--from", &whole], 2);
    assert!(text.contains("complete after 2 epochs") && text.contains("--epochs"));
    let text = refused(&["train", "--from", &whole, "--seed", "3"], 2);
    assert!(
        text.contains("--seed cannot be given with --from"),
        "{text}"
    );
}

/// A picture of 32 × 32 is the record itself, and one twice as large is averaged to it.
fn asks_about_pictures(folder: &Folder, run_file: &str) {
    let record = support::records(1, 3);
    let [small, large] = ["small.png", "large.png"].map(|name| folder.file(name));
    picture(&small, 32, &record);
    picture(&large, 64, &record);
    let found = fine(&["predict", run_file, &small, &large, "--json"]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["probabilities"], found[1]["probabilities"]);
    let all = found[0]["probabilities"].as_array().unwrap();
    assert_eq!((all.len(), &all[0][0]), (10, &found[0]["class"]));
    let sum: f64 = all.iter().map(|pair| pair[1].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    let text = said(&run(&["predict", run_file, &small]).stdout);
    assert!(text.starts_with(&small) && text.contains(" %"), "{text}");

    let text = refused(&["predict", run_file, run_file], 1);
    assert!(text.contains("cannot be read as a PNG picture"), "{text}");
    fs::write(&large, b"\xff\xd8\xff\xe0").unwrap();
    let text = refused(&["predict", run_file, &large], 1);
    assert!(text.contains("is a JPEG picture"), "{text}");
}

/// A page's run on images of a visitor's own, which lie here as files without a list: as CIFAR-10's binary version does.
#[test]
fn a_pages_run_goes_on_with_a_folders_files_and_is_logged_for_people() {
    let folder = Folder::new("page");
    let data = folder.file("images");
    fs::create_dir(&data).unwrap();
    let batch = Path::new(&data).join("data_batch_1.bin");
    fs::write(batch, support::records(200, 1)).unwrap();
    let batch = Path::new(&data).join("test_batch.bin.gz");
    fs::write(batch, support::gzip(&support::records(100, 2))).unwrap();
    fs::write(Path::new(&data).join("readme.html"), "<p>").unwrap();
    let page = "tests/fixtures/run-format-3.safetensors";
    let output = run(&[
        "train",
        "--from",
        page,
        "--data",
        &data,
        "--save",
        &folder.file(""),
    ]);
    let (text, notes) = (said(&output.stdout), said(&output.stderr));
    assert_eq!(code(&output), 0, "{notes}");
    assert!(
        text.starts_with("Epoch 2/2 — ") && text.contains(" — val_loss: 0.83"),
        "{text}"
    );
    assert!(
        notes.contains("goes on in epoch 2, after step 5"),
        "{notes}"
    );
    assert!(
        notes.contains("It was saved by version") || notes.contains("workers"),
        "{notes}"
    );
    let names = folder.names();
    let saved = names.iter().find(|name| name.ends_with(".safetensors"));
    let saved = saved.expect("it has the name that the page would give it");
    let expected = "convburn-run-own-200-images-epoch-2-accuracy-0.7";
    assert!(saved.starts_with(expected), "{saved}");
    assert_eq!(names.len(), 2, "{names:?}");
    end(&folder.file(saved));

    // Of the repository's images it knows nothing.
    let save = folder.file("other.safetensors");
    let text = refused(&["train", "--from", page, "--save", &save], 1);
    assert!(
        text.contains("trained on others") && text.contains("--data"),
        "{text}"
    );
    assert_eq!(folder.names().len(), 2, "nothing was written");
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence_with_what_to_do() {
    let folder = Folder::new("wrong");
    for (words, exit, parts) in [
        (
            &["train", "--epochs", "0"][..],
            2,
            ["not between 1 and 1000", "--help"],
        ),
        (&["train", "--lr", "fast"], 2, ["above 0", "--help"]),
        (
            &["train", "--train", "10", "--batch", "32"],
            2,
            ["batch", "10 training"],
        ),
        (&["train", "--bogus"], 2, ["--bogus", "Usage"]),
        (&["train", "--backend", "ndarry"], 2, ["none of", "flex"]),
        (&["paint"], 2, ["paint", "Usage"]),
        (
            &["train", "--data", "/nowhere"],
            1,
            ["no images at /nowhere", "xtask data"],
        ),
        (
            &["train", "--data", &folder.file("")],
            1,
            ["no images", "--data"],
        ),
        (
            &[
                "train",
                "--train",
                "64",
                "--save",
                "/nowhere/run.safetensors",
            ],
            1,
            ["no such file", "--save"],
        ),
        (
            &["train", "--train", "64", "--save", "/dev/null"],
            1,
            ["cannot be written", "--save"],
        ),
        (
            &["train", "--train", "64", "--backend", "webgpu"],
            1,
            ["cannot run here", "--backend flex"],
        ),
        (
            &["info", "/nowhere"],
            1,
            ["/nowhere cannot be read", "name"],
        ),
        (
            &["info", "Cargo.toml"],
            1,
            ["cannot be used as a run", ".safetensors"],
        ),
        (
            &["evaluate", "tests/fixtures/small.tar.gz"],
            1,
            ["cannot be used as a run", "saved"],
        ),
    ] {
        let text = refused(words, exit);
        assert!(
            parts.iter().all(|part| text.contains(part)),
            "{words:?}: {text}"
        );
    }
    let output = run(&["train", "--data", "/nowhere", "--json"]);
    let lines = lines(&output);
    assert_eq!((code(&output), lines.len()), (1, 1));
    assert_eq!(
        (&lines[0]["type"], &lines[0]["code"]),
        (&"error".into(), &"no_images".into())
    );
    assert!(output.stderr.is_empty(), "all is said in JSON");
    assert_eq!(code(&run(&["train", "--help"])), 0);
    assert_eq!(folder.names(), Vec::<String>::new());
}
