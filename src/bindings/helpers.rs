//! Several workers at the border: the run's own worker says who helps it (`use_helpers`), and a helper's
//! module computes what it is asked (`helper_gradients`, `helper_logits`, `helper_directions`). How workers are started, fed
//! and replaced is `www/engine/pool.js`'s; whoever writes a page of their own may leave all this alone.

mod header;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Float32Array, Function, Promise, Uint32Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::convert::answer;
use super::{arguments, border};
use crate::device;
use crate::error::Error;
use crate::optimizer::Share;
use crate::platform::run_constructors;
use crate::pool::{Answer, Helpers, Job, Task};
use crate::protocol::{ModelSpec, limits};
use crate::replica::Replica;

use header::{FIGURES, HEADER_WORDS, Header, NUMBER, bytes, numbers, too_short};

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
        let length = job.answer_numbers;
        let spare = returns(job.task).then(|| Rc::clone(&self.spare));
        Box::pin(async move {
            let answered = JsFuture::from(promise?).await.ok()?;
            let buffer: ArrayBuffer = answered.dyn_into().ok()?;
            let Some(spare) = spare else {
                let is_whole = buffer.byte_length().is_multiple_of(NUMBER);
                return is_whole.then(|| Float32Array::new(&buffer).to_vec());
            };
            let end = (HEADER_WORDS as usize + length) * NUMBER as usize;
            let whole = buffer.byte_length() as usize >= end;
            let found = whole.then(|| numbers(&buffer, HEADER_WORDS, length as u32).to_vec());
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
            Task::Directions(_) => "directions",
        };
        let model = serde_json::to_vec(job.model).ok()?;
        let image_bytes = job.model.image.bytes();
        let room = if returns(job.task) {
            job.answer_numbers as u32
        } else {
            0
        };
        let header = Header {
            values: job.values.len() as u32,
            records: (job.pixels.len() / image_bytes) as u32,
            room,
            draws: job.draws,
            image_bytes: image_bytes as u32,
            model_bytes: model.len() as u32,
            arithmetic: job.arithmetic,
            label_smoothing: job.label_smoothing,
            share: match job.task {
                Task::Directions(share) => share,
                Task::Gradients | Task::Logits => Share::ALL,
            },
        };
        let buffer = self.buffer(helper, u32::try_from(header.end()).ok()?);
        Uint32Array::new_with_byte_offset_and_length(&buffer, 0, HEADER_WORDS)
            .copy_from(&header.words());
        numbers(&buffer, HEADER_WORDS + FIGURES, header.values).copy_from(job.values);
        let places = [
            (header.pixels(), job.pixels),
            (header.labels(), job.labels),
            (header.model(), &model),
        ];
        for (first, piece) in places {
            bytes(&buffer, first as u32, piece.len() as u32).copy_from(piece);
        }
        let arguments = Array::of4(
            &JsValue::from_f64(helper as f64),
            &task.into(),
            &buffer,
            &header.records.into(),
        );
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

/// Whether a job's buffer comes back with the answer in it; logits come in a buffer of their own.
fn returns(task: Task) -> bool {
    match task {
        Task::Gradients | Task::Directions(_) => true,
        Task::Logits => false,
    }
}

/// Says who computes beside this module: from the next [`load`](super::load) or
/// [`restore`](super::restore) on, a run on the CPU is split as its `workers` say.
///
/// `cores`: processor cores here. `want(helpers, module)`: so many helpers, each with this compiled
/// module, may be asked from now on. `ask(helper, task, job, records)`: gives `job`, of so many records, away and
/// resolves to what [`helper_gradients`], [`helper_logits`] or [`helper_directions`] answers to it in that helper, or rejects, and is asked
/// again.
///
/// # Errors
/// `invalid_argument`.
#[wasm_bindgen]
pub fn use_helpers(
    #[wasm_bindgen(unchecked_param_type = "number")] cores: JsValue,
    #[wasm_bindgen(unchecked_param_type = "(helpers: number, module: WebAssembly.Module) => void")]
    want: JsValue,
    #[wasm_bindgen(
        unchecked_param_type = "(helper: number, task: \"gradients\" | \"logits\" | \"directions\", job: ArrayBuffer, records: number) => Promise<ArrayBuffer>"
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

/// In a helper: mean loss, number classified correctly, the gradients of all trainable tensors and what was normalised by
/// over a slice of a batch, after the first 56 bytes of the buffer that the job came in.
///
/// # Errors
/// `invalid_argument`, `checkpoint` (not the numbers of its network, or shorter than it says), `invalid_config` and
/// `dataset` (a network or a shape that cannot be), `compute`.
#[wasm_bindgen(unchecked_return_type = "ArrayBuffer")]
pub async fn helper_gradients(
    #[wasm_bindgen(unchecked_param_type = "ArrayBuffer")] job: JsValue,
) -> Result<JsValue, JsValue> {
    answer(gradients_of(job).await)
}

async fn gradients_of(job: JsValue) -> Result<JsValue, Error> {
    let job = arguments::buffer("job", &job)?;
    let pieces = compute(Task::Gradients, &job).await?;
    write_answer(job, &pieces)
}

/// Puts an answer into the buffer that its job came in.
fn write_answer(job: ArrayBuffer, pieces: &[Vec<f32>]) -> Result<JsValue, Error> {
    let length: usize = pieces.iter().map(Vec::len).sum();
    let end = (HEADER_WORDS as usize + length) * NUMBER as usize;
    if (job.byte_length() as usize) < end {
        return Err(too_short()); // It may have been given away meanwhile.
    }
    let mut at = HEADER_WORDS;
    for piece in pieces {
        numbers(&job, at, piece.len() as u32).copy_from(piece);
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
) -> Result<JsValue, JsValue> {
    answer(logits_of(job).await)
}

async fn logits_of(job: JsValue) -> Result<JsValue, Error> {
    let job = arguments::buffer("job", &job)?;
    let pieces = compute(Task::Logits, &job).await?;
    let logits = Float32Array::from(pieces.concat().as_slice());
    Ok(logits.buffer().into())
}

/// In a helper: the steps of some of Muon's matrices, their directions made equally strong, after the first 56 bytes of the
/// buffer that the job came in.
///
/// # Errors
/// As [`helper_gradients`].
#[wasm_bindgen(unchecked_return_type = "ArrayBuffer")]
pub async fn helper_directions(
    #[wasm_bindgen(unchecked_param_type = "ArrayBuffer")] job: JsValue,
) -> Result<JsValue, JsValue> {
    answer(directions_of(&job))
}

fn directions_of(job: &JsValue) -> Result<JsValue, Error> {
    let job = arguments::buffer("job", job)?;
    console_error_panic_hook::set_once();
    run_constructors();
    let header = Header::of(&job)?;
    if !limits::MUON_ITERATIONS.contains(&header.share.iterations) {
        return Err(Error::checkpoint(format!(
            "a helper's job asks for {} iterations",
            header.share.iterations
        )));
    }
    let mut known = known(&job, header)?;
    let steps = numbers(&job, HEADER_WORDS + FIGURES, header.values).to_vec();
    let Known { model, replica, .. } = &mut known;
    let found = replica.directions(model, header.share, steps);
    KNOWN.with(|slot| slot.replace(Some(known)));
    write_answer(job, &[found?])
}

/// A model that jobs are of, and what makes them.
#[derive(Debug)]
struct Known {
    /// The model as the last job said it.
    json: Vec<u8>,
    model: ModelSpec,
    replica: Replica,
}

thread_local! {
    /// Kept from job to job, so that its memory is.
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// As [`Replica::pieces`] gives it.
async fn compute(task: Task, job: &ArrayBuffer) -> Result<Vec<Vec<f32>>, Error> {
    console_error_panic_hook::set_once();
    run_constructors();
    let header = Header::of(job)?;
    let mut known = known(job, header)?;
    let found = answered(&mut known, task, job, header).await;
    KNOWN.with(|slot| slot.replace(Some(known)));
    found
}

/// The job's model: in most cases the last one's, which need not be read again.
fn known(job: &ArrayBuffer, header: Header) -> Result<Known, Error> {
    let json = bytes(job, header.model() as u32, header.model_bytes).to_vec();
    let kept = KNOWN.with(RefCell::take);
    if let Some(kept) = kept.filter(|kept| kept.json == json) {
        return Ok(kept);
    }
    let model: ModelSpec = serde_json::from_slice(&json)
        .map_err(|error| Error::checkpoint(format!("a helper's job is of no model ({error})")))?;
    let replica = Replica::new(&device::helper());
    Ok(Known {
        json,
        model,
        replica,
    })
}

async fn answered(
    known: &mut Known,
    task: Task,
    job: &ArrayBuffer,
    header: Header,
) -> Result<Vec<Vec<f32>>, Error> {
    let first = HEADER_WORDS + FIGURES;
    let of =
        |range: Range<usize>| numbers(job, first + range.start as u32, range.len() as u32).to_vec();
    let Known { model, replica, .. } = known;
    let how = (header.arithmetic, header.label_smoothing);
    replica.take(model, how, header.values as usize, of)?;
    if model.image.bytes() != header.image_bytes as usize {
        return Err(too_short());
    }
    let pixels = header.records * header.image_bytes;
    let pixels = bytes(job, header.pixels() as u32, pixels).to_vec();
    let labels = match task {
        Task::Gradients => bytes(job, header.labels() as u32, header.records).to_vec(),
        Task::Logits | Task::Directions(_) => Vec::new(),
    };
    replica.pieces(task, header.draws, &pixels, &labels).await
}
