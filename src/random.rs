//! The run's own random numbers: one seed, one stream for each use.
//!
//! They are drawn on the host and uploaded, because Burn's `device.seed` is global to the process
//! and differs by backend; so every backend starts from the same numbers. A stream is addressed by
//! what it is for, never by what was drawn before, so that a position in a run is enough to resume
//! it. ChaCha8 is specified, and the same on every machine. This is not for secrets.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The initial weights.
    Weights,
    /// The order of the records in an epoch (numbered from 0).
    Shuffle {
        /// Number of the epoch, from 0.
        epoch: u32,
    },
    /// The augmentation of one batch.
    Augment {
        /// Number of the epoch, from 0.
        epoch: u32,
        /// Number of the step in the epoch, from 0.
        step: u32,
    },
    /// In which epochs a training image is mirrored, where they alternate: a bit for each, at its place.
    Flip,
    /// Which training records are held out to measure on.
    HoldOut,
    /// The initial weights of one layer ([`generator_of_layer`]).
    LayerWeights,
    /// What a dropout layer sets to 0 in one batch ([`generator_of_layer`]).
    Dropout {
        /// Number of the epoch, from 0.
        epoch: u32,
        /// Number of the step in the epoch, from 0.
        step: u32,
    },
}

impl Stream {
    /// The number of the stream: the use in the top byte, then epoch (24 bits) and step (32 bits).
    fn id(self) -> u64 {
        let (purpose, epoch, step) = match self {
            Self::Weights => (0u64, 0, 0),
            Self::Shuffle { epoch } => (1, epoch, 0),
            Self::Augment { epoch, step } => (2, epoch, step),
            Self::HoldOut => (3, 0, 0),
            Self::LayerWeights => (4, 0, 0),
            Self::Dropout { epoch, step } => (5, epoch, step),
            Self::Flip => (6, 0, 0),
        };
        purpose << 56 | u64::from(epoch & 0x00ff_ffff) << 32 | u64::from(step)
    }
}

/// The place of some records in a run: what is drawn for them follows from it alone, whatever was drawn before
/// and whoever computes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    /// The run's seed.
    pub seed: u32,
    /// Number of the epoch, from 0.
    pub epoch: u32,
    /// Number of the step in the epoch, from 0.
    pub step: u32,
    /// Place of the first record in its batch.
    pub first_record: u32,
}

/// The generator of `seed` for one use.
pub fn generator(seed: u32, stream: Stream) -> ChaCha8Rng {
    addressed(u64::from(seed), stream)
}

/// The generator of `seed` for one use by the layer of an id.
pub fn generator_of_layer(seed: u32, layer: u32, stream: Stream) -> ChaCha8Rng {
    addressed(u64::from(layer) << 32 | u64::from(seed), stream)
}

fn addressed(key: u64, stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(key);
    rng.set_stream(stream.id());
    rng
}
