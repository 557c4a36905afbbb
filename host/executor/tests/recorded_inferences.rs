//! Which transaction asked for which inference, as a block is recorded.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_eips::{eip4788::BEACON_ROOTS_ADDRESS, eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolCall;
use metisvm_executor::{BlockEngine, Threads, record_inferences};
use metisvm_vm::IInference;
use std::sync::Arc;
use support::block::{MODEL, PRECOMPILE, Reverse, build_with, genesis, template, transactions};

/// Code that asks for an inference of this input, whoever calls it.
fn asking(input: [u8; 4]) -> Bytes {
    let call = IInference::inferCall {
        modelId: MODEL,
        input: Bytes::copy_from_slice(&input),
    };
    let data = call.abi_encode();
    let length = u8::try_from(data.len()).unwrap();
    // CODECOPY of the call data, which stands behind the code, to 0.
    let mut code = vec![0x60, length, 0x60, 0, 0x5f, 0x39];
    // STATICCALL of the precompile with it, and STOP.
    code.extend([0x5f, 0x5f, 0x60, length, 0x5f, 0x73]);
    code.extend(PRECOMPILE);
    code.extend([0x5a, 0xfa, 0x00]);
    code[3] = u8::try_from(code.len()).unwrap();
    code.extend(data);
    code.into()
}

/// The job of an inference names a transaction and a call of it. What the block's system calls ask for is none of its
/// transactions', so that it neither becomes a call of one nor moves the numbers of those that are.
#[test]
fn system_calls_are_no_transactions_calls() {
    let (before, after) = ([9, 9, 9, 9], [8, 8, 8, 8]);
    let mut state = genesis();
    for (address, input) in [
        (BEACON_ROOTS_ADDRESS, before),
        (WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, after),
    ] {
        state.insert_account(address, U256::ZERO, 1, asking(input), []);
    }
    // The only one that asks is first and last of its block.
    let of_third = transactions().into_iter().nth(3).unwrap();
    for (transactions, index) in [(transactions(), 3), (vec![of_third], 0)] {
        let engine = BlockEngine::new(Threads::new(1).unwrap());
        let built = build_with(&engine, state.clone(), template(), transactions).unwrap();
        assert_eq!(built.skipped, []);
        let threads = Threads::new(1).unwrap();
        let recorded = record_inferences(&built.file, Arc::new(Reverse), None, &threads).unwrap();
        assert_eq!(recorded.mismatches, []);
        let found: Vec<(Option<usize>, &[u8])> = recorded
            .inferences
            .iter()
            .map(|inferred| (inferred.transaction, &inferred.input[..]))
            .collect();
        let asked = (Some(index), &[1, 2, 3, 4][..]);
        assert_eq!(found, [(None, &before[..]), asked, (None, &after[..])]);
    }
}
