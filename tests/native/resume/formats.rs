//! Files of every earlier format open and go on. Each was written in the middle of the second epoch of this folder's
//! run: format 1 by 56e7e26 and 2 by ae81024, the last commits of the main line that wrote them; 3 by 5588fc3, after
//! which it was written alike until the format 4; 4 by 32eb358, the last one before rules of learning other than Adam's; 5 by
//! 0a4548c, in WebAssembly, before a run could end with its best epoch's weights.

use std::collections::BTreeMap;

use convburn::checkpoint::{Checkpoint, FORMAT_VERSION};
use convburn::protocol::{Config, EpochResult, HoldOut, Position};
use convburn::session::Session;
use pollster::block_on;
use safetensors::SafeTensors;

use super::{config, dataset, finish, fresh, restored};

const FILES: [(u32, &[u8]); 5] = [
    (1, include_bytes!("../../fixtures/run-format-1.safetensors")),
    (2, include_bytes!("../../fixtures/run-format-2.safetensors")),
    (3, include_bytes!("../../fixtures/run-format-3.safetensors")),
    (4, include_bytes!("../../fixtures/run-format-4.safetensors")),
    (5, include_bytes!("../../fixtures/run-format-5.safetensors")),
];

/// A kernel of today may round otherwise than one of then.
const CLOSE: f64 = 1e-4;
/// Adam moves a weight by the learning rate, whichever way rounding turns a gradient of almost nothing: five such steps.
const WEIGHTS_CLOSE: f64 = 5e-3;

fn format_of(bytes: &[u8]) -> String {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    header.metadata().as_ref().unwrap()["format_version"].clone()
}

/// The bytes of every tensor in a file, those that the optimiser remembers among them.
fn tensor_bytes(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let tensors = file.iter();
    let named = tensors.map(|(name, view)| (name.to_owned(), view.data().to_vec()));
    named.collect()
}

/// The network's tensors by their names.
fn weights(session: &mut Session) -> BTreeMap<String, Vec<f32>> {
    let bytes = block_on(session.save()).unwrap();
    assert_eq!(format_of(&bytes), FORMAT_VERSION.to_string());
    match session.read(&bytes).unwrap() {
        Checkpoint::Run(_, tensors) => tensors.values,
        Checkpoint::Weights(..) => panic!("no run"),
    }
}

fn largest_difference(a: &BTreeMap<String, Vec<f32>>, b: &BTreeMap<String, Vec<f32>>) -> f64 {
    assert!(a.keys().eq(b.keys()));
    let pairs = a.values().flatten().zip(b.values().flatten());
    let apart = pairs.map(|(a, b)| f64::from((a - b).abs()));
    apart.fold(0.0, f64::max)
}

fn assert_is_row(found: &EpochResult, epoch: u32, figures: [f64; 4]) {
    let shown = [
        found.loss,
        found.accuracy,
        found.val_loss,
        found.val_accuracy,
    ];
    let mut pairs = shown.into_iter().zip(figures);
    assert_eq!(found.epoch, epoch);
    assert!(pairs.all(|(a, b)| (a - b).abs() < CLOSE), "{found:?}");
}

/// What the run came to when the files were written.
const FIRST: [f64; 4] = [2.224506258964539, 0.24, 1.940854285836631, 0.6];
const SECOND: [f64; 4] = [1.573591125011444, 0.57, 0.832256558747068, 0.7];
/// In the middle of the second epoch: the kernels of the format 4's time rounded otherwise.
const LOSS_AMID: f64 = 1.823889422416687;
const LOSS_AMID_4: f64 = 1.8238896369934081;
const LOSS_AMID_5: f64 = 1.823889422416687;
const SECOND_4: [f64; 4] = [1.5735650539398194, 0.57, 0.8314855386789606, 0.7];

#[test]
fn a_run_of_an_earlier_format_is_as_it_was_and_goes_on() {
    let mut undisturbed = fresh(config());
    finish(&mut undisturbed);
    let expected = weights(&mut undisturbed);
    for (format, bytes) in FILES {
        assert_eq!(format_of(bytes), format.to_string());
        let mut opened = restored(bytes, dataset());
        // Up to the format 2 the last records were held out where there was no test batch.
        let hold_out = if format < 3 {
            HoldOut::Last
        } else {
            HoldOut::ByClass
        };
        let asked = Config {
            hold_out,
            ..config()
        };
        assert_eq!(opened.loaded().config, asked, "format {format}");
        let position = Position { epoch: 2, step: 5 };
        assert_eq!(opened.position(), Some(position), "format {format}");
        assert_eq!(opened.history().len(), 1, "format {format}");
        assert_is_row(&opened.history()[0], 1, FIRST);
        let progress = opened.progress().unwrap();
        assert_eq!((progress.epochs, progress.steps), (2, 10));
        let amid = match format {
            4 => LOSS_AMID_4,
            5 => LOSS_AMID_5,
            _ => LOSS_AMID,
        };
        assert!((progress.loss - amid).abs() < 1e-12, "{progress:?}");
        assert_eq!(progress.accuracy, 0.51);
        // What a format did not say yet is not there.
        let has_curve = format >= 3;
        let points = opened.trace().points.len();
        let kept = [0, 0, 3, 15, 16][format as usize - 1];
        assert_eq!(points, kept, "format {format}");
        assert_eq!(opened.evaluation().is_some(), has_curve, "format {format}");
        assert_eq!(opened.sources().is_empty(), !has_curve, "format {format}");
        let again = block_on(opened.save()).unwrap();
        assert_eq!(tensor_bytes(&again), tensor_bytes(bytes), "format {format}");
        let unsaid = "It does not say what computed it: an older version saved it.";
        let remarks = opened.remarks();
        let is_unsaid = remarks.iter().any(|remark| remark == unsaid);
        assert_eq!(is_unsaid, format == 1, "format {format}: {remarks:?}");

        finish(&mut opened);
        assert_eq!(opened.history().len(), 2, "format {format}");
        let second = if format == 4 { SECOND_4 } else { SECOND };
        assert_is_row(&opened.history()[1], 2, second);
        let apart = largest_difference(&weights(&mut opened), &expected);
        println!("format {format}: {apart:.1e} from a run of today");
        assert!(apart < WEIGHTS_CLOSE, "format {format}: {apart}");
    }
}
