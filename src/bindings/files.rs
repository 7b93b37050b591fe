//! A run as a file, at the border: `save`, `save_weights`, `restore`.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::convert::{answer, to_js};
use super::{Claim, arguments, lock};
use crate::checkpoint::{Checkpoint, RunState, Tensors};
use crate::cifar::count;
use crate::device;
use crate::error::Error;
use crate::protocol::{Changes, FileKind, RecordSpec, Restored};
use crate::session::Session;

/// The run as one `.safetensors` file, under way, paused or over: configuration, weights, optimiser,
/// position and history. Between two slices of [`train_epoch`](super::train_epoch) it is served; the run
/// goes on as if nothing had been read.
///
/// # Errors
/// `checkpoint` (a weight is not finite), `compute`, `not_loaded`.
#[wasm_bindgen(unchecked_return_type = "Uint8Array")]
pub async fn save() -> Result<JsValue, JsValue> {
    answer(save_run().await)
}

async fn save_run() -> Result<JsValue, Error> {
    let border = super::border();
    let bytes = lock(&border).await?.get()?.save().await?;
    Ok(Uint8Array::from(bytes.as_slice()).into())
}

/// The network's weights alone, under PyTorch's names and in its layout.
///
/// # Errors
/// As [`save`].
#[wasm_bindgen(unchecked_return_type = "Uint8Array")]
pub async fn save_weights() -> Result<JsValue, JsValue> {
    answer(save_parameters().await)
}

async fn save_parameters() -> Result<JsValue, Error> {
    let border = super::border();
    let bytes = lock(&border).await?.get()?.save_weights().await?;
    Ok(Uint8Array::from(bytes.as_slice()).into())
}

/// The configuration of a run that [`save`] made; null of weights, which bring none. Nothing changes.
///
/// # Errors
/// `invalid_argument`, `too_large`, `checkpoint`, `not_loaded`.
#[wasm_bindgen(unchecked_return_type = "Config | null")]
pub async fn config_of(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
) -> Result<JsValue, JsValue> {
    answer(read_config(bytes).await)
}

async fn read_config(bytes: JsValue) -> Result<JsValue, Error> {
    let bytes = arguments::file("bytes", &bytes)?;
    let border = super::border();
    match lock(&border).await?.get()?.read(&bytes)? {
        Checkpoint::Run(state, _) => to_js(&state.config()),
        Checkpoint::Weights(..) => Ok(JsValue::NULL),
    }
}

/// Takes a file of [`save`] or [`save_weights`] over. A run brings its configuration and goes on with the
/// next `advance` or `train_epoch`; weights begin a new run under the present configuration. The data
/// stays. When it fails, the session before it stays.
///
/// `changes`: another `backend`, `workers`, `lr` or total of `epochs` than the run's own, or null. What keeps
/// the run from going on with the bits that it would have had is in `remarks`.
///
/// # Errors
/// `invalid_argument`, `too_large`, `checkpoint`, `invalid_config`, `backend_unavailable`, `not_loaded`, `busy`.
#[wasm_bindgen(unchecked_return_type = "Restored")]
pub async fn restore(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Partial<Changes> | null")] changes: JsValue,
) -> Result<JsValue, JsValue> {
    answer(restore_file(bytes, changes).await)
}

async fn restore_file(bytes: JsValue, changes: JsValue) -> Result<JsValue, Error> {
    let bytes = arguments::file("bytes", &bytes)?;
    let changes: Changes = arguments::settings("changes", &changes)?;
    super::border().driver.check_free()?;
    let claim = Claim::new("restore")?;
    let read = lock(&claim.0).await?.get()?.read(&bytes)?;
    match read {
        Checkpoint::Run(state, tensors) => {
            let mut config = changes.applied_to(&state.config());
            config.validate()?;
            if let Some(epochs) = changes.epochs {
                let was_planned = state.optimizer_steps > 0 && epochs != state.recipe.epochs;
                config = config.extended(epochs, count(state.history.len()), was_planned)?;
            }
            let model = &state.recipe.model;
            let records = RecordSpec {
                image: model.image,
                classes: model.classes as usize,
            };
            Session::check_network(&config, records)?; // Another number of workers may take too much memory.
            go_on(&claim, state.with_config(&config), &tensors, changes.epochs).await
        }
        Checkpoint::Weights(model, tensors) => {
            let mut loaned = lock(&claim.0).await?;
            let session = loaned.get()?;
            session.take_weights(&model, &tensors)?;
            claim.0.driver.take(session);
            let network = session.loaded().config.network;
            claim.0.weights.replace(Some((network, bytes)));
            answer_of(session, FileKind::Weights)
        }
    }
}

async fn go_on(
    claim: &Claim,
    state: RunState,
    tensors: &Tensors,
    epochs: Option<u32>,
) -> Result<JsValue, Error> {
    let backend = device::open(&state.config()).await?;
    let mut slot = claim.0.session.lock().await;
    let dataset = slot.take().ok_or(Error::NotLoaded)?.into_dataset();
    let mut session = Session::restored(state, tensors, backend, dataset)?;
    if let Some(epochs) = epochs {
        session.extend(epochs)?; // It was checked before anything was given up.
    }
    claim.0.take_in(&mut session);
    let restored = answer_of(&session, FileKind::Run);
    *slot = Some(session);
    restored
}

fn answer_of(session: &Session, kind: FileKind) -> Result<JsValue, Error> {
    to_js(&Restored {
        kind,
        loaded: session.loaded(),
        history: session.history().to_vec(),
        position: session.position(),
        more: session.more_epochs(session.position().is_some()),
        progress: session.progress(),
        evaluation: session.evaluation().cloned(),
        trace: session.trace().clone(),
        remarks: session.remarks(),
        sources: session.sources(),
    })
}
