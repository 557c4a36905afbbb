//! The first difference between the list that came with a block and the list of its execution, in words.
//!
//! First in the order of the lists, so every node names the same one, however it executed the block.

use alloy_eips::eip7928::{AccountChanges, BlockAccessIndex};
use alloy_primitives::{Address, U256};
use core::fmt::Display;

/// Where the given list is not the true one; `None` where they are equal. Both are sorted.
pub(in crate::engine) fn difference(given: &[AccountChanges], truth: &[AccountChanges]) -> Option<String> {
    for place in 0..given.len().max(truth.len()) {
        let (given, truth) = match (given.get(place), truth.get(place)) {
            (Some(given), Some(truth)) if given.address == truth.address => (given, truth),
            (Some(given), Some(truth)) if given.address < truth.address => {
                return Some(extra(&given.address));
            }
            (Some(given), None) => return Some(extra(&given.address)),
            (_, Some(truth)) => return Some(missing(&truth.address)),
            (None, None) => return None,
        };
        if let Some(found) = accounts(given, truth) {
            return Some(format!("account {}: {found}", given.address));
        }
    }
    None
}

fn extra(address: &Address) -> String {
    format!("account {address} is listed, but the block does not touch it")
}

fn missing(address: &Address) -> String {
    format!("account {address} is not listed, but the block touches it")
}

fn accounts(given: &AccountChanges, truth: &AccountChanges) -> Option<String> {
    if given == truth {
        return None;
    }
    changed_slots(given, truth)
        .or_else(|| read_slots(given, truth))
        .or_else(|| {
            let value = |account: &AccountChanges| -> Vec<_> {
                let changes = account.balance_changes.iter();
                changes
                    .map(|one| (one.block_access_index, one.post_balance))
                    .collect()
            };
            values("balance", &value(given), &value(truth), |balance| *balance)
        })
        .or_else(|| {
            let value = |account: &AccountChanges| -> Vec<_> {
                let changes = account.nonce_changes.iter();
                changes
                    .map(|one| (one.block_access_index, one.new_nonce))
                    .collect()
            };
            values("nonce", &value(given), &value(truth), |nonce| *nonce)
        })
        .or_else(|| {
            let value = |account: &AccountChanges| -> Vec<_> {
                let changes = account.code_changes.iter();
                changes
                    .map(|one| (one.block_access_index, one.new_code().clone()))
                    .collect()
            };
            values("code", &value(given), &value(truth), |code| {
                format!(
                    "{} bytes with the hash {}",
                    code.len(),
                    alloy_primitives::keccak256(code)
                )
            })
        })
}

fn changed_slots(given: &AccountChanges, truth: &AccountChanges) -> Option<String> {
    let (given, truth) = (&given.storage_changes, &truth.storage_changes);
    let (listed, changed) = (given.iter().map(|one| one.slot), truth.iter().map(|one| one.slot));
    if let Some((slot, listed)) = first_of_one(listed, changed) {
        return Some(if listed {
            format!("slot {slot:#x} is listed as changed, but the block does not change it")
        } else {
            format!("the change of slot {slot:#x} is not listed")
        });
    }
    given.iter().zip(truth).find_map(|(given, truth)| {
        let value = |slot: &alloy_eips::eip7928::SlotChanges| -> Vec<_> {
            let changes = slot.changes.iter();
            changes
                .map(|one| (one.block_access_index, one.new_value))
                .collect()
        };
        let what = format!("slot {:#x}", given.slot);
        values(&what, &value(given), &value(truth), |value| format!("{value:#x}"))
    })
}

fn read_slots(given: &AccountChanges, truth: &AccountChanges) -> Option<String> {
    let (listed, read) = (given.storage_reads.iter(), truth.storage_reads.iter());
    let (slot, listed) = first_of_one(listed.copied(), read.copied())?;
    Some(if listed {
        format!("slot {slot:#x} is listed as read, but the block does not read it")
    } else {
        format!("slot {slot:#x} is read, but not listed so")
    })
}

/// The first slot that only one of two sorted lists has, and whether it is the first list.
fn first_of_one(
    ours: impl Iterator<Item = U256>,
    others: impl Iterator<Item = U256>,
) -> Option<(U256, bool)> {
    let (mut ours, mut others) = (ours.peekable(), others.peekable());
    loop {
        match (ours.peek(), others.peek()) {
            (Some(our), Some(other)) if our == other => {
                ours.next();
                others.next();
            }
            (Some(our), other) if other.is_none_or(|other| our < other) => return Some((*our, true)),
            (_, Some(other)) => return Some((*other, false)),
            _ => return None,
        }
    }
}

fn values<T: PartialEq, D: Display>(
    what: &str,
    given: &[(BlockAccessIndex, T)],
    truth: &[(BlockAccessIndex, T)],
    show: impl Fn(&T) -> D,
) -> Option<String> {
    let place = (0..given.len().max(truth.len())).find(|place| given.get(*place) != truth.get(*place))?;
    let unlisted = |index: &BlockAccessIndex, value: &T| {
        let value = show(value);
        Some(format!(
            "{what} becomes {value} at index {}, which is not listed",
            index.get()
        ))
    };
    match (given.get(place), truth.get(place)) {
        (Some((index, given)), Some((at, truth))) if index == at => Some(format!(
            "{what} at index {} is listed as {}, but is {}",
            index.get(),
            show(given),
            show(truth)
        )),
        (Some((index, _)), Some((at, truth))) if at < index => unlisted(at, truth),
        (None, Some((at, truth))) => unlisted(at, truth),
        (Some((index, given)), _) => Some(format!(
            "{what} is listed as {} at index {}, but nothing changes it there",
            show(given),
            index.get()
        )),
        (None, None) => None,
    }
}
