use crate::{DigitModels, Network, Workload, WorkloadError, order::merge, script::Script, workload::build};

/// The seed of the order, the amounts and the choice of digits. This one draws as many digits that a model
/// gets wrong as the whole test set has on average; with none, the accuracy could not show a wrong class.
const SEED: u64 = 3;

/// The block that `metisvm run` executes by default: deployments, then tokens and liquidity, then
/// everything else in one mixture.
pub fn digits_block(models: &DigitModels) -> Result<Workload, WorkloadError> {
    use Network::{Cnn, Mlp};
    let mut script = Script::new(models, SEED);
    let s = &mut script;

    let mut deployments = s.deploy_classifiers();
    deployments.extend(s.deploy_the_rest());
    let mut lanes = s.ether_transfers(8);
    lanes.push(deployments);
    let mut requests = merge(lanes, &mut s.rng);

    let mut lanes = s.mints();
    lanes.extend(s.approvals());
    lanes.extend(s.ether_transfers(6));
    requests.extend(merge(lanes, &mut s.rng));

    let mut lanes = s.ether_transfers(4);
    lanes.push(s.liquidity());
    requests.extend(merge(lanes, &mut s.rng));

    let mut lanes = s.ether_transfers(44);
    lanes.extend(s.token_transfers(60));
    lanes.push(s.token_transfers_by_allowance(4, 13));
    lanes.push(s.token_transfer_without_balance(16));
    lanes.extend(s.swaps(62));
    lanes.push(s.greedy_swap());
    lanes.push(s.less_liquidity());
    lanes.extend(s.classifications(Mlp, 56));
    lanes.extend(s.classifications(Cnn, 34));
    for _ in 0..3 {
        lanes.push(s.classify_many(Mlp, 4));
        lanes.push(s.classify_many(Cnn, 3));
    }
    for network in [Mlp, Cnn] {
        lanes.push(s.classify_many_with_a_bad_one(network));
        lanes.push(s.then_revert(network));
        lanes.push(s.rolled_back(network));
        lanes.push(s.caught_success(network));
        lanes.push(s.caught_failure(network));
        lanes.push(s.starved_classifier(network, false));
        lanes.push(s.starved_classifier(network, true));
        lanes.push(s.starved_precompile(network, 0));
        lanes.push(s.starved_precompile(network, 1));
        lanes.push(s.starved_transaction(network));
        lanes.push(s.starved_after_the_inference(network));
        lanes.push(s.with_value(network, 0));
        lanes.push(s.with_value(network, 1_000));
        lanes.push(s.delegated(network));
        lanes.extend(s.raw(network));
        lanes.push(s.removed_and_put_back(network));
    }
    lanes.push(s.starved_in_the_middle(Mlp));
    lanes.extend(s.malformed(Mlp));
    lanes.extend(s.direct(Cnn));
    lanes.extend(s.refused_changes());
    requests.extend(merge(lanes, &mut s.rng));

    build(models, requests, &mut script.rng)
}
