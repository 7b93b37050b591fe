//! libFuzzer's bytes as a list of data files, as JSON. What must hold is in `tests/support/parsers.rs`.

#![no_main]

#[path = "../../tests/support/parsers.rs"]
#[allow(dead_code, reason = "each target uses its part")]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    parsers::manifest(bytes);
});
