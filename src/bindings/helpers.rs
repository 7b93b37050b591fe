//! Several workers at the border: the run's own worker says who helps it (`use_helpers`), and a helper's
//! module computes what it is asked (`helper_gradients`, `helper_logits`). How workers are started, fed
//! and replaced is `www/pool.js`'s; whoever writes a page of their own may leave all this alone.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Float32Array, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::convert::answer;
use super::{arguments, border};
use crate::device;
use crate::error::Error;
use crate::platform::run_constructors;
use crate::pool::{Answer, Helpers, Job, Task};
use crate::protocol::RecordSpec;
use crate::replica::Replica;

/// Loss and number classified rightly come before the gradients, and as many places before the parameters.
const FIGURES: u32 = 2;
/// Bytes of a number.
const NUMBER: u32 = 4;

/// Where everything of a job lies in one buffer: two free places, the parameters, the images, the labels. One
/// buffer is one thing to send, and it comes back with the gradients in the place of the parameters.
#[derive(Clone, Copy, Debug)]
struct Places {
    parameters: u32,
    records: u32,
    spec: RecordSpec,
}

impl Places {
    fn numbers(self) -> u32 {
        self.parameters.saturating_add(FIGURES)
    }

    fn pixels(self) -> u32 {
        self.numbers().saturating_mul(NUMBER)
    }

    /// Bytes of all images.
    fn image_bytes(self) -> u32 {
        self.records.saturating_mul(self.spec.image.bytes() as u32)
    }

    fn labels(self) -> u32 {
        self.pixels().saturating_add(self.image_bytes())
    }

    /// How many bytes there are in all.
    fn end(self) -> u32 {
        self.labels().saturating_add(self.records)
    }
}

/// Helpers that JavaScript brings.
#[derive(Debug)]
struct Brought {
    cores: usize,
    want: Function,
    ask: Function,
    /// For each helper the buffer in which its last gradients came: the next job goes out in it, so that
    /// nobody has half a megabyte to allocate and clear at each step.
    spare: Rc<RefCell<Vec<Option<ArrayBuffer>>>>,
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
        let length = FIGURES as usize + job.parameters.len();
        let spare = matches!(job.task, Task::Gradients).then(|| Rc::clone(&self.spare));
        Box::pin(async move {
            let answered = JsFuture::from(promise?).await.ok()?;
            let buffer: ArrayBuffer = answered.dyn_into().ok()?;
            let Some(spare) = spare else {
                let is_whole = buffer.byte_length().is_multiple_of(NUMBER);
                return is_whole.then(|| Float32Array::new(&buffer).to_vec());
            };
            let whole = buffer.byte_length() as usize >= length * NUMBER as usize;
            let found = whole.then(|| numbers(&buffer, 0, length as u32).to_vec());
            let mut spare = spare.borrow_mut();
            let places = spare.len().max(helper + 1);
            spare.resize(places, None);
            if let Some(place) = spare.get_mut(helper) {
                *place = Some(buffer);
            }
            found
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
        let places = Places {
            parameters: job.parameters.len() as u32,
            records: (job.pixels.len() / job.spec.image.bytes()) as u32,
            spec: job.spec,
        };
        let buffer = self.buffer(helper, places.end());
        numbers(&buffer, FIGURES, places.parameters).copy_from(job.parameters);
        bytes(&buffer, places.pixels(), job.pixels.len() as u32).copy_from(job.pixels);
        bytes(&buffer, places.labels(), job.labels.len() as u32).copy_from(job.labels);
        let arguments = Array::of5(
            &JsValue::from_f64(helper as f64),
            &task.into(),
            &buffer,
            &places.parameters.into(),
            &places.records.into(),
        );
        arguments.push(&shape_of(job.spec));
        let promise = self.ask.apply(&JsValue::NULL, &arguments).ok()?;
        promise.dyn_into().ok()
    }

    /// The helper's buffer if it has room, else another one.
    fn buffer(&self, helper: usize, length: u32) -> ArrayBuffer {
        let kept = self
            .spare
            .borrow_mut()
            .get_mut(helper)
            .and_then(Option::take);
        kept.filter(|buffer| buffer.byte_length() >= length)
            .unwrap_or_else(|| ArrayBuffer::new(length))
    }
}

/// Channels, height, width and classes: what [`arguments::record_spec`] reads.
fn shape_of(spec: RecordSpec) -> Array {
    let [channels, height, width] = spec.image.dims();
    let numbers = [channels, height, width, spec.classes];
    numbers
        .map(|number| JsValue::from_f64(number as f64))
        .iter()
        .collect()
}

/// So many numbers of a buffer, from the one at `first` on.
fn numbers(buffer: &ArrayBuffer, first: u32, length: u32) -> Float32Array {
    Float32Array::new_with_byte_offset_and_length(buffer, first * NUMBER, length)
}

/// So many bytes of a buffer, from the one at `first` on.
fn bytes(buffer: &ArrayBuffer, first: u32, length: u32) -> Uint8Array {
    Uint8Array::new_with_byte_offset_and_length(buffer, first, length)
}

/// Says who computes beside this module: from the next [`load`](super::load) or
/// [`restore`](super::restore) on, a run on the CPU is split as its `workers` say.
///
/// `cores`: processor cores here. `want(helpers, module)`: so many helpers, each with this compiled
/// module, may be asked from now on. `ask(helper, task, job, parameters, records, shape)`: gives `job` away and
/// resolves to what [`helper_gradients`] or [`helper_logits`] answers to the last four in that helper, or rejects, and
/// is asked again.
///
/// # Errors
/// `invalid_argument`.
#[wasm_bindgen]
pub fn use_helpers(
    #[wasm_bindgen(unchecked_param_type = "number")] cores: JsValue,
    #[wasm_bindgen(unchecked_param_type = "(helpers: number, module: WebAssembly.Module) => void")]
    want: JsValue,
    #[wasm_bindgen(
        unchecked_param_type = "(helper: number, task: \"gradients\" | \"logits\", job: ArrayBuffer, parameters: number, records: number, shape: number[]) => Promise<ArrayBuffer>"
    )]
    ask: JsValue,
) -> Result<(), JsValue> {
    let taken = take_helpers(&cores, &want, &ask);
    answer(taken.map(|()| JsValue::UNDEFINED)).map(drop)
}

fn take_helpers(cores: &JsValue, want: &JsValue, ask: &JsValue) -> Result<(), Error> {
    let helpers: Rc<dyn Helpers> = Rc::new(Brought {
        cores: arguments::whole("cores", cores, 1..=u32::MAX)? as usize,
        want: arguments::function("want", want)?,
        ask: arguments::function("ask", ask)?,
        spare: Rc::default(),
    });
    border().helpers.replace(Some(helpers));
    Ok(())
}

/// In a helper: mean loss, number classified rightly and the gradients of all parameters over a slice of a
/// batch, at the beginning of the buffer that the job came in.
///
/// # Errors
/// `invalid_argument`, `checkpoint` (not this network's parameters, or fewer than it says), `dataset` (`shape`,
/// which is channels, height, width and classes, CIFAR-10's if it is missing, is beyond the limits), `compute`.
#[wasm_bindgen(unchecked_return_type = "ArrayBuffer")]
pub async fn helper_gradients(
    #[wasm_bindgen(unchecked_param_type = "ArrayBuffer")] job: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] parameters: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] records: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number[] | null")] shape: JsValue,
) -> Result<JsValue, JsValue> {
    answer(gradients_of(job, parameters, records, shape).await)
}

async fn gradients_of(
    job: JsValue,
    parameters: JsValue,
    records: JsValue,
    shape: JsValue,
) -> Result<JsValue, Error> {
    let (job, places) = job_of(&job, &parameters, &records, &shape)?;
    let pieces = compute(Task::Gradients, &job, places).await?;
    fits(&job, places)?; // It may have been given away meanwhile.
    let mut at = 0;
    for piece in pieces {
        numbers(&job, at, piece.len() as u32).copy_from(&piece);
        at += piece.len() as u32;
    }
    Ok(job.into())
}

/// In a helper: the logits of each image, one a class.
///
/// # Errors
/// As [`helper_gradients`].
#[wasm_bindgen(unchecked_return_type = "ArrayBuffer")]
pub async fn helper_logits(
    #[wasm_bindgen(unchecked_param_type = "ArrayBuffer")] job: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] parameters: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] records: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number[] | null")] shape: JsValue,
) -> Result<JsValue, JsValue> {
    answer(logits_of(job, parameters, records, shape).await)
}

async fn logits_of(
    job: JsValue,
    parameters: JsValue,
    records: JsValue,
    shape: JsValue,
) -> Result<JsValue, Error> {
    let (job, places) = job_of(&job, &parameters, &records, &shape)?;
    let pieces = compute(Task::Logits, &job, places).await?;
    let logits = Float32Array::from(pieces.concat().as_slice());
    Ok(logits.buffer().into())
}

/// A job as it came, whole.
fn job_of(
    job: &JsValue,
    parameters: &JsValue,
    records: &JsValue,
    shape: &JsValue,
) -> Result<(ArrayBuffer, Places), Error> {
    let job = arguments::buffer("job", job)?;
    let places = Places {
        parameters: arguments::whole("parameters", parameters, 0..=u32::MAX)?,
        records: arguments::whole("records", records, 0..=u32::MAX)?,
        spec: arguments::record_spec("shape", shape)?,
    };
    fits(&job, places)?;
    Ok((job, places))
}

fn fits(job: &ArrayBuffer, places: Places) -> Result<(), Error> {
    if job.byte_length() < places.end() {
        return Err(Error::checkpoint(
            "a helper's job is shorter than it says".into(),
        ));
    }
    Ok(())
}

thread_local! {
    /// Kept from job to job, so that its memory is.
    static REPLICA: RefCell<Option<Replica>> = const { RefCell::new(None) };
}

/// As [`Replica::pieces`] gives it.
async fn compute(task: Task, job: &ArrayBuffer, places: Places) -> Result<Vec<Vec<f32>>, Error> {
    console_error_panic_hook::set_once();
    run_constructors();
    let kept = REPLICA.with(RefCell::take);
    let mut replica = match kept.filter(|replica| replica.spec() == places.spec) {
        Some(replica) => replica,
        None => Replica::new(places.spec, &device::helper())?,
    };
    let found = answered(&mut replica, task, job, places).await;
    REPLICA.with(|slot| slot.replace(Some(replica)));
    found
}

async fn answered(
    replica: &mut Replica,
    task: Task,
    job: &ArrayBuffer,
    places: Places,
) -> Result<Vec<Vec<f32>>, Error> {
    let taken = |range: Range<usize>| {
        numbers(job, FIGURES + range.start as u32, range.len() as u32).to_vec()
    };
    replica.take(places.parameters as usize, taken)?;
    let pixels = bytes(job, places.pixels(), places.image_bytes()).to_vec();
    let labels = bytes(job, places.labels(), places.records).to_vec();
    replica.pieces(task, &pixels, &labels).await
}
