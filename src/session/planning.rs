//! What follows from a configuration before anything is trained: its network, a learner of it, and the order of an
//! epoch's records.

use std::sync::Arc;

use super::Session;
use crate::batch;
use crate::cifar::count;
use crate::device::OpenDevice;
use crate::error::Error;
use crate::model;
use crate::network::{self, NetworkPlan};
use crate::protocol::{Config, ModelSpec, Operators, RecordSpec, Summary};
use crate::rule::Rule;
use crate::train::Learner;

impl Session {
    /// Checks that there is a network for [`Session::new`] to train, before another session is given up for it.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn check_network(config: &Config, records: RecordSpec) -> Result<(), Error> {
        planned(config, records).map(drop)
    }

    /// The table of the network that another configuration would train on these records. Nothing changes.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when there can be no such network.
    pub fn summary_of(&self, config: &Config) -> Result<Summary, Error> {
        let plan = planned(config, self.dataset.spec())?;
        Ok(model::summary_on(&plan, &self.backend.device))
    }
}

/// The network that `config` asks for, for such records.
pub(super) fn planned(config: &Config, records: RecordSpec) -> Result<Arc<NetworkPlan>, Error> {
    let classes = count(records.classes);
    let plan = NetworkPlan::new(&ModelSpec {
        network: network::resolve(&config.network, classes)?,
        image: records.image,
        classes,
        pixels: config.pixels.clone(),
        norm_group: config.norm_group,
    })?;
    let side = records.image.height.min(records.image.width);
    if config.cutout_px >= side {
        return Err(Error::invalid_config(
            "cutout_px",
            format!("{} px leave nothing of images of {side}", config.cutout_px),
        ));
    }
    let workers = config.workers.max(1);
    plan.check_memory(config.batch, config.batch.div_ceil(workers), workers)?;
    Ok(Arc::new(plan))
}

/// What moves the network's tensors.
pub(super) fn rule(config: &Config, network: &NetworkPlan) -> Rule {
    Rule::new(&config.recipe(network.spec.clone()), network)
}

/// New weights from the run's seed.
pub(super) fn fresh_learner(
    network: &Arc<NetworkPlan>,
    config: &Config,
    backend: &OpenDevice,
) -> Learner {
    let learner = Learner::new(network, config.seed, &backend.device);
    let learner = learner.with_rule(rule(config, network));
    match config.operators {
        Operators::Blocks => learner.with_arithmetic(config.arithmetic),
        Operators::Layers => learner.layer_by_layer(),
    }
}

/// The records that an epoch (numbered from 0) of a run on `train` records visits, in its order.
pub(super) fn order(config: &Config, train: usize, epoch: u32) -> Vec<usize> {
    let mut order = batch::shuffled(train, config.seed, epoch);
    let batches = config.steps(count(train)) as usize;
    order.truncate(batches.saturating_mul(config.batch as usize));
    order
}
