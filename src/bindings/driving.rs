//! A run that the crate drives, at the border: `start`, `turn`, `resume`, `train_until`. The host asks for turns, passes on
//! what they bring and keeps the checkpoints; what is due when is the driver's to say.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::convert::{answer, object, to_js};
use super::extend::extend_by;
use super::{Border, Claim, arguments, border, lock, open_session};
use crate::checkpoint::Checkpoint;
use crate::device;
use crate::driver::{Driver, RunState, Turn};
use crate::error::Error;
use crate::protocol::Config;

/// A run of `config` begins, on the data that is held: new weights, or those of a file that was restored, if they are of its
/// network. Each [`turn`] brings it on. Resolves as [`load`](super::load) does; to null, with nothing changed, where another
/// module has the backend that this one lacks.
///
/// # Errors
/// As [`load`](super::load); `busy` also while a run is under way or paused.
#[wasm_bindgen(unchecked_return_type = "Loaded | null")]
pub async fn start(
    #[wasm_bindgen(unchecked_param_type = "Partial<Config>")] config: JsValue,
) -> Result<JsValue, JsValue> {
    answer(start_run(config).await)
}

async fn start_run(config: JsValue) -> Result<JsValue, Error> {
    let config: Config = arguments::settings("config", &config)?;
    config.validate()?;
    border().driver.check_free()?;
    if device::needs_other_module(&config).await {
        return Ok(JsValue::NULL);
    }
    let claim = Claim::new("start")?;
    let weights = claim.0.weights_for(&config);
    open_session(&claim, config, None).await?;
    let mut loaned = lock(&claim.0).await?;
    let session = loaned.get()?;
    if let Some(bytes) = weights
        && let Checkpoint::Weights(model, tensors) = session.read(&bytes)?
    {
        session.take_weights(&model, &tensors)?;
    }
    claim.0.driver.begin();
    to_js(&session.loaded())
}

/// The file of weights that was restored, if a run of `config` would begin from it: for a host that goes over to another
/// module.
///
/// # Errors
/// `invalid_argument`.
#[wasm_bindgen(unchecked_return_type = "Uint8Array | null")]
pub fn weights_for(
    #[wasm_bindgen(unchecked_param_type = "Partial<Config>")] config: JsValue,
) -> Result<JsValue, JsValue> {
    answer(find_weights(config))
}

fn find_weights(config: JsValue) -> Result<JsValue, Error> {
    let config: Config = arguments::settings("config", &config)?;
    let bytes = border().weights_for(&config);
    Ok(bytes.map_or(JsValue::NULL, |bytes| {
        Uint8Array::from(bytes.as_slice()).into()
    }))
}

/// Brings the run on by about 100 ms of training, and says whether the next turn is due. `checkpoint` is the run as a file
/// where it is to be kept: at the end of an epoch that did best, else of one a second, every 30 seconds, and when the run
/// pauses, stops or is done. Where no run is under way nothing happens.
///
/// # Errors
/// As [`train_epoch`](super::train_epoch).
#[wasm_bindgen(unchecked_return_type = "Turn")]
pub async fn turn() -> Result<JsValue, JsValue> {
    answer(turn_run().await)
}

async fn turn_run() -> Result<JsValue, Error> {
    let claim = Claim::new("turn")?;
    let driver = &claim.0.driver;
    // A host may ask before anything was loaded.
    let turn = match driver.state() {
        RunState::Running => driver.turn(lock(&claim.0).await?.get()?).await?,
        _ => Turn::default(),
    };
    let Turn {
        events,
        checkpoint,
        goes_on,
    } = turn;
    let checkpoint = checkpoint.map_or(JsValue::NULL, |checkpoint| {
        object([
            (
                "bytes",
                Uint8Array::from(checkpoint.bytes.as_slice()).into(),
            ),
            ("save_ms", checkpoint.save_ms.into()),
            ("is_best", checkpoint.is_best.into()),
        ])
    });
    Ok(object([
        ("events", to_js(&events)?),
        ("checkpoint", checkpoint),
        ("goes_on", goes_on.into()),
    ]))
}

/// The run that is paused, was stopped or was restored goes on with the next [`turn`]. Where there is none nothing happens.
///
/// # Errors
/// `checkpoint` (a restored run's records are others), `data_missing`: it waits on. `not_loaded`, `busy`.
#[wasm_bindgen]
pub async fn resume() -> Result<(), JsValue> {
    answer(resume_run().await.map(|()| JsValue::UNDEFINED)).map(drop)
}

async fn resume_run() -> Result<(), Error> {
    let claim = Claim::new("resume")?;
    let mut session = lock(&claim.0).await?;
    claim.0.driver.resume(session.get()?).map(drop)
}

/// The run is to end after `epochs` epochs in all. One that is over, was stopped or was restored goes on with the next
/// [`turn`], and where there is none one of so many epochs begins; one that is paused stays so. Resolves as [`load`](super::load) does.
///
/// # Errors
/// As [`extend`](super::extend).
#[wasm_bindgen(unchecked_return_type = "Loaded")]
pub async fn train_until(
    #[wasm_bindgen(unchecked_param_type = "number")] epochs: JsValue,
) -> Result<JsValue, JsValue> {
    answer(extend_by("train_until", &epochs, Driver::extend).await)
}

impl Border {
    /// The bytes of the weights that were restored, if they are of the network of `config`.
    fn weights_for(&self, config: &Config) -> Option<Vec<u8>> {
        let weights = self.weights.borrow();
        let (network, bytes) = weights.as_ref()?;
        (*network == config.network).then(|| bytes.clone())
    }
}
