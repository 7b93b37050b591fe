//! More epochs for a run, at the border.

use wasm_bindgen::prelude::*;

use super::convert::{answer, to_js};
use super::{Claim, arguments, lock};
use crate::driver::Driver;
use crate::error::Error;
use crate::session::Session;

/// The run is to end after `epochs` epochs in all, whether it is complete, stopped, restored or paused: the
/// next `train_epoch` or `advance` goes on with its weights and its optimiser's state. Resolves as `load`
/// does.
///
/// # Errors
/// `invalid_argument`, `invalid_config` (no more than that are trained), `not_loaded`, `busy`.
#[wasm_bindgen(unchecked_return_type = "Loaded")]
pub async fn extend(
    #[wasm_bindgen(unchecked_param_type = "number")] epochs: JsValue,
) -> Result<JsValue, JsValue> {
    answer(extend_run(epochs).await)
}

async fn extend_run(epochs: JsValue) -> Result<JsValue, Error> {
    extend_by("extend", &epochs, |_, session, epochs| {
        session.extend(epochs)
    })
    .await
}

/// What [`extend`] and [`train_until`](super::train_until) have in common; `name` is the call's.
pub(super) async fn extend_by(
    name: &'static str,
    epochs: &JsValue,
    extend: impl FnOnce(&Driver, &mut Session, u32) -> Result<(), Error>,
) -> Result<JsValue, Error> {
    let epochs = arguments::whole("epochs", epochs, 0..=u32::MAX)?;
    let claim = Claim::new(name)?;
    let mut loaned = lock(&claim.0).await?;
    let session = loaned.get()?;
    extend(&claim.0.driver, session, epochs)?;
    to_js(&session.loaded())
}
