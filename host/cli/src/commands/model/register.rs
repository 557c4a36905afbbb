//! `metisvm model register`: a bundle goes to a running node, whose chain then knows the model.

use crate::args::Register;
use crate::error::CliError;
use crate::models;
use crate::node_client::{NodeClient, Problem};
use crate::node_url::NodeUrl;
use crate::output::{self, thousands};
use alloy_primitives::hex;
use metisvm_model::Bundle;
use metisvm_node::server::Limits;
use serde_json::{Value, json};
use std::sync::Arc;

/// JSON-RPC's code of a method that does not exist.
const NO_SUCH_METHOD: i64 = -32601;
/// What a request has beside the digits of a bundle, and more.
const ENVELOPE: usize = 1024;

pub(super) fn run(args: &Register) -> Result<(), CliError> {
    let Bundle {
        graph, generation, ..
    } = models::read(&args.bundle)?;
    let encoded = match generation {
        Some(generation) => Bundle::encode_generative(graph, Arc::unwrap_or_clone(generation)),
        None => Bundle::encode(graph),
    };
    let (bundle, bytes) = encoded.map_err(|error| CliError::file(&args.bundle, error))?;
    let node = Target::reach(&args.rpc, args.chain_id)?;
    let registration = node.register(&bundle, &bytes)?;
    if args.json {
        return output::json(&registration.json());
    }
    registration.show()
}

/// The most bytes of a bundle that a node takes in one request, where each byte is two digits.
fn most_bytes() -> usize {
    (Limits::default().request_bytes as usize - ENVELOPE) / 2
}

/// A node that has models.
pub(super) struct Target {
    client: NodeClient,
    url: NodeUrl,
    chain_id: u64,
}

impl Target {
    /// Finds out whether models can be registered there at all.
    pub(super) fn reach(url: &NodeUrl, wanted: Option<u64>) -> Result<Self, CliError> {
        let failed = |problem| CliError::RunningNode {
            url: url.clone(),
            problem: Box::new(problem),
        };
        let client = NodeClient::new(url.clone()).map_err(failed)?;
        match client.ask("metis_models", &json!([])) {
            Ok(_) => {}
            Err(Problem::Refused {
                code: NO_SUCH_METHOD, ..
            }) => {
                let version = client.ask("web3_clientVersion", &json!([])).ok();
                let version = version
                    .as_ref()
                    .and_then(Value::as_str)
                    .unwrap_or("it does not say what it is");
                return Err(CliError::Use(format!(
                    "{url}: this node has no models ({version}); start `metisvm node`, or name where one listens"
                )));
            }
            Err(problem) => return Err(failed(problem)),
        }
        let answer = client.ask("eth_chainId", &json!([])).map_err(failed)?;
        let digits = answer.as_str().and_then(|text| text.strip_prefix("0x"));
        let chain_id = digits
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| failed(Problem::NotRpc(answer.to_string())))?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != chain_id) {
            return Err(CliError::Use(format!(
                "{url}: this node is of chain {chain_id}, not of {wanted}; name another with --rpc, or another chain \
                 with --chain-id"
            )));
        }
        Ok(Self {
            client,
            url: url.clone(),
            chain_id,
        })
    }

    /// Adds a bundle, where the node does not have it, and registers it, where the chain does not know it.
    pub(super) fn register(&self, model: &Bundle, bundle: &[u8]) -> Result<Registration, CliError> {
        let most = most_bytes();
        if bundle.len() > most {
            return Err(CliError::Use(format!(
                "the bundle has {} bytes, and a node takes at most {} in a request: start it with --models and the \
                 bundle's file instead",
                thousands(bundle.len() as u64),
                thousands(most as u64)
            )));
        }
        let model_id = model.id.to_string();
        let ask = |method, params: Value| {
            self.client
                .ask(method, &params)
                .map_err(|problem| CliError::RunningNode {
                    url: self.url.clone(),
                    problem: Box::new(problem),
                })
        };
        let known = ask("metis_modelInfo", json!([model_id]))?;
        let added = known.is_null();
        if added {
            ask("metis_addModel", json!([hex::encode_prefixed(bundle)]))?;
        }
        let changed = ask("metis_registerModel", json!([model_id]))?;
        let facts = ask("metis_modelInfo", json!([model_id]))?;
        Ok(Registration {
            model_id,
            rpc: self.url.to_string(),
            chain_id: self.chain_id,
            added,
            generates: model.generation.is_some(),
            changed: changed == json!(true),
            input_bytes: facts["inputBytes"].as_u64().unwrap_or_default(),
            output_bytes: facts["outputBytes"].as_u64().unwrap_or_default(),
        })
    }
}

/// A model that a chain knows.
pub(super) struct Registration {
    model_id: String,
    rpc: String,
    chain_id: u64,
    /// Whether the node had no such bundle before.
    added: bool,
    /// Whether it generates texts.
    generates: bool,
    /// Whether the chain did not know it before.
    changed: bool,
    input_bytes: u64,
    output_bytes: u64,
}

impl Registration {
    /// As an object.
    pub(super) fn json(&self) -> Value {
        json!({
            "model_id": self.model_id,
            "rpc": self.rpc,
            "chain_id": self.chain_id,
            "added": self.added,
            "already_registered": !self.changed,
            "input_bytes": self.input_bytes,
            "output_bytes": self.output_bytes,
        })
    }

    /// For people, with what can be done next.
    pub(super) fn show(&self) -> Result<(), CliError> {
        let Self {
            model_id,
            rpc,
            chain_id,
            ..
        } = self;
        let how = if self.changed {
            "registered"
        } else {
            "registered already"
        };
        output::line(&format!("{how} at {rpc} (chain {chain_id}): {model_id}"))?;
        output::line(&match self.generates {
            true => format!(
                "next: call Metis.greedy({model_id}, tokens, count) in a contract (contracts/README.md)"
            ),
            false => format!(
                "next: call Metis.infer({model_id}, input) in a contract, {} bytes in and {} out (contracts/README.md)",
                thousands(self.input_bytes),
                thousands(self.output_bytes)
            ),
        })?;
        if self.added {
            output::line(
                "the node has it until it ends: start it with --models and the bundle's file next time",
            )?;
        }
        Ok(())
    }
}
