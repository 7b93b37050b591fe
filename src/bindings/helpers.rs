//! Several workers at the border: the run's own worker says who helps it (`use_helpers`), and a helper's
//! module computes what it is asked (`helper_gradients`, `helper_logits`). How workers are started, fed
//! and replaced is `www/pool.js`'s; whoever writes a page of their own may leave all this alone.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Float32Array, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::border;
use super::convert::answer;
use crate::device;
use crate::error::Error;
use crate::platform::run_constructors;
use crate::pool::{Answer, Helpers, Job, Task};
use crate::replica::Replica;

/// Helpers that JavaScript brings.
#[derive(Debug)]
struct Brought {
    cores: usize,
    want: Function,
    ask: Function,
}

impl Helpers for Brought {
    fn cores(&self) -> usize {
        self.cores
    }

    fn want(&self, helpers: usize) {
        let count = JsValue::from_f64(helpers as f64);
        // A helper that cannot be started is one that does not answer.
        let _ = self
            .want
            .call2(&JsValue::NULL, &count, &wasm_bindgen::module());
    }

    fn ask(&self, helper: usize, job: &Job<'_>) -> Answer {
        let promise = self.send(helper, job);
        Box::pin(async move {
            let answered = JsFuture::from(promise?).await.ok()?;
            let numbers: Float32Array = answered.dyn_into().ok()?;
            Some(numbers.to_vec())
        })
    }
}

impl Brought {
    /// Hands a job over, copied.
    fn send(&self, helper: usize, job: &Job<'_>) -> Option<Promise> {
        let task = match job.task {
            Task::Gradients => "gradients",
            Task::Logits => "logits",
        };
        let arguments = Array::of5(
            &JsValue::from_f64(helper as f64),
            &task.into(),
            &Float32Array::from(job.parameters),
            &Uint8Array::from(job.pixels),
            &Uint8Array::from(job.labels),
        );
        let promise = self.ask.apply(&JsValue::NULL, &arguments).ok()?;
        promise.dyn_into().ok()
    }
}

/// Says who computes beside this module: from the next [`load`](super::load) or
/// [`restore`](super::restore) on, a run on the CPU is split as its `workers` say.
///
/// `cores`: processor cores here. `want(helpers, module)`: so many helpers, each with this compiled
/// module, may be asked from now on. `ask(helper, task, parameters, pixels, labels)`: resolves to what
/// [`helper_gradients`] or [`helper_logits`] answers in that helper, or rejects, and is asked again.
#[wasm_bindgen]
pub fn use_helpers(
    cores: u32,
    #[wasm_bindgen(unchecked_param_type = "(helpers: number, module: WebAssembly.Module) => void")]
    want: Function,
    #[wasm_bindgen(
        unchecked_param_type = "(helper: number, task: \"gradients\" | \"logits\", parameters: Float32Array, pixels: Uint8Array, labels: Uint8Array) => Promise<Float32Array>"
    )]
    ask: Function,
) {
    let cores = cores as usize;
    let helpers: Rc<dyn Helpers> = Rc::new(Brought { cores, want, ask });
    border().helpers.replace(Some(helpers));
}

/// In a helper: mean loss, number classified rightly and the gradients of all parameters over a slice of a
/// batch, with these parameters.
///
/// # Errors
/// `checkpoint` (not this network's parameters), `compute`.
#[wasm_bindgen(unchecked_return_type = "Float32Array")]
pub async fn helper_gradients(
    parameters: Float32Array,
    pixels: Uint8Array,
    labels: Uint8Array,
) -> Result<JsValue, JsValue> {
    answer(compute(Task::Gradients, &parameters, &pixels, &labels).await)
}

/// In a helper: 10 logits an image, with these parameters.
///
/// # Errors
/// As [`helper_gradients`].
#[wasm_bindgen(unchecked_return_type = "Float32Array")]
pub async fn helper_logits(
    parameters: Float32Array,
    pixels: Uint8Array,
) -> Result<JsValue, JsValue> {
    let none = Uint8Array::new_with_length(0);
    answer(compute(Task::Logits, &parameters, &pixels, &none).await)
}

thread_local! {
    /// Kept from job to job, so that its memory is.
    static REPLICA: RefCell<Option<Replica>> = const { RefCell::new(None) };
}

async fn compute(
    task: Task,
    parameters: &Float32Array,
    pixels: &Uint8Array,
    labels: &Uint8Array,
) -> Result<JsValue, Error> {
    console_error_panic_hook::set_once();
    run_constructors();
    let (parameters, pixels, labels) = (parameters.to_vec(), pixels.to_vec(), labels.to_vec());
    let job = Job {
        task,
        parameters: &parameters,
        pixels: &pixels,
        labels: &labels,
    };
    let kept = REPLICA.with(RefCell::take);
    let mut replica = kept.unwrap_or_else(|| Replica::new(&device::helper()));
    let found = replica.answer(&job).await;
    REPLICA.with(|slot| slot.replace(Some(replica)));
    Ok(Float32Array::from(found?.as_slice()).into())
}
