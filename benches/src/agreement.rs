//! Before anything is timed: plain revm and the engine do the same work. A benchmark of an engine that
//! skips some of it would be fast and worthless.

use crate::{Failure, ours::Done, plain::Receipts};
use metisvm_state::{AccountState, MemoryState};

/// The engine's receipts are plain revm's, and its changes lead from the state before the block to the state
/// that plain revm has reached. The error says where they part.
pub fn check(
    before: &MemoryState,
    after: &MemoryState,
    receipts: &Receipts,
    ours: &Done,
) -> Result<(), Failure> {
    let outcome = ours.outcome();
    if outcome.gas_used != receipts.gas_used {
        let (ours, plain) = (outcome.gas_used, receipts.gas_used);
        return Err(format!("the engine used {ours} gas, plain revm {plain}").into());
    }
    if outcome.receipts != receipts.receipts {
        let both = outcome.receipts.iter().zip(&receipts.receipts);
        let at = both.take_while(|(ours, plain)| ours == plain).count();
        return Err(format!("receipt {at} of the engine is not that of plain revm").into());
    }
    if outcome.requests != receipts.requests {
        return Err("the requests of the engine are not those of plain revm".into());
    }
    let mut reached = before.clone();
    reached.apply(ours.changes());
    if reached.len() != after.len() {
        let (ours, plain) = (reached.len(), after.len());
        return Err(format!("{ours} accounts after the engine, {plain} after plain revm").into());
    }
    for (address, plain) in after.accounts() {
        if !reached.account(address).is_some_and(|ours| same(ours, plain)) {
            return Err(format!("account {address} after the engine is not that of plain revm").into());
        }
    }
    Ok(())
}

fn same(ours: &AccountState, plain: &AccountState) -> bool {
    let facts = |account: &AccountState| {
        let info = &account.info;
        (info.balance, info.nonce, info.code_hash)
    };
    facts(ours) == facts(plain) && ours.storage == plain.storage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::{Chain, Over},
        plain::{self, PlainEvm},
    };
    use alloy_primitives::{Address, Bytes, U256};
    use metisvm_workload::chains::WorkloadKind;

    #[test]
    fn what_differs_in_receipts_or_state_is_found() {
        let chain = Chain::new(WorkloadKind::UniswapOnePool, 5).unwrap();
        let (block, base) = chain.measured();
        let (after, mut receipts) = plain::reach(PlainEvm::Ethereum, chain.spec(), block, base).unwrap();
        let engine = chain.engine_at_parent(2, Over::Memory).unwrap();
        let ours = engine.execute(&chain.factory(), block, base).unwrap();
        check(base, &after, &receipts, &ours).unwrap();

        let failed = |after: &MemoryState, receipts: &Receipts| {
            check(base, after, receipts, &ours).unwrap_err().to_string()
        };
        assert!(failed(base, &receipts).contains("account 0x"));
        let mut one_more = after.clone();
        one_more.insert_account(Address::ZERO, U256::ONE, 0, Bytes::new(), []);
        assert!(failed(&one_more, &receipts).contains("accounts after"));
        receipts.receipts.swap(3, 4);
        assert!(failed(&after, &receipts).contains("receipt 3"));
        receipts.gas_used += 1;
        assert!(failed(&after, &receipts).contains("gas"));
    }
}
