//! The crate's border to JavaScript: free functions over one session in the module.
//!
//! Every exported function checks its arguments, guards against overlapping calls, and asks the session; no
//! decision about learning is made here. An overlapping call gets a typed `busy` error, except
//! [`pause`] and [`stop`], which never do, and [`predict`], which waits for the step that runs.
//! (An exported `async fn(&mut self)` panics when JavaScript calls it twice: hence free functions.)

mod arguments;
mod convert;
mod data;
mod driving;
mod extend;
mod files;
mod helpers;
mod opening;
mod words;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use async_lock::{Mutex, MutexGuard};
use convert::{answer, to_js};
use js_sys::{Float32Array, Function};
use wasm_bindgen::prelude::*;

pub use data::{add_shard, check_restored, records};
pub use driving::{resume, start, train_until, turn, weights_for};
pub use extend::extend;
pub use files::{config_of, restore, save, save_weights};
pub use helpers::{helper_directions, helper_gradients, helper_logits, use_helpers};
pub use opening::open_file;

use crate::cifar::{self, Dataset};
use crate::device;
use crate::driver::{Driver, RunState};
use crate::error::Error;
use crate::platform::{run_constructors, yield_now};
use crate::pool::Helpers;
use crate::protocol::{
    Config, EpochOutcome, Event, ImageSpec, Loaded, Manifest, NetworkChoice, Position, Split,
};
use crate::session::{Session, Signals};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("bindings/types.d.ts");

/// Milliseconds that [`train_epoch`] trains before it lets the event loop run.
const SLICE_MS: f64 = 50.0;

/// The module's one session and who is using it.
#[derive(Default)]
struct Border {
    /// Locked for one slice of work at a time, so that others are served in between.
    session: Mutex<Option<Session>>,
    /// The session's handle, reachable while a slice holds the lock.
    signals: RefCell<Option<Arc<Signals>>>,
    /// Name of the exclusive call that runs.
    running: Cell<Option<&'static str>>,
    /// What the session's pictures are, to check arguments by before anybody waits; CIFAR-10's before the first `load`.
    image: Cell<Option<ImageSpec>>,
    /// How a run that [`start`] began stands.
    driver: Driver,
    /// A file of weights that was restored, and the network that it is of: the next [`start`] begins from it.
    weights: RefCell<Option<(NetworkChoice, Vec<u8>)>>,
    /// Who else computes, once JavaScript has said so.
    helpers: RefCell<Option<Rc<dyn Helpers>>>,
}

impl Border {
    /// What the session's pictures are.
    fn image(&self) -> ImageSpec {
        self.image.get().unwrap_or(cifar::IMAGE)
    }

    /// Every session gets the helpers that there are, and can be reached without a lock.
    fn take_in(&self, session: &mut Session) {
        self.driver.take(session);
        self.weights.replace(None);
        self.signals.replace(Some(session.signals()));
        self.image.set(Some(session.dataset().image()));
        if let Some(helpers) = self.helpers.borrow().as_ref() {
            session.use_helpers(Rc::clone(helpers));
        }
    }

    /// Asks the run to pause or stop: one that is driven by its driver, another directly.
    fn signal(&self, driven: impl FnOnce(&Driver, &Signals), directly: impl FnOnce(&Signals)) {
        if let Some(signals) = self.signals.borrow().as_ref() {
            match self.driver.state() {
                RunState::Idle | RunState::Waiting => directly(signals),
                RunState::Running | RunState::Paused => driven(&self.driver, signals),
            }
        }
    }
}

thread_local! {
    static BORDER: Rc<Border> = Rc::default();
}

fn border() -> Rc<Border> {
    BORDER.with(Rc::clone)
}

/// Holds the right to be the only exclusive call; gives it back when dropped.
struct Claim(Rc<Border>);

impl Claim {
    fn new(name: &'static str) -> Result<Self, Error> {
        let border = border();
        if let Some(running) = border.running.get() {
            return Err(Error::Busy { running });
        }
        border.running.set(Some(name));
        Ok(Self(border))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.running.set(None);
    }
}

/// Waits for the slice that runs and borrows the session.
async fn lock(border: &Border) -> Result<Loaned<'_>, Error> {
    let guard = border.session.lock().await;
    if guard.is_none() {
        return Err(Error::NotLoaded);
    }
    Ok(Loaned(guard))
}

/// A locked session that is there.
struct Loaned<'a>(MutexGuard<'a, Option<Session>>);

impl Loaned<'_> {
    fn get(&mut self) -> Result<&mut Session, Error> {
        self.0.as_mut().ok_or(Error::NotLoaded)
    }
}

/// Makes a session: checks the configuration, opens the backend, initialises the network. Data that
/// was added under the same manifest is kept. When it fails, the session before it stays.
///
/// `config`: an object with any of the `Config` fields. `manifest`: a `Manifest`, or null.
///
/// # Errors
/// `invalid_argument`, `invalid_config`, `invalid_manifest`, `backend_unavailable`, `busy`.
#[wasm_bindgen(unchecked_return_type = "Loaded")]
pub async fn load(
    #[wasm_bindgen(unchecked_optional_param_type = "Partial<Config> | null")] config: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Manifest | null")] manifest: JsValue,
) -> Result<JsValue, JsValue> {
    console_error_panic_hook::set_once();
    answer(load_session(config, manifest).await)
}

async fn load_session(config: JsValue, manifest: JsValue) -> Result<JsValue, Error> {
    let config: Config = arguments::settings("config", &config)?;
    config.validate()?;
    let manifest: Option<Manifest> = arguments::manifest("manifest", &manifest)?;
    border().driver.check_free()?;
    let claim = Claim::new("load")?;
    run_constructors();
    let data = Dataset::new(manifest)?;
    to_js(&open_session(&claim, config, Some(data)).await?)
}

/// A session of a checked configuration takes the place of the one before, whose data is kept if it is of the manifest
/// that `data`, empty yet, is of; where there is no `data` it is kept whatever it is. When it fails, the session before it
/// stays.
async fn open_session(
    claim: &Claim,
    config: Config,
    data: Option<Dataset>,
) -> Result<Loaded, Error> {
    let backend = device::open(&config).await?;
    let mut slot = claim.0.session.lock().await;
    let is_kept = |old: &Session| {
        data.as_ref()
            .is_none_or(|data| data.manifest() == old.dataset().manifest())
    };
    let keeps = slot.as_ref().is_some_and(is_kept);
    let empty = match data {
        Some(data) => data,
        None => Dataset::new(None)?,
    };
    let present = slot.as_ref().filter(|_| keeps).map(Session::dataset);
    Session::check_network(&config, present.unwrap_or(&empty).spec())?; // Before anything is given up.
    let dataset = match slot.take() {
        Some(old) if keeps => old.into_dataset(),
        _ => empty,
    };
    let mut session = Session::new(config, backend, dataset)?;
    claim.0.take_in(&mut session);
    let loaded = session.loaded();
    *slot = Some(session);
    Ok(loaded)
}

/// Compiles what a GPU has to compile before a run, for whoever has time for it: while data is fetched, say. A
/// run that begins without it compiles on its way. On the CPU it does nothing.
///
/// # Errors
/// `compute`, `not_loaded`, `busy`.
#[wasm_bindgen]
pub async fn warm_up() -> Result<(), JsValue> {
    answer(warm_up_session().await.map(|()| JsValue::UNDEFINED)).map(drop)
}

async fn warm_up_session() -> Result<(), Error> {
    let claim = Claim::new("warm_up")?;
    lock(&claim.0).await?.get()?.warm_up().await
}

/// Which backends can run here, and a sentence for each that cannot. Needs no `load`.
///
/// # Errors
/// None are foreseen.
#[wasm_bindgen(unchecked_return_type = "BackendStatus[]")]
pub async fn backends() -> Result<JsValue, JsValue> {
    answer(to_js(&device::backends().await))
}

/// Whether `config` could run here on a backend that this module was built without: a host that has a
/// module with it loads that one instead. Never true in a module with all of them, nor while a run that [`start`] began is
/// under way or paused: it cannot move. Needs no `load`.
///
/// # Errors
/// `invalid_argument`, `invalid_config`.
#[wasm_bindgen(unchecked_return_type = "boolean")]
pub async fn needs_other_module(
    #[wasm_bindgen(unchecked_param_type = "Partial<Config>")] config: JsValue,
) -> Result<JsValue, JsValue> {
    answer(ask_for_other_module(config).await)
}

async fn ask_for_other_module(config: JsValue) -> Result<JsValue, Error> {
    let config: Config = arguments::settings("config", &config)?;
    let may_move = border().driver.check_free().is_ok();
    Ok((may_move && device::needs_other_module(&config).await).into())
}

/// Says that the module with more backends cannot be had, because of `problem`, the end of a sentence: from then on
/// [`needs_other_module`] answers false, `auto` takes the CPU and says why, and [`backends`] says it of what is missing.
/// Needs no `load`.
///
/// # Errors
/// `invalid_argument`.
#[wasm_bindgen]
pub fn no_other_module(
    #[wasm_bindgen(unchecked_param_type = "string")] problem: JsValue,
) -> Result<(), JsValue> {
    let noted = arguments::text("problem", &problem).map(device::no_other_module);
    answer(noted.map(|()| JsValue::UNDEFINED)).map(drop)
}

/// Trains one epoch and measures it. `on_progress` is called with each `Progress` event. Resolves to
/// the epoch's row; or to `{paused}` or `{stopped}` with the position, when that came first.
///
/// # Errors
/// `invalid_argument`, `data_missing`, `diverged`, `compute`, `callback`, `not_loaded`, `busy`.
#[wasm_bindgen(unchecked_return_type = "EpochOutcome")]
pub async fn train_epoch(
    #[wasm_bindgen(unchecked_optional_param_type = "((progress: Progress) => void) | null")]
    on_progress: JsValue,
) -> Result<JsValue, JsValue> {
    answer(train_one_epoch(on_progress).await)
}

async fn train_one_epoch(on_progress: JsValue) -> Result<JsValue, Error> {
    let on_progress = arguments::optional_function("on_progress", &on_progress)?;
    let claim = Claim::new("train_epoch")?;
    loop {
        let events = lock(&claim.0).await?.get()?.advance(SLICE_MS).await?;
        for event in &events {
            if let (Event::Progress(_), Some(function)) = (event, &on_progress) {
                call(function, &to_js(event)?)?;
            }
        }
        if let Some(outcome) = events.into_iter().find_map(outcome) {
            return to_js(&outcome);
        }
        yield_now().await;
    }
}

/// What ends an epoch, if `event` does.
fn outcome(event: Event) -> Option<EpochOutcome> {
    match event {
        Event::EpochEnd { result, .. } => Some(EpochOutcome::Complete(result)),
        Event::Paused { epoch, step } => Some(EpochOutcome::Paused {
            paused: Position { epoch, step },
        }),
        Event::Stopped { epoch, step, .. } => Some(EpochOutcome::Stopped {
            stopped: Position { epoch, step },
        }),
        Event::Compiling { .. }
        | Event::Backend { .. }
        | Event::Progress(_)
        | Event::Resumed
        | Event::Done { .. } => None,
    }
}

fn call(function: &Function, argument: &JsValue) -> Result<(), Error> {
    match function.call1(&JsValue::NULL, argument) {
        Ok(_) => Ok(()),
        Err(thrown) => Err(Error::Callback {
            problem: words::said_by(&thrown),
        }),
    }
}

/// Trains for about `budget_ms` milliseconds and resolves to what happened: for hosts that drive the
/// loop themselves. Goes on with a run that was paused, stopped or restored; else begins one of `config.epochs`
/// epochs, after an earlier one with its weights and its optimiser's state.
///
/// # Errors
/// As [`train_epoch`].
#[wasm_bindgen(unchecked_return_type = "Event[]")]
pub async fn advance(
    #[wasm_bindgen(unchecked_param_type = "number")] budget_ms: JsValue,
) -> Result<JsValue, JsValue> {
    answer(advance_session(budget_ms).await)
}

async fn advance_session(budget_ms: JsValue) -> Result<JsValue, Error> {
    let budget_ms = arguments::milliseconds("budget_ms", &budget_ms)?;
    let claim = Claim::new("advance")?;
    let mut session = lock(&claim.0).await?;
    to_js(&session.get()?.advance(budget_ms).await?)
}

/// Measures on the chosen test records, or with `"train"` on the first 10,000 of those that the run trains on, as they are:
/// how far it does better on these is the gap that overfitting opens. With `flips` the figures that average over each
/// picture and its mirror image stand beside the plain ones.
///
/// # Errors
/// `invalid_argument`, `data_missing`, `compute`, `not_loaded`, `busy`.
#[wasm_bindgen(unchecked_return_type = "Evaluation")]
pub async fn evaluate(
    #[wasm_bindgen(unchecked_optional_param_type = "Split | null")] set: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "boolean | null")] flips: JsValue,
) -> Result<JsValue, JsValue> {
    answer(evaluate_session(set, flips).await)
}

async fn evaluate_session(set: JsValue, flips: JsValue) -> Result<JsValue, Error> {
    let set = match set.is_null() || set.is_undefined() {
        true => Split::Test,
        false => arguments::choice("set", &set)?,
    };
    let with_flips = arguments::switch("flips", &flips)?;
    border().driver.check_still()?;
    let claim = Claim::new("evaluate")?;
    let mut measurement = lock(&claim.0).await?.get()?.measurement(set);
    if with_flips {
        measurement = measurement.with_flips();
    }
    while lock(&claim.0)
        .await?
        .get()?
        .evaluate_some(&mut measurement)
        .await?
    {
        yield_now().await;
    }
    to_js(&lock(&claim.0).await?.get()?.evaluation_of(&measurement))
}

/// Classifies images of the data's shape, plane by plane, row by row (of CIFAR-10 3,072 bytes each: 1,024 red, 1,024
/// green, 1,024 blue), one unless `images` says how many: the length of `pixels` must be that of so many, lest a
/// picture of another size is taken for several. Resolves to as many probabilities an image as there are classes.
/// Served between the steps of a running epoch.
///
/// # Errors
/// `invalid_argument`, `pixel_length`, `compute`, `not_loaded`.
#[wasm_bindgen(unchecked_return_type = "Float32Array")]
pub async fn predict(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] pixels: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number | null")] images: JsValue,
) -> Result<JsValue, JsValue> {
    answer(predict_pixels(pixels, images).await)
}

async fn predict_pixels(pixels: JsValue, images: JsValue) -> Result<JsValue, Error> {
    let border = border();
    let pixels = arguments::pixels(&pixels, &images, border.image())?;
    let probabilities = lock(&border).await?.get()?.predict(&pixels).await?;
    Ok(Float32Array::from(probabilities.as_slice()).into())
}

/// The network's summary table.
///
/// # Errors
/// `not_loaded`.
#[wasm_bindgen(unchecked_return_type = "Summary")]
pub async fn summary() -> Result<JsValue, JsValue> {
    answer(summarise().await)
}

async fn summarise() -> Result<JsValue, Error> {
    let border = border();
    let mut session = lock(&border).await?;
    to_js(&session.get()?.summary())
}

/// The table of the network that `config` asks for, as this backend would compute it on these records. Nothing changes.
///
/// # Errors
/// `invalid_argument`, `invalid_config`, `not_loaded`.
#[wasm_bindgen(unchecked_return_type = "Summary")]
pub async fn summary_of(
    #[wasm_bindgen(unchecked_param_type = "Partial<Config>")] config: JsValue,
) -> Result<JsValue, JsValue> {
    answer(summarise_for(config).await)
}

async fn summarise_for(config: JsValue) -> Result<JsValue, Error> {
    let config: Config = arguments::settings("config", &config)?;
    let border = border();
    let mut session = lock(&border).await?;
    to_js(&session.get()?.summary_of(&config)?)
}

/// The learning rate over the steps of a run of `config`, at no more than `points` of them. Nothing has to be loaded.
///
/// # Errors
/// `invalid_argument`, `invalid_config`.
#[wasm_bindgen(unchecked_return_type = "LearningRates")]
pub fn learning_rates(
    #[wasm_bindgen(unchecked_param_type = "Partial<Config>")] config: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] points: JsValue,
) -> Result<JsValue, JsValue> {
    answer(rates_of(config, &points))
}

fn rates_of(config: JsValue, points: &JsValue) -> Result<JsValue, Error> {
    let config: Config = arguments::settings("config", &config)?;
    config.validate()?;
    let points = arguments::whole("points", points, 2..=10_000)?;
    to_js(&Session::learning_rates(&config, points))
}

/// The running epoch pauses before its next step; the next [`train_epoch`] or [`advance`] continues.
/// Before a run's first step has begun there is nothing to pause, and nothing happens.
#[wasm_bindgen]
pub fn pause() {
    BORDER.with(|border| border.signal(Driver::pause, Signals::pause));
}

/// The run stops before its next step and keeps its place: the next [`train_epoch`] or [`advance`] goes on
/// from it, unless other records were added meanwhile that it would use.
#[wasm_bindgen]
pub fn stop() {
    BORDER.with(|border| border.signal(Driver::stop, Signals::stop));
}

/// New weights from the seed and an empty history; the data stays. Resolves as [`load`] does.
///
/// # Errors
/// `not_loaded`, `busy`.
#[wasm_bindgen(unchecked_return_type = "Loaded")]
pub async fn reset() -> Result<JsValue, JsValue> {
    answer(reset_session().await)
}

async fn reset_session() -> Result<JsValue, Error> {
    border().driver.check_still()?;
    let claim = Claim::new("reset")?;
    let mut loaned = lock(&claim.0).await?;
    let session = loaned.get()?;
    session.reset();
    claim.0.driver.take(session);
    claim.0.weights.replace(None);
    to_js(&session.loaded())
}
