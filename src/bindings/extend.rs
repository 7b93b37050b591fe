//! More epochs for a run, at the border.

use wasm_bindgen::prelude::*;

use super::convert::{answer, from_js, to_js};
use super::{Claim, lock};
use crate::error::Error;

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
    let claim = Claim::new("extend")?;
    let epochs: u32 = from_js("epochs", epochs)?.ok_or(Error::InvalidArgument {
        argument: "epochs",
        problem: "it is missing".into(),
    })?;
    let mut loaned = lock(&claim.0).await?;
    let session = loaned.get()?;
    session.extend(epochs)?;
    to_js(&session.loaded())
}
