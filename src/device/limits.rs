//! Whether Burn can run a configuration on a GPU adapter: its features and limits, before anything is
//! opened on it. Nothing here touches a GPU.

use crate::network::{self, LargestBuffers, NetworkPlan};
use crate::platform::GpuAdapter;
use crate::protocol::{Config, MEASURE_BATCH, ModelSpec};

// What WebGPU promises of every adapter, <https://www.w3.org/TR/webgpu/#limits>; adapters in its
// compatibility mode have less, and Burn's kernels are written for no less.
const STORAGE_BUFFERS: u64 = 8;
const INVOCATIONS: u64 = 256;
const WORKGROUP_BYTES: u64 = 16 << 10;

/// Beyond it a GPU gains nothing from larger batches.
const MEASURE_BATCH_MAX: u64 = 1_000;

/// The largest buffers of one record of the network that `config` asks for, on CIFAR-10's pictures. What is no network
/// has none: it is refused where it is planned.
fn largest(config: &Config) -> LargestBuffers {
    let cifar10 = network::tutorial_model();
    let network = network::resolve(&config.network, cifar10.classes);
    let model = network.map(|network| ModelSpec { network, ..cifar10 });
    let plan = model.and_then(|model| NetworkPlan::new(&model));
    plan.map_or_else(|_| LargestBuffers::default(), |plan| plan.largest_buffers())
}

/// Most records that `adapter`'s buffers take when nothing is unfolded or differentiated.
pub(super) fn measure_batch_max(adapter: &GpuAdapter, config: &Config) -> usize {
    let record = largest(config).output_bytes.max(1);
    (adapter.buffer_bytes / record).min(MEASURE_BATCH_MAX) as usize
}

/// Says why `adapter` will not do, as the end of a sentence.
///
/// # Errors
/// It will not.
pub(super) fn check(adapter: &GpuAdapter, config: &Config) -> Result<(), String> {
    if !adapter.has_timestamp_query {
        return Err("the GPU adapter lacks timestamp-query, which Burn needs".into());
    }
    let floors = [
        (adapter.storage_buffers, STORAGE_BUFFERS, "storage buffers"),
        (adapter.invocations, INVOCATIONS, "invocations a workgroup"),
        (
            adapter.workgroup_bytes,
            WORKGROUP_BYTES,
            "bytes of workgroup memory",
        ),
    ];
    for (has, needed, what) in floors {
        if has < needed {
            return Err(format!(
                "the GPU adapter offers {has} {what}, and Burn needs {needed}"
            ));
        }
    }
    let records = config.batch.max(MEASURE_BATCH.min(config.test));
    let needed = largest(config)
        .unfolded_bytes
        .saturating_mul(u64::from(records));
    if adapter.buffer_bytes < needed {
        let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
        return Err(format!(
            "a batch of {records} needs a GPU buffer of {} MiB, and the adapter's largest is {}",
            mebibytes(needed),
            mebibytes(adapter.buffer_bytes)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that WebGPU promises.
    fn least() -> GpuAdapter {
        GpuAdapter {
            description: "test".into(),
            is_fallback: false,
            has_timestamp_query: true,
            storage_buffers: 8,
            invocations: 256,
            workgroup_bytes: 16_384,
            buffer_bytes: 128 << 20,
        }
    }

    #[test]
    fn the_least_that_webgpu_promises_will_do_for_the_tutorials_run() {
        assert_eq!(check(&least(), &Config::default()), Ok(()));
    }

    #[test]
    fn each_feature_and_limit_that_is_too_small_is_named() {
        let poor = [
            GpuAdapter {
                has_timestamp_query: false,
                ..least()
            },
            GpuAdapter {
                storage_buffers: 4,
                ..least()
            },
            GpuAdapter {
                invocations: 128,
                ..least()
            },
            GpuAdapter {
                workgroup_bytes: 8_192,
                ..least()
            },
        ];
        let words = ["timestamp-query", "4 storage buffers", "128", "8192 bytes"];
        for (adapter, word) in poor.iter().zip(words) {
            let problem = check(adapter, &Config::default()).err();
            assert!(problem.is_some_and(|text| text.contains(word)), "{word}");
        }
    }

    #[test]
    fn as_many_records_are_measured_at_a_time_as_the_buffers_take() {
        assert_eq!(measure_batch_max(&least(), &Config::default()), 1_000);
        let small = GpuAdapter {
            buffer_bytes: 64 << 20,
            ..least()
        };
        assert_eq!(measure_batch_max(&small, &Config::default()), 582);
    }

    #[test]
    fn a_batch_too_large_for_the_adapters_buffers_is_named_with_both_sizes() {
        let config = Config {
            batch: 4_096,
            ..Config::default()
        };
        let problem = check(&least(), &config).err().unwrap_or_default();
        assert!(problem.contains("4096") && problem.contains("761 MiB") && problem.contains("128"));
        let config = Config {
            batch: 512,
            ..Config::default()
        };
        assert_eq!(check(&least(), &config), Ok(()));
    }
}
