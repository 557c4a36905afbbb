//! Cases from files: a JSON object of one case by its name, `{"name": {"env": …, "pre": …, "transaction": [{…}]}}`, as
//! collections of benchmarks of the EVM keep them; gzipped where the name ends in `.gz`.

use super::{Case, case::environment};
use crate::Failure;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use flate2::read::MultiGzDecoder;
use metisvm_executor::{DEFAULT_FILE_LIMIT, InputFile, read_json};
use metisvm_state::MemoryState;
use revm::context::{BlockEnv, TxEnv};
use serde::Deserialize;
use std::{collections::BTreeMap, io::Read, path::Path};

#[derive(Deserialize)]
struct Test {
    env: Environment,
    pre: BTreeMap<Address, Account>,
    transaction: Vec<Transaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    current_coinbase: Address,
    current_gas_limit: U256,
    current_number: U256,
    current_timestamp: U256,
}

#[derive(Deserialize)]
struct Account {
    balance: U256,
    code: Bytes,
    nonce: U256,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    data: Bytes,
    gas_limit: U256,
    sender: Address,
    to: Address,
    #[serde(default)]
    value: U256,
}

/// All cases of a folder, by the names of their files.
pub fn cases(folder: &Path) -> Result<Vec<Case>, Failure> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if [".json", ".json.gz"]
            .iter()
            .any(|end| path.to_string_lossy().ends_with(end))
        {
            paths.push(path);
        }
    }
    paths.sort();
    let named = |path: &Path, error: Failure| format!("{}: {error}", path.display()).into();
    paths
        .iter()
        .map(|path| case(path).map_err(|error| named(path, error)))
        .collect()
}

/// The case of a file.
pub fn case(path: &Path) -> Result<Case, Failure> {
    let text = read(path)?;
    let mut tests: BTreeMap<String, Test> = read_json(&text)?;
    let (Some((name, test)), true) = (tests.pop_first(), tests.is_empty()) else {
        return Err("a file has one case".into());
    };
    let [transaction] = &test.transaction[..] else {
        return Err(format!("{name} has {} transactions, not one", test.transaction.len()).into());
    };
    let mut state = MemoryState::default();
    for (address, account) in test.pre {
        let nonce =
            u64::try_from(account.nonce).map_err(|_| format!("{address}: the nonce is above 2^64"))?;
        state.insert_account(address, account.balance, nonce, account.code, account.storage);
    }
    let gas = |limit: U256, what| u64::try_from(limit).map_err(|_| format!("{what} is above 2^64"));
    Ok(Case {
        env: environment(BlockEnv {
            number: test.env.current_number,
            beneficiary: test.env.current_coinbase,
            timestamp: test.env.current_timestamp,
            gas_limit: gas(test.env.current_gas_limit, "currentGasLimit")?,
            ..BlockEnv::default()
        }),
        transaction: TxEnv {
            caller: transaction.sender,
            gas_limit: gas(transaction.gas_limit, "gasLimit")?,
            kind: TxKind::Call(transaction.to),
            data: transaction.data.clone(),
            value: transaction.value,
            chain_id: None,
            ..TxEnv::default()
        },
        name,
        state,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let file = InputFile::open(path)?;
    let mut text = Vec::new();
    // One more, so that a file which is too large is seen.
    let limit = DEFAULT_FILE_LIMIT + 1;
    if path.extension().is_some_and(|end| end == "gz") {
        MultiGzDecoder::new(file).take(limit).read_to_end(&mut text)?;
    } else {
        file.take(limit).read_to_end(&mut text)?;
    }
    if text.len() as u64 == limit {
        return Err(format!("it has more than {DEFAULT_FILE_LIMIT} bytes").into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case_of(text: &str) -> Result<Case, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("case.json");
        std::fs::write(&path, text)?;
        case(&path)
    }

    const ENV: &str = r#""env": {"currentCoinbase": "0x00000000000000000000000000000000000000c0",
        "currentGasLimit": "0x3b9aca00", "currentNumber": "0x1", "currentTimestamp": "0x2"}"#;
    const ONE: &str = r#"{"data": "0x01", "gasLimit": "0x5208", "nonce": "0x0", "value": "0x3",
        "sender": "0x00000000000000000000000000000000000000a1", "to": "0x00000000000000000000000000000000000000a2"}"#;

    #[test]
    fn all_of_a_case_is_read() {
        let pre = r#"{"0x00000000000000000000000000000000000000a2":
            {"balance": "0x7", "nonce": "0x1", "code": "0x5f", "storage": {"0x0": "0x9"}}}"#;
        let case = case_of(&format!(
            r#"{{"probe": {{{ENV}, "pre": {pre}, "transaction": [{ONE}]}}}}"#
        ))
        .unwrap();
        let block = &case.env.block_env;
        assert_eq!(
            (case.name.as_str(), block.number, block.timestamp),
            ("probe", U256::ONE, U256::from(2))
        );
        assert_eq!(
            (case.transaction.gas_limit, case.transaction.value),
            (21_000, U256::from(3))
        );
        let TxKind::Call(to) = case.transaction.kind else {
            panic!("a call")
        };
        let account = case.state.account(&to).unwrap();
        assert_eq!((account.info.nonce, account.info.balance), (1, U256::from(7)));
        assert_eq!(account.storage[&U256::ZERO], U256::from(9));
    }

    #[test]
    fn a_file_of_no_or_two_transactions_is_refused() {
        for (transactions, count) in [("", 0), (&*format!("{ONE}, {ONE}"), 2)] {
            let text = format!(r#"{{"probe": {{{ENV}, "pre": {{}}, "transaction": [{transactions}]}}}}"#);
            let error = case_of(&text).unwrap_err().to_string();
            assert_eq!(error, format!("probe has {count} transactions, not one"));
        }
    }

    #[test]
    fn a_file_without_a_case_is_refused() {
        assert_eq!(case_of("{}").unwrap_err().to_string(), "a file has one case");
    }
}
