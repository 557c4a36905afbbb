//! Cases out of blocks of Ethereum's mainnet: one transaction of a block, over the state that the transactions before it
//! leave.

use super::Case;
use crate::{
    Failure,
    mainnet::Subject,
    plain::{self, PlainEvm},
};
use alloy_evm::FromRecoveredTx;
use metisvm_executor::{BlockInput, Threads};
use revm::context::TxEnv;
use std::path::Path;

/// Name, block and place in it. What each does is in docs/benchmarks.md.
const TRANSACTIONS: [(&str, u64, usize); 9] = [
    ("univ2_router", 12_159_808, 25),
    ("univ2_router_2_pools", 12_522_062, 9),
    ("usdt_transfer", 15_538_827, 611),
    ("fiat_token", 15_538_827, 615),
    ("swap_router_02", 15_538_827, 686),
    ("seaport", 15_538_827, 710),
    ("weth_deposit", 15_538_827, 731),
    ("weth_withdraw", 15_538_827, 752),
    ("curve_router", 17_666_333, 53),
];

/// The cases that are wanted, from a folder of block files. Senders are recovered on these threads.
pub fn cases(folder: &Path, wants: impl Fn(&str) -> bool, threads: &Threads) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    let mut last: Option<Subject> = None;
    for (name, number, index) in TRANSACTIONS.into_iter().filter(|(name, ..)| wants(name)) {
        // Cases of one block follow each other.
        let subject = match last.take() {
            Some(subject) if subject.number() == number => subject,
            _ => Subject::read(&folder.join(format!("{number}.json.gz")), threads)
                .map_err(|error| format!("block {number}: {error}"))?,
        };
        cases.push(case(name, &subject, index).map_err(|error| format!("{name}: {error}"))?);
        last = Some(subject);
    }
    Ok(cases)
}

/// One transaction of a block. The block before it ends there: its beneficiary has the reward already, where there is
/// one.
fn case(name: &str, subject: &Subject, index: usize) -> Result<Case, Failure> {
    let before = BlockInput {
        transactions: &subject.transactions[..index],
        withdrawals: None,
        ..subject.block()
    };
    let (state, _) = plain::reach(PlainEvm::Ethereum, &subject.spec, before, &subject.file.pre_state)?;
    let transaction = &subject.transactions[index];
    Ok(Case {
        name: name.to_owned(),
        env: subject.factory.evm_env(&subject.file.block.header),
        state,
        transaction: TxEnv::from_recovered_tx(transaction.inner(), transaction.signer()),
    })
}
