//! The JSON of a state test. The parts that revm's own runner reads are its types
//! (`revm-statetest-types`); around them are ours, because that crate cannot keep the name of a fork it
//! does not know, nor read a test without `post`.

use super::entries::Entries;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use revm_statetest_types::{AccountInfo, Env, TransactionParts, TxPartIndices};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value},
};
use std::{collections::BTreeMap, fmt};

/// A file: tests by name. Each in a box of its own, for there may be very many.
pub(super) type RawSuite = Entries<String, Box<RawTest>>;

/// One test.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct RawTest {
    pub(super) env: Env,
    #[serde(default)]
    pub(super) config: RawConfig,
    pub(super) pre: Entries<Address, AccountInfo>,
    pub(super) transaction: RawTransaction,
    /// What has to come out, by fork; absent in files that are only meant to be executed.
    #[serde(default)]
    pub(super) post: Option<Entries<String, Vec<RawCase>>>,
    /// What the transaction has to return, in some older tests.
    #[serde(default)]
    pub(super) out: Option<Bytes>,
}

/// What newer tests say of the chain: by fork the blobs that its blocks may have. Other keys are not for us.
#[derive(Debug, Default, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawConfig {
    #[serde(default)]
    pub(super) blob_schedule: BTreeMap<String, RawBlobs>,
}

/// The blobs of a fork (EIP-7840).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBlobs {
    pub(super) target: U64,
    pub(super) max: U64,
    pub(super) base_fee_update_fraction: U64,
}

/// What has to come of one choice of variants.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase")]
pub(super) struct RawCase {
    pub(super) hash: B256,
    pub(super) logs: B256,
    pub(super) indexes: TxPartIndices,
    #[serde(default)]
    pub(super) expect_exception: Option<String>,
}

/// The transaction: an object with its variants, or a list with one finished transaction.
#[derive(Debug)]
pub(super) enum RawTransaction {
    Variants(Box<TransactionParts>),
    Finished(Vec<FinishedTransaction>),
}

/// A transaction without variants.
#[derive(Debug, Clone, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FinishedTransaction {
    pub(super) sender: Address,
    #[serde(default)]
    pub(super) to: Option<Address>,
    pub(super) data: Bytes,
    pub(super) gas_limit: U256,
    pub(super) gas_price: U256,
    pub(super) nonce: U256,
    pub(super) value: U256,
}

metisvm_vm::deserialize_objects_only!(
    RawTest,
    RawConfig,
    RawBlobs,
    RawCase,
    FinishedTransaction,
    RawOutlineTest
);

impl<'de> Deserialize<'de> for RawTransaction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TransactionVisitor)
    }
}

struct TransactionVisitor;

impl<'de> Visitor<'de> for TransactionVisitor {
    type Value = RawTransaction;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a transaction, or a list with one")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<RawTransaction, A::Error> {
        let parts = TransactionParts::deserialize(value::MapAccessDeserializer::new(access))?;
        Ok(RawTransaction::Variants(Box::new(parts)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<RawTransaction, A::Error> {
        Vec::deserialize(value::SeqAccessDeserializer::new(access)).map(RawTransaction::Finished)
    }
}

/// A file that is not to be executed: only how many cases it has, by test and fork.
pub(super) type RawOutline = Entries<String, RawOutlineTest>;

/// The cases of a test that is not to be executed.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct RawOutlineTest {
    pub(super) post: Entries<String, Vec<IgnoredAny>>,
}

pub(super) use crate::block_file::text::read_json as read;
