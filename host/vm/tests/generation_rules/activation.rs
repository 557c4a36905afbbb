//! From when on models generate.

use crate::rig::*;
use crate::support::*;
use alloy_sol_types::SolError;
use metisvm_vm::{Activation, ChainSpec, IInference};

fn with_generation(activation: Option<Activation>) -> ChainSpec {
    let mut spec = ChainSpec::metis_dev();
    let inference = spec.inference.as_mut().unwrap();
    inference.generation = activation;
    if let Some(Activation::Block(_)) = activation {
        inference.activation = Activation::Block(0);
    }
    spec.check().unwrap();
    spec
}

#[test]
fn before_its_activation_there_are_no_such_functions() {
    let malformed = IInference::MalformedCall {}.abi_encode();
    let calls = [generate(GENERATOR, &request(1, 1)), info(GENERATOR)];
    for activation in [Activation::Block(10), Activation::Time(10)] {
        let mut chain = Chain::new();
        chain.spec = with_generation(Some(activation));
        for (number, timestamp) in [(9, 9), (9, 10), (10, 9), (10, 10), (11, 11)] {
            (chain.header.number, chain.header.timestamp) = (number, timestamp);
            for data in calls.clone() {
                let result = chain.call(PRECOMPILE, data);
                if activation.is_active(number, timestamp) {
                    assert!(result.is_success(), "{activation:?} in {number}, {timestamp}");
                } else {
                    assert_eq!(
                        reverted(&result),
                        malformed,
                        "{activation:?} in {number}, {timestamp}"
                    );
                }
            }
        }
    }
    let mut never = chain();
    never.spec = with_generation(None);
    for data in calls {
        assert_eq!(reverted(&never.call(PRECOMPILE, data)), malformed);
    }
}

#[test]
fn the_development_chain_generates_from_schedule_2_on() {
    let spec = ChainSpec::metis_dev();
    let inference = spec.inference.unwrap();
    assert_eq!(inference.generation, Some(Activation::Time(START)));
    assert_eq!(
        inference.gas_schedule_forks[0].activation,
        Activation::Time(START)
    );
    assert!(!inference.generates_at(1, START - 1) && inference.generates_at(1, START));
}

#[test]
fn generation_before_inference_is_refused() {
    let inference = [Activation::Block(10), Activation::Time(10)];
    let generation = [
        (Activation::Block(9), [false, false]),
        (Activation::Block(10), [true, false]),
        (Activation::Time(9), [true, false]),
        (Activation::Time(10), [true, true]),
    ];
    for (generation, taken) in generation {
        for (activation, taken) in inference.into_iter().zip(taken) {
            let mut spec = ChainSpec::metis_dev();
            let extension = spec.inference.as_mut().unwrap();
            (extension.activation, extension.generation) = (activation, Some(generation));
            let checked = spec.check();
            assert_eq!(checked.is_ok(), taken, "{generation:?} after {activation:?}");
            if let Err(error) = checked {
                assert!(error.to_string().contains("generation"), "{error}");
            }
        }
    }
}
