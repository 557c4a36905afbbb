//! What our precompiles have in common: gas, ends without an answer, the registry, and the canonical encoding.

use crate::fault::NodeFault;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolError;
use revm::{
    context_interface::{ContextTr, JournalTr, journaled_state::JournalLoadError},
    precompile::{PrecompileHalt, PrecompileOutput},
};

/// Reading a slot that the transaction touches for the first time (EIP-2929).
pub(crate) const COLD_SLOAD_GAS: u64 = 2_100;
/// Reading a slot that was touched before.
const WARM_SLOAD_GAS: u64 = 100;

/// How a call ends without an answer.
pub(crate) enum Stop {
    OutOfGas,
    Revert(Bytes),
    Fault(NodeFault),
}

pub(crate) fn revert(error: impl SolError) -> Stop {
    Stop::Revert(error.abi_encode().into())
}

/// Gas given and gas spent; never more spent than given.
pub(crate) struct Meter {
    limit: u64,
    spent: u64,
}

impl Meter {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { limit, spent: 0 }
    }

    const fn left(&self) -> u64 {
        self.limit.saturating_sub(self.spent)
    }

    /// Ends the call where less than that is left, and charges nothing.
    pub(crate) const fn need(&self, amount: u64) -> Result<(), Stop> {
        if amount > self.left() {
            return Err(Stop::OutOfGas);
        }
        Ok(())
    }

    pub(crate) fn charge(&mut self, amount: u64) -> Result<(), Stop> {
        self.need(amount)?;
        self.spent = self.spent.saturating_add(amount);
        Ok(())
    }

    /// What the EVM is told of a call that came to this. An error ends the execution of the block on this node.
    pub(crate) fn end(
        self,
        came: Result<Bytes, Stop>,
        reservoir: u64,
    ) -> Result<PrecompileOutput, NodeFault> {
        match came {
            Ok(output) => Ok(PrecompileOutput::new(self.spent, output, reservoir)),
            Err(Stop::Revert(data)) => Ok(PrecompileOutput::revert(self.spent, data, reservoir)),
            Err(Stop::OutOfGas) => Ok(PrecompileOutput::halt(PrecompileHalt::OutOfGas, reservoir)),
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }
}

/// SLOAD, in price and in effect, of a slot of the registry.
pub(crate) fn read_registry(
    context: &mut impl ContextTr,
    registry: Address,
    slot: U256,
    gas: &mut Meter,
) -> Result<U256, Stop> {
    let journal = context.journal_mut();
    // The journal reads slots of loaded accounts only. The registry is a warm address, so loading it
    // has no effect that a contract could measure.
    if let Err(error) = journal.load_account(registry) {
        return Err(Stop::Fault(NodeFault::State(error.to_string())));
    }
    // As the opcode does: a cold slot that cannot be paid for is not read at all.
    let cannot_pay_cold = gas.left() < COLD_SLOAD_GAS;
    match journal.sload_skip_cold_load(registry, slot, cannot_pay_cold) {
        Ok(loaded) => {
            gas.charge(if loaded.is_cold {
                COLD_SLOAD_GAS
            } else {
                WARM_SLOAD_GAS
            })?;
            Ok(loaded.data)
        }
        Err(JournalLoadError::ColdLoadSkipped) => Err(Stop::OutOfGas),
        Err(JournalLoadError::DBError(error)) => Err(Stop::Fault(NodeFault::State(error.to_string()))),
    }
}

/// The first word, and what comes after.
pub(crate) fn word(bytes: &[u8]) -> Option<(&[u8; 32], &[u8])> {
    bytes.split_first_chunk::<32>()
}

/// A word as a length or an offset; `None` where it is larger than any call data.
pub(crate) fn small(word: &[u8; 32]) -> Option<usize> {
    let (high, low) = word.split_last_chunk::<8>()?;
    if high.iter().any(|byte| *byte != 0) {
        return None;
    }
    usize::try_from(u64::from_be_bytes(*low)).ok()
}

/// A length and so many bytes, padded with zeros to whole words; and what comes after.
pub(crate) fn padded(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, tail) = word(bytes)?;
    let length = small(length)?;
    let (whole, rest) = tail.split_at_checked(length.checked_next_multiple_of(32)?)?;
    let (data, padding) = whole.split_at(length);
    padding.iter().all(|byte| *byte == 0).then_some((data, rest))
}
