//! Typed data (EIP-712) as clients ask to have it signed: the standard's example, what is none, and what would take too
//! much to follow.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/mod.rs"]
mod node;

use alloy_primitives::{Address, B256, Signature, b256};
use metisvm_node::rpc::Module;
use serde_json::{Map, Value, json};

/// The hash of the standard's example.
const MAIL: B256 = b256!("0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");

/// Methods over a node, and the first account that it has a key of.
struct Signing {
    module: Module,
    account: Address,
    runtime: tokio::runtime::Runtime,
}

impl Signing {
    fn new() -> Self {
        let node = node::node();
        let account = node.accounts.addresses()[0];
        Self {
            module: metisvm_node::rpc::module(node).unwrap(),
            account,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    fn ask(&self, method: &str, account: Address, data: &Value) -> Value {
        let request =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": [account, data]}).to_string();
        let answer = self.module.raw_json_request(&request, 1);
        let (answer, _) = self.runtime.block_on(answer).unwrap();
        serde_json::from_str(answer.get()).unwrap()
    }

    /// Who signed this hash by the signature that a method gives for a document.
    fn signer(&self, method: &str, data: &Value, hash: B256) -> Address {
        let answer = self.ask(method, self.account, data);
        let signature: Signature = answer["result"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .parse()
            .unwrap();
        signature.recover_address_from_prehash(&hash).unwrap()
    }

    /// Why a document is not signed.
    fn refusal(&self, data: &Value) -> String {
        let answer = self.ask("eth_signTypedData_v4", self.account, data);
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        answer["error"]["message"].as_str().unwrap().to_owned()
    }
}

/// The standard's own example (EIP-712, assets/eip-712/Example.js).
fn mail() -> Value {
    json!({
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
            "Mail": [
                {"name": "from", "type": "Person"},
                {"name": "to", "type": "Person"},
                {"name": "contents", "type": "string"},
            ],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
            "contents": "Hello, Bob!",
        },
    })
}

fn with_types(types: &Value, message: &Value) -> Value {
    json!({"types": types, "primaryType": "A", "domain": {}, "message": message})
}

#[test]
fn the_standards_example_is_signed_as_an_object_and_as_a_string() {
    let signing = Signing::new();
    let mut without_domain = mail();
    without_domain["types"]
        .as_object_mut()
        .unwrap()
        .remove("EIP712Domain");
    for method in ["eth_signTypedData", "eth_signTypedData_v4"] {
        for data in [mail(), json!(mail().to_string()), without_domain.clone()] {
            assert_eq!(
                signing.signer(method, &data, MAIL),
                signing.account,
                "{method} {data}"
            );
        }
    }
    let mut other = mail();
    other["message"]["contents"] = json!("Hello, Eve!");
    assert_ne!(
        signing.signer("eth_signTypedData_v4", &other, MAIL),
        signing.account
    );
    let stranger = Address::repeat_byte(0xab);
    let answer = signing.ask("eth_signTypedData_v4", stranger, &mail());
    assert!(
        answer["error"]["message"].as_str().unwrap().contains("no key"),
        "{answer}"
    );
}

#[test]
fn what_is_no_typed_data_is_refused_by_what_is_wrong_with_it() {
    let signing = Signing::new();
    let changed = |at: &str, value: Value| {
        let mut mail = mail();
        *mail.pointer_mut(at).unwrap() = value;
        mail
    };
    for (data, says) in [
        (changed("/message/from/wallet", json!("Cow")), "address"),
        (changed("/primaryType", json!("Post")), "primaryType \"Post\""),
        (changed("/types/Mail/2/type", json!("Text")), "Text"),
        (changed("/message", json!({})), "type mismatch"),
        (
            changed("/types/EIP712Domain/0/name", json!("title")),
            "EIP712Domain(string title,string version",
        ),
        (
            with_types(
                &json!({"A": [{"name": "a", "type": "(uint8,uint8)"}]}),
                &json!({"a": [1, 2]}),
            ),
            "tuple",
        ),
        (
            with_types(
                &json!({"A": [{"name": "a", "type": "uint8"}], "uint8": []}),
                &json!({"a": 1}),
            ),
            "uint8",
        ),
        (json!(1), "EIP-712"),
        (json!("{"), "EIP-712"),
        (json!({}), "EIP-712"),
        (Value::Null, "EIP-712"),
    ] {
        let refusal = signing.refusal(&data);
        assert!(refusal.contains(says), "{says}: {refusal}");
    }
}

#[test]
fn types_that_would_take_too_much_are_refused_before_they_are_followed() {
    let signing = Signing::new();
    let name = |index: usize| {
        if index == 0 {
            "A".to_owned()
        } else {
            format!("T{index}")
        }
    };
    // Written out this would be a message of 2^30 fields.
    let doubling: Map<_, _> = (0..30)
        .map(|index| {
            let next = name(index + 1);
            let fields = json!([{"name": "a", "type": next}, {"name": "b", "type": next}]);
            (name(index), fields)
        })
        .collect();
    let chain: Map<_, _> = (0..200)
        .map(|index| (name(index), json!([{"name": "a", "type": name(index + 1)}])))
        .collect();
    let lists = format!("uint8{}", "[]".repeat(40));
    let long = "a".repeat(9000);
    for (types, says) in [
        (Value::Object(doubling), "4096 fields"),
        (Value::Object(chain), "32 deep"),
        (
            json!({"A": [{"name": "a", "type": "B"}], "B": [{"name": "a", "type": "A"}]}),
            "32 deep",
        ),
        (json!({"A": [{"name": "a", "type": "A[]"}]}), "32 deep"),
        (json!({"A": [{"name": "a", "type": lists}]}), "32 deep"),
        (
            json!({"A": [{"name": "a", "type": "(".repeat(100_000)}]}),
            "EIP-712",
        ),
        (json!({"A": [{"name": long, "type": "uint8"}]}), "8192"),
    ] {
        let refusal = signing.refusal(&with_types(&types, &json!({})));
        assert!(refusal.contains(says), "{says}: {refusal}");
    }
    let large = with_types(
        &json!({"A": [{"name": "a", "type": "string"}]}),
        &json!({"a": "b".repeat(256 << 10)}),
    );
    assert!(signing.refusal(&large).contains("262144"));
}
