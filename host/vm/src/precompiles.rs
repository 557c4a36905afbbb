//! The precompiles of a block: Ethereum's, and ours where the chain spec has it active.
//!
//! This implements revm's `PrecompileProvider` itself instead of adding to alloy-evm's
//! `PrecompilesMap`, because the map tells a precompile the call's value but not whether it was
//! transferred (CALL, CALLCODE) or only apparent (DELEGATECALL), and rule 2 depends on that. It also
//! leaves Ethereum's table static, so a chain without our extensions pays nothing.

use crate::{
    GasSchedule, InferenceEngine, InferenceExtension, InferencePrecompile, NodeFault, ProofExtension,
    ProofPrecompile, ProofVerifier,
};
use alloy_primitives::{
    Address, U256,
    map::{AddressMap, AddressSet},
};
use revm::{
    context_interface::{Cfg, ContextTr},
    handler::{EthPrecompiles, PrecompileProvider, precompile_output_to_interpreter_result},
    interpreter::{CallInputs, InterpreterResult},
    precompile::PrecompileOutput,
    primitives::hardfork::SpecId,
};
use std::sync::Arc;

/// The precompiles of one block.
#[derive(Debug, Clone)]
pub struct MetisPrecompiles {
    ethereum: EthPrecompiles,
    ours: Vec<Ours>,
    /// Ethereum's precompiles, ours and the registries; where there are none of ours, empty and not used.
    warm: AddressSet,
    /// Where they are for this execution, if elsewhere; none for any block.
    rearranged: Option<Arc<Rearranged>>,
}

/// Precompiles that are elsewhere, or nowhere, for an execution whose caller wants it so. No block has that: it is for
/// calls that try something out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rearranged {
    /// Addresses at which there is another precompile, each with where that is otherwise.
    pub moved: AddressMap<Address>,
    /// Addresses whose precompile is not there any more: what the account has as code runs.
    pub gone: AddressSet,
}

impl Rearranged {
    /// The precompile that a call of this address reaches, by where it is otherwise.
    fn reached(&self, address: Address) -> Option<Address> {
        match self.moved.get(&address) {
            Some(moved) => Some(*moved),
            None => (!self.gone.contains(&address)).then_some(address),
        }
    }
}

/// A precompile of ours.
#[derive(Debug, Clone)]
struct Ours {
    address: Address,
    registry: Address,
    function: Function,
}

#[derive(Debug, Clone)]
enum Function {
    Inference(InferencePrecompile),
    Proofs(ProofPrecompile),
}

impl Function {
    fn run(
        &self,
        context: &mut impl ContextTr,
        call_data: &[u8],
        gas_limit: u64,
        reservoir: u64,
        transferred: U256,
    ) -> Result<PrecompileOutput, NodeFault> {
        match self {
            Self::Inference(inference) => {
                inference.run(context, call_data, gas_limit, reservoir, transferred)
            }
            Self::Proofs(proofs) => proofs.run(context, call_data, gas_limit, reservoir, transferred),
        }
    }
}

impl MetisPrecompiles {
    /// Ethereum's precompiles of a fork alone.
    pub fn ethereum(fork: SpecId) -> Self {
        Self {
            ethereum: EthPrecompiles::new(fork),
            ours: Vec::new(),
            warm: AddressSet::default(),
            rearranged: None,
        }
    }

    /// Moves precompiles, or takes them away. Which addresses are warm stays as it is.
    pub fn rearrange(&mut self, rearranged: Arc<Rearranged>) {
        self.rearranged = Some(rearranged);
    }

    /// Whether there is a precompile at this address, where nothing was moved.
    pub fn is_precompile(&self, address: &Address) -> bool {
        self.ethereum.contains(address) || self.ours.iter().any(|ours| ours.address == *address)
    }

    /// Adds the inference precompile, charging by this schedule, with generation where the chain has it. Its address and the registry's are warm from the
    /// start of every transaction: the precompile's as every precompile's (EIP-2929), the registry's because a call
    /// must not leave the account warm as a side effect that nobody paid for.
    pub fn with_inference(
        self,
        extension: &InferenceExtension,
        schedule: GasSchedule,
        generates: bool,
        engine: Option<Arc<dyn InferenceEngine>>,
    ) -> Self {
        let precompile = InferencePrecompile::new(extension, schedule, engine).generating(generates);
        let function = Function::Inference(precompile);
        self.with(extension.precompile, extension.registry, function)
    }

    /// Adds the precompile that verifies proofs; its address and its registry's are warm likewise.
    pub fn with_proofs(self, extension: &ProofExtension, verifier: Option<Arc<dyn ProofVerifier>>) -> Self {
        let function = Function::Proofs(ProofPrecompile::new(extension, verifier));
        self.with(extension.precompile, extension.registry, function)
    }

    fn with(mut self, address: Address, registry: Address, function: Function) -> Self {
        self.ours.push(Ours {
            address,
            registry,
            function,
        });
        self.collect_warm();
        self
    }

    fn collect_warm(&mut self) {
        if self.ours.is_empty() {
            return;
        }
        self.warm = self.ethereum.warm_addresses().clone();
        let addresses = self.ours.iter().flat_map(|ours| [ours.address, ours.registry]);
        self.warm.extend(addresses);
    }
}

impl<CTX: ContextTr> PrecompileProvider<CTX> for MetisPrecompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: <CTX::Cfg as Cfg>::Spec) -> bool {
        let changed = <EthPrecompiles as PrecompileProvider<CTX>>::set_spec(&mut self.ethereum, spec);
        if changed {
            self.collect_warm();
        }
        changed
    }

    fn run(&mut self, context: &mut CTX, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        let called = inputs.bytecode_address;
        let reached = match &self.rearranged {
            Some(rearranged) => rearranged.reached(called),
            None => Some(called),
        };
        let Some(reached) = reached else {
            return Ok(None);
        };
        let ours = self.ours.iter().find(|ours| reached == ours.address);
        let Some(ours) = ours else {
            if reached == called {
                return self.ethereum.run(context, inputs);
            }
            let inputs = CallInputs {
                bytecode_address: reached,
                ..inputs.clone()
            };
            return self.ethereum.run(context, &inputs);
        };
        // A copy, because the input may lie in the memory that the context owns.
        let call_data = inputs.input.bytes(context);
        let transferred = inputs.transfer_value().unwrap_or_default();
        let output = ours
            .function
            .run(
                context,
                &call_data,
                inputs.gas_limit,
                inputs.reservoir,
                transferred,
            )
            .map_err(|fault| fault.to_string())?;
        Ok(Some(precompile_output_to_interpreter_result(
            output,
            inputs.gas_limit,
        )))
    }

    fn warm_addresses(&self) -> &AddressSet {
        if self.ours.is_empty() {
            self.ethereum.warm_addresses()
        } else {
            &self.warm
        }
    }

    fn contains(&self, address: &Address) -> bool {
        match &self.rearranged {
            Some(rearranged) => rearranged
                .reached(*address)
                .is_some_and(|reached| self.is_precompile(&reached)),
            None => self.is_precompile(address),
        }
    }
}
