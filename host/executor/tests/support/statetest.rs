//! State tests made here: one transfer of ether, and what has to come of it.

use metisvm_executor::statetest::{
    CaseReport, FileReport, MetisExecutor, Skips, StateTestExecutor, Suite, run_all,
};
use serde_json::{Value, json};
use std::{ops::ControlFlow, path::Path};

const KEY: &str = "0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8";
const SENDER: &str = "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b";
const NO_LOGS: &str = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
const ANY_HASH: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";

/// Two transfers, on two forks, without the right roots.
pub(crate) fn unfinished_transfer() -> Value {
    let case = |value: usize| json!({ "hash": ANY_HASH, "logs": NO_LOGS, "indexes": { "data": 0, "gas": 0, "value": value } });
    json!({ "transfer": {
        "env": {
            "currentCoinbase": "0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba",
            "currentDifficulty": "0x020000",
            "currentGasLimit": "0x05f5e100",
            "currentNumber": "0x01",
            "currentTimestamp": "0x03e8",
            "currentBaseFee": "0x07",
        },
        "pre": {
            SENDER: { "balance": "0x0de0b6b3a7640000", "nonce": "0x00", "code": "0x", "storage": {} },
        },
        "transaction": {
            "data": ["0x"], "gasLimit": ["0x5208"], "value": ["0x01", "0x02"], "gasPrice": "0x0a",
            "nonce": "0x00", "to": "0x1000000000000000000000000000000000000001",
            "sender": SENDER, "secretKey": KEY,
        },
        "post": { "Frontier": [case(0), case(1)], "Shanghai": [case(0), case(1)] },
    }})
}

/// The same with the roots that an execution gives.
pub(crate) fn transfer() -> Value {
    let mut json = unfinished_transfer();
    for report in run(&json) {
        let index = report.indexes.value;
        let root = report.outcome.unwrap().unwrap().state_root.to_string();
        json["transfer"]["post"][&*report.fork][index]["hash"] = root.into();
    }
    json
}

pub(crate) fn suite(json: &Value) -> Result<Suite, metisvm_executor::Error> {
    Suite::from_json("transfer.json", json.to_string().as_bytes(), Skips::Documented)
}

pub(crate) fn run(json: &Value) -> Vec<CaseReport> {
    run_through(&MetisExecutor, json)
}

pub(crate) fn run_through(executor: &dyn StateTestExecutor, json: &Value) -> Vec<CaseReport> {
    suite(json)
        .unwrap_or_else(|error| panic!("{error}"))
        .run(executor)
}

/// The reports of everything that a path holds.
pub(crate) fn reports(path: &Path) -> Vec<FileReport> {
    let mut reports = Vec::new();
    run_all(&[path.to_owned()], &MetisExecutor, Skips::Documented, |report| {
        reports.push(report);
        ControlFlow::Continue(())
    });
    reports
}
