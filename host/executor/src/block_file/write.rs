//! Writing a block file, so that a block built here is read like any other.

use super::BlockFile;
use alloy_consensus::{Transaction, TxEnvelope, Typed2718, transaction::to_eip155_value};
use alloy_primitives::{Address, B256, Bytes, U256};
use metisvm_state::MemoryState;
use metisvm_vm::ChainSpec;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl BlockFile {
    /// The file as JSON, the same bytes for the same content: accounts, slots and block hashes are
    /// sorted.
    pub fn to_json(&self) -> String {
        let mut file = Map::new();
        file.insert("block".to_owned(), self.block_json());
        file.insert("preState".to_owned(), state_json(&self.pre_state));
        let hashes: BTreeMap<u64, B256> = self.pre_state.block_hashes().collect();
        let hashes: Map<String, Value> = hashes
            .into_iter()
            .map(|(number, hash)| (format!("{number:#x}"), json!(hash)))
            .collect();
        file.insert("blockHashes".to_owned(), hashes.into());
        if let Some(list) = &self.access_list {
            let rlp = Bytes::from(alloy_rlp::encode(list));
            file.insert("blockAccessList".to_owned(), json!(rlp));
        }
        if let Some(spec) = &self.chain_spec {
            file.insert("chainSpec".to_owned(), spec_json(spec));
        }
        if self.pre_state_complete {
            file.insert("preStateComplete".to_owned(), true.into());
        }
        Value::Object(file).to_string()
    }

    fn block_json(&self) -> Value {
        let header = &self.block.header;
        let mut block = json!({
            "hash": self.hash,
            "parentHash": header.parent_hash,
            "sha3Uncles": header.ommers_hash,
            "miner": lower(header.beneficiary),
            "stateRoot": header.state_root,
            "transactionsRoot": header.transactions_root,
            "receiptsRoot": header.receipts_root,
            "logsBloom": header.logs_bloom,
            "difficulty": hex(header.difficulty),
            "number": hex(header.number),
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            "timestamp": hex(header.timestamp),
            "extraData": header.extra_data,
            "mixHash": header.mix_hash,
            "nonce": header.nonce,
            "uncles": [],
        });
        let optional = [
            ("baseFeePerGas", header.base_fee_per_gas.map(hex)),
            ("withdrawalsRoot", header.withdrawals_root.map(|root| json!(root))),
            ("blobGasUsed", header.blob_gas_used.map(hex)),
            ("excessBlobGas", header.excess_blob_gas.map(hex)),
            (
                "parentBeaconBlockRoot",
                header.parent_beacon_block_root.map(|root| json!(root)),
            ),
            ("requestsHash", header.requests_hash.map(|hash| json!(hash))),
            (
                "blockAccessListHash",
                header.block_access_list_hash.map(|hash| json!(hash)),
            ),
            ("slotNumber", header.slot_number.map(hex)),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                block[key] = value;
            }
        }
        let transactions = self.block.body.transactions.iter().zip(&self.claimed_senders);
        block["transactions"] = transactions
            .map(|(tx, from)| transaction_json(tx, *from))
            .collect();
        if let Some(withdrawals) = &self.block.body.withdrawals {
            let entry = |withdrawal: &alloy_eips::eip4895::Withdrawal| {
                json!({
                    "index": hex(withdrawal.index),
                    "validatorIndex": hex(withdrawal.validator_index),
                    "address": lower(withdrawal.address),
                    "amount": hex(withdrawal.amount),
                })
            };
            block["withdrawals"] = withdrawals.iter().map(entry).collect();
        }
        block
    }
}

fn hex(number: impl TryInto<U256>) -> Value {
    let number = number
        .try_into()
        .ok()
        .expect("an unsigned number fits in 256 bits");
    format!("{number:#x}").into()
}

/// Without the checksum's capitals, as the RPC writes addresses.
fn lower(address: Address) -> Value {
    format!("{address:#x}").into()
}

fn spec_json(spec: &ChainSpec) -> Value {
    match ChainSpec::by_name(&spec.name) {
        Ok(built_in) if built_in == *spec => spec.name.clone().into(),
        _ => serde_json::to_value(spec).expect("a chain spec has string keys and plain values"),
    }
}

fn state_json(state: &MemoryState) -> Value {
    let accounts: BTreeMap<_, _> = state.accounts().collect();
    let mut json = Map::new();
    for (address, account) in accounts {
        let mut entry = json!({
            "balance": hex(account.info.balance),
            "nonce": hex(account.info.nonce),
        });
        if let Some(code) = account.info.code.as_ref().filter(|code| !code.is_empty()) {
            entry["code"] = json!(code.original_bytes());
        }
        let slots: BTreeMap<_, _> = account.storage.iter().collect();
        let slots: Map<String, Value> = slots
            .into_iter()
            .map(|(slot, value)| (format!("{slot:#x}"), hex(*value)))
            .collect();
        entry["storage"] = slots.into();
        json.insert(format!("{address:#x}"), entry);
    }
    json.into()
}

fn transaction_json(tx: &TxEnvelope, from: Address) -> Value {
    let signature = tx.signature();
    let mut json = json!({
        "type": hex(tx.ty()),
        "hash": tx.hash(),
        "from": lower(from),
        "to": tx.to().map(lower),
        "nonce": hex(tx.nonce()),
        "value": hex(tx.value()),
        "gas": hex(tx.gas_limit()),
        "input": tx.input(),
        "r": hex(signature.r()),
        "s": hex(signature.s()),
    });
    if let Some(chain_id) = tx.chain_id() {
        json["chainId"] = hex(chain_id);
    }
    if tx.is_legacy() {
        json["v"] = hex(to_eip155_value(signature.v(), tx.chain_id()));
    } else {
        json["yParity"] = hex(u8::from(signature.v()));
    }
    if let Some(price) = tx.gas_price() {
        json["gasPrice"] = hex(price);
    } else {
        json["maxFeePerGas"] = hex(tx.max_fee_per_gas());
        json["maxPriorityFeePerGas"] = hex(tx.max_priority_fee_per_gas().unwrap_or_default());
    }
    if let Some(list) = tx.access_list() {
        let entries = list.iter();
        json["accessList"] = entries
            .map(|item| json!({"address": lower(item.address), "storageKeys": item.storage_keys}))
            .collect();
    }
    if let Some(fee) = tx.max_fee_per_blob_gas() {
        json["maxFeePerBlobGas"] = hex(fee);
        json["blobVersionedHashes"] = json!(tx.blob_versioned_hashes());
    }
    if let Some(list) = tx.authorization_list() {
        let entry = |signed: &alloy_eips::eip7702::SignedAuthorization| {
            json!({
                "chainId": hex(signed.chain_id),
                "address": lower(signed.address),
                "nonce": hex(signed.nonce),
                "yParity": hex(signed.y_parity()),
                "r": hex(signed.r()),
                "s": hex(signed.s()),
            })
        };
        json["authorizationList"] = list.iter().map(entry).collect();
    }
    json
}
