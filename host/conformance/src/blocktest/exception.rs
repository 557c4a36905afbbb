//! Whether a block was refused for the reason that a test names. Names are those of the execution-spec-tests; clients
//! map them to their own errors, as this does.

use super::Refusal;
use metisvm_executor::Error;

/// What a refusal has to be for an exception.
enum Reason {
    /// The bytes are no block.
    Encoding,
    /// The header or the body is wrong in one of these fields, by a rule or by what came out.
    Field(&'static [&'static str]),
    /// A transaction may not be in the block; the text has one of these parts.
    Transaction(&'static [&'static str]),
    /// The block's own part fails; the text has one of these parts.
    Block(&'static [&'static str]),
    /// The parent is not known.
    Parent,
    /// The access list is wrong.
    AccessList,
}

use Reason::{AccessList, Block, Encoding, Field, Parent, Transaction};

/// Each exception with all that it may look like here: rules are checked in another order by every client.
const EXCEPTIONS: &[(&str, &[Reason])] = &[
    ("BlockException.TOO_MANY_UNCLES", &[Field(&["uncles"])]),
    ("BlockException.UNCLE_IN_CHAIN", &[Field(&["uncles"])]),
    ("BlockException.UNCLE_IS_ANCESTOR", &[Field(&["uncles"])]),
    ("BlockException.UNCLE_IS_BROTHER", &[Field(&["uncles"])]),
    ("BlockException.UNCLE_PARENT_INCORRECT", &[Field(&["uncles"])]),
    ("BlockException.EXTRA_DATA_TOO_BIG", &[Field(&["extraData"])]),
    ("BlockException.EXTRA_DATA_INVALID_DAO", &[Field(&["extraData"])]),
    ("BlockException.UNKNOWN_PARENT", &[Parent, Field(&["parentHash"])]),
    ("BlockException.UNCLE_UNKNOWN_PARENT", &[Field(&["uncles"])]),
    (
        "BlockException.UNKNOWN_PARENT_ZERO",
        &[Parent, Field(&["parentHash"])],
    ),
    ("BlockException.GASLIMIT_TOO_BIG", &[Field(&["gasLimit"])]),
    ("BlockException.INVALID_BLOCK_NUMBER", &[Field(&["number"])]),
    (
        "BlockException.INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT",
        &[Field(&["timestamp"])],
    ),
    ("BlockException.INVALID_DIFFICULTY", &[Field(&["difficulty"])]),
    ("BlockException.INVALID_LOG_BLOOM", &[Field(&["logsBloom"])]),
    ("BlockException.INVALID_STATE_ROOT", &[Field(&["stateRoot"])]),
    (
        "BlockException.INVALID_RECEIPTS_ROOT",
        &[Field(&["receiptsRoot"])],
    ),
    (
        "BlockException.INVALID_TRANSACTIONS_ROOT",
        &[Field(&["transactionsRoot"])],
    ),
    ("BlockException.INVALID_UNCLES_HASH", &[Field(&["sha3Uncles"])]),
    (
        "BlockException.GAS_USED_OVERFLOW",
        &[Field(&["gasUsed"]), Transaction(&["gas"])],
    ),
    ("BlockException.INVALID_GASLIMIT", &[Field(&["gasLimit"])]),
    (
        "BlockException.INVALID_BASEFEE_PER_GAS",
        &[Field(&["baseFeePerGas"])],
    ),
    ("BlockException.INVALID_GAS_USED", &[Field(&["gasUsed"])]),
    (
        "BlockException.INVALID_GAS_USED_ABOVE_LIMIT",
        &[Field(&["gasUsed"]), Transaction(&["gas"])],
    ),
    (
        "BlockException.INVALID_WITHDRAWALS_ROOT",
        &[Field(&["withdrawalsRoot", "withdrawals"])],
    ),
    (
        "BlockException.INCORRECT_BLOCK_FORMAT",
        &[Encoding, Field(FORK_FIELDS)],
    ),
    (
        "BlockException.BLOB_GAS_USED_ABOVE_LIMIT",
        &[Field(&["blobGasUsed"]), Transaction(&["blob"])],
    ),
    (
        "BlockException.INCORRECT_BLOB_GAS_USED",
        &[Field(&["blobGasUsed"])],
    ),
    (
        "BlockException.INCORRECT_EXCESS_BLOB_GAS",
        &[Field(&["excessBlobGas"])],
    ),
    (
        "BlockException.RLP_STRUCTURES_ENCODING",
        &[Encoding, Field(&["transactions"])],
    ),
    (
        "BlockException.RLP_WITHDRAWALS_NOT_READ",
        &[Encoding, Field(&["withdrawals", "withdrawalsRoot"])],
    ),
    ("BlockException.RLP_INVALID_FIELD_OVERFLOW_64", &[Encoding]),
    ("BlockException.RLP_INVALID_ADDRESS", &[Encoding]),
    ("BlockException.RLP_BLOCK_LIMIT_EXCEEDED", &[Field(&[""])]),
    ("BlockException.INVALID_REQUESTS", &[Field(&["requestsHash"])]),
    (
        "BlockException.INVALID_DEPOSIT_EVENT_LAYOUT",
        &[Block(&["deposit event"])],
    ),
    ("BlockException.SYSTEM_CONTRACT_EMPTY", &[Block(&["has no code"])]),
    (
        "BlockException.SYSTEM_CONTRACT_CALL_FAILED",
        &[Block(&["its execution reverted", "its execution halted"])],
    ),
    (
        "BlockException.INVALID_BLOCK_HASH",
        &[Field(&[
            "blockAccessListHash",
            "requestsHash",
            "parentBeaconBlockRoot",
        ])],
    ),
    (
        "BlockException.INVALID_BLOCK_ACCESS_LIST",
        &[AccessList, Field(&["blockAccessListHash"])],
    ),
    (
        "BlockException.INVALID_BAL_HASH",
        &[AccessList, Field(&["blockAccessListHash"])],
    ),
    (
        "BlockException.BLOCK_ACCESS_LIST_GAS_LIMIT_EXCEEDED",
        &[AccessList],
    ),
    (
        "TransactionException.INSUFFICIENT_ACCOUNT_FUNDS",
        &[Transaction(&["funds"])],
    ),
    (
        "TransactionException.INSUFFICIENT_MAX_FEE_PER_GAS",
        &[Transaction(&["basefee", "base fee"])],
    ),
    (
        "TransactionException.INSUFFICIENT_MAX_FEE_PER_BLOB_GAS",
        &[Transaction(&["blob"])],
    ),
    (
        "TransactionException.PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS",
        &[Transaction(&["priority fee"])],
    ),
    (
        "TransactionException.GAS_ALLOWANCE_EXCEEDED",
        &[Transaction(&["gas"])],
    ),
    (
        "TransactionException.GAS_LIMIT_EXCEEDS_MAXIMUM",
        &[Transaction(&["gas limit"])],
    ),
    (
        "TransactionException.INTRINSIC_GAS_TOO_LOW",
        &[Transaction(&["gas"])],
    ),
    (
        "TransactionException.INTRINSIC_GAS_BELOW_FLOOR_GAS_COST",
        &[Transaction(&["gas"])],
    ),
    (
        "TransactionException.INITCODE_SIZE_EXCEEDED",
        &[Transaction(&["initcode"])],
    ),
    (
        "TransactionException.NONCE_MISMATCH_TOO_LOW",
        &[Transaction(&["nonce"])],
    ),
    (
        "TransactionException.NONCE_MISMATCH_TOO_HIGH",
        &[Transaction(&["nonce"])],
    ),
    ("TransactionException.NONCE_IS_MAX", &[Transaction(&["nonce"])]),
    (
        "TransactionException.SENDER_NOT_EOA",
        &[Transaction(&["sender", "code"])],
    ),
    (
        "TransactionException.INVALID_SIGNATURE_VRS",
        &[Encoding, Field(&["transactions"])],
    ),
    (
        "TransactionException.INVALID_CHAINID",
        &[Transaction(&["chain"]), Field(&["transactions"])],
    ),
    (
        "TransactionException.TYPE_1_TX_PRE_FORK",
        &[Transaction(&["not supported"])],
    ),
    (
        "TransactionException.TYPE_2_TX_PRE_FORK",
        &[Transaction(&["not supported"])],
    ),
    (
        "TransactionException.TYPE_3_TX_PRE_FORK",
        &[Transaction(&["not supported"])],
    ),
    (
        "TransactionException.TYPE_3_TX_ZERO_BLOBS",
        &[Transaction(&["blobs"])],
    ),
    (
        "TransactionException.TYPE_3_TX_ZERO_BLOBS_PRE_FORK",
        &[Transaction(&["not supported", "blobs"])],
    ),
    (
        "TransactionException.TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH",
        &[Transaction(&["blob version"])],
    ),
    (
        "TransactionException.TYPE_3_TX_WITH_FULL_BLOBS",
        &[Encoding, Field(&["transactions"])],
    ),
    (
        "TransactionException.TYPE_3_TX_BLOB_COUNT_EXCEEDED",
        &[Transaction(&["blobs"])],
    ),
    (
        "TransactionException.TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED",
        &[Transaction(&["blobs"])],
    ),
    (
        "TransactionException.TYPE_3_TX_CONTRACT_CREATION",
        &[Encoding, Transaction(&["create"])],
    ),
    (
        "TransactionException.TYPE_4_EMPTY_AUTHORIZATION_LIST",
        &[Transaction(&["authorization list"])],
    ),
    ("TransactionException.TYPE_4_TX_CONTRACT_CREATION", &[Encoding]),
    (
        "TransactionException.TYPE_4_TX_PRE_FORK",
        &[Transaction(&["not supported"])],
    ),
];

/// The fields that came with forks: a header of another fork's shape lacks one or has one too many.
const FORK_FIELDS: &[&str] = &[
    "baseFeePerGas",
    "withdrawalsRoot",
    "withdrawals",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
    "blockAccessListHash",
    "slotNumber",
];

/// Whether a refusal is one of those that `expected` names, parted by `|`. `None` where none of the names is known,
/// as in older tests: then any refusal will do.
pub(super) fn fits(expected: &str, refusal: &Refusal) -> Option<bool> {
    let mut known = expected.split('|').filter_map(|name| {
        EXCEPTIONS
            .iter()
            .find(|(known, _)| *known == name.trim())
            .map(|(_, reasons)| *reasons)
    });
    let first = known.next()?;
    let mut reasons = first.iter().chain(known.flatten());
    Some(reasons.any(|reason| matches(reason, refusal)))
}

fn matches(reason: &Reason, refusal: &Refusal) -> bool {
    let has = |text: &str, parts: &[&str]| parts.iter().any(|part| text.contains(part));
    match (reason, refusal) {
        (Encoding, Refusal::Encoding(_)) | (Parent, Refusal::UnknownParent) => true,
        (Field(fields), Refusal::Mismatches(all)) => all.iter().any(|found| fields.contains(&found.field)),
        (Field(fields), Refusal::Invalid(Error::Wrong { place, .. })) => {
            let field = place
                .strip_prefix("block")
                .unwrap_or(place)
                .trim_start_matches('.');
            let field = field.split(['[', '.']).next().unwrap_or(field);
            fields.contains(&field)
        }
        (Transaction(parts), Refusal::Invalid(Error::InvalidTransaction { problem, .. })) => {
            has(&problem.to_lowercase(), parts)
        }
        (Block(parts), Refusal::Invalid(Error::Block(problem))) => has(problem, parts),
        (AccessList, Refusal::Invalid(Error::AccessList(_))) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_executor::validity::Mismatch;

    fn mismatch(field: &'static str) -> Refusal {
        Refusal::Mismatches(vec![Mismatch {
            field,
            expected: String::new(),
            actual: String::new(),
        }])
    }

    #[test]
    fn a_block_that_is_refused_for_another_reason_does_not_fit() {
        assert_eq!(
            fits("BlockException.INVALID_STATE_ROOT", &mismatch("stateRoot")),
            Some(true)
        );
        assert_eq!(
            fits("BlockException.INVALID_STATE_ROOT", &mismatch("gasUsed")),
            Some(false)
        );
        assert_eq!(
            fits("BlockException.INVALID_STATE_ROOT", &Refusal::UnknownParent),
            Some(false)
        );
    }

    #[test]
    fn one_of_several_names_is_enough_and_unknown_ones_say_nothing() {
        let names = "BlockException.UNKNOWN_PARENT|BlockException.INVALID_STATE_ROOT";
        assert_eq!(fits(names, &mismatch("stateRoot")), Some(true));
        assert_eq!(fits("uncleIsBrother", &mismatch("stateRoot")), None);
    }

    #[test]
    fn a_field_is_found_in_the_place_of_an_error() {
        let wrong = |place: &str| {
            Refusal::Invalid(Error::Wrong {
                place: place.into(),
                problem: String::new(),
            })
        };
        assert_eq!(
            fits("BlockException.UNCLE_IN_CHAIN", &wrong("block.uncles[1]")),
            Some(true)
        );
        assert_eq!(
            fits("BlockException.RLP_BLOCK_LIMIT_EXCEEDED", &wrong("block")),
            Some(true)
        );
        assert_eq!(
            fits("BlockException.RLP_BLOCK_LIMIT_EXCEEDED", &wrong("block.number")),
            Some(false)
        );
    }
}
