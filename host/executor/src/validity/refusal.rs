//! Why revm refuses a transaction, in full: its own words name the rule, and often neither the values nor the
//! document that they break.

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::eip4844::VERSIONED_HASH_VERSION_KZG;
use revm::context_interface::{Block, Cfg, result::InvalidTransaction};

/// What revm says, with what is missing behind it. `cfg` and `block` are those of the EVM that refused it.
pub(crate) fn refusal(
    error: &InvalidTransaction,
    transaction: &Recovered<TxEnvelope>,
    cfg: impl Cfg,
    block: impl Block,
) -> String {
    let max_fee = transaction.max_fee_per_gas();
    let more = match error {
        InvalidTransaction::PriorityFeeGreaterThanMaxFee => {
            let tip = transaction.max_priority_fee_per_gas().unwrap_or_default();
            format!(": {tip} is more than {max_fee} (EIP-1559)")
        }
        InvalidTransaction::GasPriceLessThanBasefee => {
            format!(
                ": {max_fee} is less than the block's {} (EIP-1559)",
                block.basefee()
            )
        }
        InvalidTransaction::CallerGasLimitMoreThanBlock => {
            format!(": {} is more than {}", transaction.gas_limit(), block.gas_limit())
        }
        InvalidTransaction::TxGasLimitGreaterThanCap { .. } => " (EIP-7825)".into(),
        InvalidTransaction::CallGasCostMoreThanGasLimit { .. } => {
            ": the gas that it costs before it is executed (Yellow Paper, section 6.2)".into()
        }
        InvalidTransaction::GasFloorMoreThanGasLimit { .. } => ": the least for its data (EIP-7623)".into(),
        InvalidTransaction::RejectCallerWithCode => format!(": {} is one (EIP-3607)", transaction.signer()),
        InvalidTransaction::OverflowPaymentInTransaction => {
            ": what it may cost does not fit in 256 bits, so no balance covers it".into()
        }
        InvalidTransaction::NonceOverflowInTransaction => {
            format!(": it is {}, and must be less than 2^64 - 1 (EIP-2681)", u64::MAX)
        }
        InvalidTransaction::CreateInitCodeSizeLimit => {
            let (has, most) = (transaction.input().len(), cfg.max_initcode_size());
            format!(": it has {has} bytes, and may have {most} (EIP-3860)")
        }
        InvalidTransaction::InvalidChainId => {
            let id = transaction.chain_id().unwrap_or_default();
            format!(
                ": it is signed for {id}, and this chain is {} (EIP-155)",
                cfg.chain_id()
            )
        }
        InvalidTransaction::EmptyBlobs => ": a blob transaction has one at least (EIP-4844)".into(),
        InvalidTransaction::TooManyBlobs { .. } => " for a transaction (EIP-4844, EIP-7594)".into(),
        InvalidTransaction::BlobGasPriceGreaterThanMax { .. } => " (EIP-4844)".into(),
        InvalidTransaction::BlobVersionNotSupported => {
            let hashes = transaction.blob_versioned_hashes().unwrap_or_default();
            let other = hashes.iter().find(|hash| hash[0] != VERSIONED_HASH_VERSION_KZG);
            let version = other.map_or(0, |hash| hash[0]);
            format!(": {version} instead of {VERSIONED_HASH_VERSION_KZG} (EIP-4844)")
        }
        InvalidTransaction::EmptyAuthorizationList => ": it has one entry at least (EIP-7702)".into(),
        InvalidTransaction::Eip2930NotSupported => before("Berlin"),
        InvalidTransaction::Eip1559NotSupported => before("London"),
        InvalidTransaction::Eip4844NotSupported => before("Cancun"),
        InvalidTransaction::Eip7702NotSupported => before("Prague"),
        // The others say what there is to say, or are of kinds that no transaction of a block has.
        _ => String::new(),
    };
    format!("{error}{more}")
}

fn before(fork: &str) -> String {
    format!(": there are no transactions of this type before {fork}")
}
