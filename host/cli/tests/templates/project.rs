//! A template in use, as its page says.

use crate::support::node::{Node, accounts, number};
use crate::support::{objects, repository, run, stderr};
use alloy_primitives::{Address, B256, Bytes, I256, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use metisvm_model::{Bundle, Reference};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

/// The inference precompile of metis-dev.
const INFERENCE: &str = "0x4d45544900000000000000000000000000000001";
/// From here on blocks of metis-dev have gas schedule 2, which prices every operator.
const SCHEDULE_2: &str = "1796083200";
/// What a transaction may use at most (EIP-7825).
const MOST_GAS: u64 = 16_777_216;

/// A template that was written out, on a node that has its model and its contract.
pub(crate) struct Project {
    node: Node,
    folder: TempDir,
    /// The model's name on the chain.
    pub(crate) model: B256,
    reference: Reference,
    notes: Value,
    contract: Option<String>,
    account: String,
}

impl Project {
    /// Writes the template by the program, and registers its bundle at a fresh node by the program.
    pub(crate) fn new(template: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::start(folder.path(), &["--timestamp", SCHEDULE_2]);
        let url = format!("http://{}", node.address);
        let command = |arguments: &[&str]| {
            let done = run(folder.path(), arguments);
            assert!(done.status.success(), "{arguments:?}: {}", stderr(&done));
            objects(&done).remove(0)
        };
        let written = command(&["model", "template", "new", template, "project", "--json"]);
        let bundle = "project/model.bundle";
        let registered = command(&["model", "register", bundle, "--rpc", &url, "--json"]);
        assert_eq!(registered["model_id"], written["model_id"]);
        let notes = command(&["model", "info", bundle, "--json"])["metadata"].clone();
        let bytes = std::fs::read(folder.path().join(bundle)).unwrap();
        let Bundle { id, graph, .. } = Bundle::decode(&bytes).unwrap();
        assert_eq!(written["model_id"], id.to_string());
        let account = accounts(&node).remove(0);
        Self {
            node,
            folder,
            model: B256::from(id.0),
            reference: Reference::new(Arc::new(graph)),
            notes,
            contract: None,
            account,
        }
    }

    /// A file that the template wrote.
    pub(crate) fn file(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("project").join(path)).unwrap()
    }

    /// The scale of an output, times 10^18, as the contract is given it.
    pub(crate) fn scale_wad(&self, output: &str) -> I256 {
        let scale = self.notes[format!("output.{output}.scale")].as_str().unwrap();
        let scale = scale.strip_prefix("0.").unwrap();
        assert!(scale.len() <= 18, "{scale}");
        format!("{scale:0<18}").trim_start_matches('0').parse().unwrap()
    }

    /// The constant of Samples.sol, which a template's own test gives its contract.
    pub(crate) fn constant(&self, name: &str) -> I256 {
        let samples = self.file("test/Samples.sol");
        let (_, value) = samples.split_once(&format!("{name} = ")).unwrap();
        value.split(';').next().unwrap().parse().unwrap()
    }

    /// Deploys the contract with static values, whose encoding as a struct is that of a constructor's parameters.
    pub(crate) fn deploy(&mut self, contract: &str, arguments: &impl SolValue) {
        self.deploy_with(contract, &arguments.abi_encode());
    }

    /// Deploys the contract that the compiler made of the template's source.
    pub(crate) fn deploy_with(&mut self, contract: &str, arguments: &[u8]) {
        let path = repository(&format!("templates/artifacts/{contract}.json"));
        let artefact: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut code = hex::decode(artefact["bytecode"].as_str().unwrap()).unwrap();
        code.extend(arguments);
        let receipt = self
            .node
            .send(json!({"from": self.account, "data": hex::encode_prefixed(code), "gas": "0x500000"}));
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        self.contract = Some(receipt["contractAddress"].as_str().unwrap().to_owned());
    }

    /// Who deployed, and who sends.
    pub(crate) fn sender(&self) -> Address {
        self.account.parse().unwrap()
    }

    /// Calls the contract: what it gives, or reverts with.
    fn try_call<C: SolCall>(&self, call: &C) -> Result<C::Return, Bytes> {
        let request = json!({"from": self.account, "to": self.contract, "data": hex::encode_prefixed(call.abi_encode())});
        match self.node.ask("eth_call", json!([request, "latest"])) {
            Ok(answer) => {
                let answer = hex::decode(answer.as_str().unwrap()).unwrap();
                Ok(C::abi_decode_returns(&answer).unwrap())
            }
            Err(error) => {
                assert_eq!(error["code"], 3, "{error}");
                Err(error["data"].as_str().unwrap().parse().unwrap())
            }
        }
    }

    /// What the contract reverts with.
    pub(crate) fn refusal<C: SolCall>(&self, call: &C) -> Bytes {
        match self.try_call(call) {
            Ok(_) => panic!("{} did not revert", C::SIGNATURE),
            Err(data) => data,
        }
    }

    /// What the contract gives.
    pub(crate) fn call<C: SolCall>(&self, call: &C) -> C::Return {
        self.try_call(call)
            .unwrap_or_else(|data| panic!("{} reverted: {data}", C::SIGNATURE))
    }

    /// Sends a transaction to the contract, which has to succeed within what one may use, and gives its gas.
    pub(crate) fn send<C: SolCall>(&self, call: &C) -> u64 {
        let data = hex::encode_prefixed(call.abi_encode());
        let receipt = self
            .node
            .send(json!({"from": self.account, "to": self.contract, "data": data}));
        assert_eq!(receipt["status"], "0x1", "{}: {receipt}", C::SIGNATURE);
        let gas = number(&receipt["gasUsed"]);
        assert!(gas <= MOST_GAS, "{}: {gas} gas", C::SIGNATURE);
        println!("{}: {gas} gas", C::SIGNATURE);
        gas
    }

    /// What the reference kernels give for an input, which the precompile has to give as well.
    pub(crate) fn infer(&self, input: &[u8]) -> Vec<u8> {
        let expected = self.reference.run(input).unwrap();
        let mut data = keccak256("infer(bytes32,bytes)")[..4].to_vec();
        data.extend((self.model, input).abi_encode_params());
        let answer = self.node.get(
            "eth_call",
            json!([{"to": INFERENCE, "data": hex::encode_prefixed(&data)}, "latest"]),
        );
        let answer = hex::decode(answer.as_str().unwrap()).unwrap();
        let output = Bytes::abi_decode(&answer).unwrap();
        assert_eq!(output, expected, "precompile and reference differ");
        expected
    }
}

/// An input that the model was not trained on, and what is on it.
pub(crate) struct Case {
    pub(crate) input: Vec<u8>,
    pub(crate) label: Value,
}

/// The cases that models/train_templates.py kept of a template. Those of Samples.sol come first.
pub(crate) fn cases(template: &str) -> Vec<Case> {
    let path = repository(&format!("models/templates/{template}.json"));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = report["cases"].as_array().unwrap();
    assert!(cases.len() >= 20, "{template} has {} cases", cases.len());
    let case = |case: &Value| Case {
        input: hex::decode(case["input"].as_str().unwrap()).unwrap(),
        label: case["label"].clone(),
    };
    cases.iter().map(case).collect()
}

/// The elements of an i16 tensor.
pub(crate) fn words(raw: &[u8]) -> Vec<i64> {
    let (pairs, rest) = raw.as_chunks();
    assert!(rest.is_empty());
    pairs
        .iter()
        .map(|pair| i64::from(i16::from_le_bytes(*pair)))
        .collect()
}

/// A number as contracts have it.
pub(crate) fn int(value: i64) -> I256 {
    I256::try_from(value).unwrap()
}

/// A count or an index as contracts have it.
pub(crate) fn uint(value: usize) -> U256 {
    U256::from(value)
}
