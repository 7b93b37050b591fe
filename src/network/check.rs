//! What a list of layers may be: ranges of each field before shapes are computed, sizes of the whole after.

use super::{FILTERS_MAX, LAYERS_MAX, NetworkPlan, PARAMETERS_MAX, Role, Shape, refused};
use crate::error::Error;
use crate::protocol::{
    Conv, Initializer, Layer, LayerSpec, ModelSpec, NetworkSpec, NormGroup, Pixels, RecordSpec,
    TensorSpec,
};

/// Largest side of a kernel.
const KERNEL_MAX: u32 = 7;
/// Largest side of a pooling window.
const WINDOW_MAX: u32 = 96;
/// Widest border.
const BORDER_MAX: u32 = 8;
/// Largest factor.
const FACTOR_MAX: f64 = 1_000.0;

/// Checks what shapes do not tell.
///
/// # Errors
/// [`Error::InvalidConfig`].
pub(super) fn model(spec: &ModelSpec) -> Result<(), Error> {
    let records = RecordSpec {
        image: spec.image,
        classes: spec.classes as usize,
    };
    records.check()?;
    if let NormGroup::Records(records) = spec.norm_group
        && !(2..=4_096).contains(&records)
    {
        let problem = format!("{records} is not \"batch\" and not between 2 and 4096");
        return Err(Error::invalid_config("norm_group", problem));
    }
    if let Pixels::Standardized { mean, deviation } = &spec.pixels {
        let channels = spec.image.channels as usize;
        let fits = mean.len() == channels
            && deviation.len() == channels
            && mean.iter().all(|value| (0.0..=1.0).contains(value))
            && deviation.iter().all(|value| (1e-4..=1.0).contains(value));
        if !fits {
            let problem = format!(
                "a mean from 0 to 1 and a deviation above 0 are needed for each of {channels} channels"
            );
            return Err(Error::invalid_config("pixels", problem));
        }
    }
    list(&spec.network).map_err(refused)
}

fn list(spec: &NetworkSpec) -> Result<(), String> {
    let inner = |layer: &LayerSpec| match &layer.layer {
        Layer::Residual { layers } => layers.clone(),
        _ => Vec::new(),
    };
    let all: Vec<LayerSpec> = (spec.layers.iter())
        .flat_map(|layer| std::iter::once(layer.clone()).chain(inner(layer)))
        .collect();
    if all.is_empty() {
        return Err("it has no layers".into());
    }
    if all.len() > LAYERS_MAX {
        return Err(format!(
            "it has {} layers, and {LAYERS_MAX} are the most",
            all.len()
        ));
    }
    let mut ids: Vec<u32> = all.iter().map(|layer| layer.id).collect();
    ids.sort_unstable();
    if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two layers have the id {}", twice[0]));
    }
    for (index, layer) in all.iter().enumerate() {
        fields(layer, index == 0)
            .map_err(|problem| format!("the layer of id {} {problem}", layer.id))?;
    }
    for layer in &all {
        no_nesting(layer)?;
    }
    Ok(())
}

fn no_nesting(layer: &LayerSpec) -> Result<(), String> {
    let Layer::Residual { layers } = &layer.layer else {
        return Ok(());
    };
    match layers
        .iter()
        .find(|l| matches!(l.layer, Layer::Residual { .. }))
    {
        Some(inner) => Err(format!(
            "the layer of id {} is residual, and so is the layer of id {} in it",
            layer.id, inner.id
        )),
        None => Ok(()),
    }
}

fn fields(layer: &LayerSpec, is_first: bool) -> Result<(), String> {
    match &layer.layer {
        Layer::Conv(conv) => conv_fields(conv, is_first),
        Layer::Dense(dense) => {
            range("units", dense.units, 1, FILTERS_MAX)?;
            begins(dense.weight, &[Initializer::Glorot, Initializer::Kaiming])?;
            dense.bias.map_or(Ok(()), flat)
        }
        Layer::BatchNorm(norm) => {
            norm.scale.map_or(Ok(()), flat)?;
            flat(norm.offset)?;
            between("an epsilon", norm.epsilon, 1e-9, 1.0)?;
            between("a momentum", norm.momentum, 0.0, 1.0)
        }
        Layer::MaxPool(window) | Layer::AvgPool(window) => {
            range("a window", window.size, 1, WINDOW_MAX)
        }
        Layer::Dropout { rate } => {
            if (0.0..1.0).contains(rate) {
                return Ok(());
            }
            Err(format!(
                "has a rate of {rate}, which is not from 0 to below 1"
            ))
        }
        Layer::Pad { width, .. } => range("a border", *width, 1, BORDER_MAX),
        Layer::Scale { factor } => between("a factor", *factor, -FACTOR_MAX, FACTOR_MAX),
        Layer::Residual { layers } if layers.is_empty() => {
            Err("is residual and has no layers".into())
        }
        Layer::Activation(_)
        | Layer::GlobalMaxPool
        | Layer::GlobalAvgPool
        | Layer::Flatten
        | Layer::Residual { .. } => Ok(()),
    }
}

fn conv_fields(conv: &Conv, is_first: bool) -> Result<(), String> {
    range("filters", conv.filters, 1, FILTERS_MAX)?;
    range("a kernel", conv.kernel, 1, KERNEL_MAX)?;
    range("a stride", conv.stride, 1, 2)?;
    conv.bias.map_or(Ok(()), flat)?;
    if let Initializer::Whitening { epsilon } = conv.weight.initializer {
        if !is_first {
            return Err("is to whiten pictures, and is not the first layer".into());
        }
        return between("an epsilon", epsilon, 1e-9, 1.0);
    }
    let known = [
        Initializer::Glorot,
        Initializer::Kaiming,
        Initializer::Dirac,
    ];
    begins(conv.weight, &known)
}

fn flat(tensor: TensorSpec) -> Result<(), String> {
    begins(tensor, &[])
}

/// Zeros and ones are for every tensor.
fn begins(tensor: TensorSpec, known: &[Initializer]) -> Result<(), String> {
    let found = tensor.initializer;
    if matches!(found, Initializer::Zeros | Initializer::Ones) || known.contains(&found) {
        return Ok(());
    }
    Err(format!("has a tensor that cannot begin as {found:?}"))
}

fn range(what: &str, value: u32, low: u32, high: u32) -> Result<(), String> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(format!(
        "has {what} of {value}, which is not between {low} and {high}"
    ))
}

fn between(what: &str, value: f64, low: f64, high: f64) -> Result<(), String> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(format!(
        "has {what} of {value}, which is not between {low} and {high}"
    ))
}

/// Checks what only the planned network tells.
///
/// # Errors
/// The end of a sentence.
pub(super) fn whole(plan: &NetworkPlan) -> Result<(), String> {
    let last = plan.layers.last().map(|layer| (&layer.name, layer.output));
    let classes = plan.classes();
    match last {
        Some((_, Shape::Vector(units))) if units == classes => {}
        Some((name, Shape::Vector(units))) => {
            return Err(format!(
                "the last layer, {name}, gives {units} numbers, and there are {classes} classes"
            ));
        }
        Some((name, Shape::Maps(_))) => {
            return Err(format!(
                "the last layer, {name}, gives maps, and a number a class is needed: end with a dense layer of {classes} units"
            ));
        }
        None => return Err("it has no layers".into()),
    }
    if plan.places_of(Role::Trainable).is_empty() {
        return Err("none of its layers can learn".into());
    }
    let parameters = (plan.entries.iter())
        .filter(|entry| entry.role != Role::Buffer)
        .map(|entry| entry.entries() as u64)
        .fold(0, u64::saturating_add);
    if parameters > PARAMETERS_MAX {
        return Err(format!(
            "it has {parameters} parameters, and {PARAMETERS_MAX} are the most"
        ));
    }
    whitening(plan)
}

/// Patches have so many directions, and each filter is one of them or its negative.
fn whitening(plan: &NetworkPlan) -> Result<(), String> {
    for entry in &plan.entries {
        if let (Initializer::Whitening { .. }, [filters, inputs, kernel, _]) =
            (entry.initializer, entry.shape.as_slice())
        {
            let directions = inputs * kernel * kernel;
            if *filters > 2 * directions {
                return Err(format!(
                    "the layer of id {} has {filters} filters that whiten, and patches of {directions} numbers give at most {}",
                    entry.layer,
                    2 * directions
                ));
            }
        }
    }
    Ok(())
}
