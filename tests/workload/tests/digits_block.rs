//! The digits block does what it was written to do: every transaction ends as meant, every class is
//! announced, every outcome recorded.

use alloy_primitives::U256;
use alloy_sol_types::SolEvent;
use metisvm_executor::{BlockEngine, Threads, TransactionStatus, run_block_file};
use metisvm_vm::registry_slot;
use metisvm_workload::{
    Category, ClassifierCaller, DigitClassifier, DigitModels, End, Expected, Pair, REGISTRY, Token, Workload,
    digits_block,
};
use revm::context_interface::result::HaltReason;
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

static MODELS: LazyLock<DigitModels> =
    LazyLock::new(|| DigitModels::import().expect("the model files are sound"));
static WORKLOAD: LazyLock<Workload> =
    LazyLock::new(|| digits_block(&MODELS).expect("the block can be built"));

fn count(category: Category, wanted: impl Fn(&Expected) -> bool) -> usize {
    let of_category = WORKLOAD.expected.iter().filter(|e| e.category == category);
    of_category.filter(|expected| wanted(expected)).count()
}

fn succeeds(expected: &Expected) -> bool {
    expected.end == End::Success
}

#[test]
fn every_transaction_ends_as_meant() {
    let ends = WORKLOAD.built.outcome.transactions.iter();
    let mut wrong = Vec::new();
    for (at, (end, expected)) in ends.zip(&WORKLOAD.expected).enumerate() {
        let as_meant = match (&end.status, &expected.end) {
            (TransactionStatus::Success { .. }, End::Success) => true,
            (TransactionStatus::Revert { output }, End::Revert(data)) => {
                output.starts_with(data) && output.is_empty() == data.is_empty()
            }
            (TransactionStatus::Halt { reason }, End::OutOfGas) => matches!(reason, HaltReason::OutOfGas(_)),
            _ => false,
        };
        if !as_meant {
            let (category, meant) = (expected.category, &expected.end);
            wrong.push(format!("{at}: {category:?}, meant {meant:?}: {end:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_class_is_announced_and_every_outcome_recorded() {
    for (receipt, expected) in WORKLOAD.built.outcome.receipts.iter().zip(&WORKLOAD.expected) {
        let classes: Vec<_> = receipt
            .logs()
            .iter()
            .filter_map(|log| Some((log.address, DigitClassifier::Classified::decode_log(log).ok()?)))
            .map(|(address, log)| (address, log.id, log.class))
            .collect();
        let meant: Vec<_> = expected
            .classified
            .iter()
            .map(|meant| (meant.classifier, U256::from(meant.digit.index), meant.class))
            .collect();
        assert_eq!(classes, meant, "{:?}", expected.category);

        let outcomes: Vec<_> = receipt
            .logs()
            .iter()
            .filter_map(|log| {
                Some((
                    log.address,
                    ClassifierCaller::OutcomeRecorded::decode_log(log).ok()?,
                ))
            })
            .map(|(address, log)| (address, log.id, log.success, log.selector.0, log.returnedBytes))
            .collect();
        let meant: Vec<_> = expected
            .recorded
            .iter()
            .map(|meant| {
                let returned = U256::from(meant.returned_bytes);
                (meant.caller, meant.id, meant.success, meant.selector, returned)
            })
            .collect();
        assert_eq!(outcomes, meant, "{:?}", expected.category);
    }
}

#[test]
fn the_block_has_what_it_is_there_to_show() {
    use Category::*;
    let mut counts: BTreeMap<Category, [usize; 3]> = BTreeMap::new();
    for expected in &WORKLOAD.expected {
        let column = match expected.end {
            End::Success => 0,
            End::Revert(_) => 1,
            End::OutOfGas => 2,
        };
        counts.entry(expected.category).or_default()[column] += 1;
    }
    let meant = [
        (Deployment, [7, 0, 0]),
        (Mint, [20, 0, 0]),
        (Approval, [21, 0, 0]),
        (Liquidity, [4, 0, 0]),
        (EtherTransfer, [62, 0, 0]),
        (TokenTransfer, [62, 1, 0]),
        (Swap, [62, 1, 0]),
        (Registry, [4, 2, 0]),
        (Classification, [92, 0, 0]),
        (NestedClassification, [6, 2, 0]),
        (Reverted, [2, 2, 0]),
        (Caught, [4, 0, 0]),
        (Starved, [8, 0, 0]),
        (Malformed, [14, 0, 0]),
        (OtherCall, [10, 0, 0]),
        (Direct, [1, 4, 0]),
        (Unregistered, [0, 2, 0]),
        (OutOfGas, [0, 1, 4]),
    ];
    assert_eq!(counts, BTreeMap::from(meant));
    assert!(WORKLOAD.expected.len() >= 300);
    assert!(count(EtherTransfer, succeeds) + count(TokenTransfer, succeeds) >= 120);
    assert!(count(Malformed, |expected| expected.recorded.is_some()) == 14);
}

#[test]
fn the_models_run_as_often_as_meant() {
    let meant: u64 = WORKLOAD.expected.iter().map(|expected| expected.inferences).sum();
    assert_eq!(WORKLOAD.inferences, meant);
    let (_, stored) = WORKLOAD.correct();
    assert!(stored >= 100 && meant > stored as u64, "{stored} of {meant}");
}

#[test]
fn the_classes_are_what_the_images_show() {
    let (correct, stored) = WORKLOAD.correct();
    assert!(correct * 100 >= stored * 95, "{correct} of {stored}");
}

#[test]
fn each_type_of_transaction_comes_often() {
    let mut types = [0; 3];
    for transaction in &WORKLOAD.built.file.block.body.transactions {
        types[transaction.tx_type() as usize] += 1;
    }
    assert!(types.iter().all(|count| *count >= 40), "{types:?}");
}

#[test]
fn swaps_go_in_both_directions_and_tokens_move() {
    let logs: Vec<_> = WORKLOAD
        .built
        .outcome
        .receipts
        .iter()
        .flat_map(|receipt| receipt.logs())
        .collect();
    let swaps = logs.iter().filter_map(|log| Pair::Swapped::decode_log(log).ok());
    let sold: Vec<_> = swaps.map(|swap| swap.tokenIn).collect();
    for token in [WORKLOAD.contracts.token_a, WORKLOAD.contracts.token_b] {
        assert!(sold.iter().filter(|sold| **sold == token).count() >= 30);
    }
    let transfers = logs.iter().filter(|log| Token::Transfer::decode_log(log).is_ok());
    assert!(transfers.count() > 120);
}

#[test]
fn both_models_are_registered_again_after_the_block() {
    let registry = WORKLOAD.built.state.account(&REGISTRY).unwrap();
    for model in [&MODELS.mlp, &MODELS.cnn] {
        assert_eq!(
            registry.storage.get(&registry_slot(model.id)),
            Some(&U256::from(1))
        );
    }
}

#[test]
fn the_block_executes_to_its_own_header() {
    let engine: Arc<dyn metisvm_vm::InferenceEngine> = MODELS.engine();
    let blocks = BlockEngine::new(Threads::new(1).unwrap());
    let report = run_block_file(&WORKLOAD.built.file, Some(engine), &blocks).unwrap();
    assert_eq!(report.mismatches, []);
}

#[test]
fn making_it_twice_gives_the_same_block() {
    assert_eq!(digits_block(&MODELS).unwrap().built.file, WORKLOAD.built.file);
}
