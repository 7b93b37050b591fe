//! The official files of CIFAR-10's binary version, by which they are known whatever they are called.

use super::Known;
use crate::protocol::Split;

/// The official file with this digest.
pub(super) fn find(sha256: &str) -> Option<Known> {
    let mut files = FILES.iter().enumerate();
    let (order, (name, split, _)) = files.find(|(_, (_, _, sum))| *sum == sha256)?;
    Some(Known {
        name: (*name).to_owned(),
        split: *split,
        order,
    })
}

/// The official files: name, split, SHA-256 of the decompressed bytes (10,000 records each).
const FILES: [(&str, Split, &str); 6] = [
    (
        "data_batch_1.bin",
        Split::Train,
        "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    ),
    (
        "data_batch_2.bin",
        Split::Train,
        "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    ),
    (
        "data_batch_3.bin",
        Split::Train,
        "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    ),
    (
        "data_batch_4.bin",
        Split::Train,
        "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    ),
    (
        "data_batch_5.bin",
        Split::Train,
        "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    ),
    (
        "test_batch.bin",
        Split::Test,
        "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    ),
];
