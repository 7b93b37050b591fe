//! A data set of another shape than CIFAR-10's: three classes of gray pictures, through every room that once knew ten
//! classes of 3 × 32 × 32.

use burn::tensor::Device;
use convburn::batch::{Augmentation, gather, gather_bytes};
use convburn::checkpoint::Checkpoint;
use convburn::cifar::{Dataset, IMAGE};
use convburn::device;
use convburn::plan::Plan;
use convburn::pool::{Answer, Helpers, Job};
use convburn::protocol::{Augment, Backend, Config, ImageSpec, Split, limits};
use convburn::replica::Replica;
use convburn::session::Session;
use pollster::block_on;

use crate::support;
use std::cell::RefCell;
use std::rc::Rc;

const GRAY: ImageSpec = ImageSpec {
    channels: 1,
    height: 28,
    width: 28,
};
/// Neither square nor a whole number of words.
const NARROW: ImageSpec = ImageSpec {
    channels: 1,
    height: 28,
    width: 20,
};

fn empty(image: ImageSpec) -> Dataset {
    let names = ["circle", "cross", "square"].map(str::to_owned);
    Dataset::of(image, names.to_vec()).unwrap()
}

/// Classes in turn: a class is the place of a bright stripe, with noise.
fn pictures(image: ImageSpec, count: usize, salt: usize) -> (Vec<u8>, Vec<u8>) {
    let [channels, height, width] = image.dims();
    let labels: Vec<u8> = (0..count).map(|index| (index % 3) as u8).collect();
    let mut pixels = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        for at in 0..channels * height * width {
            let row = at / width % height;
            let bright = if row / 8 == usize::from(*label) {
                200
            } else {
                10
            };
            pixels.push(bright + ((at * 31 + index * 17 + salt * 7) % 50) as u8);
        }
    }
    (labels, pixels)
}

fn dataset(image: ImageSpec, train: usize, test: usize) -> Dataset {
    let mut dataset = empty(image);
    for (split, count) in [(Split::Train, train), (Split::Test, test)] {
        if count > 0 {
            let (labels, pixels) = pictures(image, count, count);
            let added = dataset.add_records(split, &labels, &pixels, None).unwrap();
            assert_eq!((added.split, added.records), (split, count));
        }
    }
    dataset
}

fn problem_of(result: Result<impl Sized, convburn::error::Error>) -> (String, String) {
    let report = result.err().unwrap().report();
    (report.code, report.message)
}

#[test]
fn records_that_are_added_are_gathered_as_they_came() {
    let dataset = dataset(GRAY, 30, 0);
    let (labels, pixels) = pictures(GRAY, 30, 30);
    let indices = [29, 0, 7];
    let bytes = gather_bytes(dataset.train(), &indices, None);
    let batch = gather(dataset.train(), &indices, None, &Device::flex());
    assert_eq!(batch.images.dims(), [3, 1, 28, 28]);
    assert_eq!(batch.targets.dims(), [3, 3]);
    let (images, found, targets) = block_on(batch.read_back()).unwrap();
    for (place, index) in indices.into_iter().enumerate() {
        let expected = &pixels[index * 784..(index + 1) * 784];
        assert_eq!(&bytes.pixels[place * 784..(place + 1) * 784], expected);
        let scaled: Vec<f32> = expected.iter().map(|b| f32::from(*b) / 255.0).collect();
        assert_eq!(&images[place * 784..(place + 1) * 784], scaled);
        assert_eq!(found[place], f32::from(labels[index]));
        let row = &targets[place * 3..place * 3 + 3];
        assert_eq!(
            (row.iter().sum::<f32>(), row[usize::from(labels[index])]),
            (1.0, 1.0)
        );
    }
    assert_eq!(dataset.train().class_counts(), [10, 10, 10]);
    assert!(dataset.train().hash(29).is_some() && dataset.train().hash(30).is_none());
}

#[test]
fn pictures_that_are_not_square_are_flipped_and_shifted_within_their_own_sides() {
    let mut dataset = empty(NARROW);
    let mut picture = vec![0; NARROW.bytes()];
    picture[3 * 20 + 6] = 255; // x 6, y 3
    dataset
        .add_records(Split::Train, &[1], &picture, None)
        .unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for step in 0..500 {
        let augmentation = Augmentation {
            kind: Augment::FlipShift.into(),
            seed: 1,
            epoch: 0,
            step,
        };
        let found = gather_bytes(dataset.train(), &[0], Some(augmentation));
        let bright: Vec<usize> = (0..found.pixels.len())
            .filter(|at| found.pixels[*at] > 0)
            .collect();
        assert_eq!((found.pixels.len(), bright.len()), (28 * 20, 1));
        seen.insert((bright[0] % 20, bright[0] / 20));
    }
    // Up to two pixels about x 6, or about 13, its place when mirrored, and about y 3: all of them come.
    let expected = [4, 5, 6, 7, 8, 11, 12, 13, 14, 15];
    let expected = expected.iter().flat_map(|x| (1..=5).map(|y| (*x, y)));
    assert_eq!(seen, expected.collect());
}

#[test]
fn a_fifth_of_each_of_three_classes_is_held_out() {
    let dataset = dataset(GRAY, 90, 0);
    let config = Config::default();
    let plan = Plan::new(&dataset, &config);
    assert!(plan.held_out);
    let mut held = [0; 3];
    let records = plan.test_records(&dataset);
    for position in 0..records.len() {
        held[usize::from(records.get(position).unwrap().label)] += 1;
    }
    assert_eq!(held, [6, 6, 6]);
    let status = plan.status(&dataset, &config);
    assert_eq!(status.train_class_counts, [30, 30, 30]);
    assert_eq!(status.class_names, ["circle", "cross", "square"]);
    assert_eq!((status.train_used, status.test_used), (72, 18));
    assert_eq!(status.unseen_classes.len(), 0);
}

#[test]
fn what_is_no_record_of_the_data_set_is_refused_and_nothing_is_added() {
    let mut dataset = empty(GRAY);
    let (labels, pixels) = pictures(GRAY, 6, 1);
    let mut wrong = labels.clone();
    wrong[4] = 3;
    let mut add = |labels: &[u8], pixels: &[u8]| {
        let found = problem_of(dataset.add_records(Split::Train, labels, pixels, None));
        assert!(dataset.train().is_empty());
        found
    };
    let (code, message) = add(&wrong, &pixels);
    assert_eq!(code, "dataset");
    assert!(message.contains("picture 5 has the label 3, and labels are 0 to 2"));
    assert_eq!(add(&[], &[]).0, "dataset");
    assert_eq!(add(&labels, &pixels[1..]).0, "pixel_length");
    assert_eq!(add(&labels[1..], &pixels).0, "pixel_length");
    assert_eq!(add(&labels, &[]).0, "pixel_length");

    let file = vec![0; 3_073];
    let (code, message) = problem_of(dataset.add(Split::Train, file));
    assert!(code == "dataset" && message.contains("CIFAR-10's files"));
    let mut twice = || dataset.add_records(Split::Test, &labels, &pixels, Some("mine"));
    twice().unwrap();
    assert_eq!(problem_of(twice()).0, "duplicate");
}

#[test]
fn shapes_and_classes_beyond_the_limits_are_refused_with_a_sentence() {
    let image = |channels, height, width| ImageSpec {
        channels,
        height,
        width,
    };
    let names = |count: usize, chars: usize| vec!["x".repeat(chars); count];
    for (image, names, word) in [
        (image(2, 28, 28), names(3, 1), "channels is 2,"),
        (image(1, 7, 28), names(3, 1), "7 pixels"),
        (image(1, 28, 97), names(3, 1), "97 pixels"),
        (image(3, u32::MAX, u32::MAX), names(3, 1), "4294967295"),
        (GRAY, names(1, 1), "classes is 1,"),
        (GRAY, names(101, 1), "classes is 101,"),
        (GRAY, names(100_000, 1), "classes is 100000,"),
        (GRAY, names(3, 101), "more than 100 characters"),
    ] {
        let (code, message) = problem_of(Dataset::of(image, names));
        assert!(code == "dataset" && message.contains(word), "{message}");
    }
    assert!(Dataset::of(image(3, 96, 8), names(100, 100)).is_ok());

    // The smallest picture is within the limits, and the tutorial's network has nothing left of it.
    let config = config();
    let backend = block_on(device::open(&config)).unwrap();
    let (code, message) = problem_of(Session::new(config, backend, empty(image(1, 17, 28))));
    let expected = "the layer conv2d_2 (id 7) has a kernel of 3 × 3, larger than the maps of 2 × 5";
    assert!(
        code == "invalid_config" && message.contains(expected),
        "{message}"
    );
}

/// A split holds no more than the bytes of all of CIFAR-10, in pictures of whatever size, and no more than 250,000.
#[test]
fn a_split_holds_as_many_bytes_as_all_of_cifar_10() {
    let large = ImageSpec {
        channels: 3,
        height: 96,
        width: 96,
    };
    let small = ImageSpec {
        channels: 1,
        height: 8,
        width: 8,
    };
    for (image, most) in [(large, 6_668), (small, 250_000)] {
        assert_eq!(limits::records(1 + image.bytes()), most);
        assert!(most * (1 + image.bytes()) <= limits::SPLIT_BYTES);
        let mut dataset = empty(image);
        let mut add = |count: usize, value: u8| {
            let pixels = vec![value; count * image.bytes()];
            dataset.add_records(Split::Train, &vec![0; count], &pixels, None)
        };
        add(most / 4, 1).unwrap();
        let (code, message) = problem_of(add(most - most / 4 + 1, 2));
        assert_eq!(code, "dataset");
        assert!(message.contains(&format!("at most {most} can be held")));
        if image == small {
            add(most - most / 4, 3).unwrap(); // Of large ones it would take a second.
            assert_eq!(dataset.train().len(), most);
        }
    }
}

fn config() -> Config {
    Config {
        backend: Backend::Flex,
        train: 60,
        test: 30,
        epochs: 4,
        batch: 15,
        seed: 3,
        lr: 0.003,
        ..Config::default()
    }
}

fn session(workers: u32) -> Session {
    let config = Config {
        workers,
        ..config()
    };
    let backend = block_on(device::open(&config)).unwrap();
    let mut session = Session::new(config, backend, dataset(GRAY, 60, 30)).unwrap();
    session.use_helpers(Rc::new(InProcess::default()));
    session
}

/// A helper that makes its replica anew of what the job says.
#[derive(Debug, Default)]
struct InProcess {
    asked: RefCell<usize>,
}

impl Helpers for InProcess {
    fn cores(&self) -> usize {
        4
    }

    fn want(&self, _: usize) {}

    fn ask(&self, _: usize, job: &Job<'_>) -> Answer {
        *self.asked.borrow_mut() += 1;
        assert_eq!((job.model.image, job.model.classes), (GRAY, 3));
        let mut replica = Replica::new(&Device::flex());
        let found = block_on(replica.answer(job)).unwrap();
        Box::pin(async move { Some(found) })
    }
}

#[test]
fn a_session_learns_three_classes_of_gray_pictures_alone_and_with_helpers() {
    let alone = session(1);
    assert_eq!(alone.summary().input_shape, [1, 28, 28]);
    let last = alone.summary().layers.pop().unwrap();
    assert_eq!(last.output_shape, [3]);
    for mut session in [alone, session(3)] {
        support::drive(&mut session);
        let [first, .., last] = session.history() else {
            panic!("four epochs");
        };
        assert!(
            last.loss < first.loss && last.val_accuracy > 0.9,
            "{last:?}"
        );
        let evaluation = session.evaluation().unwrap();
        assert_eq!(evaluation.class_accuracy.len(), 3);
        assert_eq!(evaluation.confusion.len(), 3);
        for row in &evaluation.confusion {
            assert_eq!((row.len(), row.iter().sum::<u32>()), (3, 10));
        }
        let (_, pixels) = pictures(GRAY, 2, 9);
        let shares = block_on(session.predict(&pixels)).unwrap();
        assert_eq!(shares.len(), 6);
        assert!((shares.iter().sum::<f32>() - 2.0).abs() < 1e-5);
        let cifar = block_on(session.predict(&vec![0; IMAGE.bytes()]));
        assert_eq!(problem_of(cifar).0, "pixel_length");
    }
}

#[test]
fn a_run_of_three_classes_is_opened_by_a_session_without_pictures_and_refused_by_one_of_ten() {
    let mut begun = session(1);
    block_on(begun.advance(0.0)).unwrap();
    let weights = block_on(begun.save_weights()).unwrap();
    let mut whole = session(1);
    support::drive(&mut whole);
    let bytes = block_on(begun.save()).unwrap();
    let Checkpoint::Run(state, tensors) = begun.read(&bytes).unwrap() else {
        panic!("no run");
    };
    let backend = block_on(device::open(&state.config())).unwrap();
    let mut opened = Session::restored(*state, &tensors, backend, begun.into_dataset()).unwrap();
    support::drive(&mut opened);
    assert_eq!(
        opened.evaluation().map(|e| (e.loss, e.confusion.clone())),
        whole.evaluation().map(|e| (e.loss, e.confusion.clone()))
    );
    let over = block_on(opened.save()).unwrap();
    assert!(opened.read(&over).is_ok(), "with its evaluation of 3 × 3");

    let backend = block_on(device::open(&config())).unwrap();
    let mut other = Session::new(config(), backend.clone(), Dataset::new(None).unwrap()).unwrap();
    let Checkpoint::Run(state, tensors) = other.read(&over).unwrap() else {
        panic!("no run");
    };
    let record = vec![1; 3_073];
    other.add_shard(Split::Train, record, None).unwrap();
    let (code, message) = problem_of(other.read(&over));
    assert_eq!(code, "checkpoint");
    let words = "it is of 3 classes of images of 1 × 28 × 28, and the images here are 10 classes of images of 3 × 32 × 32";
    assert!(message.contains(words), "{message}");
    let held = other.into_dataset();
    let refused = Session::restored((*state).clone(), &tensors, backend.clone(), held);
    assert_eq!(problem_of(refused).0, "checkpoint");

    // Nor does such a session take weights alone, and it keeps its records.
    let empty = Dataset::new(None).unwrap();
    let mut other = Session::new(config(), backend.clone(), empty).unwrap();
    let Checkpoint::Weights(model, values) = other.read(&weights).unwrap() else {
        panic!("no weights");
    };
    let record = vec![1; 3_073];
    other.add_shard(Split::Train, record, None).unwrap();
    assert_eq!(
        problem_of(other.take_weights(&model, &values)).0,
        "checkpoint"
    );
    assert_eq!(other.dataset().train().len(), 1);
    assert_eq!(other.loaded().config, config());

    // Without pictures of its own a session takes over the file's shape and classes.
    let none = Dataset::new(None).unwrap();
    let opened = Session::restored(*state, &tensors, backend, none).unwrap();
    assert_eq!(opened.dataset().image(), GRAY);
    assert_eq!(
        opened.dataset().class_names(),
        ["circle", "cross", "square"]
    );
    let (_, pixels) = pictures(GRAY, 2, 9);
    assert_eq!(block_on(opened.predict(&pixels)).unwrap().len(), 6);
}
