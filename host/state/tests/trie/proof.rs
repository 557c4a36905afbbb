//! Proofs, checked by alloy-trie and against a real client's answer.

use crate::support::{CheckedTrie, key, value};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount, nodes::TrieNode, proof::verify_proof};
use metisvm_state::{
    AccountChange, AccountProof, BasicAccount, CpuKeccak, MemoryNodes, NodeKey, StateChanges, TrieUpdate,
    WorldTrie, prove_key,
};
use std::{io::Write, path::PathBuf};

/// Checks the whole answer as a light client would.
fn verify(root: B256, answer: &AccountProof) {
    let exists = answer.nonce.to::<u64>() != 0
        || !answer.balance.is_zero()
        || answer.code_hash != KECCAK256_EMPTY
        || answer.storage_hash != EMPTY_ROOT_HASH;
    let account = TrieAccount {
        nonce: answer.nonce.to(),
        balance: answer.balance,
        storage_root: answer.storage_hash,
        code_hash: answer.code_hash,
    };
    let leaf = exists.then(|| alloy_rlp::encode(account));
    verify_proof(
        root,
        Nibbles::unpack(keccak256(answer.address)),
        leaf,
        &answer.account_proof,
    )
    .unwrap();
    for slot in &answer.storage_proof {
        let leaf = (!slot.value.is_zero()).then(|| alloy_rlp::encode(slot.value));
        let key = Nibbles::unpack(keccak256(slot.key.to_be_bytes::<32>()));
        verify_proof(answer.storage_hash, key, leaf, &slot.proof).unwrap();
    }
}

fn world(accounts: u64) -> (MemoryNodes, B256) {
    let mut changes = StateChanges::default();
    for n in 1..=accounts {
        let slots = if n % 3 == 0 { n % 50 } else { 0 };
        let change = AccountChange {
            account: Some(BasicAccount {
                balance: U256::from(n),
                nonce: n,
                code_hash: KECCAK256_EMPTY,
            }),
            storage_cleared: false,
            storage: (0..slots)
                .map(|slot| (U256::from(slot), U256::from(slot * n + 1)))
                .collect(),
        };
        changes.accounts.insert(address(n), change);
    }
    let mut nodes = MemoryNodes::default();
    let (root, update) = WorldTrie::new(&nodes, &CpuKeccak)
        .apply(EMPTY_ROOT_HASH, &changes)
        .unwrap();
    nodes.apply(&update);
    (nodes, root)
}

fn address(n: u64) -> Address {
    Address::left_padding_from(&n.to_be_bytes())
}

#[test]
fn what_is_there_and_what_is_not_can_be_proven() {
    for accounts in [1, 2, 300] {
        let (nodes, root) = world(accounts);
        let trie = WorldTrie::new(&nodes, &CpuKeccak);
        for n in 1..=accounts + 40 {
            let slots: Vec<U256> = [0, 1, n % 50, 1000, 1001].map(U256::from).to_vec();
            let answer = trie.proof(root, address(n), &slots).unwrap();
            verify(root, &answer);
            assert_eq!(answer.nonce.to::<u64>(), if n <= accounts { n } else { 0 });
            assert_eq!(answer.storage_proof.len(), slots.len());
            let has_storage = n <= accounts && n % 3 == 0 && n % 50 != 0;
            assert_eq!(answer.storage_proof[0].value, U256::from(u64::from(has_storage)));
            assert_eq!(answer.storage_proof[3].value, U256::ZERO);
        }
    }
}

#[test]
fn in_an_empty_state_every_proof_is_empty() {
    let nodes = MemoryNodes::default();
    let answer = WorldTrie::new(&nodes, &CpuKeccak)
        .proof(EMPTY_ROOT_HASH, address(1), &[U256::ZERO])
        .unwrap();
    assert!(answer.account_proof.is_empty() && answer.storage_proof[0].proof.is_empty());
    assert_eq!(
        (answer.code_hash, answer.storage_hash),
        (KECCAK256_EMPTY, EMPTY_ROOT_HASH)
    );
    verify(EMPTY_ROOT_HASH, &answer);
}

#[test]
fn raw_keys_with_embedded_nodes_can_be_proven() {
    for length in [1, 33] {
        let keys = (0..64).map(|depth| key(&[(depth, 0xa)]));
        let keys: Vec<B256> = keys
            .chain((0..3).map(|nibble| key(&[(62, 1), (63, nibble)])))
            .collect();
        let trie = CheckedTrie::with(keys.iter().map(|key| (*key, value(length, 0x11))));
        let absent = (0..64).map(|depth| key(&[(depth, 0xb)]));
        for key in keys.iter().copied().chain(absent) {
            let (proof, found) = prove_key(&trie.nodes, &CpuKeccak, None, trie.root, key).unwrap();
            assert_eq!(found.as_ref(), trie.content.get(&key));
            let expected = found.map(|value| value.to_vec());
            verify_proof(trie.root, Nibbles::unpack(key), expected, &proof).unwrap();
        }
    }
}

#[test]
fn the_names_and_numbers_are_those_of_the_json_rpc_answer() {
    let (nodes, root) = world(1);
    let answer = WorldTrie::new(&nodes, &CpuKeccak)
        .proof(root, address(1), &[U256::from(255)])
        .unwrap();
    let json = serde_json::to_value(&answer).unwrap();
    let expected = serde_json::json!({
        "address": "0x0000000000000000000000000000000000000001",
        "accountProof": [answer.account_proof[0].to_string()],
        "balance": "0x1",
        "codeHash": KECCAK256_EMPTY.to_string(),
        "nonce": "0x1",
        "storageHash": EMPTY_ROOT_HASH.to_string(),
        "storageProof": [{ "key": "0xff", "value": "0x0", "proof": [] }],
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<AccountProof>(json).unwrap(), answer);
}

/// The nodes of a proof, by their paths.
fn nodes_of_proof(owner: Option<B256>, key: B256, proof: &[Bytes]) -> Vec<(NodeKey, Bytes)> {
    let key = Nibbles::unpack(key);
    let mut depth = 0;
    let mut nodes = Vec::new();
    for rlp in proof {
        let path = key.slice(..depth);
        nodes.push((NodeKey { owner, path }, rlp.clone()));
        depth += match TrieNode::decode(&mut &rlp[..]).unwrap() {
            TrieNode::Branch(_) => 1,
            TrieNode::Extension(extension) => extension.key.len(),
            TrieNode::Leaf(_) | TrieNode::EmptyRoot => 0,
        };
    }
    nodes
}

#[test]
fn answers_of_a_real_client_come_out_again() {
    let data = std::env::var_os("METISVM_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let Ok(cases) = std::fs::read_dir(data.join("rpc-compat/eth_getProof")) else {
        // println! would be kept back: the test passes.
        let left_out = "left out: eth_getProof of a real client (shared/data/rpc-compat)\n";
        std::io::stdout().write_all(left_out.as_bytes()).unwrap();
        return;
    };
    let mut seen = 0;
    for case in cases {
        let text = std::fs::read_to_string(case.unwrap().path()).unwrap();
        let answer = text.lines().find_map(|line| line.strip_prefix("<< ")).unwrap();
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let expected: AccountProof = serde_json::from_value(answer["result"].clone()).unwrap();
        assert_eq!(serde_json::to_value(&expected).unwrap(), answer["result"]);

        // A store that holds nothing but the nodes of this answer is enough to give it again.
        let owner = keccak256(expected.address);
        let mut set = nodes_of_proof(None, owner, &expected.account_proof);
        for slot in &expected.storage_proof {
            let key = keccak256(slot.key.to_be_bytes::<32>());
            set.extend(nodes_of_proof(Some(owner), key, &slot.proof));
        }
        let mut nodes = MemoryNodes::default();
        nodes.apply(&TrieUpdate {
            set,
            ..Default::default()
        });
        let root = keccak256(&expected.account_proof[0]);
        verify(root, &expected);
        let slots: Vec<U256> = expected.storage_proof.iter().map(|slot| slot.key).collect();
        let ours = WorldTrie::new(&nodes, &CpuKeccak)
            .proof(root, expected.address, &slots)
            .unwrap();
        assert_eq!(ours, expected);
        seen += 1;
    }
    assert!(seen > 0);
}
