//! What the blocks of a run did, by kind and fork, so that a generator that no longer reaches something is
//! noticed.

use super::{chain::Fork, faults::Fault};
use alloy_primitives::{Address, map::AddressSet};
use core::fmt;
use metisvm_workload::INFERENCE;
use revm::{
    Inspector,
    context::{ContextTr, JournalTr},
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult, InterpreterTypes,
    },
};
use std::collections::BTreeMap;

/// Counts by kind and fork.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    counts: BTreeMap<String, BTreeMap<Fork, u64>>,
}

/// What has to be reached, on each fork from the first to the second.
pub const REQUIRED: &[(&str, Fork, Fork)] = {
    use Fork::*;
    &[
        ("transaction", Frontier, Amsterdam),
        ("block that is invalid", Frontier, Amsterdam),
        ("success", Frontier, Amsterdam),
        ("reads a slot that another transaction wrote", Frontier, Amsterdam),
        (
            "reads an account that another transaction changed",
            Frontier,
            Amsterdam,
        ),
        ("revert", Byzantium, Amsterdam),
        ("halt: OutOfGas", Frontier, Amsterdam),
        ("halt: InvalidFEOpcode", Frontier, Amsterdam),
        ("halt: CreateCollision", Istanbul, Amsterdam),
        // Amsterdam allows twice the size (EIP-7954), which no transaction here can pay for.
        ("halt: CreateContractSizeLimit", SpuriousDragon, Osaka),
        ("halt: CreateContractStartingWithEF", London, Amsterdam),
        ("revert at depth", Byzantium, Amsterdam),
        ("halt at depth", Frontier, Amsterdam),
        ("out of funds at depth", Frontier, Amsterdam),
        ("halt: OverflowPayment", Cancun, Amsterdam),
        ("payment that overflows at depth", Cancun, Amsterdam),
        ("creation by a transaction", Frontier, Amsterdam),
        ("creation by a contract", Frontier, Amsterdam),
        ("collision", Petersburg, Amsterdam),
        ("collision with storage alone", Frontier, Amsterdam),
        ("creation where one was destroyed", Petersburg, Shanghai),
        ("selfdestruct", Frontier, Amsterdam),
        ("selfdestruct to itself", Frontier, Amsterdam),
        (
            "selfdestruct in the transaction of the creation",
            Frontier,
            Amsterdam,
        ),
        ("selfdestruct with ether", Frontier, Amsterdam),
        ("log", Frontier, Amsterdam),
        ("precompile", Frontier, Amsterdam),
        ("inference", Berlin, Amsterdam),
        ("inference that is refused", Berlin, Amsterdam),
        ("call of a delegated account", Prague, Amsterdam),
        ("type 0", Frontier, Amsterdam),
        ("type 1", Berlin, Amsterdam),
        ("type 2", London, Amsterdam),
        ("type 3", Cancun, Amsterdam),
        ("type 4", Prague, Amsterdam),
        ("authorisation", Prague, Amsterdam),
        ("authorisation with a bad signature", Prague, Amsterdam),
        ("transfer to oneself", Frontier, Amsterdam),
        ("transfer to the beneficiary", Frontier, Amsterdam),
        ("transfer by the beneficiary", Frontier, Amsterdam),
        ("sender that an earlier transaction created", Frontier, Amsterdam),
        ("withdrawal", Shanghai, Amsterdam),
        ("requests", Prague, Amsterdam),
        ("ommer", Frontier, London),
    ]
};

impl Coverage {
    /// Counts once.
    pub fn count(&mut self, kind: impl Into<String>, fork: Fork) {
        *self
            .counts
            .entry(kind.into())
            .or_default()
            .entry(fork)
            .or_default() += 1;
    }

    /// How often something was reached, on all forks.
    pub fn of(&self, kind: &str) -> u64 {
        self.counts.get(kind).map_or(0, |forks| forks.values().sum())
    }

    /// How often something was reached on one fork.
    pub fn on(&self, kind: &str, fork: Fork) -> u64 {
        self.counts
            .get(kind)
            .and_then(|forks| forks.get(&fork).copied())
            .unwrap_or_default()
    }

    /// What of [`REQUIRED`] was never reached, and what of [`Fault`].
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (kind, from, to) in REQUIRED {
            for fork in Fork::ALL.into_iter().filter(|fork| from <= fork && fork <= to) {
                if self.on(kind, fork) == 0 {
                    missing.push(format!("{kind} on {fork:?}"));
                }
            }
        }
        for (fault, _) in Fault::ALL {
            if self.of(&format!("invalid: {}", fault.words())) == 0 {
                missing.push(format!("{fault:?}"));
            }
        }
        missing
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<48}", "")?;
        for fork in Fork::ALL {
            write!(f, " {:>6.6}", format!("{fork:?}"))?;
        }
        writeln!(f)?;
        for (kind, forks) in &self.counts {
            write!(f, "{kind:<48}")?;
            for fork in Fork::ALL {
                match forks.get(&fork) {
                    Some(count) => write!(f, " {count:>6}")?,
                    None => write!(f, " {:>6}", "-")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Sees what happens within transactions.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// What happened in the transaction so far.
    pub seen: Vec<&'static str>,
    depth: usize,
    created: AddressSet,
    /// Who destroyed themselves in this transaction, and in those before.
    destroyed: AddressSet,
    destroyed_before: AddressSet,
}

impl Watch {
    /// Forgets the transaction; what it destroyed stays destroyed if it counts.
    pub(crate) fn next_transaction(&mut self, counts: bool) {
        self.seen.clear();
        self.depth = 0;
        self.created.clear();
        let destroyed = std::mem::take(&mut self.destroyed);
        if counts {
            self.destroyed_before.extend(destroyed);
        }
    }

    fn ended(&mut self, result: InstructionResult) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 {
            match result {
                InstructionResult::OutOfFunds => self.seen.push("out of funds at depth"),
                InstructionResult::OverflowPayment => self.seen.push("payment that overflows at depth"),
                InstructionResult::Revert => self.seen.push("revert at depth"),
                InstructionResult::CreateCollision => {}
                result if result.is_halt() => self.seen.push("halt at depth"),
                _ => {}
            }
        }
    }
}

/// Whether a creation that collided did so with an account that has neither nonce nor code.
fn is_over_storage(context: &mut impl ContextTr, inputs: &CreateInputs) -> bool {
    let journal = context.journal_mut();
    let Ok(creator) = journal.load_account(inputs.caller()) else {
        return false;
    };
    // The creation has counted it up.
    let Some(nonce) = creator.data.info.nonce.checked_sub(1) else {
        return false;
    };
    let account = journal.load_account(inputs.created_address(nonce));
    account.is_ok_and(|account| account.data.info.nonce == 0 && account.data.info.is_empty_code_hash())
}

impl<CTX: ContextTr, INTR: InterpreterTypes> Inspector<CTX, INTR> for Watch {
    fn call(&mut self, _: &mut CTX, _: &mut CallInputs) -> Option<CallOutcome> {
        self.depth += 1;
        None
    }

    fn call_end(&mut self, _: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        let result = outcome.result.result;
        self.ended(result);
        if inputs.bytecode_address == INFERENCE {
            let refused = "inference that is refused";
            self.seen.push(if result.is_ok() { "inference" } else { refused });
        }
        if inputs.bytecode_address < Address::with_last_byte(0x12) && !inputs.bytecode_address.is_zero() {
            self.seen.push("precompile");
        }
    }

    fn create(&mut self, _: &mut CTX, _: &mut CreateInputs) -> Option<CreateOutcome> {
        self.depth += 1;
        None
    }

    fn create_end(&mut self, context: &mut CTX, inputs: &CreateInputs, outcome: &mut CreateOutcome) {
        let result = outcome.result.result;
        self.ended(result);
        if result == InstructionResult::CreateCollision {
            self.seen.push("collision");
            if is_over_storage(context, inputs) {
                self.seen.push("collision with storage alone");
            }
        }
        if let (true, Some(address)) = (result.is_ok(), outcome.address) {
            self.created.insert(address);
            let by_contract = self.depth > 0;
            self.seen.push(if by_contract {
                "creation by a contract"
            } else {
                "creation by a transaction"
            });
            if self.destroyed_before.contains(&address) {
                self.seen.push("creation where one was destroyed");
            }
        }
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: alloy_primitives::U256) {
        self.seen.push("selfdestruct");
        if contract == target {
            self.seen.push("selfdestruct to itself");
        }
        if !value.is_zero() {
            self.seen.push("selfdestruct with ether");
        }
        if self.created.contains(&contract) {
            self.seen.push("selfdestruct in the transaction of the creation");
        }
        self.destroyed.insert(contract);
    }
}
