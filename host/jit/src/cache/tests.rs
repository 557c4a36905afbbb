use super::*;
use crate::{contract::Ready, testing::FakeCode};
use revm::primitives::keccak256;

type FakeCache = Cache<FakeCode>;

fn hash(number: u8) -> B256 {
    keccak256([number])
}

fn bytes(bytes: usize) -> Charge {
    Charge {
        bytes,
        regions: 1,
        code_bytes: bytes,
        bytecode_bytes: 1,
    }
}

fn held(cache: &FakeCache) -> usize {
    let ledger = cache.ledger();
    assert_eq!(
        ledger.bytes,
        ledger
            .entries
            .iter()
            .map(|entry| entry.charge.bytes)
            .sum::<usize>()
    );
    ledger.bytes
}

#[test]
fn contracts_that_were_not_entered_for_longest_are_dropped_first() {
    let cache = FakeCache::new(1000);
    let domain = cache.domain(&crate::testing::rules());
    let contracts: Vec<_> = (0..4)
        .map(|number| cache.contract(&domain, hash(number)))
        .collect();
    for contract in &contracts {
        assert_eq!(cache.charge(contract, bytes(200)), Room::Charged);
    }
    // The first is entered again after all came; of the others the second is the oldest.
    contracts[0].touch(cache.epoch());
    let newcomer = cache.contract(&domain, hash(9));
    assert_eq!(cache.charge(&newcomer, bytes(250)), Room::Charged);
    let evicted: Vec<_> = contracts.iter().map(|contract| contract.is_evicted()).collect();
    assert_eq!(evicted, [false, true, false, false]);
    assert_eq!(held(&cache), 850);
    // What was dropped is another contract when it comes again, and what holds the old one cannot charge for it.
    assert!(!Arc::ptr_eq(&cache.contract(&domain, hash(1)), &contracts[1]));
    assert!(Arc::ptr_eq(&cache.contract(&domain, hash(0)), &contracts[0]));
    assert_eq!(cache.charge(&contracts[1], bytes(1)), Room::Evicted);
    let mut counters = Counters::default();
    cache.add_to(&mut counters);
    assert_eq!(
        (
            counters.contracts,
            counters.code_bytes,
            counters.evicted_contracts
        ),
        (4, 850, 1)
    );
}

#[test]
fn no_more_than_the_bound_is_charged_whatever_comes() {
    let cache = FakeCache::new(10_000);
    let domain = cache.domain(&crate::testing::rules());
    let mut random = 1_u32;
    let mut rooms = [0; 3];
    for _ in 0..20_000 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let contract = cache.contract(&domain, hash((random >> 24) as u8 % 40));
        let size = (random >> 8) as usize % if random.is_multiple_of(32) { 12_000 } else { 3000 };
        let room = cache.charge(&contract, bytes(size));
        rooms[room as usize] += 1;
        assert!(held(&cache) <= 10_000);
        if random.is_multiple_of(7) && room == Room::Charged {
            let before = held(&cache);
            cache.refund(&contract, bytes(size));
            assert_eq!(held(&cache), before - size);
        }
    }
    assert!(
        rooms[Room::Charged as usize] > 1000 && rooms[Room::None as usize] > 0,
        "{rooms:?}"
    );
    // All of it is given back in the end: what is charged to contracts that are gone is charged to nobody.
    let all = cache.contract(&domain, hash(200));
    assert_eq!(cache.charge(&all, bytes(10_000)), Room::Charged);
    assert_eq!(held(&cache), 10_000);
    assert_eq!(cache.ledger().entries.len(), 1);
}

#[test]
fn what_is_larger_than_the_bound_drops_nothing() {
    let cache = FakeCache::new(1000);
    let domain = cache.domain(&crate::testing::rules());
    let (small, large) = (cache.contract(&domain, hash(1)), cache.contract(&domain, hash(2)));
    assert_eq!(cache.charge(&small, bytes(600)), Room::Charged);
    assert_eq!(cache.charge(&large, bytes(1001)), Room::None);
    assert_eq!(cache.charge(&small, bytes(401)), Room::None);
    assert_eq!(cache.charge(&large, bytes(usize::MAX)), Room::None);
    assert!(!small.is_evicted());
    assert_eq!(held(&cache), 600);
}

#[test]
fn too_many_cold_contracts_are_forgotten_and_compiled_ones_stay() {
    let mut cache = FakeCache::new(1000);
    cache.max_contracts = 10;
    let domain = cache.domain(&crate::testing::rules());
    let compiled = cache.contract(&domain, hash(0));
    compiled.prepare(|| Some(Ready::new(FakeCode::default())));
    let declined = cache.contract(&domain, hash(1));
    declined.prepare(|| None);
    let generation = cache.generation();
    for number in 2..10 {
        cache.contract(&domain, hash(number));
    }
    assert_eq!(cache.generation(), generation);
    cache.contract(&domain, hash(10));
    assert_ne!(cache.generation(), generation);
    assert_eq!(domain.contracts.read().unwrap().len(), 2);
    assert!(declined.is_evicted() && !compiled.is_evicted());
    assert!(Arc::ptr_eq(&cache.contract(&domain, hash(0)), &compiled));
    for round in 0..1000_u16 {
        cache.contract(&domain, keccak256(round.to_le_bytes()));
        assert!(domain.contracts.read().unwrap().len() <= 10);
    }
}

#[test]
fn rules_set_contracts_apart() {
    let cache = FakeCache::new(1000);
    let rules = crate::testing::rules();
    let (one, other) = (
        cache.domain(&rules),
        cache.domain(&rules.clone().with_tag(hash(1))),
    );
    assert!(Arc::ptr_eq(&one, &cache.domain(&rules)));
    let (a, b) = (cache.contract(&one, hash(7)), cache.contract(&other, hash(7)));
    assert!(!Arc::ptr_eq(&a, &b) && a.domain != b.domain);
    assert!(Arc::ptr_eq(&cache.domain_of(&b).unwrap(), &other));
}
