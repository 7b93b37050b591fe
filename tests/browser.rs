//! The exported functions in a real browser: `wasm-pack test --headless --chrome`.
//!
//! In a dedicated worker, as on the page. Synthetic records, so that no data is needed; WebGPU runs
//! on the software adapter that `webdriver.json` asks for.

#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests"
)]

#[path = "support/browser_gpu.rs"]
mod gpu;
#[path = "support/golden_network.rs"]
mod network_values;
#[path = "support/browser.rs"]
mod page;
#[path = "support/golden_presets.rs"]
mod preset_values;
mod support;
#[path = "support/golden.rs"]
mod values;

use std::cell::RefCell;
use std::rc::Rc;

use convburn::bindings::{
    add_shard, advance, backends, config_of, evaluate, extend, load, needs_other_module, pause,
    predict, reset, restore, save, save_weights, stop, summary, train_epoch,
};
use convburn::device;
use convburn::protocol::{
    Backend, BackendStatus, CompilePart, Config, EpochOutcome, Evaluation, Event, Loaded, Position,
    Progress, Restored, Stage, Summary,
};
use js_sys::{Array, Float32Array, Function, Object, Reflect, Uint8Array};
use page::{bytes, first_records, is_chromium, js, open, rust, text, wait_a_turn};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn an_engineers_first_page_trains_evaluates_and_predicts() {
    let loaded = open(&support::config()).await;
    assert_eq!(loaded.summary.total_parameters, 122_570);
    assert!(loaded.data.complete);
    assert_eq!(rust::<Summary>(summary().await.unwrap()), loaded.summary);

    let seen = Rc::new(RefCell::new(Vec::<Progress>::new()));
    let copy = Rc::clone(&seen);
    let on_progress = Closure::<dyn FnMut(JsValue)>::new(move |event| {
        let Event::Progress(progress) = rust(event) else {
            panic!("no progress")
        };
        copy.borrow_mut().push(progress);
    });
    let function: Function = on_progress.as_ref().clone().unchecked_into();
    let config = Config {
        report_every_ms: 10,
        ..support::config()
    };
    load(js(&config), JsValue::NULL).await.unwrap();
    let mut losses = Vec::new();
    for epoch in 1..=3 {
        let outcome = rust(train_epoch(function.clone().into()).await.unwrap());
        let EpochOutcome::Complete(row) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(row.epoch, epoch);
        losses.push(row.loss);
    }
    assert!(losses[2] < losses[0] * 0.8, "{losses:?}");
    let seen = seen.take();
    assert!(seen.len() > 2 && seen.iter().all(|p| p.steps == 10 && p.loss.is_finite()));
    assert!(
        seen.iter()
            .any(|p| p.stage == Stage::Training && p.images_per_second > 0.0)
    );

    let evaluation: Evaluation = rust(
        evaluate(JsValue::UNDEFINED, JsValue::UNDEFINED)
            .await
            .unwrap(),
    );
    assert_eq!(evaluation.records, 100);
    assert!(evaluation.accuracy > 0.5, "{evaluation:?}");
    let pixels = Uint8Array::from(&support::records(1, 9)[1..]);
    let probabilities =
        Float32Array::from(predict(pixels.into(), JsValue::NULL).await.unwrap()).to_vec();
    assert_eq!(probabilities.len(), 10);
    assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert!(probabilities[0] > 0.3, "{probabilities:?}");
}

#[wasm_bindgen_test]
async fn pause_resume_stop_and_predict_in_between() {
    open(&support::config()).await;
    let epoch = future_to_promise(train_epoch(JsValue::NULL));
    let predicted = JsFuture::from(future_to_promise(predict(
        Uint8Array::from(&support::records(1, 9)[1..]).into(),
        JsValue::NULL,
    )))
    .await
    .unwrap();
    assert_eq!(Float32Array::from(predicted).length(), 10);
    pause();
    let outcome = rust(JsFuture::from(epoch).await.unwrap());
    let EpochOutcome::Paused { paused } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(paused.epoch, 1);
    assert!(paused.step < 10);
    // The paused run's records must not change.
    let error = add_shard("train".into(), bytes(10, 3).into(), JsValue::NULL)
        .await
        .unwrap_err();
    assert_eq!(text(&error, "code"), "busy");

    let outcome = rust(train_epoch(JsValue::NULL).await.unwrap());
    assert!(matches!(outcome, EpochOutcome::Complete(_)), "{outcome:?}");
    let epoch = future_to_promise(train_epoch(JsValue::NULL));
    wait_a_turn().await;
    stop();
    let outcome = rust(JsFuture::from(epoch).await.unwrap());
    assert!(
        matches!(outcome, EpochOutcome::Stopped { .. }),
        "{outcome:?}"
    );
    // It keeps its place, and may end later than it was to.
    let codes = [JsValue::from(1), JsValue::from("3"), JsValue::UNDEFINED].map(extend);
    let [few, word, nothing] = codes;
    assert_eq!(text(&few.await.unwrap_err(), "code"), "invalid_config");
    assert_eq!(text(&word.await.unwrap_err(), "code"), "invalid_argument");
    assert_eq!(
        text(&nothing.await.unwrap_err(), "code"),
        "invalid_argument"
    );
    let longer: Loaded = rust(extend(JsValue::from(3)).await.unwrap());
    assert_eq!(longer.config.epochs, 3);
    for number in [2, 3] {
        let outcome = rust(train_epoch(JsValue::NULL).await.unwrap());
        let EpochOutcome::Complete(row) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(row.epoch, number);
    }
    let loaded: Loaded = rust(reset().await.unwrap());
    assert_eq!(loaded.data.train_records, 200);
}

#[wasm_bindgen_test]
async fn overlapping_calls_get_busy_and_the_first_is_unharmed() {
    open(&support::config()).await;
    let first = future_to_promise(train_epoch(JsValue::NULL));
    wait_a_turn().await;
    let second = [
        train_epoch(JsValue::NULL).await,
        advance(1.0.into()).await,
        evaluate(JsValue::UNDEFINED, JsValue::UNDEFINED).await,
        reset().await,
        load(JsValue::NULL, JsValue::NULL).await,
        add_shard("train".into(), bytes(10, 3).into(), JsValue::NULL).await,
    ];
    for result in second {
        let error = result.unwrap_err();
        assert_eq!(text(&error, "code"), "busy");
        assert!(text(&error, "message").contains("train_epoch"));
        assert!(!text(&error, "hint").is_empty());
    }
    let outcome = rust(JsFuture::from(first).await.unwrap());
    assert!(matches!(outcome, EpochOutcome::Complete(_)), "{outcome:?}");
}

#[wasm_bindgen_test]
async fn bad_arguments_are_typed_and_cost_nothing() {
    let before = open(&support::config()).await;
    let config = |key: &str, value: JsValue| {
        let object = Object::new();
        Reflect::set(&object, &key.into(), &value).unwrap();
        JsValue::from(object)
    };
    let cases = [
        (config("batch", 0.into()), "invalid_config"),
        (config("lr", f64::NAN.into()), "invalid_config"),
        (config("seed", "seven".into()), "invalid_argument"),
        (config("backend", "tpu".into()), "invalid_argument"),
        (config("epoch", 1.into()), "invalid_config"),
        ("flex".into(), "invalid_argument"),
    ];
    for (argument, code) in cases {
        let error = load(argument.clone(), JsValue::NULL).await.unwrap_err();
        assert_eq!(text(&error, "code"), code, "{argument:?}");
    }
    let image = Uint8Array::new_with_length(3_072);
    for (pixels, images, code, came) in [
        (
            JsValue::UNDEFINED,
            JsValue::NULL,
            "invalid_argument",
            "undefined came",
        ),
        (
            Float32Array::new_with_length(3_072).into(),
            JsValue::NULL,
            "invalid_argument",
            "a Float32Array of 3,072 came",
        ),
        (
            image.buffer().into(),
            JsValue::NULL,
            "invalid_argument",
            "an ArrayBuffer of 3,072 bytes came",
        ),
        (
            image.clone().into(),
            0.into(),
            "invalid_argument",
            "the number 0 came",
        ),
        (
            Uint8Array::new_with_length(5).into(),
            JsValue::NULL,
            "pixel_length",
            "5 bytes",
        ),
        (
            Uint8Array::new_with_length(9_216).into(),
            JsValue::NULL,
            "pixel_length",
            "9216 bytes",
        ),
        (
            image.into(),
            2.into(),
            "pixel_length",
            "2 × 3072 bytes were expected",
        ),
    ] {
        let error = predict(pixels, images).await.unwrap_err();
        assert_eq!(text(&error, "code"), code, "{came}");
        assert!(text(&error, "message").contains(came), "{error:?}");
    }
    let three = Uint8Array::new_with_length(9_216);
    let shares = predict(three.into(), 3.into()).await.unwrap();
    assert_eq!(Float32Array::from(shares).length(), 30);
    let error = add_shard("trian".into(), bytes(10, 3).into(), JsValue::NULL)
        .await
        .unwrap_err();
    assert_eq!(text(&error, "code"), "invalid_argument");
    // A budget that is no number would be an endless call.
    let error = advance(f64::NAN.into()).await.unwrap_err();
    assert_eq!(text(&error, "code"), "invalid_argument");
    let after: Loaded = rust(reset().await.unwrap());
    assert_eq!(after.data, before.data);
}

#[wasm_bindgen_test]
async fn a_throwing_progress_function_is_told() {
    open(&Config {
        report_every_ms: 10,
        ..support::config()
    })
    .await;
    let throwing = Function::new_no_args("throw new Error('mine')");
    let error = train_epoch(throwing.into()).await.unwrap_err();
    assert_eq!(text(&error, "code"), "callback");
    stop();
}

/// The same run on every backend that this browser has: ten steps, evaluation and prediction, in small
/// batches, because the software WebGPU adapter is slow.
#[wasm_bindgen_test]
async fn every_backend_computes_what_flex_computes() {
    let offered: Vec<BackendStatus> = rust(backends().await.unwrap());
    let expected = [Backend::Webgpu, Backend::Flex, Backend::Ndarray];
    assert!(offered.iter().map(|status| status.backend).eq(expected));
    let flex = run(&small_run(Backend::Flex)).await;
    for status in offered {
        // This module has them all.
        let config = js(&small_run(status.backend));
        assert!(!status.in_other_module);
        assert_eq!(needs_other_module(config).await.unwrap(), JsValue::FALSE);
        if status.backend == Backend::Webgpu {
            // Chromium has it, by `webdriver.json`; a Firefox may have none.
            assert!(status.available || !is_chromium(), "{status:?}");
        }
        let config = small_run(status.backend);
        if !status.available {
            let error = load(js(&config), JsValue::NULL).await.unwrap_err();
            assert_eq!(text(&error, "code"), "backend_unavailable");
            assert!(status.remark.unwrap().contains("WebGPU"));
            continue;
        }
        let other = run(&config).await;
        let differences = flex.iter().zip(&other).map(|(a, b)| (a - b).abs());
        let largest = differences.fold(0.0, f64::max);
        assert!(
            largest < 1e-3,
            "{:?} differs by {largest}: {flex:?} {other:?}",
            status.backend
        );
    }
}

/// The golden numbers of tests/native/golden.rs on WebGPU, and on flex as compiled to wasm. (ndarray is held to
/// them natively, and to flex above.)
#[wasm_bindgen_test]
async fn webgpu_and_flex_compute_what_keras_computes() {
    let dataset = first_records().await;
    for status in rust::<Vec<BackendStatus>>(backends().await.unwrap()) {
        if !status.available || status.backend == Backend::Ndarray {
            continue;
        }
        let opened = device::open(&small_run(status.backend)).await.unwrap();
        let distance = values::measure(dataset.train(), &opened.device).await;
        console_log!("{:?}: {distance:?}", status.backend);
        let is_gpu = status.backend == Backend::Webgpu;
        distance.assert_within(&values::Bounds {
            logits: if is_gpu { 1e-3 } else { 1e-4 },
            gradients: 1e-3,
            losses: 1e-3,
            weights: 1e-4,
        });
    }
}

/// A run saved between two steps and restored goes on to the same weights: to the bit on the CPU, within
/// the golden numbers' tolerance on a GPU.
#[wasm_bindgen_test]
async fn a_saved_run_goes_on_at_the_border() {
    for status in rust::<Vec<BackendStatus>>(backends().await.unwrap()) {
        if !status.available || status.backend == Backend::Ndarray {
            continue;
        }
        open(&small_run(status.backend)).await;
        while rust::<Vec<Event>>(advance(0.0.into()).await.unwrap())
            .iter()
            .any(|event| matches!(event, Event::Compiling { .. }))
        {}
        let file = Uint8Array::from(save().await.unwrap());
        let expected = finish_and_predict().await;
        let weights = Uint8Array::from(save_weights().await.unwrap());
        let config: Config = rust(config_of(file.clone().into()).await.unwrap());
        assert_eq!(config.backend, status.backend);
        assert!(config_of(weights.clone().into()).await.unwrap().is_null());
        assert!(weights.length() < file.length() / 2);

        reset().await.unwrap();
        let bad = restore(Uint8Array::new_with_length(9).into(), JsValue::NULL);
        assert_eq!(text(&bad.await.unwrap_err(), "code"), "checkpoint");
        for (changes, code) in [
            (serde_json::json!({ "seed": 2 }), "invalid_config"),
            (serde_json::json!({ "lr": -1 }), "invalid_config"),
            (serde_json::json!({ "lr": "fast" }), "invalid_argument"),
        ] {
            let refused = restore(file.clone().into(), js(&changes))
                .await
                .unwrap_err();
            assert_eq!(text(&refused, "code"), code);
        }
        let slower = restore(
            file.clone().into(),
            js(&serde_json::json!({ "lr": 0.0001 })),
        );
        let slower: Restored = rust(slower.await.unwrap());
        assert_eq!(slower.loaded.config.lr, 0.0001);
        let restored: Restored = rust(restore(file.into(), JsValue::NULL).await.unwrap());
        assert_eq!(restored.loaded.config.lr, config.lr);
        assert_eq!(restored.position, Some(Position { epoch: 1, step: 1 }));
        let found = finish_and_predict().await;
        let differences = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        let largest = differences.fold(0.0, f32::max);
        let accepted = match status.backend {
            Backend::Webgpu => 1e-3,
            _ => 0.0,
        };
        assert!(largest <= accepted, "{:?}: {largest}", status.backend);
    }
}

async fn finish_and_predict() -> Vec<f32> {
    let is_done = |events: Vec<Event>| events.iter().any(|e| matches!(e, Event::Done { .. }));
    while !is_done(rust(advance(1e3.into()).await.unwrap())) {}
    let pixels = Uint8Array::from(&support::records(1, 9)[1..]);
    Float32Array::from(predict(pixels.into(), JsValue::NULL).await.unwrap()).to_vec()
}

fn small_run(backend: Backend) -> Config {
    Config {
        backend,
        train: 40,
        test: 20,
        batch: 4,
        epochs: 1,
        ..support::config()
    }
}

/// Loss, validation loss, the loss when evaluated again, and one prediction of a whole run driven by
/// `advance`.
async fn run(config: &Config) -> Vec<f64> {
    let loaded = open(config).await;
    assert_eq!(loaded.backend.active, config.backend);
    let mut parts = Vec::new();
    let mut check = None;
    let row = loop {
        let events: Vec<Event> = rust(advance(100.0.into()).await.unwrap());
        let mut row = None;
        for event in events {
            match event {
                Event::Compiling { part, .. } => parts.push(part),
                Event::Backend { backend } => check = backend.self_check,
                Event::EpochEnd { result, .. } => row = Some(result),
                _ => {}
            }
        }
        if let Some(row) = row {
            break row;
        }
    };
    let is_gpu = config.backend == Backend::Webgpu;
    let all = [
        CompilePart::Upload,
        CompilePart::Comparison,
        CompilePart::FirstStep,
    ];
    assert_eq!(parts, if is_gpu { &all[..] } else { &[] });
    assert_eq!(check.is_some(), is_gpu);
    if let Some(check) = check {
        console_log!("{check:?}");
        assert!(check.loss_difference.max(check.gradient_difference) < check.tolerance / 10.0);
    }
    let evaluation: Evaluation = rust(
        evaluate(JsValue::UNDEFINED, JsValue::UNDEFINED)
            .await
            .unwrap(),
    );
    let pixels = Uint8Array::from(&support::records(1, 9)[1..]);
    let probabilities = Array::from(&predict(pixels.into(), JsValue::NULL).await.unwrap());
    let mut numbers = vec![row.loss, row.val_loss, evaluation.loss];
    numbers.extend(probabilities.iter().filter_map(|p| p.as_f64()));
    assert_eq!(numbers.len(), 13);
    numbers
}

/// SIMD loads of buffers that begin in the middle of a cache line cost a third of a step.
#[wasm_bindgen_test]
fn large_blocks_begin_a_cache_line_also_when_they_grow() {
    for entries in [256, 1_000, 115_200] {
        let (zeroed, filled) = (vec![0.0f32; entries], vec![1.0f32; entries]);
        assert_eq!(zeroed.as_ptr().addr() % 64, 0, "{entries} noughts");
        assert_eq!(filled.as_ptr().addr() % 64, 0, "{entries} ones");
    }
    let mut grown = Vec::new();
    for number in 0..10_000u32 {
        grown.push(number);
        assert!(grown.capacity() < 256 || grown.as_ptr().addr() % 64 == 0);
    }
    grown.truncate(100);
    grown.shrink_to_fit();
    assert!(grown.iter().copied().eq(0..100));
}
