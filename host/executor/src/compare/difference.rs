//! Where two executions of one block differ.

use super::ways::Came;
use crate::{BlockOutcome, Error};
use metisvm_state::MemoryState;
use std::fmt;

pub(super) fn difference(ours: &Came, others: &Came) -> Option<String> {
    let outcomes = outcome_difference(
        ours.as_ref().map(|(outcome, _)| outcome),
        others.as_ref().map(|(outcome, _)| outcome),
    );
    outcomes.or_else(|| match (ours, others) {
        (Ok((_, ours)), Ok((_, others))) if ours != others => Some(state_difference(ours, others)),
        _ => None,
    })
}

pub(super) fn outcome_difference(
    ours: Result<&BlockOutcome, &Error>,
    others: Result<&BlockOutcome, &Error>,
) -> Option<String> {
    let (ours, others) = match (ours, others) {
        (Ok(ours), Ok(others)) => (ours, others),
        (Err(ours), Err(others)) => {
            return unequal(
                "the error",
                &format_args!("{ours}"),
                &format_args!("{others}"),
                ours.to_string() == others.to_string(),
            );
        }
        (Ok(_), Err(error)) => return Some(format!("executed, where the other says: {error}")),
        (Err(error), Ok(_)) => return Some(format!("{error}, where the other executes it")),
    };
    let each = ours.transactions.iter().zip(&ours.receipts);
    for (index, (ours, others)) in each
        .zip(others.transactions.iter().zip(&others.receipts))
        .enumerate()
    {
        if ours != others {
            return Some(format!("transaction {index}: {ours:?}, not {others:?}"));
        }
    }
    let numbers = |outcome: &BlockOutcome| {
        (
            outcome.transactions.len(),
            outcome.receipts.len(),
            outcome.gas_used,
            outcome.blob_gas_used,
        )
    };
    let (a, b) = (numbers(ours), numbers(others));
    unequal("transactions, receipts, gas and blob gas", &a, &b, a == b).or_else(|| {
        let (a, b) = (&ours.requests, &others.requests);
        unequal("requests", a, b, a == b)
    })
}

fn unequal(what: &str, ours: &dyn fmt::Debug, others: &dyn fmt::Debug, equal: bool) -> Option<String> {
    (!equal).then(|| format!("{what}: {ours:?}, not {others:?}"))
}

/// The first account, by address, that is not the same in both.
fn state_difference(ours: &MemoryState, others: &MemoryState) -> String {
    let addresses = ours
        .accounts()
        .chain(others.accounts())
        .map(|(address, _)| *address);
    let differing = addresses.filter(|address| ours.account(address) != others.account(address));
    match differing.min() {
        Some(address) => format!(
            "account {address}: {:?}, not {:?}",
            ours.account(&address),
            others.account(&address)
        ),
        None => "the states differ outside of their accounts".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, Bytes, U256};
    use std::time::Duration;

    fn outcome() -> BlockOutcome {
        BlockOutcome {
            receipts: Vec::new(),
            transactions: Vec::new(),
            requests: Default::default(),
            gas_used: 1,
            blob_gas_used: 0,
            access_list: None,
            execute_time: Duration::ZERO,
        }
    }

    fn came(balance: u64) -> Came {
        let mut state = MemoryState::default();
        state.insert_account(Address::ZERO, U256::from(balance), 0, Bytes::new(), []);
        Ok((outcome(), state))
    }

    #[test]
    fn a_wei_more_is_a_difference_and_a_later_end_is_none() {
        let Ok((mut late, state)) = came(1) else {
            unreachable!()
        };
        late.execute_time = Duration::from_secs(1);
        assert_eq!(difference(&came(1), &Ok((late, state))), None);
        let found = difference(&came(1), &came(2)).unwrap();
        assert!(found.starts_with("account 0x0000"), "{found}");
    }

    #[test]
    fn another_outcome_or_another_error_is_a_difference() {
        let gas = BlockOutcome {
            gas_used: 2,
            ..outcome()
        };
        assert!(outcome_difference(Ok(&gas), Ok(&outcome())).is_some());
        let error = |text: &str| Err(Error::Block(text.into()));
        assert_eq!(difference(&error("a"), &error("a")), None);
        let found = difference(&error("a"), &error("b")).unwrap();
        assert!(found.starts_with("the error: "), "{found}");
        assert!(difference(&error("a"), &came(1)).is_some());
        assert!(difference(&came(1), &error("a")).is_some());
    }
}
