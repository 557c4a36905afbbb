//! The functions of the precompile.

use super::abi::{Call, IInferenceProofs, verify_call_data_bytes};
use super::prices::ProofGasSchedule;
use super::verifier::{KeyFacts, ProofClaim, ProofVerifier};
use crate::call::{COLD_SLOAD_GAS, Meter, Stop, read_registry, revert};
use crate::extension::ProofExtension;
use crate::fault::NodeFault;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use core::fmt;
use metisvm_verifier::commit;
use revm::{
    context_interface::{Cfg, ContextTr},
    precompile::PrecompileOutput,
};
use std::sync::Arc;

/// The slot of the registry that has the digest of a model's verifying key: entry `circuit_version` of entry `model`
/// of a Solidity mapping of mappings at slot 0. Zero says that there is none.
pub fn key_slot(model: B256, circuit_version: u32) -> U256 {
    let of_model = mapping_entry(model, B256::ZERO);
    mapping_entry(U256::from(circuit_version).into(), of_model).into()
}

/// Where Solidity has the entry of a mapping.
fn mapping_entry(key: B256, slot: B256) -> B256 {
    let mut preimage = [0; 64];
    preimage[..32].copy_from_slice(key.as_slice());
    preimage[32..].copy_from_slice(slot.as_slice());
    keccak256(preimage)
}

/// The precompile of one chain spec, with what verifies its proofs.
#[derive(Clone)]
pub struct ProofPrecompile {
    registry: Address,
    circuit_version: u32,
    schedule: ProofGasSchedule,
    verifier: Option<Arc<dyn ProofVerifier>>,
}

impl fmt::Debug for ProofPrecompile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofPrecompile")
            .field("registry", &self.registry)
            .field("circuit_version", &self.circuit_version)
            .field("verifier", &self.verifier.is_some())
            .finish_non_exhaustive()
    }
}

impl ProofPrecompile {
    /// The precompile as the chain spec describes it. Without a verifier no key is on this machine, and a call that
    /// needs a registered one is a [`NodeFault`].
    pub fn new(extension: &ProofExtension, verifier: Option<Arc<dyn ProofVerifier>>) -> Self {
        Self {
            registry: extension.registry,
            circuit_version: extension.circuit_version,
            schedule: extension.gas_schedule.schedule(),
            verifier,
        }
    }

    /// Runs one call. `transferred` is the value that CALL or CALLCODE moved; the apparent value of
    /// DELEGATECALL is not in it. `reservoir` is passed through (EIP-8037).
    ///
    /// An error ends the execution of the block on this node.
    pub fn run(
        &self,
        context: &mut impl ContextTr,
        call_data: &[u8],
        gas_limit: u64,
        reservoir: u64,
        transferred: U256,
    ) -> Result<PrecompileOutput, NodeFault> {
        let mut gas = Meter::new(gas_limit);
        let came = self.call(context, call_data, transferred, &mut gas);
        gas.end(came, reservoir)
    }

    fn call(
        &self,
        context: &mut impl ContextTr,
        call_data: &[u8],
        transferred: U256,
        gas: &mut Meter,
    ) -> Result<Bytes, Stop> {
        // 1
        gas.charge(self.schedule.call_data_gas(call_data.len() as u64))?;
        // 2
        if !transferred.is_zero() {
            return Err(revert(IInferenceProofs::ValueNotAccepted {}));
        }
        // 3
        let call = Call::decode(call_data).ok_or_else(|| revert(IInferenceProofs::MalformedCall {}))?;
        match call {
            Call::Commit { salt, input } => {
                // 4
                gas.charge(self.schedule.commitment_gas(input.len() as u64))?;
                let commitment = B256::from(commit(&salt.0, input).to_bytes());
                Ok(IInferenceProofs::commitCall::abi_encode_returns(&commitment).into())
            }
            Call::KeyInfo { model } => {
                let (digest, _, facts) = self.find_key(context, model, gas)?;
                Ok(self.key_info(digest, &facts))
            }
            Call::Verify {
                model,
                input_commitment,
                output,
                job_id,
                proof,
            } => {
                let (digest, verifier, facts) = self.find_key(context, model, gas)?;
                // 7
                gas.charge(self.schedule.verification_gas(&facts.work))?;
                // 8
                let claim = ProofClaim {
                    model,
                    input_commitment,
                    output,
                    chain_id: context.cfg().chain_id(),
                    job_id,
                };
                let valid = verifier.verify(digest, &claim, proof);
                Ok(IInferenceProofs::verifyInferenceCall::abi_encode_returns(&valid).into())
            }
        }
    }

    /// The key that is registered for a model, and what this machine knows of it.
    fn find_key(
        &self,
        context: &mut impl ContextTr,
        model: B256,
        gas: &mut Meter,
    ) -> Result<(B256, &dyn ProofVerifier, KeyFacts), Stop> {
        // 5
        let slot = key_slot(model, self.circuit_version);
        let registered = read_registry(context, self.registry, slot, gas)?;
        if registered.is_zero() {
            return Err(revert(IInferenceProofs::UnknownKey {
                modelId: model,
                circuitVersion: U256::from(self.circuit_version),
            }));
        }
        // 6
        let digest = B256::from(registered);
        let missing = || Stop::Fault(NodeFault::KeyMissing { model, digest });
        let verifier = self.verifier.as_deref().ok_or_else(missing)?;
        let facts = verifier.key(digest).ok_or_else(missing)?;
        Ok((digest, verifier, facts))
    }

    /// Its gas is what a call of `verifyInference` needs at most, with the registry's slot still cold.
    fn key_info(&self, digest: B256, facts: &KeyFacts) -> Bytes {
        let call_data = verify_call_data_bytes(facts.output_bytes, facts.proof_bytes);
        let work = self.schedule.verification_gas(&facts.work);
        let gas = self
            .schedule
            .call_data_gas(call_data)
            .saturating_add(COLD_SLOAD_GAS)
            .saturating_add(work);
        IInferenceProofs::keyInfoCall::abi_encode_returns(&IInferenceProofs::keyInfoReturn {
            keyDigest: digest,
            circuitVersion: U256::from(self.circuit_version),
            outputBytes: U256::from(facts.output_bytes),
            proofBytes: U256::from(facts.proof_bytes),
            gas: U256::from(gas),
        })
        .into()
    }
}
