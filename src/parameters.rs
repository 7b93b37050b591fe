//! A module's parameters ⇄ plain numbers, in the module's order: what a file of weights is made of.
//!
//! Burn's own recorders and stores read synchronously, which panics on WebGPU in a browser; here
//! everything is read in one awaited transfer. Where each number lies in a file is `layout.rs`'s.

use std::ops::Range;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::batch::numbers;
use crate::error::Error;

/// Reads every parameter of a module: one vector each.
///
/// # Errors
/// [`Error::Compute`] when the backend cannot read them back.
pub async fn read<M: Module>(module: &M) -> Result<Vec<Vec<f32>>, Error> {
    let mut gathered = Gathered::default();
    module.visit(&mut gathered);
    read_flat(gathered.flat).await
}

/// Reads every parameter of a module into one vector, one after the other.
///
/// # Errors
/// [`Error::Compute`] when the backend cannot read them back.
pub async fn read_joined<M: Module>(module: &M) -> Result<Vec<f32>, Error> {
    let mut gathered = Gathered::default();
    module.visit(&mut gathered);
    numbers(Tensor::cat(gathered.flat, 0)).await
}

/// The shape of every parameter of a module.
pub fn shapes<M: Module>(module: &M) -> Vec<Vec<usize>> {
    let mut gathered = Gathered::default();
    module.visit(&mut gathered);
    gathered.shapes
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

/// Returns `module` with other numbers in its parameters, on its own device.
///
/// # Errors
/// [`Error::Checkpoint`] when their number, or how many they are, is not the module's.
pub fn write<M: Module>(module: M, numbers: &[Vec<f32>]) -> Result<M, Error> {
    let mut numbers = numbers.iter();
    replace(module, |entries| {
        let found = numbers.next();
        found.filter(|n| n.len() == entries).cloned()
    })
    .filter(|_| numbers.next().is_none())
    .ok_or_else(not_the_networks)
}

/// As [`write()`], from one vector as [`read_joined`] makes it.
///
/// # Errors
/// As [`write()`].
pub fn write_joined<M: Module>(module: M, numbers: &[f32]) -> Result<M, Error> {
    let range = |range: Range<usize>| numbers.get(range).unwrap_or_default().to_vec();
    write_ranges(module, numbers.len(), range)
}

/// As [`write_joined`], from `entries` numbers of which `numbers` gives those in a range.
///
/// # Errors
/// As [`write()`].
pub fn write_ranges<M: Module>(
    module: M,
    entries: usize,
    mut numbers: impl FnMut(Range<usize>) -> Vec<f32>,
) -> Result<M, Error> {
    let mut rest = 0..entries;
    replace(module, |wanted| {
        let range = rest.start..rest.start + wanted;
        rest.start = range.end;
        let found = (range.end <= entries).then(|| numbers(range));
        found.filter(|numbers| numbers.len() == wanted)
    })
    .filter(|_| rest.is_empty())
    .ok_or_else(not_the_networks)
}

fn not_the_networks() -> Error {
    Error::checkpoint("its tensors are not the network's".into())
}

/// `module` with what `next` gives for each parameter's number of entries; none when it gave none.
fn replace<M: Module>(module: M, next: impl FnMut(usize) -> Option<Vec<f32>>) -> Option<M> {
    let mut replacing = Replacing { next, fits: true };
    let module = module.map(&mut replacing);
    replacing.fits.then_some(module)
}

#[derive(Default)]
struct Gathered {
    shapes: Vec<Vec<usize>>,
    flat: Vec<Tensor<1>>,
}

impl ModuleVisitor for Gathered {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        self.shapes.push(value.dims().to_vec());
        self.flat.push(value.flatten(0, D - 1));
    }
}

/// Visits the parameters of a module in order and replaces each one's numbers.
struct Replacing<F> {
    next: F,
    fits: bool,
}

impl<F: FnMut(usize) -> Option<Vec<f32>>> ModuleMapper for Replacing<F> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        let shape = value.shape();
        let Some(found) = (self.next)(shape.num_elements()) else {
            self.fits = false;
            return Param::from_mapped_value(id, value, mapper);
        };
        let data = TensorData::new(found, shape);
        let value = Tensor::from_data(data, &value.device()).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}
