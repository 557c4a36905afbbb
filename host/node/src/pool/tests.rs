use super::*;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Signature, U256};

const BASE_FEE: u64 = 10;

fn transaction(sender: u8, nonce: u64, tip: u128) -> Recovered<TxEnvelope> {
    let transaction = TxEip1559 {
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: u128::from(BASE_FEE) + tip,
        max_priority_fee_per_gas: tip,
        ..TxEip1559::default()
    };
    let signature = Signature::new(U256::from(sender), U256::from(1), false);
    Recovered::new_unchecked(
        transaction.into_signed(signature).into(),
        Address::with_last_byte(sender),
    )
}

fn best(pool: &Pool, gas: u64) -> Vec<(u8, u64)> {
    let best = pool.best(BASE_FEE, gas, |_| Ok::<_, ()>(0)).unwrap();
    best.iter()
        .map(|transaction| (transaction.signer()[19], transaction.nonce()))
        .collect()
}

#[test]
fn the_best_paid_go_first_and_each_senders_in_order() {
    let mut pool = Pool::default();
    for (sender, nonce, tip) in [(1, 0, 1), (1, 1, 9), (2, 0, 5), (3, 0, 5), (2, 1, 2)] {
        pool.add(transaction(sender, nonce, tip)).unwrap();
    }
    assert_eq!(best(&pool, u64::MAX), [(2, 0), (3, 0), (2, 1), (1, 0), (1, 1)]);
    assert_eq!(best(&pool, 2 * 21_000), [(2, 0), (3, 0)]);
}

#[test]
fn what_is_behind_a_gap_or_pays_less_than_the_base_fee_waits() {
    let mut pool = Pool::default();
    pool.add(transaction(1, 1, 5)).unwrap();
    assert_eq!(best(&pool, u64::MAX), []);
    assert_eq!(pool.next_nonce(Address::with_last_byte(1), 0), 0);
    let [pending, queued] = pool.content(|_| Ok::<_, ()>(0)).unwrap();
    assert_eq!((pending.len(), queued.len()), (0, 1));
    pool.add(transaction(1, 0, 5)).unwrap();
    assert_eq!(best(&pool, u64::MAX), [(1, 0), (1, 1)]);
    assert_eq!(pool.next_nonce(Address::with_last_byte(1), 0), 2);
    let dear = pool.best(BASE_FEE + 6, u64::MAX, |_| Ok::<_, ()>(0)).unwrap();
    assert!(dear.is_empty());
}

#[test]
fn a_replacement_pays_a_tenth_more_of_every_fee() {
    let mut pool = Pool::default();
    let first = pool.add(transaction(1, 0, 100)).unwrap();
    assert_eq!(
        pool.add(transaction(1, 0, 100)).unwrap_err().to_string(),
        "already known"
    );
    let error = pool.add(transaction(1, 0, 109)).unwrap_err();
    assert!(error.to_string().contains("underpriced"), "{error}");
    let second = pool.add(transaction(1, 0, 111)).unwrap();
    assert_eq!(pool.len(), 1);
    assert!(pool.get(first).is_none());
    assert!(pool.get(second).is_some());
}

#[test]
fn what_a_block_has_gone_past_is_forgotten() {
    let mut pool = Pool::default();
    let hashes: Vec<B256> = (0..4)
        .map(|nonce| pool.add(transaction(1, nonce, 5)).unwrap())
        .collect();
    pool.advance(Address::with_last_byte(1), 3);
    assert_eq!(pool.len(), 1);
    assert!(pool.get(hashes[2]).is_none());
    assert!(pool.remove(hashes[3]).is_some());
    assert!(pool.is_empty());
    assert!(pool.senders.is_empty());
}

#[test]
fn one_sender_cannot_fill_the_pool() {
    let mut pool = Pool::default();
    for nonce in 0..MOST_OF_SENDER as u64 {
        pool.add(transaction(1, nonce, 5)).unwrap();
    }
    let error = pool.add(transaction(1, MOST_OF_SENDER as u64, 5)).unwrap_err();
    assert!(error.to_string().contains("which is the most"), "{error}");
    pool.add(transaction(2, 0, 5)).unwrap();
}

#[test]
fn the_bytes_of_all_are_counted_whatever_becomes_of_them() {
    let mut pool = Pool::default();
    let one = bytes_of(&transaction(1, 0, 1));
    for (sender, nonce) in [(1, 0), (1, 1), (1, 2), (2, 0), (3, 0), (3, 1)] {
        pool.add(transaction(sender, nonce, 1)).unwrap();
    }
    pool.add(transaction(1, 1, 9)).unwrap();
    pool.add(transaction(1, 1, 9)).unwrap_err();
    assert_eq!(pool.bytes, 6 * one);
    pool.advance(Address::with_last_byte(1), 2);
    pool.remove(*transaction(2, 0, 1).hash());
    assert_eq!(pool.bytes, 3 * one);
    pool.remove_sender(Address::with_last_byte(3));
    assert_eq!(pool.bytes, one);
    pool.bytes = MOST_BYTES;
    pool.add(transaction(4, 0, 1)).unwrap_err();
    pool.add(transaction(1, 2, 9)).unwrap();
    assert_eq!(pool.content(|_| Ok::<_, ()>(0)).unwrap()[1].len(), 1);
    pool.clear();
    assert_eq!(pool.bytes, 0);
}
