//! Records that a network can learn in a few steps, for tests without the real data.
//!
//! A class is a colour and the place of a bright square, with noise; the numbers come from a fixed
//! generator, so every run sees the same bytes.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod networks;

use std::sync::Arc;

use burn::tensor::Device;
use convburn::checkpoint::Tensors;
use convburn::cifar::{CLASS_NAMES, RECORD_BYTES};
#[cfg(not(target_arch = "wasm32"))]
use convburn::driver::{Cadence, Driver};
use convburn::network::{NetworkPlan, tutorial_model};
#[cfg(not(target_arch = "wasm32"))]
use convburn::protocol::Event;
use convburn::protocol::{Backend, Config, Manifest, ManifestShard, Split};
#[cfg(not(target_arch = "wasm32"))]
use convburn::session::Session;
use convburn::train::Learner;
use sha2::{Digest, Sha256};

/// `records` records, classes in turn; `salt` tells files apart.
pub fn records(records: usize, salt: u32) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32 ^ salt.wrapping_mul(0x85eb_ca6b);
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8 / 8
    };
    let mut bytes = Vec::with_capacity(records * RECORD_BYTES);
    for index in 0..records {
        let label = (index % 10) as u8;
        bytes.push(label);
        for channel in 0..3u8 {
            for pixel in 0..1024usize {
                let (x, y) = (pixel % 32, pixel / 32);
                let (left, top) = (usize::from(label % 4) * 7, usize::from(label / 4) * 10);
                let inside = (left..left + 9).contains(&x) && (top..top + 9).contains(&y);
                let bright = if inside { 180 } else { 20 };
                let tint = if label % 3 == channel { 40 } else { 0 };
                bytes.push(bright + tint + noise());
            }
        }
    }
    bytes
}

/// A small run on flex: 200 and 100 records, batch 20, 2 epochs.
pub fn config() -> Config {
    Config {
        backend: Backend::Flex,
        train: 200,
        test: 100,
        epochs: 2,
        batch: 20,
        seed: 7,
        ..Config::default()
    }
}

/// The tutorial's network on CIFAR-10.
pub fn tutorial() -> Arc<NetworkPlan> {
    Arc::new(NetworkPlan::new(&tutorial_model()).expect("the tutorial's network"))
}

/// A fresh learner of it.
pub fn tutorial_learner(seed: u32, device: &Device) -> Learner {
    Learner::new(&tutorial(), seed, device)
}

/// The bits of all values, of all that the optimiser remembers, and of all averages.
pub fn bits(tensors: &Tensors) -> Vec<u32> {
    let slots = tensors.slots.values().flatten();
    let all = tensors.values.values().chain(slots);
    let all = all.chain(tensors.averaged.values()).flatten();
    all.map(|number| number.to_bits()).collect()
}

/// `bytes` as a gzip file.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("a Vec takes all bytes");
    encoder.finish().expect("a Vec takes all bytes")
}

/// SHA-256 as a list of data files has it.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list of these files.
pub fn manifest(shards: &[(&str, Split, &[u8])]) -> Manifest {
    let shard = |(file, split, bytes): &(&str, Split, &[u8])| ManifestShard {
        file: (*file).into(),
        split: *split,
        records: (bytes.len() / RECORD_BYTES) as u32,
        bytes: bytes.len() as u32,
        sha256: sha256(bytes),
    };
    Manifest {
        format_version: 1,
        class_names: CLASS_NAMES.map(String::from).to_vec(),
        shards: shards.iter().map(shard).collect(),
    }
}

/// Drives a run to its end, or until it is stopped: one that is under way or rests, or a new one. Returns what happened.
#[cfg(not(target_arch = "wasm32"))]
pub fn drive(session: &mut Session) -> Vec<Event> {
    let driver = Driver::new(Cadence {
        turn_ms: 1e3,
        ..Cadence::default()
    });
    driver.begin();
    let mut events = Vec::new();
    loop {
        let turn = pollster::block_on(driver.turn(session)).unwrap();
        events.extend(turn.events);
        if !turn.goes_on {
            return events;
        }
    }
}
