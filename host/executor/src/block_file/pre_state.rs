//! The state in a block file, read into its final form: nothing of it is there twice.

use super::{
    hex::{Hex64, Hex256},
    object::Object,
};
use alloy_primitives::{Address, Bytes, U256, map::U256Map};
use metisvm_state::MemoryState;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use std::fmt;

/// How much state a block file may hold: slots, and accounts counted as four each. In memory an entry has some
/// hundred bytes however short its text is, and the state is there twice while a block is executed; so this bounds
/// the peak to about four times [`DEFAULT_FILE_LIMIT`](super::DEFAULT_FILE_LIMIT). It is what a hash table of 2^22
/// places takes. A block of 60 Mgas can read some 30,000 entries.
pub(super) const MAX_ENTRIES: usize = (1 << 22) / 8 * 7;
const ENTRIES_OF_ACCOUNT: usize = 4;

#[derive(Debug, Default)]
pub(super) struct PreState(pub(super) MemoryState);

#[derive(Deserialize)]
struct RawAccount {
    balance: Hex256,
    nonce: Option<Hex64>,
    code: Option<Bytes>,
    #[serde(default)]
    storage: RawStorage,
}

/// The slots that are not zero.
#[derive(Default)]
struct RawStorage(U256Map<U256>);

fn too_much<E: Error>() -> E {
    E::custom(format!(
        "the state has more than {MAX_ENTRIES} entries (slots, and four for each account); a block file may not"
    ))
}

impl<'de> Deserialize<'de> for PreState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StateVisitor).map(Self)
    }
}

struct StateVisitor;

impl<'de> Visitor<'de> for StateVisitor {
    type Value = MemoryState;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<MemoryState, A::Error> {
        let mut state = MemoryState::default();
        let mut entries = 0;
        while let Some((address, Object(account))) = access.next_entry::<Address, Object<RawAccount>>()? {
            if state.account(&address).is_some() {
                return Err(A::Error::custom("this key comes twice"));
            }
            entries += ENTRIES_OF_ACCOUNT + account.storage.0.len();
            if entries > MAX_ENTRIES {
                return Err(too_much());
            }
            let nonce = account.nonce.map_or(0, |nonce| nonce.0);
            let code = account.code.unwrap_or_default();
            state.insert_account(address, account.balance.0, nonce, code, account.storage.0);
        }
        Ok(state)
    }
}

impl<'de> Deserialize<'de> for RawStorage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StorageVisitor).map(Self)
    }
}

struct StorageVisitor;

impl<'de> Visitor<'de> for StorageVisitor {
    type Value = U256Map<U256>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<U256Map<U256>, A::Error> {
        let mut slots = U256Map::default();
        while let Some((slot, value)) = access.next_entry::<Hex256, Hex256>()? {
            if slots.insert(slot.0, value.0).is_some() {
                return Err(A::Error::custom("this key comes twice"));
            }
            if slots.len() > MAX_ENTRIES {
                return Err(too_much());
            }
        }
        Ok(slots)
    }
}
