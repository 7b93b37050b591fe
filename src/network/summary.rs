//! The plan as a table for people: a row a layer, an activation with the layer that it follows.

use super::{NetworkPlan, PlannedLayer, Role, narrow};
use crate::protocol::{Activation, Layer, LayerSummary, Padding, Summary};

impl NetworkPlan {
    /// The table. `has_kernel` says of a layer's name whether a kernel of our own computes it.
    pub fn summary(&self, has_kernel: impl Fn(&str) -> bool) -> Summary {
        let mut rows = Vec::new();
        self.extend(&mut rows, &self.layers, &has_kernel);
        if let Some(LayerSummary { kind, .. }) = rows.last_mut()
            && kind == "Dense"
        {
            kind.push_str(", logits");
        }
        Summary {
            input_shape: self.input_shape().map(narrow).to_vec(),
            total_parameters: rows.iter().map(|row| row.parameters).sum(),
            layers: rows,
        }
    }

    fn extend(
        &self,
        rows: &mut Vec<LayerSummary>,
        layers: &[PlannedLayer],
        has_kernel: &impl Fn(&str) -> bool,
    ) {
        let mut before: Option<&Layer> = None;
        for layer in layers {
            self.extend(rows, &layer.inner, has_kernel);
            let follows = matches!(before, Some(Layer::Conv(_) | Layer::Dense(_)));
            before = Some(&layer.layer);
            match (&layer.layer, rows.last_mut()) {
                (Layer::Activation(function), Some(row)) if follows => {
                    row.kind = format!("{}, {}", row.kind, activation(*function));
                }
                _ => {
                    rows.extend(layer.projection.as_deref().map(|p| self.row(p, has_kernel)));
                    rows.push(self.row(layer, has_kernel));
                }
            }
        }
    }

    fn row(&self, layer: &PlannedLayer, has_kernel: &impl Fn(&str) -> bool) -> LayerSummary {
        let places = [layer.places.weight, layer.places.bias];
        let entries = places
            .into_iter()
            .flatten()
            .filter_map(|p| self.entries.get(p));
        let parameters = entries
            .filter(|e| e.role != Role::Buffer)
            .map(|e| e.entries());
        let sides = layer.output.sides().into_iter().map(narrow);
        LayerSummary {
            name: layer.name.clone(),
            kind: kind(&layer.layer),
            output_shape: sides.collect(),
            parameters: narrow(parameters.sum()),
            multiply_adds: u32::try_from(layer.multiply_adds).unwrap_or(u32::MAX),
            own_kernel: has_kernel(&layer.name),
        }
    }
}

fn activation(function: Activation) -> &'static str {
    match function {
        Activation::Relu => "ReLU",
        Activation::Gelu => "GELU",
        Activation::Silu => "SiLU",
    }
}

/// Keras's name of the kind, with its sizes.
fn kind(layer: &Layer) -> String {
    match layer {
        Layer::Conv(conv) => {
            let mut kind = format!("Conv2D {0}×{0}", conv.kernel);
            if conv.stride > 1 {
                kind.push_str(&format!(", stride {}", conv.stride));
            }
            if conv.padding == Padding::Same {
                kind.push_str(", same");
            }
            kind
        }
        Layer::BatchNorm(_) => "BatchNormalization".into(),
        Layer::Activation(function) => activation(*function).into(),
        Layer::MaxPool(window) => format!("MaxPooling2D {0}×{0}", window.size),
        Layer::AvgPool(window) => format!("AveragePooling2D {0}×{0}", window.size),
        Layer::GlobalMaxPool => "GlobalMaxPooling2D".into(),
        Layer::GlobalAvgPool => "GlobalAveragePooling2D".into(),
        Layer::Dropout { rate } => format!("Dropout {rate}"),
        Layer::Pad { width, .. } => format!("Padding {width} px"),
        Layer::Scale { factor } => format!("× {factor}"),
        Layer::Flatten => "Flatten".into(),
        Layer::Dense(_) => "Dense".into(),
        Layer::Residual { .. } => "Add".into(),
    }
}
