//! The bound in bytes, held against what the operating system says this process takes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use alloy_primitives::{Address, B256, U256, keccak256};
use metisvm_state::{CacheConfig, StateCache, StateError, StateSource};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use std::fs;

// An endless state that takes no memory: every account exists, has code and storage of its own.
struct Endless;

fn number(address: Address) -> u64 {
    u64::from_be_bytes(address[12..].try_into().unwrap())
}

impl DatabaseRef for Endless {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(Some(AccountInfo {
            code_hash: keccak256(address),
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        let length = 10 + usize::from(code_hash[0]) * 90;
        Ok(Bytecode::new_legacy(vec![0x5b; length].into()))
    }

    fn storage_ref(&self, _: Address, slot: U256) -> Result<U256, StateError> {
        Ok(slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        Err(StateError::UnknownBlockHash(number))
    }
}

impl StateSource for Endless {
    fn storage_range(
        &self,
        address: Address,
        _: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        let slots = (number(address) % 700).min(limit as u64);
        Ok((1..=slots)
            .map(|slot| (U256::from(slot), U256::from(slot)))
            .collect())
    }
}

fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn a_flood_takes_no_more_memory_than_the_bound() {
    let config = CacheConfig::with_bytes(48 << 20);
    let before = resident_bytes();
    let cache = StateCache::new(config);
    cache.move_to(B256::ZERO);
    for round in 0..30_u64 {
        let view = cache.view(&Endless, B256::ZERO);
        for turn in 0..400 {
            let address = Address::left_padding_from(&(round * 400 + turn).to_be_bytes());
            let info = view.basic_ref(address).unwrap().unwrap();
            view.code_by_hash_ref(info.code_hash).unwrap();
            view.prefetch_storage(address).unwrap();
            for slot in 0..60 {
                view.storage_ref(
                    Address::with_last_byte(1),
                    U256::from(round * 24_000 + turn * 60 + slot),
                )
                .unwrap();
            }
        }
    }
    let taken = resident_bytes().saturating_sub(before);
    assert!(cache.bytes() <= config.bytes);
    assert!(cache.statistics().evictions > 10_000, "the cache was full");
    // A quarter for the gaps between pieces of different sizes that an allocator leaves.
    assert!(taken <= config.bytes / 4 * 5, "{taken} bytes of {}", config.bytes);
    println!(
        "{taken} bytes resident, {} counted, {} allowed",
        cache.bytes(),
        config.bytes
    );
}
