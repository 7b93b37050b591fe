//! Batch normalisation over groups of rows, and the activation that may follow: plain numbers `[rows, features]`, whatever the rows are
//! of (records, or positions of maps with their channels last).
//!
//! Sums run over rows in the order in which they lie, so a group's figures depend on nothing but the group. They are `f32`
//! for some rows and `f64` beyond, because a group may have a hundred thousand rows. It rounds alike on every machine.

use std::borrow::Cow;

use super::Activation;

/// So many rows are added up in `f32`.
const ROWS: usize = 64;

/// What is normalised, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    /// Numbers of a row.
    pub features: usize,
    /// Rows that are normalised together, one group after the other; they add up to all rows.
    pub groups: Vec<usize>,
    /// Added to a variance.
    pub epsilon: f32,
    /// The activation that follows.
    pub activation: Option<Activation>,
}

/// What a normalisation computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalized {
    /// `[rows, features]`.
    pub outputs: Vec<f32>,
    /// For each group its means `[features]`, then its variances `[features]`, over the number of rows.
    pub statistics: Vec<f32>,
}

/// Gradients of all that a normalisation reads.
#[derive(Clone, Debug, PartialEq)]
pub struct NormGradients {
    /// `[rows, features]`.
    pub inputs: Vec<f32>,
    /// `[features]`.
    pub scale: Vec<f32>,
    /// `[features]`.
    pub offset: Vec<f32>,
}

/// What turns a number into its normalised one: for each feature a factor and a summand.
struct Affine {
    factor: Vec<f32>,
    summand: Vec<f32>,
}

impl Norm {
    /// Normalises each group by its own mean and variance, then scales and moves it.
    ///
    /// # Shapes
    /// `inputs`: `[rows, features]`; `scale` and `offset`: `[features]`.
    pub fn forward(&self, inputs: &[f32], scale: &[f32], offset: &[f32]) -> Normalized {
        let mut outputs = Vec::with_capacity(inputs.len());
        let mut statistics = Vec::with_capacity(2 * self.groups.len() * self.features);
        let mut rest = inputs;
        for rows in &self.groups {
            let (group, inputs) = rest.split_at(rows * self.features);
            rest = inputs;
            let [mean, variance] = self.statistics_of(group, *rows);
            let affine = self.affine(&mean, &variance, scale, offset);
            let first = outputs.len();
            self.normalize(group, &affine, &mut outputs);
            if let Some(activation) = self.activation {
                activation.apply(&mut outputs[first..]);
            }
            statistics.extend(mean);
            statistics.extend(variance);
        }
        Normalized {
            outputs,
            statistics,
        }
    }

    /// The gradients, from those of the outputs. Mean and variance depend on the inputs, and that is in them.
    ///
    /// # Shapes
    /// As [`Norm::forward`]; `statistics` as it gave them; `gradients`: `[rows, features]`.
    pub fn backward(
        &self,
        inputs: &[f32],
        scale: &[f32],
        offset: &[f32],
        statistics: &[f32],
        gradients: &[f32],
    ) -> NormGradients {
        let features = self.features;
        let mut found = NormGradients {
            inputs: Vec::with_capacity(inputs.len()),
            scale: vec![0.0; features],
            offset: vec![0.0; features],
        };
        let mut first = 0;
        for (rows, statistics) in self
            .groups
            .iter()
            .zip(statistics.chunks_exact(2 * features))
        {
            let here = first..first + rows * features;
            first = here.end;
            let (mean, variance) = statistics.split_at(features);
            let affine = self.affine(mean, variance, scale, offset);
            let inputs = &inputs[here.clone()];
            let gradients = self.passed(inputs, &affine, &gradients[here.clone()]);
            let group = Group {
                norm: self,
                mean,
                inverse: &self.inverse_deviations(variance),
                inputs,
                gradients: &gradients,
            };
            let [of_offset, of_scale] = group.sums();
            for (to, sum) in found.offset.iter_mut().zip(&of_offset) {
                *to += sum;
            }
            for (to, sum) in found.scale.iter_mut().zip(&of_scale) {
                *to += sum;
            }
            group.spread(*rows, scale, &of_offset, &of_scale, &mut found.inputs);
        }
        found
    }

    /// Gradients of a group's normalised numbers, from those of the activation.
    fn passed<'a>(&self, inputs: &[f32], affine: &Affine, gradients: &'a [f32]) -> Cow<'a, [f32]> {
        let Some(activation) = self.activation else {
            return Cow::Borrowed(gradients);
        };
        if activation == Activation::Relu {
            return Cow::Owned(self.rectified(inputs, affine, gradients));
        }
        let mut normalized = Vec::with_capacity(inputs.len());
        self.normalize(inputs, affine, &mut normalized);
        let mut passed = gradients.to_vec();
        activation.pass_back(&normalized, &mut passed);
        Cow::Owned(passed)
    }

    /// The gradients that ReLU lets pass: of a number its sign is enough.
    fn rectified(&self, inputs: &[f32], affine: &Affine, gradients: &[f32]) -> Vec<f32> {
        let mut passed = Vec::with_capacity(gradients.len());
        let rows = inputs.chunks_exact(self.features);
        for (row, gradients) in rows.zip(gradients.chunks_exact(self.features)) {
            let numbers = row.iter().zip(&affine.factor).zip(&affine.summand);
            passed.extend(gradients.iter().zip(numbers).map(
                |(gradient, ((number, factor), summand))| {
                    let passes = number * factor + summand > 0.0;
                    gradient * f32::from(u8::from(passes))
                },
            ));
        }
        passed
    }

    /// Puts a group's normalised numbers behind others.
    fn normalize(&self, group: &[f32], affine: &Affine, to: &mut Vec<f32>) {
        for row in group.chunks_exact(self.features) {
            let numbers = row.iter().zip(&affine.factor).zip(&affine.summand);
            to.extend(numbers.map(|((number, factor), summand)| number * factor + summand));
        }
    }

    /// Mean and variance of each feature over a group's rows.
    fn statistics_of(&self, group: &[f32], rows: usize) -> [Vec<f32>; 2] {
        let share = 1.0 / rows.max(1) as f64;
        let mean = self.sums_of(group, share, |row, sums| {
            for (sum, number) in sums.iter_mut().zip(row) {
                *sum += number;
            }
        });
        let variance = self.sums_of(group, share, |row, sums| {
            for ((sum, number), mean) in sums.iter_mut().zip(row).zip(&mean) {
                let apart = number - mean;
                *sum += apart * apart;
            }
        });
        [mean, variance]
    }

    /// What is added up over rows, times `share`.
    #[inline(always)]
    fn sums_of(
        &self,
        group: &[f32],
        share: f64,
        mut add: impl FnMut(&[f32], &mut [f32]),
    ) -> Vec<f32> {
        let mut all = vec![0.0_f64; self.features];
        let mut some = vec![0.0_f32; self.features];
        for rows in group.chunks(ROWS * self.features) {
            some.fill(0.0);
            for row in rows.chunks_exact(self.features) {
                add(row, &mut some);
            }
            for (all, some) in all.iter_mut().zip(&some) {
                *all += f64::from(*some);
            }
        }
        all.into_iter().map(|sum| (sum * share) as f32).collect()
    }

    fn inverse_deviations(&self, variance: &[f32]) -> Vec<f32> {
        let of = |variance: &f32| 1.0 / (variance + self.epsilon).sqrt();
        variance.iter().map(of).collect()
    }

    fn affine(&self, mean: &[f32], variance: &[f32], scale: &[f32], offset: &[f32]) -> Affine {
        let inverse = self.inverse_deviations(variance);
        let factor: Vec<f32> = scale.iter().zip(&inverse).map(|(a, b)| a * b).collect();
        let summand = offset.iter().zip(mean).zip(&factor);
        let summand = summand.map(|((offset, mean), factor)| offset - mean * factor);
        Affine {
            summand: summand.collect(),
            factor,
        }
    }
}

/// A group on the way back.
struct Group<'a> {
    norm: &'a Norm,
    mean: &'a [f32],
    inverse: &'a [f32],
    inputs: &'a [f32],
    gradients: &'a [f32],
}

impl Group<'_> {
    /// The sums of the gradients, and of the gradients times the normalised inputs.
    fn sums(&self) -> [Vec<f32>; 2] {
        let features = self.norm.features;
        let mut all = [vec![0.0_f64; features], vec![0.0_f64; features]];
        let mut some = [vec![0.0_f32; features], vec![0.0_f32; features]];
        let chunks = self.inputs.chunks(ROWS * features);
        for (inputs, gradients) in chunks.zip(self.gradients.chunks(ROWS * features)) {
            let [plain, times] = &mut some;
            plain.fill(0.0);
            times.fill(0.0);
            let rows = inputs.chunks_exact(features);
            for (row, gradients) in rows.zip(gradients.chunks_exact(features)) {
                self.add(row, gradients, plain, times);
            }
            for (all, some) in all.iter_mut().zip(&some) {
                for (all, some) in all.iter_mut().zip(some) {
                    *all += f64::from(*some);
                }
            }
        }
        all.map(|sums| sums.into_iter().map(|sum| sum as f32).collect())
    }

    #[inline(always)]
    fn add(&self, row: &[f32], gradients: &[f32], plain: &mut [f32], times: &mut [f32]) {
        let features = self.norm.features;
        let (row, gradients) = (&row[..features], &gradients[..features]);
        let (plain, times) = (&mut plain[..features], &mut times[..features]);
        let (mean, inverse) = (&self.mean[..features], &self.inverse[..features]);
        for i in 0..features {
            plain[i] += gradients[i];
            times[i] += gradients[i] * ((row[i] - mean[i]) * inverse[i]);
        }
    }

    /// Gradients of the inputs: scale / deviation · (g − mean of g − normalised · mean of (g · normalised)).
    fn spread(
        &self,
        rows: usize,
        scale: &[f32],
        of_offset: &[f32],
        of_scale: &[f32],
        to: &mut Vec<f32>,
    ) {
        let features = self.norm.features;
        let share = 1.0 / rows.max(1) as f32;
        let mean_of = |sums: &[f32]| sums.iter().map(|sum| sum * share).collect::<Vec<f32>>();
        let (plain, times) = (mean_of(of_offset), mean_of(of_scale));
        let outer: Vec<f32> = scale.iter().zip(self.inverse).map(|(a, b)| a * b).collect();
        let each = self.inputs.chunks_exact(features);
        let each = each.zip(self.gradients.chunks_exact(features));
        for (row, gradients) in each {
            let (mean, inverse) = (&self.mean[..features], &self.inverse[..features]);
            let (plain, times, outer) =
                (&plain[..features], &times[..features], &outer[..features]);
            to.extend((0..features).map(|i| {
                let normalized = (row[i] - mean[i]) * inverse[i];
                outer[i] * (gradients[i] - plain[i] - normalized * times[i])
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::numbers;
    use super::*;

    /// The same written out in `f64`, feature by feature and group by group.
    fn written_out(
        norm: &Norm,
        inputs: &[f32],
        scale: &[f32],
        offset: &[f32],
        gradients: &[f32],
    ) -> [Vec<f64>; 4] {
        let features = norm.features;
        let [mut outputs, mut of_inputs] = [(); 2].map(|()| vec![0.0; inputs.len()]);
        let [mut of_scale, mut of_offset] = [(); 2].map(|()| vec![0.0; features]);
        let mut first = 0;
        for rows in &norm.groups {
            for feature in 0..features {
                let places: Vec<usize> = (first..first + rows)
                    .map(|row| row * features + feature)
                    .collect();
                let share = 1.0 / *rows as f64;
                let x = |at: &usize| f64::from(inputs[*at]);
                let mean = places.iter().map(x).sum::<f64>() * share;
                let variance = places.iter().map(|at| (x(at) - mean).powi(2)).sum::<f64>() * share;
                let deviation = (variance + f64::from(norm.epsilon)).sqrt();
                let (scale, offset) = (f64::from(scale[feature]), f64::from(offset[feature]));
                let normalized = |at: &usize| (x(at) - mean) / deviation;
                let output = |at: &usize| scale * normalized(at) + offset;
                let passes = |at: &usize| norm.activation.is_none() || output(at) > 0.0;
                let gradient = |at: &usize| {
                    if passes(at) {
                        f64::from(gradients[*at])
                    } else {
                        0.0
                    }
                };
                let plain = places.iter().map(gradient).sum::<f64>();
                let times = places
                    .iter()
                    .map(|at| gradient(at) * normalized(at))
                    .sum::<f64>();
                of_scale[feature] += times;
                of_offset[feature] += plain;
                for at in &places {
                    outputs[*at] = if passes(at) { output(at) } else { 0.0 };
                    of_inputs[*at] = scale / deviation
                        * (gradient(at) - plain * share - normalized(at) * times * share);
                }
            }
            first += rows;
        }
        [outputs, of_inputs, of_scale, of_offset]
    }

    #[test]
    fn groups_are_normalised_and_gradients_come_back_as_written_out() {
        let relu = Some(Activation::Relu);
        for (groups, features, activation) in [
            (vec![7], 1, None),
            (vec![8, 9, 300], 5, relu),
            (vec![64, 65], 32, relu),
            (vec![1, 2], 3, None),
        ] {
            let rows: usize = groups.iter().sum();
            let norm = Norm {
                features,
                groups,
                epsilon: 1e-3,
                activation,
            };
            let inputs = numbers(rows * features, 1);
            let [scale, offset] = [2, 3].map(|seed| numbers(features, seed));
            let gradients = numbers(rows * features, 4);
            let found = norm.forward(&inputs, &scale, &offset);
            let back = norm.backward(&inputs, &scale, &offset, &found.statistics, &gradients);
            let expected = written_out(&norm, &inputs, &scale, &offset, &gradients);
            for (found, expected) in [&found.outputs, &back.inputs, &back.scale, &back.offset]
                .into_iter()
                .zip(&expected)
            {
                let largest = expected.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
                let apart = found
                    .iter()
                    .zip(expected)
                    .map(|(a, b)| (f64::from(*a) - b).abs());
                let apart = apart.fold(0.0, f64::max) / largest;
                assert!(apart < 1e-5, "{norm:?}: {apart}");
            }
            assert_eq!(found.statistics.len(), 2 * norm.groups.len() * features);
        }
    }

    /// What joins a normalisation is what follows it, to the bit.
    #[test]
    fn an_activation_is_applied_to_what_was_normalised() {
        let norm = |activation| Norm {
            features: 12,
            groups: vec![9, 11],
            epsilon: 1e-5,
            activation,
        };
        let [inputs, gradients] = [1, 4].map(|seed| numbers(240, seed));
        let [scale, offset] = [2, 3].map(|seed| numbers(12, seed));
        for activation in [Activation::Relu, Activation::Gelu, Activation::Silu] {
            let (plain, joined) = (norm(None), norm(Some(activation)));
            let mut found = plain.forward(&inputs, &scale, &offset);
            let mut passed = gradients.clone();
            activation.pass_back(&found.outputs, &mut passed);
            let back = |norm: &Norm, gradients: &[f32]| {
                norm.backward(&inputs, &scale, &offset, &found.statistics, gradients)
            };
            assert_eq!(back(&plain, &passed), back(&joined, &gradients));
            activation.apply(&mut found.outputs);
            assert_eq!(joined.forward(&inputs, &scale, &offset), found);
        }
    }

    #[test]
    fn a_groups_figures_depend_on_the_group_alone() {
        let norm = |groups: &[usize]| Norm {
            features: 4,
            groups: groups.to_vec(),
            epsilon: 1e-5,
            activation: None,
        };
        let inputs = numbers(40, 1);
        let one = |range: std::ops::Range<usize>| {
            norm(&[5]).forward(&inputs[range], &[1.0; 4], &[0.5; 4])
        };
        let both = norm(&[5, 5]).forward(&inputs, &[1.0; 4], &[0.5; 4]);
        let [first, second] = [one(0..20), one(20..40)];
        assert_eq!(both.outputs, [first.outputs, second.outputs].concat());
        assert_eq!(
            both.statistics,
            [first.statistics, second.statistics].concat()
        );
    }
}
