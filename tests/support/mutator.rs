//! Valid bytes → bytes that are almost valid, from a seeded generator: the same seed gives the same inputs.
//!
//! It knows bytes, JSON and the frame of a safetensors file. What a parser should say is `parsers.rs`'s.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Numbers at the ends of what fields of 8 to 64 bits hold, and beside them.
const EXTREME: [u64; 14] = [
    0,
    1,
    127,
    255,
    256,
    32_767,
    65_535,
    2_147_483_647,
    2_147_483_648,
    4_294_967_295,
    4_294_967_296,
    9_007_199_254_740_993,
    i64::MAX as u64,
    u64::MAX,
];

/// What is no number of the field's kind, or none at all.
const ODD_NUMBERS: [&str; 14] = [
    "-1", "-0", "0.5", "1e3", "1e308", "1e999", "-1e999", "5e-324", "1e-400", "NaN", "0x10", "007",
    "null", "\"1\"",
];

/// What is done to an input.
pub struct Mutator {
    random: ChaCha8Rng,
}

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    fn up_to(&mut self, end: usize) -> usize {
        self.random.random_range(0..=end)
    }

    fn extreme(&mut self) -> u64 {
        EXTREME.choose(&mut self.random).copied().unwrap_or(0)
    }

    /// One of `seeds`.
    pub fn seed<'a>(&mut self, seeds: &'a [Vec<u8>]) -> &'a [u8] {
        seeds.choose(&mut self.random).expect("there are seeds")
    }

    /// A seed after one to four changes that know nothing of its format.
    pub fn bytes(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.seed(seeds).to_vec();
        for _ in 0..=self.up_to(3) {
            self.change(&mut bytes, seeds);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let end = bytes.len();
        let (a, b) = (self.up_to(end), self.up_to(end));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 4_000));
        match self.up_to(8) {
            0 | 1 if a < end => bytes[a] ^= 1 << self.up_to(7),
            2 if a < end => bytes[a] = self.random.random(),
            3 => bytes.truncate(a),
            4 => {
                let other = self.seed(seeds);
                let tail = other[self.up_to(other.len())..].to_vec();
                bytes.truncate(a);
                bytes.extend(tail);
            }
            5 => {
                let copy = bytes[from..to].to_vec();
                bytes.splice(from..from, copy);
            }
            6 => {
                bytes.drain(from..to);
            }
            7 => self.overwrite(bytes, a),
            _ => self.replace_number(bytes),
        }
    }

    /// A field of 1 to 8 bytes, in either order, at its extreme.
    fn overwrite(&mut self, bytes: &mut [u8], at: usize) {
        let number = self.extreme();
        let width = 1 << self.up_to(3);
        let field = if self.random.random() {
            number.to_le_bytes()[..width].to_vec()
        } else {
            number.to_be_bytes()[8 - width..].to_vec()
        };
        for (byte, new) in bytes.iter_mut().skip(at).zip(field) {
            *byte = new;
        }
    }

    /// A number in a text.
    fn replace_number(&mut self, bytes: &mut Vec<u8>) {
        let digits: Vec<usize> = (0..bytes.len())
            .filter(|at| bytes[*at].is_ascii_digit())
            .collect();
        let Some(&at) = digits.choose(&mut self.random) else {
            return;
        };
        let numeric = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let from = at - bytes[..at].iter().rev().take_while(|b| numeric(b)).count();
        let to = at + bytes[at..].iter().take_while(|b| numeric(b)).count();
        let new = if self.random.random() {
            self.extreme().to_string()
        } else {
            (*ODD_NUMBERS.choose(&mut self.random).unwrap_or(&"0")).to_owned()
        };
        bytes.splice(from..to, new.into_bytes());
    }

    /// A JSON seed, changed as bytes or in its structure; then it stays JSON.
    pub fn json(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        if self.random.random() {
            return self.bytes(seeds);
        }
        let seed = self.seed(seeds);
        let Ok(mut value) = serde_json::from_slice(seed) else {
            return self.bytes(seeds);
        };
        for _ in 0..=self.up_to(2) {
            self.change_value(&mut value, true);
        }
        value.to_string().into_bytes()
    }

    /// Goes down to some place of the value, and changes what is there.
    fn change_value(&mut self, value: &mut Value, is_root: bool) {
        let inside = if is_root { 10 } else { 2 };
        match value {
            Value::Object(fields) if !fields.is_empty() && self.up_to(inside) > 0 => {
                let names: Vec<String> = fields.keys().cloned().collect();
                let name = names.choose(&mut self.random).expect("a field").clone();
                match self.up_to(9) {
                    0 => {
                        fields.remove(&name);
                    }
                    1 => {
                        let odd = self.odd_value();
                        fields.insert("x".repeat(self.up_to(2_000)), odd);
                    }
                    _ => self.change_value(&mut fields[&name], false),
                }
            }
            Value::Array(items) if !items.is_empty() && self.up_to(inside) > 0 => {
                let at = self.up_to(items.len() - 1);
                match self.up_to(4) {
                    0 => {
                        items.remove(at);
                    }
                    1 => {
                        let copies = self.up_to(200);
                        items.extend(vec![items[at].clone(); copies]);
                    }
                    _ => self.change_value(&mut items[at], false),
                }
            }
            // JSON in a string, as a checkpoint has it.
            Value::String(text) if text.starts_with('{') && self.up_to(9) > 0 => {
                if let Ok(mut inner) = serde_json::from_str(text) {
                    self.change_value(&mut inner, true);
                    *text = inner.to_string();
                }
            }
            other => *other = self.odd_value(),
        }
    }

    fn odd_value(&mut self) -> Value {
        let number = self.extreme();
        match self.up_to(9) {
            0 => Value::Null,
            1 => json!(self.random.random::<bool>()),
            2 => json!(""),
            3 => json!("\u{0}\u{202e}ü".repeat(self.up_to(300))),
            4 => json!([]),
            5 => json!({}),
            6 => json!(-(number as f64)),
            7 => json!(self.random.random::<f64>() * 10.0),
            8 => (0..self.up_to(150)).fold(json!(1), |inner, _| json!([inner])),
            _ => json!(number),
        }
    }

    /// A safetensors seed, changed as bytes, in its first eight, in its numbers, or in its header; of that
    /// the length is right.
    pub fn safetensors(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let choice = self.up_to(9);
        if choice < 4 {
            return self.bytes(seeds);
        }
        let seed = self.seed(seeds).to_vec();
        if choice == 4 {
            let length = self.extreme().to_le_bytes();
            return [&length, &seed[8..]].concat();
        }
        let Some((header, data)) = parts(&seed) else {
            return seed;
        };
        if choice == 5 {
            let at = seed.len() - data.len() + self.up_to(data.len().max(1) - 1);
            let mut seed = seed;
            self.overwrite(&mut seed, at);
            return seed;
        }
        let header = self.json(&[header.to_vec()]);
        let length = (header.len() as u64).to_le_bytes();
        [&length, header.as_slice(), data].concat()
    }
}

/// Header and data of a safetensors file.
fn parts(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = file.split_first_chunk()?;
    rest.split_at_checked(u64::from_le_bytes(*length) as usize)
}
