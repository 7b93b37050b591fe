//! The browser's side, in a window or a worker.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::GpuAdapter;

/// Milliseconds since some fixed moment of this page or worker, not set back by the clock.
pub(crate) fn now_ms() -> f64 {
    Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|performance| performance.dyn_into::<web_sys::Performance>().ok())
        .map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Lets the event loop run once: messages, `pause`, `predict`.
///
/// A message to oneself, because `setTimeout` is held back to 4 ms when nested and to a second in a
/// hidden tab.
pub(crate) async fn yield_now() {
    let Ok(channel) = web_sys::MessageChannel::new() else {
        return;
    };
    let channel = OpenChannel(channel);
    let promise = Promise::new(&mut |resolve, _| {
        channel.0.port1().set_onmessage(Some(&resolve));
        if channel.0.port2().post_message(&JsValue::NULL).is_err() {
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    // The promise is only ever resolved.
    let _ = JsFuture::from(promise).await;
}

/// A channel that is closed when dropped: an open port that somebody listens to keeps Node from exiting.
struct OpenChannel(web_sys::MessageChannel);

impl Drop for OpenChannel {
    fn drop(&mut self) {
        self.0.port1().close(); // Its other end closes with it.
    }
}

/// Milliseconds until a browser that found no GPU is asked again. A fresh one starts its GPU process anew at the
/// first use of Vulkan and answers nothing meanwhile; 20 ms later it has answered.
const ASK_AGAIN_MS: [i32; 2] = [50, 250];

thread_local! {
    /// Whether the browser has been asked that often and found none: then asking once is enough.
    static FOUND_NONE: Cell<bool> = const { Cell::new(false) };
}

/// The GPU adapter that the browser offers, or why there is none, as the end of a sentence. A browser that finds
/// none is asked twice more.
pub(crate) async fn gpu_adapter() -> Result<GpuAdapter, String> {
    let gpu = property(&js_sys::global(), "navigator")
        .and_then(|navigator| property(&navigator, "gpu"))
        .ok_or_else(why_no_gpu)?;
    let waits_ms: &[i32] = match FOUND_NONE.get() {
        true => &[],
        false => &ASK_AGAIN_MS,
    };
    for wait_ms in waits_ms {
        if let Ok(adapter) = ask_for_adapter(&gpu).await? {
            return Ok(describe(&adapter));
        }
        wait(*wait_ms).await;
    }
    let answer = ask_for_adapter(&gpu).await?;
    FOUND_NONE.set(answer.is_err());
    Ok(describe(&answer?))
}

/// Asks once. By reflection, because web-sys hides WebGPU behind an unstable cfg.
///
/// # Errors
/// Outside: the browser cannot be asked, or does not answer. Inside: it answered that it has none.
async fn ask_for_adapter(gpu: &JsValue) -> Result<Result<JsValue, String>, String> {
    let refused = |_| "the browser refused WebGPU".to_owned();
    // As Burn asks for it: a machine may have two.
    let options = Object::new();
    let preference = "high-performance".into();
    // Setting a property of a fresh object does not fail.
    let _ = Reflect::set(&options, &"powerPreference".into(), &preference);
    let request = property(gpu, "requestAdapter")
        .and_then(|function| function.dyn_into::<Function>().ok())
        .ok_or("this browser's WebGPU is incomplete")?;
    let promise: Promise = request
        .call1(gpu, &options)
        .map_err(refused)?
        .dyn_into()
        .map_err(refused)?;
    let answer = within_patience(JsFuture::from(promise))
        .await
        .ok_or("the browser did not answer when it was asked for the GPU")?;
    Ok(match answer {
        Ok(adapter) if adapter.is_null() || adapter.is_undefined() => {
            Err("the browser found no GPU adapter".to_owned())
        }
        answer => answer.map_err(refused),
    })
}

/// Milliseconds after which a browser that was asked for a GPU will not answer any more. A driver that
/// hangs must not keep the page from training on the CPU.
const PATIENCE_MS: i32 = 10_000;

/// What `work` comes to, or none when it takes too long.
pub(crate) async fn within_patience<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let (promise, _timer) = timer(PATIENCE_MS);
    let mut promise = pin!(JsFuture::from(promise));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => promise.as_mut().poll(context).map(|_| None),
    })
    .await
}

async fn wait(ms: i32) {
    let (promise, timer) = timer(ms);
    if timer.0.is_undefined() {
        return;
    }
    // The promise is only ever resolved.
    let _ = JsFuture::from(promise).await;
}

/// A timer that is cleared when dropped: one that runs keeps Node from exiting.
struct Timer(JsValue);

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(clear) = global_function("clearTimeout") {
            let _ = clear.call1(&JsValue::UNDEFINED, &self.0);
        }
    }
}

/// A promise that is resolved after `ms` milliseconds, while its timer is kept. `setTimeout` by reflection, because it
/// is one function in a window and in a worker, and two in web-sys.
fn timer(ms: i32) -> (Promise, Timer) {
    let mut id = JsValue::UNDEFINED;
    let promise = Promise::new(&mut |resolve, _| {
        if let Some(set) = global_function("setTimeout") {
            // A timer that cannot be set never ends the wait: then the browser's answer has to.
            let set = set.call2(&JsValue::UNDEFINED, &resolve, &ms.into());
            id = set.unwrap_or(JsValue::UNDEFINED);
        }
    });
    (promise, Timer(id))
}

fn global_function(name: &str) -> Option<Function> {
    property(&js_sys::global(), name)?.dyn_into().ok()
}

fn why_no_gpu() -> String {
    let is_secure = property(&js_sys::global(), "isSecureContext");
    if is_secure.is_some_and(|value| value.is_falsy()) {
        "browsers offer WebGPU only over https or at localhost".into()
    } else {
        "this browser offers no WebGPU".into()
    }
}

fn describe(adapter: &JsValue) -> GpuAdapter {
    let info = property(adapter, "info");
    let text = |name: &str| {
        info.as_ref()
            .and_then(|info| property(info, name))
            .and_then(|value| value.as_string())
            .filter(|value| !value.is_empty())
    };
    let description = ["vendor", "architecture", "description"]
        .iter()
        .filter_map(|name| text(name))
        .collect::<Vec<_>>()
        .join(" ");
    // The specification moved it from the adapter to its info.
    let is_fallback = [info.as_ref(), Some(adapter)]
        .into_iter()
        .flatten()
        .filter_map(|object| property(object, "isFallbackAdapter"))
        .any(|value| value.is_truthy());
    let has_timestamp_query = property(adapter, "features")
        .and_then(|features| {
            let has = property(&features, "has")?.dyn_into::<Function>().ok()?;
            has.call1(&features, &"timestamp-query".into()).ok()
        })
        .is_some_and(|value| value.is_truthy());
    let limits = property(adapter, "limits");
    let limit = |name: &str| {
        let value = limits.as_ref().and_then(|limits| property(limits, name));
        value.and_then(|value| value.as_f64()).unwrap_or(0.0) as u64
    };
    GpuAdapter {
        storage_buffers: limit("maxStorageBuffersPerShaderStage"),
        invocations: limit("maxComputeInvocationsPerWorkgroup"),
        workgroup_bytes: limit("maxComputeWorkgroupStorageSize"),
        buffer_bytes: limit("maxStorageBufferBindingSize"),
        description: if description.is_empty() {
            "unnamed adapter".into()
        } else {
            description
        },
        is_fallback,
        has_timestamp_query,
    }
}

fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}
