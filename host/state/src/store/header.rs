//! Which headers can be stored: those that can be read again.
//!
//! A header is a list in RLP in which the fields that forks have added come last, and are told apart by their
//! place alone. One that lacks a field and has a later one is encoded all the same, and comes back as another
//! header or not at all. Receipts have no such fields.

use super::StoreError;
use alloy_consensus::Header;

/// Checks that a header is the one that its encoding gives.
///
/// # Errors
/// [`StoreError::HeaderGap`].
pub(crate) fn check_header(header: &Header) -> Result<(), StoreError> {
    // In the order of the encoding, which is that of the forks.
    let fields = [
        ("baseFeePerGas", header.base_fee_per_gas.is_some()),
        ("withdrawalsRoot", header.withdrawals_root.is_some()),
        ("blobGasUsed", header.blob_gas_used.is_some()),
        ("excessBlobGas", header.excess_blob_gas.is_some()),
        ("parentBeaconBlockRoot", header.parent_beacon_block_root.is_some()),
        ("requestsHash", header.requests_hash.is_some()),
        ("blockAccessListHash", header.block_access_list_hash.is_some()),
        ("slotNumber", header.slot_number.is_some()),
    ];
    let Some(gap) = fields.iter().position(|(_, is_there)| !is_there) else {
        return Ok(());
    };
    match fields[gap..].iter().find(|(_, is_there)| *is_there) {
        None => Ok(()),
        Some((present, _)) => Err(StoreError::HeaderGap {
            number: header.number,
            missing: fields[gap].0,
            present,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;
    use alloy_rlp::Decodable;

    /// A header that has the optional fields whose bits are set.
    fn header(fields: u32) -> Header {
        let has = |field: u32| fields >> field & 1 == 1;
        let hash = |field: u32| has(field).then(|| B256::repeat_byte(field as u8 + 1));
        let number = |field: u32| has(field).then(|| u64::from(field) + 1);
        Header {
            number: 9,
            base_fee_per_gas: number(0),
            withdrawals_root: hash(1),
            blob_gas_used: number(2),
            excess_blob_gas: number(3),
            parent_beacon_block_root: hash(4),
            requests_hash: hash(5),
            block_access_list_hash: hash(6),
            slot_number: number(7),
            ..Header::default()
        }
    }

    #[test]
    fn headers_are_taken_exactly_if_they_can_be_read_again() {
        let mut taken = 0;
        for fields in 0..1 << 8 {
            let header = header(fields);
            let rlp = alloy_rlp::encode(&header);
            let again = Header::decode(&mut rlp.as_slice()).is_ok_and(|again| again == header);
            assert_eq!(check_header(&header).is_ok(), again, "{fields:08b}");
            taken += usize::from(again);
        }
        assert_eq!(taken, 9, "each fork's fields one after the other");
    }

    #[test]
    fn error_names_the_gap_and_what_comes_after() {
        let error = check_header(&header(0b10_0011)).unwrap_err().to_string();
        assert!(
            error.contains("it has requestsHash, but not blobGasUsed"),
            "{error}"
        );
    }
}
