//! Deposits as requests (EIP-6110), and the layout of the events they come from. The deposit contract of mainnet
//! cannot write another one, but the contract of another chain may; there every client has to refuse the block.

use crate::Error;
use alloy_consensus::ReceiptEnvelope;
use alloy_evm::eth::{
    eip6110::{DepositEvent, MAINNET_DEPOSIT_CONTRACT_ADDRESS},
    spec::EthExecutorSpec,
};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolEvent;
use metisvm_vm::ChainSpec;

/// The data of an event: five words that say where the fields begin, then each field with a word for its size
/// before it, filled up with zeros to whole words.
const EVENT_BYTES: usize = 576;
/// Each field: its name, where it begins, and its size, in bytes.
const FIELDS: [(&str, usize, usize); 5] = [
    ("pubkey", 160, 48),
    ("withdrawal_credentials", 256, 32),
    ("amount", 320, 8),
    ("signature", 384, 96),
    ("index", 512, 8),
];
const WORD: usize = 32;

/// The deposits of a block: the fields of each event one after the other, in the order of the logs. Events are the
/// logs of the deposit contract with the event's signature as their first topic, however many topics there are.
///
/// An error names the first event of another layout, which makes the block invalid.
pub(crate) fn deposit_requests(spec: &ChainSpec, receipts: &[ReceiptEnvelope]) -> Result<Bytes, Error> {
    let contract = spec
        .deposit_contract_address()
        .unwrap_or(MAINNET_DEPOSIT_CONTRACT_ADDRESS);
    let mut deposits = Vec::new();
    for (index, receipt) in receipts.iter().enumerate() {
        for log in receipt.logs() {
            if log.address != contract || log.topics().first() != Some(&DepositEvent::SIGNATURE_HASH) {
                continue;
            }
            let data = &log.data.data;
            check_event(data).map_err(|problem| {
                Error::Block(format!(
                    "transaction {index} writes a deposit event whose {problem}, which makes the block invalid \
                     (EIP-6110)"
                ))
            })?;
            for (_, begin, size) in FIELDS {
                deposits.extend_from_slice(&data[begin + WORD..][..size]);
            }
        }
    }
    Ok(deposits.into())
}

fn check_event(data: &[u8]) -> Result<(), String> {
    if data.len() != EVENT_BYTES {
        return Err(format!("data has {} bytes instead of {EVENT_BYTES}", data.len()));
    }
    let word = |at: usize| U256::from_be_slice(&data[at..at + WORD]);
    for (index, (field, begin, size)) in FIELDS.into_iter().enumerate() {
        let offset = word(index * WORD);
        if offset != U256::from(begin) {
            return Err(format!("field {field} begins at {offset} instead of {begin}"));
        }
        let length = word(begin);
        if length != U256::from(size) {
            return Err(format!("field {field} has {length} bytes instead of {size}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Vec<u8> {
        let mut data = vec![0; EVENT_BYTES];
        for (index, (_, begin, size)) in FIELDS.into_iter().enumerate() {
            data[index * WORD..][..WORD].copy_from_slice(&U256::from(begin).to_be_bytes::<WORD>());
            data[begin..][..WORD].copy_from_slice(&U256::from(size).to_be_bytes::<WORD>());
        }
        data
    }

    #[test]
    fn the_layout_of_the_deposit_contract_is_taken() {
        assert_eq!(check_event(&event()), Ok(()));
        let mut filled = event();
        filled[192 + 47] = 7;
        assert_eq!(check_event(&filled), Ok(()));
    }

    #[test]
    fn every_offset_and_every_size_is_held_to_the_layout() {
        for (index, (field, begin, _)) in FIELDS.into_iter().enumerate() {
            for at in [index * WORD, begin] {
                for byte in [at, at + WORD - 1] {
                    let mut data = event();
                    data[byte] ^= 1;
                    let problem = check_event(&data).unwrap_err();
                    assert!(problem.contains(field), "{field}, byte {byte}: {problem}");
                }
            }
        }
    }

    #[test]
    fn data_that_is_longer_or_shorter_is_refused() {
        for length in [0, EVENT_BYTES - 1, EVENT_BYTES + 32] {
            let mut data = event();
            data.resize(length, 0);
            assert!(check_event(&data).unwrap_err().contains("instead of 576"));
        }
    }
}
