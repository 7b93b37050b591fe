//! libFuzzer's bytes as a file of CIFAR-10 records, raw or gzip; their number's parity chooses the split. What
//! must hold is in `tests/support/parsers.rs`.

#![no_main]

#[path = "../../tests/support/parsers.rs"]
#[allow(dead_code, reason = "each target uses its part")]
mod parsers;

use convburn::protocol::Split;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let split = if bytes.len() % 2 == 0 {
        Split::Train
    } else {
        Split::Test
    };
    parsers::cifar(split, bytes);
});
