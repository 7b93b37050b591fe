//! What the browser tests share: values across the border, a session with records, real pixels.

use convburn::bindings::{add_shard, load};
use convburn::cifar::Dataset;
use convburn::protocol::{Config, Loaded, ShardAdded, Split};
use js_sys::{Function, Promise, Reflect, Uint8Array};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

pub fn rust<T: DeserializeOwned>(value: JsValue) -> T {
    serde_wasm_bindgen::from_value(value).unwrap()
}

pub fn js(value: &impl serde::Serialize) -> JsValue {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .unwrap()
}

pub fn text(object: &JsValue, key: &str) -> String {
    Reflect::get(object, &key.into())
        .unwrap()
        .as_string()
        .unwrap_or_default()
}

pub fn bytes(records: usize, salt: u32) -> Uint8Array {
    Uint8Array::from(super::support::records(records, salt).as_slice())
}

/// A fresh session of `config` with 200 training and 100 test records.
pub async fn open(config: &Config) -> Loaded {
    // Another manifest first, so that earlier tests' records go.
    let empty = r#"{"format_version":1,"class_names":["a","b","c","d","e","f","g","h","i","j"],"shards":[]}"#;
    load(js(config), js_sys::JSON::parse(empty).unwrap())
        .await
        .unwrap();
    load(js(config), JsValue::NULL).await.unwrap();
    let train: ShardAdded = rust(
        add_shard("train".into(), bytes(200, 1).into(), JsValue::NULL)
            .await
            .unwrap(),
    );
    assert_eq!((train.records, train.name), (200, None));
    add_shard("test".into(), bytes(100, 2).into(), JsValue::NULL)
        .await
        .unwrap();
    // The same manifest keeps the records.
    let loaded: Loaded = rust(load(js(config), JsValue::NULL).await.unwrap());
    assert_eq!(
        (loaded.data.train_records, loaded.data.test_records),
        (200, 100)
    );
    loaded
}

pub async fn wait_a_turn() {
    JsFuture::from(Promise::resolve(&JsValue::NULL))
        .await
        .unwrap();
}

/// Real pixels, from the test server's folder, which is the repository's.
pub async fn first_records() -> Dataset {
    let path = "/data/cifar10/train-00.bin.gz";
    let fetch: Function = Reflect::get(&js_sys::global(), &"fetch".into())
        .unwrap()
        .unchecked_into();
    let location = Reflect::get(&js_sys::global(), &"location".into()).unwrap();
    let url = format!("{}{path}", text(&location, "origin"));
    let request: Promise = fetch
        .call1(&JsValue::UNDEFINED, &url.into())
        .unwrap()
        .unchecked_into();
    let response = JsFuture::from(request).await.unwrap();
    let ok = Reflect::get(&response, &"ok".into()).unwrap().is_truthy();
    assert!(ok, "{path} is missing: run `cargo xtask data`");
    let body: Function = Reflect::get(&response, &"arrayBuffer".into())
        .unwrap()
        .unchecked_into();
    let body: Promise = body.call0(&response).unwrap().unchecked_into();
    let bytes = Uint8Array::new(&JsFuture::from(body).await.unwrap()).to_vec();
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, bytes).unwrap();
    dataset
}

pub fn is_chromium() -> bool {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
    text(&navigator, "userAgent").contains("Chrom")
}
