//! Every text of a WebGPU kernel is WGSL that a browser takes, for the tutorial's shapes and for others: a slip does
//! not wait for a browser. (That they compute the right numbers is tested in one, in `tests/browser.rs`.)

use std::collections::BTreeSet;

use convburn::wgsl::adam::{Constants, Entries};
use convburn::wgsl::block::{
    Block, Forward, InputGradient, Parts, Spread, SumShares, WeightShares,
};
use convburn::wgsl::classify::Classes;
use convburn::wgsl::dense::{Dense, Sides};
use convburn::wgsl::images::{Laying, PickKernel};
use convburn::wgsl::{Kernel, WORKGROUP, WORKGROUPS_MAX};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, front::wgsl};

/// Storage buffers that WebGPU promises a kernel.
const BUFFERS_MAX: usize = 8;

/// What is wrong with a text, whose buffers are expected to be so many.
fn problem(text: &str, buffers: usize) -> Option<String> {
    let module = match wgsl::parse_str(text) {
        Ok(module) => module,
        Err(error) => return Some(error.emit_to_string(text)),
    };
    // No capability beyond what every WebGPU adapter has.
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    let found = match validator.validate(&module) {
        Ok(found) => found,
        Err(error) => return Some(error.emit_to_string(text)),
    };
    let [main] = module.entry_points.as_slice() else {
        return Some("not one entry point".into());
    };
    if (main.name.as_str(), main.workgroup_size) != ("main", [WORKGROUP, 1, 1]) {
        return Some(format!("{} of {:?}", main.name, main.workgroup_size));
    }
    let mut places = BTreeSet::new();
    for (handle, global) in module.global_variables.iter() {
        if !matches!(global.space, AddressSpace::Storage { .. }) {
            continue;
        }
        // A buffer that is never used has no place in the layout that is made from the text.
        if found.get_entry_point(0)[handle].is_empty() {
            return Some(format!("{:?} is never used", global.name));
        }
        let place = global.binding.as_ref().map(|at| (at.group, at.binding));
        places.insert(place);
    }
    let expected = (0..buffers).map(|at| Some((0, at as u32))).collect();
    (places != expected).then(|| format!("{places:?} are bound"))
}

/// Demands that `kernel` is valid, binds so many buffers, and can be dispatched.
fn check(kernel: impl Kernel, buffers: usize) {
    let text = kernel.text();
    if let Some(problem) = problem(&text, buffers) {
        panic!("{kernel:?}: {problem}\n{text}");
    }
    assert!(buffers <= BUFFERS_MAX, "{kernel:?}");
    let workgroups = kernel.invocations().div_ceil(WORKGROUP as usize);
    assert!((1..=WORKGROUPS_MAX).contains(&workgroups), "{kernel:?}");
}

/// All kernels of a block, for a batch of `records`.
fn check_block(block: Block, records: usize) {
    assert!(block.fits(), "{block:?}");
    check(Forward(block), 5);
    check(InputGradient(block), 3);
    let parts = Parts::new(records, &block);
    assert!((1..=WORKGROUPS_MAX).contains(&parts.count()), "{block:?}");
    for pad in [true, false] {
        check(Spread { block, pad }, 3);
        check(WeightShares { block, pad, parts }, 3);
    }
    check(SumShares { block, parts }, 3);
}

const TUTORIAL: [Block; 3] = [
    Block {
        channels: 3,
        height: 32,
        width: 32,
        filters: 32,
        kernel: 3,
        pool: 2,
    },
    Block {
        channels: 32,
        height: 15,
        width: 15,
        filters: 64,
        kernel: 3,
        pool: 2,
    },
    Block {
        channels: 64,
        height: 6,
        width: 6,
        filters: 64,
        kernel: 3,
        pool: 1,
    },
];

#[test]
fn the_tutorials_blocks_are_valid() {
    for block in TUTORIAL {
        for records in [1, 32, 500] {
            check_block(block, records);
        }
    }
}

#[test]
fn blocks_of_any_channels_and_filters_are_valid() {
    for channels in [1, 2, 3, 4, 8, 20, 128] {
        for filters in [4, 12, 128] {
            let block = Block {
                channels,
                filters,
                ..TUTORIAL[1]
            };
            check_block(block, 32);
        }
    }
}

#[test]
fn blocks_of_any_sides_kernel_and_pooling_are_valid() {
    for (height, width) in [(8, 8), (9, 28), (28, 28), (13, 15), (96, 96)] {
        for kernel in 1..=5 {
            for pool in [1, 2] {
                let block = Block {
                    height,
                    width,
                    kernel,
                    pool,
                    ..TUTORIAL[0]
                };
                check_block(block, 96);
            }
        }
    }
    // The smallest that leave something.
    for kernel in 1..=5 {
        for pool in [1, 2] {
            let side = kernel + pool - 1;
            let block = Block {
                height: side,
                width: side,
                kernel,
                pool,
                ..TUTORIAL[1]
            };
            check_block(block, 4_096);
        }
    }
}

#[test]
fn what_the_blocks_kernels_are_not_written_for_does_not_fit() {
    let good = TUTORIAL[1];
    for other in [
        Block { kernel: 0, ..good },
        Block { kernel: 6, ..good },
        Block { pool: 0, ..good },
        Block { pool: 3, ..good },
        Block { filters: 0, ..good },
        Block { filters: 6, ..good },
        Block {
            channels: 0,
            ..good
        },
        Block {
            channels: 5,
            ..good
        },
        Block { height: 2, ..good },
        Block { width: 3, ..good },
        // Shares of the gradients of 9 million weights are larger than a buffer.
        Block {
            channels: 1_024,
            filters: 1_024,
            ..good
        },
    ] {
        assert!(!other.fits(), "{other:?}");
    }
}

#[test]
fn dense_layers_are_valid() {
    for inputs in [1, 9, 64, 1_024, 36_864] {
        for units in [1, 2, 10, 64, 100, 128] {
            for relu in [true, false] {
                let sides = Sides {
                    inputs,
                    units,
                    relu,
                };
                let passed = usize::from(relu);
                check(Dense::Forward(sides), 4);
                check(Dense::Input(sides), 3 + passed);
                for records in [1, 32, 500] {
                    check(Dense::Weight(sides, records), 4 + passed);
                }
            }
        }
    }
}

#[test]
fn classification_is_valid() {
    for classes in [2, 3, 10, 100] {
        for records in [1, 32, 96, 4_096] {
            for label_smoothing in [0.0, 0.1, 1e-8] {
                check(Classes::new(records, classes, label_smoothing), 5);
            }
        }
    }
}

/// Up to the most parameters that a tensor may have: with more of them than invocations, each takes several.
#[test]
fn adam_is_valid() {
    let tutorial = Constants {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-7,
    };
    let other = Constants {
        beta_1: 0.0,
        beta_2: 1.0,
        epsilon: 1e-38,
    };
    let most = WORKGROUPS_MAX * WORKGROUP as usize;
    for entries in [1, 10, 65_536, most, most + 1, 5_000_000] {
        for constants in [tutorial, other] {
            check(Entries::new(entries, constants), 8);
        }
    }
}

#[test]
fn picking_images_is_valid() {
    for channels in [1, 3] {
        for (height, width) in [(8, 8), (9, 11), (28, 28), (32, 32), (96, 96)] {
            let images_each = 16_384;
            for (reflects, cutout) in [(false, 0), (true, 0), (false, 6), (true, 7)] {
                let kernel = PickKernel {
                    channels,
                    height,
                    width,
                    images_each,
                    laying: Laying { reflects, cutout },
                };
                check(kernel, 6);
                assert!(kernel.words() * 4 >= channels * height * width);
            }
        }
    }
}

/// The check itself: slips that it has to see.
#[test]
fn a_slip_in_a_text_is_seen() {
    let good = Forward(TUTORIAL[0]).text();
    assert_eq!(problem(&good, 5), None);
    for (from, to) in [
        ("let layer", "let layers"),
        ("vec4<f32>()", "vec3<f32>()"),
        ("* 4u;", "* 4i;"),
        ("@binding(1)", "@binding(2)"),
        ("choice[to + 0u] = which.x", "choice[to + 0u] = best.x"),
        ("fn main(", "fn mains("),
        ("workgroup_size(64)", "workgroup_size(32)"),
        ("return; }", "return;"),
        ("(i % 5u)", "(i % 0u)"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from} is in the text");
        assert!(problem(&bad, 5).is_some(), "{from} became {to}");
    }
    let unused = good.replacen(
        "@compute",
        "@group(0) @binding(5) var<storage, read> more: array<f32>;\n@compute",
        1,
    );
    assert!(problem(&unused, 6).unwrap().contains("never used"));
}
