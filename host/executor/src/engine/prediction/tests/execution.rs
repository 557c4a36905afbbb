//! Real executions: an inspector takes the traces down.

use super::{
    super::{Call, Footprint, Kind, Predictor, Trace},
    recorder::Recorder,
};
use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_evm::{Evm, EvmEnv, EvmFactory, FromRecoveredTx};
use alloy_primitives::{Address, TxKind, U256, keccak256};
use metisvm_state::MemoryState;
use metisvm_vm::MetisEvmFactory;
use revm::{
    DatabaseCommit, DatabaseRef, Inspector,
    bytecode::opcode,
    context::TxEnv,
    interpreter::{
        Interpreter,
        interpreter_types::{InputsTr, Jumps, MemoryTr},
    },
};

struct Watch<'a>(&'a mut Recorder);

impl<CTX> Inspector<CTX> for Watch<'_> {
    fn step(&mut self, interpreter: &mut Interpreter, _: &mut CTX) {
        let peek = |depth| interpreter.stack.peek(depth);
        match interpreter.bytecode.opcode() {
            code @ (opcode::SLOAD | opcode::SSTORE) => {
                if let Ok(slot) = peek(0) {
                    let address = interpreter.input.target_address();
                    self.0.touched(address, slot, code == opcode::SSTORE);
                }
            }
            opcode::KECCAK256 => {
                let (Ok(start), Ok(length)) = (peek(0), peek(1)) else {
                    return;
                };
                let (start, length) = (start.saturating_to::<usize>(), length.saturating_to::<usize>());
                if length == 32 || length == 64 {
                    // Memory that is not there yet is zeros.
                    let mut input = vec![0; length];
                    let held = interpreter.memory.size();
                    let end = start.saturating_add(length).min(held);
                    if start < end {
                        let slice = interpreter.memory.slice(start..end);
                        input[..end - start].copy_from_slice(&slice);
                    }
                    self.0.hashed(&input, keccak256(&input));
                }
            }
            _ => {}
        }
    }
}

/// A call that succeeded, with its trace and the state before it.
pub(super) struct Executed<'a> {
    pub(super) kind: Kind,
    pub(super) call: Call<'a>,
    pub(super) trace: Trace,
    before: &'a MemoryState,
}

impl Executed<'_> {
    /// Foretells the call from the state before it.
    pub(super) fn foretell(&self, predictor: &Predictor, footprint: &mut Footprint) {
        let mut read = |address: Address, slot: U256| self.before.storage_ref(address, slot).ok();
        predictor.predict(&self.kind, &self.call, &mut read, footprint);
    }
}

/// Executes transactions one after the other; gives `each` the successful calls of contracts.
pub(super) fn execute(
    factory: &MetisEvmFactory,
    env: &EvmEnv,
    transactions: &[Recovered<TxEnvelope>],
    state: &mut MemoryState,
    mut each: impl FnMut(Executed<'_>),
) {
    let mut recorder = Recorder::default();
    for transaction in transactions {
        recorder.begin();
        let tx = TxEnv::from_recovered_tx(transaction.inner(), transaction.signer());
        let mut evm = factory.create_evm_with_inspector(&mut *state, env.clone(), Watch(&mut recorder));
        let outcome = evm.transact_raw(tx).unwrap();
        drop(evm);
        if let TxKind::Call(to) = transaction.kind()
            && outcome.result.is_success()
        {
            let trace = recorder.finish(|address, slot| {
                let slot = outcome.state.get(&address)?.storage.get(&slot)?;
                Some((slot.original_value, slot.present_value))
            });
            let input = transaction.input();
            if !trace.accesses.is_empty() {
                each(Executed {
                    kind: Kind::of(outcome.state[&to].info.code_hash, input),
                    call: Call {
                        sender: transaction.signer(),
                        to,
                        value: transaction.value(),
                        input,
                    },
                    trace,
                    before: state,
                });
            }
        }
        state.commit(outcome.state);
    }
}
