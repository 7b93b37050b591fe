//! A file's name → the split that it most likely belongs to, for files that no list of digests knows.

use crate::protocol::Split;

/// Combining marks (U+0300 to U+036F): macOS writes "é" as "e" and such a mark, and both are one letter.
const COMBINING_MARKS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// The split that a name, or a path, speaks of: test when `test` stands in it as a word of its own.
///
/// Whatever is no letter separates words, and so does a capital after a small letter: `my_test_2`,
/// `TestBatch`. Letters around it make it another word: `contest`, `latest_pictures`, `testimony`. A
/// folder's name counts where the file's own says neither `test` nor `train`.
pub fn split_of(path: &str) -> Split {
    for name in path.rsplit(['/', '\\']) {
        let words = words(name);
        if words.iter().any(|word| word == "test") {
            return Split::Test;
        }
        if words.iter().any(|word| word == "train") {
            return Split::Train;
        }
    }
    Split::Train
}

/// The words of a name, in small letters.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| letters.get(at));
        if begins_word(before, *letter, letters.get(index + 1)) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if is_letter(*letter) {
            word.extend(letter.to_lowercase());
        }
    }
    words.push(word);
    words
}

fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() || COMBINING_MARKS.contains(&letter)
}

/// Whether a word ends before `letter`. `CIFARTest` is two words: the last capital begins the second.
fn begins_word(before: Option<&char>, letter: char, after: Option<&char>) -> bool {
    if !is_letter(letter) {
        return true;
    }
    let after_small = before.is_some_and(|c| c.is_lowercase());
    let before_small = after.is_some_and(|c| c.is_lowercase());
    let after_capital = before.is_some_and(|c| c.is_uppercase());
    letter.is_uppercase() && (after_small || (after_capital && before_small))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_counts_as_a_word_of_its_own_only() {
        for (path, expected) in [
            ("test_batch.bin", Split::Test),
            ("test.bin", Split::Test),
            ("my_test_2", Split::Test),
            ("Test-batch", Split::Test),
            ("test_batch.bin.gz", Split::Test),
            ("TEST.BIN", Split::Test),
            ("TestBatch.bin", Split::Test),
            ("myTest.bin", Split::Test),
            ("myTest2.bin", Split::Test),
            ("CIFARTest.bin", Split::Test),
            ("cifar10test.bin", Split::Test),
            ("test2.bin", Split::Test),
            ("images (test).bin", Split::Test),
            ("тест test.bin", Split::Test),
            ("test/0.bin", Split::Test),
            ("cifar\\test\\0.bin", Split::Test),
            ("cifar/test/batches/0.bin", Split::Test),
            ("contest.bin", Split::Train),
            ("latest_pictures.bin", Split::Train),
            ("latestPictures.bin", Split::Train),
            ("testimony.bin", Split::Train),
            ("tests.bin", Split::Train),
            ("testing.bin", Split::Train),
            ("TESTIMONY.BIN", Split::Train),
            ("Contest.bin", Split::Train),
            ("attestation.bin", Split::Train),
            ("prétest.bin", Split::Train),
            ("pre\u{301}test.bin", Split::Train),
            ("data_batch_1.bin", Split::Train),
            ("test/train_1.bin", Split::Train),
            ("my tests/data_batch_1.bin", Split::Train),
            ("", Split::Train),
        ] {
            assert_eq!(split_of(path), expected, "{path}");
        }
    }
}
