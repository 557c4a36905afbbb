//! Parameters: those that a method takes, more or less.

use crate::node::CONTRACT;
use crate::rng::Rng;
use metisvm_node::Node;
use serde_json::{Map, Value, json};

/// So many values are remembered.
const KNOWN: usize = 64;

/// What makes parameters, with what the node has told so far: hashes, addresses, ids.
pub(crate) struct Made {
    known: Vec<String>,
}

const NUMBERS: &[&str] = &[
    "0x0",
    "0x1",
    "0x2",
    "0x3",
    "0x10",
    "0xff",
    "0x5208",
    "0xf4240",
    "0x1c9c380",
    "0x77359400",
    "0x7fffffffffffffff",
    "0x8000000000000000",
    "0xffffffffffffffff",
    "0x10000000000000000",
    "0xffffffffffffffffffffffffffffffff",
    "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0x00",
    "0x",
    "0xg",
    "1",
    "-1",
];

/// Fees: small ones, and those at the ends of what 64 and 128 bits hold.
const FEES: &[&str] = &[
    "0x0",
    "0x1",
    "0x77359400",
    "0xffffffffffffffff",
    "0xffffffffffffffffffffffffffffffff",
];

const TAGS: &[&str] = &["latest", "pending", "earliest", "safe", "finalized", "newest", ""];

/// Keys that objects have somewhere, of requests, overrides, filters, options and payloads.
const KEYS: &[&str] = &[
    "from",
    "to",
    "gas",
    "gasPrice",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "value",
    "data",
    "input",
    "nonce",
    "type",
    "chainId",
    "accessList",
    "maxFeePerBlobGas",
    "blobVersionedHashes",
    "authorizationList",
    "blobs",
    "fromBlock",
    "toBlock",
    "blockHash",
    "address",
    "topics",
    "tracer",
    "tracerConfig",
    "timeout",
    "limit",
    "stateOverrides",
    "blockOverrides",
    "blockStateCalls",
    "calls",
    "traceTransfers",
    "validation",
    "returnFullTransactions",
    "balance",
    "code",
    "state",
    "stateDiff",
    "movePrecompileToAddress",
    "number",
    "time",
    "baseFeePerGas",
    "withdrawals",
    "timestamp",
    "blocks",
    "withLog",
    "diffMode",
    "enableMemory",
];

impl Made {
    pub(crate) fn new(node: &Node) -> Self {
        let mut known: Vec<String> = node
            .accounts
            .addresses()
            .iter()
            .map(ToString::to_string)
            .collect();
        known.push(CONTRACT.to_string());
        known.push(node.chain.head().unwrap().hash.to_string());
        Self { known }
    }

    /// Takes note of what an answer names.
    pub(crate) fn learn(&mut self, result: &Value) {
        if let Some(text) = result
            .as_str()
            .filter(|text| text.starts_with("0x") && text.len() <= 66)
        {
            if self.known.len() >= KNOWN {
                self.known.remove(4);
            }
            self.known.push(text.to_owned());
        }
    }

    /// Parameters for a method: mostly of the right kinds, then with something changed.
    pub(crate) fn params(&self, method: &str, rng: &mut Rng) -> Value {
        if rng.once_in(20) {
            return self.value(rng, 3);
        }
        let mut list = self.expected(method, rng);
        while rng.once_in(4) {
            match rng.below(4) {
                0 => list.push(self.value(rng, 3)),
                1 => drop(list.pop()),
                _ if list.is_empty() => list.push(self.value(rng, 3)),
                2 => {
                    let at = rng.below(list.len());
                    list[at] = self.value(rng, 3);
                }
                _ => {
                    let at = rng.below(list.len());
                    self.spoil(&mut list[at], rng);
                }
            }
        }
        Value::Array(list)
    }

    fn known(&self, rng: &mut Rng) -> Value {
        json!(rng.choose(&self.known))
    }

    fn address(&self, rng: &mut Rng) -> Value {
        json!(self.known[rng.below(4)])
    }

    fn number(rng: &mut Rng) -> Value {
        match rng.below(4) {
            0 => json!(rng.below(300)),
            _ => json!(rng.choose(NUMBERS)),
        }
    }

    fn block(&self, rng: &mut Rng) -> Value {
        match rng.below(5) {
            0 => Self::number(rng),
            1 => json!({"blockHash": self.known(rng)}),
            2 => json!({"blockNumber": Self::number(rng), "requireCanonical": rng.once_in(2)}),
            _ => json!(rng.choose(TAGS)),
        }
    }

    fn bytes(rng: &mut Rng) -> Value {
        let length = [0, 1, 2, 4, 36, 68, 300][rng.below(7)];
        let digits: String = (0..length).map(|_| format!("{:02x}", rng.next() as u8)).collect();
        json!(format!("0x{digits}"))
    }

    fn request(&self, rng: &mut Rng) -> Value {
        let mut request = json!({"from": self.address(rng), "to": self.address(rng)});
        if rng.once_in(2) {
            request["data"] = Self::bytes(rng);
        }
        if rng.once_in(3) {
            // Calls that loop are to end soon.
            request["gas"] = json!("0x30d40");
        }
        if rng.once_in(2) {
            request["value"] = json!("0x1");
        }
        if rng.once_in(6) {
            request["authorizationList"] = json!([{
                "chainId": "0x0", "address": self.address(rng), "nonce": "0x0", "yParity": "0x0", "r": "0x1", "s": "0x1",
            }]);
        }
        if rng.once_in(4) {
            request["maxPriorityFeePerGas"] = json!(rng.choose(FEES));
        }
        if rng.once_in(6) {
            let fee = ["maxFeePerGas", "gasPrice", "maxFeePerBlobGas"][rng.below(3)];
            request[fee] = json!(rng.choose(FEES));
        }
        if rng.once_in(6) {
            request["accessList"] = json!([{"address": self.address(rng), "storageKeys": [self.known(rng)]}]);
        }
        request
    }

    fn overrides(&self, rng: &mut Rng) -> Value {
        let address = self.address(rng);
        let account = json!({
            "balance": Self::number(rng), "code": Self::bytes(rng), "nonce": Self::number(rng),
            "stateDiff": {"0x0000000000000000000000000000000000000000000000000000000000000000": self.known(rng)},
        });
        json!({ address.as_str().unwrap(): account })
    }

    fn options(rng: &mut Rng) -> Value {
        let tracers = [
            "callTracer",
            "prestateTracer",
            "4byteTracer",
            "flatCallTracer",
            "noopTracer",
            "muxTracer",
            "{result: function(){}}",
        ];
        match rng.below(4) {
            0 => json!({}),
            1 => json!({"enableMemory": true, "limit": rng.below(50)}),
            _ => {
                json!({"tracer": rng.choose(&tracers), "tracerConfig": {"withLog": true, "diffMode": rng.once_in(2)}})
            }
        }
    }

    fn filter(&self, rng: &mut Rng) -> Value {
        let mut filter = json!({});
        if rng.once_in(2) {
            filter["address"] = json!([self.address(rng)]);
        }
        if rng.once_in(2) {
            filter["fromBlock"] = self.block(rng);
            filter["toBlock"] = self.block(rng);
        }
        if rng.once_in(3) {
            filter["topics"] = json!([null, [self.known(rng)], self.known(rng)]);
        }
        filter
    }

    /// What a method of this name takes, as far as its name tells.
    fn expected(&self, method: &str, rng: &mut Rng) -> Vec<Value> {
        let has = |part: &str| method.contains(part);
        if has("simulateV1") {
            let calls = json!([self.request(rng)]);
            let block = json!({"calls": calls, "blockOverrides": {"number": Self::number(rng)},
                "stateOverrides": self.overrides(rng)});
            return vec![
                json!({"blockStateCalls": [block], "validation": rng.once_in(3)}),
                self.block(rng),
            ];
        }
        if has("traceCall") {
            return vec![self.request(rng), self.block(rng), Self::options(rng)];
        }
        if has("trace") || has("TransactionByHash") || has("Receipt") || has("dropTransaction") {
            return vec![self.known(rng), Self::options(rng)];
        }
        if has("eth_call") || has("estimateGas") || has("AccessList") {
            return vec![self.request(rng), self.block(rng), self.overrides(rng)];
        }
        if has("Raw") && has("send") {
            return vec![Self::bytes(rng)];
        }
        if has("sendTransaction") || has("signTransaction") || has("fillTransaction") || has("Unsigned") {
            return vec![self.request(rng)];
        }
        if has("getLogs") || has("newFilter") {
            return vec![self.filter(rng)];
        }
        if has("subscribe") {
            let kinds = ["newHeads", "logs", "newPendingTransactions", "syncing"];
            return vec![json!(rng.choose(&kinds)), self.filter(rng)];
        }
        if has("getProof") {
            return vec![
                self.address(rng),
                json!([self.known(rng), "0x0"]),
                self.block(rng),
            ];
        }
        if has("StorageAt") || has("StorageValues") {
            return vec![self.address(rng), Self::number(rng), self.block(rng)];
        }
        if has("set") || has("add") || has("impersonate") {
            return vec![self.address(rng), Self::number(rng), self.known(rng)];
        }
        if has("sign") {
            return vec![self.address(rng), Self::bytes(rng)];
        }
        if has("feeHistory") {
            return vec![Self::number(rng), self.block(rng), json!([0, 50.5, 100])];
        }
        if has("Block") || has("Uncle") || has("debug_") {
            return vec![self.block(rng), Self::number(rng)];
        }
        if has("get") {
            return vec![self.address(rng), self.block(rng)];
        }
        vec![Self::number(rng)]
    }

    /// Changes something within a value.
    fn spoil(&self, value: &mut Value, rng: &mut Rng) {
        match value {
            Value::Object(object) => {
                let key = *rng.choose(KEYS);
                object.insert(key.to_owned(), self.value(rng, 2));
            }
            Value::Array(list) if !list.is_empty() => {
                let at = rng.below(list.len());
                list[at] = self.value(rng, 2);
            }
            Value::String(text) => match rng.below(4) {
                0 => drop(text.pop()),
                1 => text.push_str("00"),
                2 => *text = text.to_uppercase(),
                _ => *text = text.trim_start_matches("0x").to_owned(),
            },
            other => *other = self.value(rng, 2),
        }
    }

    /// Whatever JSON can be.
    fn value(&self, rng: &mut Rng, depth: usize) -> Value {
        match rng.below(if depth == 0 { 11 } else { 14 }) {
            0 => Value::Null,
            1 => json!(rng.once_in(2)),
            2 => json!(rng.next()),
            3 => json!(-1),
            4 => json!(1.5e300),
            5 => json!("\u{0}\u{202e}λ\u{1f980}"),
            6 => json!("0x".to_owned() + &"f".repeat(rng.below(300))),
            7 => self.known(rng),
            8 => Self::number(rng),
            9 => Self::bytes(rng),
            10 => json!(rng.choose(TAGS)),
            11 => (0..rng.below(4)).map(|_| self.value(rng, depth - 1)).collect(),
            12 => {
                // Deeper than any parameter is.
                (0..rng.below(200)).fold(json!("0x1"), |inner, _| json!([inner]))
            }
            _ => {
                let mut object = Map::new();
                for _ in 0..rng.below(5) {
                    let key = *rng.choose(KEYS);
                    object.insert(key.to_owned(), self.value(rng, depth - 1));
                }
                Value::Object(object)
            }
        }
    }
}
