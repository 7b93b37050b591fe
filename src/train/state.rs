//! What a learner is, as plain numbers with names: what a file is made of. Burn's own recorders read synchronously,
//! which panics on WebGPU in a browser; here everything is read in one awaited transfer.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::Learner;
use crate::batch::numbers;
use crate::checkpoint::Tensors;
use crate::error::Error;
use crate::protocol::WeightsKind;

impl Learner {
    /// Reads back all that a later learner needs to go on exactly: every tensor of the network by its name, what
    /// the optimiser remembers, the averages, and its number of steps.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read them back.
    pub async fn tensors(&self) -> Result<(Tensors, i32), Error> {
        if let Some(found) = self.host_tensors() {
            return Ok(found);
        }
        let entries = &self.plan().entries;
        let mut flat: Vec<Tensor<1>> = self.model.values().iter().map(|v| v.flat()).collect();
        let mut remembered = Vec::new();
        let mut averaged = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            if let Some(slots) = self.optimizer.slots(place)
                && !slots.is_empty()
            {
                remembered.push((entry.name.clone(), slots.len()));
                flat.extend(slots.iter().cloned());
            }
        }
        for (place, entry) in entries.iter().enumerate() {
            let average = self.average.as_ref().and_then(|average| average.get(place));
            if let Some(Some(average)) = average {
                averaged.push(entry.name.clone());
                flat.push(average.clone());
            }
        }
        let mut read = read_flat(flat).await?.into_iter();
        let mut found = Tensors::default();
        for (entry, values) in entries.iter().zip(read.by_ref()) {
            found.values.insert(entry.name.clone(), values);
        }
        for (name, slots) in remembered {
            found
                .slots
                .insert(name, read.by_ref().take(slots).collect());
        }
        found.averaged.extend(averaged.into_iter().zip(read));
        Ok((found, self.optimizer.steps()))
    }

    /// The network's tensors alone, by their names, with the weights that images are classified by: averaged ones where
    /// those are shown, else the last step's.
    ///
    /// # Errors
    /// As [`Learner::tensors`].
    pub async fn result_tensors(&self) -> Result<BTreeMap<String, Vec<f32>>, Error> {
        let (tensors, _) = self.tensors().await?;
        let mut values = tensors.values;
        if self.shown_kind() == WeightsKind::Averaged {
            values.extend(tensors.averaged);
        }
        Ok(values)
    }

    /// Takes over what [`Learner::tensors`] read. Where `found` remembers nothing of a
    /// tensor the optimiser does so from its next step on.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is of another network; the learner is as it was.
    pub fn load_state(&mut self, found: &Tensors, steps: i32) -> Result<(), Error> {
        let plan = self.plan().clone();
        let named = |place: usize| {
            let entry = plan.entries.get(place)?;
            found.values.get(&entry.name).cloned()
        };
        self.model = self.model.clone().with_numbers(named)?;
        self.take_optimizer(found, steps);
        self.host_state = None;
        Ok(())
    }
}

/// Reads flat tensors in one transfer.
///
/// # Errors
/// [`Error::Compute`] when the backend cannot read them back.
pub async fn read_flat(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>, Error> {
    if tensors.is_empty() {
        return Ok(Vec::new());
    }
    let lengths: Vec<usize> = tensors.iter().map(|t| t.shape().num_elements()).collect();
    let all = numbers(Tensor::cat(tensors, 0)).await?;
    let mut rest = all.as_slice();
    let mut take = |length: usize| {
        let (first, others) = rest.split_at(length.min(rest.len()));
        rest = others;
        first.to_vec()
    };
    Ok(lengths.into_iter().map(&mut take).collect())
}
