//! What a file's name says about its records, where its bytes are unknown.

use crate::protocol::Split;

/// The split that a name means: `test` as a word of its own, as in `test_batch.bin`, not as in `contest.bin`.
pub fn split_of(name: &str) -> Split {
    let mut words = name.split(|letter: char| !letter.is_alphabetic());
    if words.any(|word| word.eq_ignore_ascii_case("test")) {
        Split::Test
    } else {
        Split::Train
    }
}
