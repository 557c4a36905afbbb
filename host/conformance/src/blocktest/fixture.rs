//! The JSON of a blockchain test, as far as it is needed. Blocks are taken from their RLP alone: what the file says
//! of them beside it is what a reader of the file sees, and is not trusted.

use alloy_primitives::{Address, B256, Bytes, U256};
use metisvm_executor::{Error, read_json, statetest::Entries};
use serde::{Deserialize, Deserializer, de};

/// A file: tests by name, in the order of the file.
pub(super) type RawSuite = Object<RawTest>;

/// One test.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawTest {
    pub(super) network: String,
    pub(super) genesis_block_header: RawHeader,
    #[serde(rename = "genesisRLP")]
    pub(super) genesis_rlp: Bytes,
    pub(super) pre: Object<RawAccount>,
    #[serde(default)]
    pub(super) blocks: Vec<RawBlock>,
    #[serde(rename = "lastblockhash")]
    pub(super) last_block_hash: B256,
    #[serde(default)]
    pub(super) post_state: Option<Object<RawAccount>>,
    #[serde(default)]
    pub(super) post_state_hash: Option<B256>,
    #[serde(default)]
    pub(super) config: RawConfig,
    #[serde(rename = "_info", default)]
    pub(super) info: RawInfo,
}

/// Of a header only what identifies it.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawHeader {
    pub(super) hash: B256,
    pub(super) state_root: B256,
}

/// A block: its RLP, and whether it has to be refused.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBlock {
    pub(super) rlp: Bytes,
    /// Why it has to be refused; several names, parted by `|`, where clients may differ.
    #[serde(default)]
    pub(super) expect_exception: Option<String>,
    /// In older tests there is one such key a fork (`expectExceptionALL`, `expectExceptionByzantium` …), or a block
    /// that has to be refused has no header beside its RLP.
    #[serde(rename = "expectExceptionALL", default)]
    pub(super) expect_exception_all: Option<String>,
    #[serde(default)]
    pub(super) block_header: Option<RawHeader>,
}

/// An account.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct RawAccount {
    #[serde(default)]
    pub(super) balance: U256,
    #[serde(default, deserialize_with = "nonce")]
    pub(super) nonce: u64,
    #[serde(default)]
    pub(super) code: Bytes,
    #[serde(default)]
    pub(super) storage: Object<U256>,
}

/// What the test says of the rules, beside the name of the network.
#[derive(Debug, Default, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawConfig {
    #[serde(default, rename = "chainid")]
    pub(super) chain_id: Option<U256>,
    #[serde(default)]
    pub(super) blob_schedule: Option<Object<RawBlobs>>,
}

/// The blobs of one fork.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBlobs {
    pub(super) target: U256,
    pub(super) max: U256,
    pub(super) base_fee_update_fraction: U256,
}

/// Where the test comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct RawInfo {
    /// The specification that it tests, an address that ends with the EIP's file.
    #[serde(default, rename = "reference-spec")]
    pub(super) reference_spec: Option<String>,
    /// The address of its source, which names the release.
    #[serde(default)]
    pub(super) url: Option<String>,
}

metisvm_vm::deserialize_objects_only!(
    RawTest, RawHeader, RawBlock, RawAccount, RawConfig, RawBlobs, RawInfo
);

/// Reads a file; the error names the place in it.
pub(super) fn read(json: &[u8]) -> Result<RawSuite, Error> {
    read_json(json)
}

/// A JSON object as its entries, in the order of the file.
pub(super) type Object<V> = Entries<String, V>;

/// A nonce is written as a number of any size; one that does not fit is an error, not a smaller one.
fn nonce<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = U256::deserialize(deserializer)?;
    u64::try_from(value).map_err(|_| de::Error::custom("a nonce has at most 64 bits"))
}

/// The address or the slot that a key names.
pub(super) fn address(key: &str, place: &str) -> Result<Address, Error> {
    key.parse()
        .map_err(|_| wrong(place, "is no address of 20 bytes in hexadecimal digits"))
}

/// An error about a value.
pub(super) fn wrong(place: &str, problem: impl Into<String>) -> Error {
    Error::Wrong {
        place: place.to_owned(),
        problem: problem.into(),
    }
}
