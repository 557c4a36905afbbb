use crate::{DigitModels, Network, Workload, WorkloadError, order::merge, script::Script, workload::build};

const SEED: u64 = 1;
const TRANSFERS: usize = 12;

/// A block that executes quickly: a dozen transfers and so many digits, classified by both models in
/// turn. Of the contracts it deploys the two classifiers.
///
/// # Panics
/// If `inferences` is more than the digits there are.
pub fn small_block(models: &DigitModels, inferences: usize) -> Result<Workload, WorkloadError> {
    let mut script = Script::new(models, SEED);
    let mut requests: Vec<_> = script.deploy_classifiers().into_iter().flatten().collect();
    let mut lanes = script.ether_transfers(TRANSFERS);
    lanes.extend(script.classifications(Network::Mlp, inferences.div_ceil(2)));
    lanes.extend(script.classifications(Network::Cnn, inferences / 2));
    requests.extend(merge(lanes, &mut script.rng));
    build(models, requests, &mut script.rng)
}
