//! Loss, accuracy and the confusion matrix as plain numbers.
//!
//! Not tensors: what a backend computed is read back first, and the sums are kept in `f64`, so that
//! 50,000 records add up the same on every backend.

use crate::protocol::Evaluation;

/// Sample-weighted running means over an epoch, as Keras reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunningMean {
    /// Sum of the records' losses.
    pub loss_sum: f64,
    /// Number of records classified correctly.
    pub correct: f64,
    /// Number of records.
    pub records: usize,
}

impl RunningMean {
    /// Adds what a step came to: mean loss of its records, number classified correctly.
    pub fn add(&mut self, loss: f64, correct: f64, records: usize) {
        self.loss_sum += loss * records as f64;
        self.correct += correct;
        self.records += records;
    }

    /// Mean loss of a record; 0 before the first.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.records.max(1) as f64
    }

    /// Share classified correctly; 0 before the first.
    pub fn accuracy(&self) -> f64 {
        self.correct / self.records.max(1) as f64
    }
}

/// The probabilities of one record: softmax of its logits, computed in `f64` without overflow.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let (largest, sum) = largest_and_sum(logits);
    let probability = |logit: &f32| ((f64::from(*logit) - largest).exp() / sum) as f32;
    logits.iter().map(probability).collect()
}

/// Cross-entropy of one record: −ln softmax(logits)[label].
fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let (largest, sum) = largest_and_sum(logits);
    let logit = logits.get(label).copied().map_or(f64::NAN, f64::from);
    largest + sum.ln() - logit
}

fn largest_and_sum(logits: &[f32]) -> (f64, f64) {
    let values = logits.iter().copied().map(f64::from);
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    (largest, values.map(|v| (v - largest).exp()).sum())
}

/// The class with the largest logit; the first of equals, as Keras counts.
fn argmax(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if logits.get(best).is_none_or(|largest| logit > largest) {
            best = class;
        }
    }
    best
}

/// Collects an evaluation record by record.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    loss_sum: f64,
    confusion: Vec<Vec<u32>>,
}

impl Tally {
    /// No record of so many classes yet.
    pub fn new(classes: usize) -> Self {
        Self {
            loss_sum: 0.0,
            confusion: vec![vec![0; classes]; classes],
        }
    }

    /// Adds one record: its logits, a number a class, and its true class.
    pub fn add(&mut self, logits: &[f32], label: u8) {
        let label = usize::from(label);
        self.loss_sum += cross_entropy(logits, label);
        let row = self.confusion.get_mut(label);
        if let Some(cell) = row.and_then(|row| row.get_mut(argmax(logits))) {
            *cell += 1;
        }
    }

    /// Adds several records: their logits one after the other, and their true classes.
    pub fn add_all(&mut self, logits: &[f32], classes: usize, labels: &[u8]) {
        for (logits, label) in logits.chunks_exact(classes).zip(labels) {
            self.add(logits, *label);
        }
    }

    /// Number of records so far.
    pub fn records(&self) -> u32 {
        self.confusion.iter().flatten().sum()
    }

    /// The figures so far; `seconds` is what the caller measured.
    pub fn evaluation(&self, seconds: f64) -> Evaluation {
        let records = self.records();
        let diagonal = |(class, row): (usize, &Vec<u32>)| row.get(class).copied();
        let correct: u32 = self.confusion.iter().enumerate().filter_map(diagonal).sum();
        let accuracy_of = |(class, row): (usize, &Vec<u32>)| {
            let of_class: u32 = row.iter().sum();
            let right = row.get(class).copied().unwrap_or(0);
            (of_class > 0).then(|| f64::from(right) / f64::from(of_class))
        };
        let class_accuracy = self.confusion.iter().enumerate().map(accuracy_of).collect();
        Evaluation {
            records,
            loss: self.loss_sum / f64::from(records.max(1)),
            accuracy: f64::from(correct) / f64::from(records.max(1)),
            confusion: self.confusion.clone(),
            class_accuracy,
            seconds,
            flips: None,
            weights: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_logits_cost_ln_10_and_count_as_class_0() {
        let mut tally = Tally::new(10);
        tally.add(&[0.5; 10], 0);
        tally.add(&[0.5; 10], 3);
        let evaluation = tally.evaluation(0.0);
        assert!((evaluation.loss - 10f64.ln()).abs() < 1e-12);
        assert_eq!(evaluation.accuracy, 0.5);
        assert_eq!(evaluation.confusion[3][0], 1);
        assert_eq!(evaluation.class_accuracy[3], Some(0.0));
        assert_eq!(evaluation.class_accuracy[9], None);
    }

    #[test]
    fn the_confusion_is_a_square_of_the_classes() {
        let mut tally = Tally::new(3);
        tally.add(&[0.0, 0.1, 2.0], 1);
        tally.add(&[0.0, 0.1, 2.0], 2);
        tally.add(&[0.0, 0.1, 2.0], 3); // No class.
        let evaluation = tally.evaluation(0.0);
        assert_eq!(evaluation.confusion, [[0, 0, 0], [0, 0, 1], [0, 0, 1]]);
        assert_eq!(evaluation.class_accuracy, [None, Some(0.0), Some(1.0)]);
        assert_eq!((evaluation.records, evaluation.accuracy), (2, 0.5));
    }

    #[test]
    fn softmax_survives_large_logits() {
        let probabilities = softmax(&[1e4, 0.0, -1e4]);
        assert_eq!(probabilities, vec![1.0, 0.0, 0.0]);
    }

    #[test]
    fn running_mean_weighs_by_records() {
        let mut mean = RunningMean::default();
        mean.add(2.0, 8.0, 32);
        mean.add(1.0, 8.0, 8);
        assert_eq!(mean.loss(), 72.0 / 40.0);
        assert_eq!(mean.accuracy(), 16.0 / 40.0);
    }
}
