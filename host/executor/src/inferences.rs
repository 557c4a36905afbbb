//! Which inferences a block's transactions ask the precompile for: what there is to prove of a block.

use crate::{
    BlockFile, EngineReport, Error, Threads, execute::execute_with, run::CheckedFile, validity::Mismatch,
};
use alloy_evm::EvmFactory;
use alloy_primitives::{B256, Bytes};
use metisvm_vm::{EngineError, InferenceEngine, MetisEvmFactory, ModelFacts, ProofVerifier, Request};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An inference that the precompile ran for a transaction, or for one of the block's system calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// The index of the transaction in the block; `None` of a system call, before the first transaction or after the
    /// last.
    pub transaction: Option<usize>,
    /// The model.
    pub model: B256,
    /// Its raw input.
    pub input: Bytes,
    /// The raw output that the contract was given.
    pub output: Bytes,
}

/// A block that was executed, with the inferences of its transactions.
#[derive(Debug, Clone)]
pub struct RecordedBlock {
    /// The block's hash.
    pub hash: B256,
    /// The chain that the block is of.
    pub chain_id: u64,
    /// How many transactions it has.
    pub transactions: usize,
    /// In the order in which they were asked for. Those of calls that reverted later are among them; calls that
    /// were refused or could not pay are not, nor are texts: what proves one inference proves no text.
    pub inferences: Vec<Inferred>,
    /// Where header and execution differ; empty where they agree.
    pub mismatches: Vec<Mismatch>,
}

/// Executes a block file, one transaction after the other, and records what its transactions ask the precompile
/// for. `proofs` has the keys of the proofs that its transactions bring.
///
/// An error says that the block could not be executed; one that differs from its header gives mismatches.
pub fn record_inferences(
    file: &BlockFile,
    inference: Arc<dyn InferenceEngine>,
    proofs: Option<Arc<dyn ProofVerifier>>,
    threads: &Threads,
) -> Result<RecordedBlock, Error> {
    let checked = CheckedFile::new(file, threads)?;
    let spec = checked.spec();
    let recorder = Arc::new(Recorder {
        engine: inference,
        record: Mutex::default(),
    });
    let factory = MetisEvmFactory::new(spec.clone(), Some(recorder.clone())).with_proofs(proofs);
    let block = checked.input();
    let mut state = file.pre_state.clone();
    let evm = factory.create_evm(&mut state, spec.evm_env(block.header));
    let outcome = execute_with(evm, spec, block, |index| recorder.lock().transaction = index)?;
    let (chain_id, transactions) = (spec.chain_id, block.transactions.len());
    let report = checked.report_in_memory(outcome, state, EngineReport::default());
    let inferences = std::mem::take(&mut recorder.lock().inferences);
    Ok(RecordedBlock {
        hash: file.hash,
        chain_id,
        transactions,
        inferences,
        mismatches: report.mismatches,
    })
}

/// Answers as the engine behind it does, and takes down what was asked.
struct Recorder {
    engine: Arc<dyn InferenceEngine>,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    /// The transaction that is being executed, if it is one.
    transaction: Option<usize>,
    inferences: Vec<Inferred>,
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InferenceEngine for Recorder {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.engine.model(id)
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        let output = self.engine.infer(id, input)?;
        let mut record = self.lock();
        let transaction = record.transaction;
        record.inferences.push(Inferred {
            transaction,
            model: id,
            input: Bytes::copy_from_slice(input),
            output: output.clone(),
        });
        Ok(output)
    }

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        self.engine.generate(id, request)
    }
}
