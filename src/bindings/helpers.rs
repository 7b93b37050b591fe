//! Several workers at the border: the run's own worker says who helps it (`use_helpers`), and a helper's
//! module computes what it is asked (`helper_gradients`, `helper_logits`). How workers are started, fed
//! and replaced is `www/pool.js`'s; whoever writes a page of their own may leave all this alone.

use std::cell::RefCell;
use std::ops::Range;
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

/// Loss and number classified rightly come before the gradients, and as many places before the parameters.
const FIGURES: u32 = 2;

/// Helpers that JavaScript brings.
#[derive(Debug)]
struct Brought {
    cores: usize,
    want: Function,
    ask: Function,
    /// For each helper the array in which its last gradients came: the next job goes out in it, so that
    /// nobody has half a megabyte to allocate and clear at each step.
    spare: Rc<RefCell<Vec<Option<Float32Array>>>>,
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
        let spare = matches!(job.task, Task::Gradients).then(|| Rc::clone(&self.spare));
        Box::pin(async move {
            let answered = JsFuture::from(promise?).await.ok()?;
            let numbers: Float32Array = answered.dyn_into().ok()?;
            let found = numbers.to_vec();
            if let Some(spare) = spare {
                let mut spare = spare.borrow_mut();
                let places = spare.len().max(helper + 1);
                spare.resize(places, None);
                if let Some(place) = spare.get_mut(helper) {
                    *place = Some(numbers);
                }
            }
            Some(found)
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
            &self.filled(helper, job.parameters),
            &Uint8Array::from(job.pixels),
            &Uint8Array::from(job.labels),
        );
        let promise = self.ask.apply(&JsValue::NULL, &arguments).ok()?;
        promise.dyn_into().ok()
    }

    /// The parameters in an array that has room for the answer.
    fn filled(&self, helper: usize, parameters: &[f32]) -> Float32Array {
        let length = (FIGURES as usize + parameters.len()) as u32;
        let mut spare = self.spare.borrow_mut();
        let kept = spare.get_mut(helper).and_then(Option::take);
        let array = kept
            .filter(|array| array.length() == length)
            .unwrap_or_else(|| Float32Array::new_with_length(length));
        array.subarray(FIGURES, length).copy_from(parameters);
        array
    }
}

/// Says who computes beside this module: from the next [`load`](super::load) or
/// [`restore`](super::restore) on, a run on the CPU is split as its `workers` say.
///
/// `cores`: processor cores here. `want(helpers, module)`: so many helpers, each with this compiled
/// module, may be asked from now on. `ask(helper, task, parameters, pixels, labels)`: resolves to what
/// [`helper_gradients`] or [`helper_logits`] answers in that helper, or rejects, and is asked again.
/// `parameters` has two free places before the first of them, which those functions expect too.
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
    let spare = Rc::default();
    let helpers: Rc<dyn Helpers> = Rc::new(Brought {
        cores,
        want,
        ask,
        spare,
    });
    border().helpers.replace(Some(helpers));
}

/// In a helper: mean loss, number classified rightly and the gradients of all parameters over a slice of a
/// batch, with these parameters: in the places that they came in, and the two before them.
///
/// # Errors
/// `checkpoint` (not this network's parameters), `compute`.
#[wasm_bindgen(unchecked_return_type = "Float32Array")]
pub async fn helper_gradients(
    parameters: Float32Array,
    pixels: Uint8Array,
    labels: Uint8Array,
) -> Result<JsValue, JsValue> {
    let found = compute(Task::Gradients, &parameters, &pixels, &labels).await;
    answer(found.map(|pieces| {
        let mut at = 0;
        for piece in pieces {
            let end = at + piece.len() as u32;
            parameters.subarray(at, end).copy_from(&piece);
            at = end;
        }
        parameters.into()
    }))
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
    let found = compute(Task::Logits, &parameters, &pixels, &none).await;
    answer(found.map(|pieces| Float32Array::from(pieces.concat().as_slice()).into()))
}

thread_local! {
    /// Kept from job to job, so that its memory is.
    static REPLICA: RefCell<Option<Replica>> = const { RefCell::new(None) };
}

/// As [`Replica::pieces`] gives it.
async fn compute(
    task: Task,
    parameters: &Float32Array,
    pixels: &Uint8Array,
    labels: &Uint8Array,
) -> Result<Vec<Vec<f32>>, Error> {
    console_error_panic_hook::set_once();
    run_constructors();
    let (pixels, labels) = (pixels.to_vec(), labels.to_vec());
    let kept = REPLICA.with(RefCell::take);
    let mut replica = kept.unwrap_or_else(|| Replica::new(&device::helper()));
    let found = answered(&mut replica, task, parameters, &pixels, &labels).await;
    REPLICA.with(|slot| slot.replace(Some(replica)));
    found
}

async fn answered(
    replica: &mut Replica,
    task: Task,
    parameters: &Float32Array,
    pixels: &[u8],
    labels: &[u8],
) -> Result<Vec<Vec<f32>>, Error> {
    let numbers = parameters.subarray(FIGURES, parameters.length());
    let piece = |range: Range<usize>| {
        numbers
            .subarray(range.start as u32, range.end as u32)
            .to_vec()
    };
    replica.take(numbers.length() as usize, piece)?;
    replica.pieces(task, pixels, labels).await
}
