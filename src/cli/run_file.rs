//! A file of a run → what is in it, and a session that stands where the run stands.

use std::path::Path;
use std::rc::Rc;

use super::data;
use super::failure::Failure;
use crate::checkpoint::{Checkpoint, RunState, Tensors, decode};
use crate::cifar::{Dataset, count};
use crate::device;
use crate::network::{NetworkPlan, tutorial_model};
use crate::platform::block_on;
use crate::protocol::{Config, ModelSpec};
use crate::session::Session;
use crate::threads::Threads;

/// Largest file that is read; the format's own limit is below it and says so.
const BYTES_MAX: u64 = 128 << 20;

/// Reads a file. One that another program wrote is taken for the tutorial's weights.
///
/// # Errors
/// It cannot be read, or holds neither a run nor weights.
pub fn read(path: &Path) -> Result<Checkpoint, Failure> {
    let bytes = data::read(path, BYTES_MAX)?;
    let plan = NetworkPlan::new(&tutorial_model())?;
    decode(&bytes, &plan).map_err(|error| Failure::from(error).about(path))
}

/// A session of `config` on these images, with the machine's threads.
///
/// # Errors
/// As [`Session::new`]; the backend cannot run here.
pub fn session(config: Config, dataset: Dataset) -> Result<Session, Failure> {
    config.validate()?;
    let backend = block_on(device::open(&config))?;
    let session = Session::new(config, backend, dataset)?;
    Ok(with_threads(session))
}

/// A session with a run that was read, computed as `config` says; of other `epochs` in all where they are named.
///
/// # Errors
/// As [`Session::restored`]; the backend cannot run here; there are no more epochs to train.
pub fn restored(
    state: RunState,
    tensors: &Tensors,
    mut config: Config,
    epochs: Option<u32>,
    dataset: Dataset,
) -> Result<Session, Failure> {
    config.validate()?;
    if let Some(epochs) = epochs {
        let was_planned = state.optimizer_steps > 0 && epochs != state.recipe.epochs;
        config = config.extended(epochs, count(state.history.len()), was_planned)?;
    }
    let backend = block_on(device::open(&config))?;
    let state = state.with_config(&config);
    let mut session = Session::restored(state, tensors, backend, dataset)?;
    if let Some(epochs) = epochs {
        session.extend(epochs)?;
    }
    Ok(with_threads(session))
}

/// A session that begins with weights that were read.
///
/// # Errors
/// As [`Session::take_weights`]; the backend cannot run here.
pub fn begun_with(
    model: &ModelSpec,
    tensors: &Tensors,
    config: Config,
    dataset: Dataset,
) -> Result<Session, Failure> {
    let mut session = session(config, dataset)?;
    session.take_weights(model, tensors)?;
    Ok(session)
}

fn with_threads(mut session: Session) -> Session {
    session.use_helpers(Rc::new(Threads::new()));
    session
}
