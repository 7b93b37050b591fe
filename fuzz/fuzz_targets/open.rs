//! libFuzzer's bytes as a file of a visitor's: records, raw or gzip, an archive, or something else. What must
//! hold is in `tests/support/parsers.rs`.

#![no_main]

#[path = "../../tests/support/parsers.rs"]
#[allow(dead_code, reason = "each target uses its part")]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    parsers::opened("mine.bin", bytes);
});
