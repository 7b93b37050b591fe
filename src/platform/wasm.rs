//! The browser's side, in a window or a worker.

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
    let promise = Promise::new(&mut |resolve, _| {
        let Ok(channel) = web_sys::MessageChannel::new() else {
            let _ = resolve.call0(&JsValue::NULL);
            return;
        };
        channel.port1().set_onmessage(Some(&resolve));
        if channel.port2().post_message(&JsValue::NULL).is_err() {
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    // The promise is only ever resolved.
    let _ = JsFuture::from(promise).await;
}

/// The GPU adapter that the browser offers, or why there is none, as the end of a sentence.
///
/// By reflection, because web-sys hides WebGPU behind an unstable cfg.
pub(crate) async fn gpu_adapter() -> Result<GpuAdapter, String> {
    let gpu = property(&js_sys::global(), "navigator")
        .and_then(|navigator| property(&navigator, "gpu"))
        .ok_or_else(why_no_gpu)?;
    let refused = |_| "the browser refused WebGPU".to_owned();
    // As Burn asks for it: a machine may have two.
    let options = Object::new();
    let preference = "high-performance".into();
    // Setting a property of a fresh object does not fail.
    let _ = Reflect::set(&options, &"powerPreference".into(), &preference);
    let request = property(&gpu, "requestAdapter")
        .and_then(|function| function.dyn_into::<Function>().ok())
        .ok_or("this browser's WebGPU is incomplete")?;
    let promise: Promise = request
        .call1(&gpu, &options)
        .map_err(refused)?
        .dyn_into()
        .map_err(refused)?;
    let adapter = within_patience(JsFuture::from(promise))
        .await
        .ok_or("the browser did not answer when it was asked for the GPU")?
        .map_err(refused)?;
    if adapter.is_null() || adapter.is_undefined() {
        return Err("the browser found no GPU adapter".into());
    }
    Ok(describe(&adapter))
}

/// Milliseconds after which a browser that was asked for a GPU will not answer any more. A driver that
/// hangs must not keep the page from training on the CPU.
const PATIENCE_MS: i32 = 10_000;

/// What `work` comes to, or none when it takes too long.
pub(crate) async fn within_patience<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut timer = pin!(JsFuture::from(timer()));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => timer.as_mut().poll(context).map(|_| None),
    })
    .await
}

/// A promise that is resolved when the patience is over. `setTimeout` by reflection, because it is one
/// function in a window and in a worker, and two in web-sys.
fn timer() -> Promise {
    Promise::new(&mut |resolve, _| {
        let set = property(&js_sys::global(), "setTimeout")
            .and_then(|function| function.dyn_into::<Function>().ok());
        if let Some(set) = set {
            // A timer that cannot be set never ends the wait: then the browser's answer has to.
            let _ = set.call2(&JsValue::UNDEFINED, &resolve, &PATIENCE_MS.into());
        }
    })
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
