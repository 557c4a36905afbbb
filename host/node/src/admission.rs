//! Whether a transaction is let into the pool. What a block would say of it is said at once, in the words that
//! clients look for.

use crate::{error::NodeError, world::World};
use alloy_consensus::{Header, Transaction, TxEnvelope, Typed2718, transaction::Recovered};
use alloy_eips::eip4844::VERSIONED_HASH_VERSION_KZG;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::U256;
use metisvm_vm::ChainSpec;
use revm::{
    context_interface::{Block, Cfg, cfg::gas::calculate_initial_tx_gas},
    primitives::hardfork::SpecId,
};

/// What a transaction has to keep to beside the rules of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The longest transaction as bytes, blobs not counted.
    pub most_bytes: usize,
}

impl Rules {
    /// What is usual on a chain: geth's 128 KiB; and where proofs are verified 512 KiB, since a proof that hides its
    /// input takes some 150,000 bytes, and the gas of a transaction (EIP-7825) pays for 419,430 that are not zero.
    pub const fn of(spec: &ChainSpec) -> Self {
        let proofs = matches!(&spec.inference, Some(inference) if inference.proofs.is_some());
        Self {
            most_bytes: if proofs { 1 << 19 } else { 1 << 17 },
        }
    }
}

/// The most gas of a transaction from Osaka on (EIP-7825).
pub(crate) const OSAKA_GAS: u64 = 1 << 24;

/// Where a transaction would go.
#[derive(Debug, Clone, Copy)]
pub struct Next<'a> {
    /// The header of the block to come.
    pub header: &'a Header,
    /// The state before it.
    pub world: &'a World,
    /// A transaction is mined as soon as it comes: one that the block cannot take is of no use then.
    pub at_once: bool,
}

/// Holds a transaction to the state after the last block and to the block to come.
///
/// # Errors
/// Why it is not let in.
pub fn check(
    spec: &ChainSpec,
    rules: &Rules,
    next: &Next<'_>,
    transaction: &Recovered<TxEnvelope>,
) -> Result<(), NodeError> {
    let refuse = |problem: String| Err(NodeError::Refused(problem));
    let chain_id = spec.chain_id;
    if let Some(id) = transaction.chain_id()
        && id != chain_id
    {
        return refuse(format!(
            "invalid chain id: the transaction is for chain {id}, this is {chain_id}"
        ));
    }
    let (number, time) = (next.header.number, next.header.timestamp);
    let (kind, active) = match transaction.ty() {
        1 => ("access list", spec.is_berlin_active_at_block(number)),
        2 => ("dynamic fee", spec.is_london_active_at_block(number)),
        3 => ("blob", spec.is_cancun_active_at_timestamp(time)),
        4 => ("set code", spec.is_prague_active_at_timestamp(time)),
        _ => ("", true),
    };
    if !active {
        return refuse(format!(
            "transaction type not supported: {kind} transactions do not exist yet on {}",
            spec.name
        ));
    }
    let bytes = alloy_eips::Encodable2718::encode_2718_len(transaction.inner());
    if bytes > rules.most_bytes {
        let most = rules.most_bytes;
        return refuse(format!(
            "oversized data: the transaction has {bytes} bytes, the most is {most}"
        ));
    }
    let gas = transaction.gas_limit();
    if gas > next.header.gas_limit {
        return refuse(format!(
            "exceeds block gas limit: the transaction asks for {gas}, a block has {}",
            next.header.gas_limit
        ));
    }
    if spec.is_osaka_active_at_timestamp(time) && gas > OSAKA_GAS {
        return refuse(format!(
            "transaction gas limit too high: {gas} exceeds {OSAKA_GAS} (EIP-7825)"
        ));
    }
    if let Some(tip) = transaction.max_priority_fee_per_gas()
        && tip > transaction.max_fee_per_gas()
    {
        let most = transaction.max_fee_per_gas();
        return refuse(format!(
            "max priority fee per gas higher than max fee per gas: {tip} exceeds {most}"
        ));
    }
    check_gas(spec, next.header, transaction, gas)?;
    check_contents(spec, next, transaction)?;
    let account = next.world.account(transaction.signer())?;
    let (nonce, balance) = account.map_or((0, U256::ZERO), |account| (account.nonce, account.balance));
    if transaction.nonce() < nonce {
        return refuse(format!(
            "nonce too low: next nonce {nonce}, tx nonce {}",
            transaction.nonce()
        ));
    }
    let blob_gas = transaction.blob_gas_used().unwrap_or_default();
    let blob_fee = transaction.max_fee_per_blob_gas().unwrap_or_default();
    let cost = U256::from(gas)
        .saturating_mul(U256::from(transaction.max_fee_per_gas()))
        .saturating_add(transaction.value())
        .saturating_add(U256::from(blob_gas).saturating_mul(U256::from(blob_fee)));
    if cost > balance {
        return refuse(format!(
            "insufficient funds for gas * price + value: {} has {balance} wei, and may need {cost}",
            transaction.signer()
        ));
    }
    if next.at_once {
        let base_fee = next.header.base_fee_per_gas.unwrap_or_default();
        if transaction.max_fee_per_gas() < u128::from(base_fee) {
            return refuse(format!(
                "max fee per gas less than block base fee: maxFeePerGas {}, baseFee {base_fee}",
                transaction.max_fee_per_gas()
            ));
        }
    }
    Ok(())
}

/// What a transaction has in it beside gas and fees.
fn check_contents(spec: &ChainSpec, next: &Next<'_>, transaction: &TxEnvelope) -> Result<(), NodeError> {
    let refuse = |problem: String| Err(NodeError::Refused(problem));
    let env = spec.evm_env(next.header);
    let bytes = transaction.input().len();
    let most = env.cfg_env.max_initcode_size();
    if transaction.kind().is_create() && env.cfg_env.spec.is_enabled_in(SpecId::SHANGHAI) && bytes > most {
        return refuse(format!(
            "max initcode size exceeded: code size {bytes}, limit {most}"
        ));
    }
    if transaction.nonce() == u64::MAX {
        return refuse(format!(
            "nonce has max value: no account can have a nonce after {} (EIP-2681)",
            u64::MAX
        ));
    }
    if transaction.authorization_list().is_some_and(<[_]>::is_empty) {
        return refuse(
            "EIP-7702 transaction with empty auth list: it needs at least one authorization".to_owned(),
        );
    }
    let Some(hashes) = transaction.blob_versioned_hashes() else {
        return Ok(());
    };
    if hashes.is_empty() {
        return refuse("blobless blob transaction: it needs at least one blob".to_owned());
    }
    if let Some(index) = hashes
        .iter()
        .position(|hash| hash[0] != VERSIONED_HASH_VERSION_KZG)
    {
        return refuse(format!(
            "blob {index} has invalid hash version {}: it has to be {VERSIONED_HASH_VERSION_KZG}",
            hashes[index][0]
        ));
    }
    if let Some(most) = env.cfg_env.max_blobs_per_tx
        && hashes.len() as u64 > most
    {
        return refuse(format!(
            "too many blobs in transaction: have {}, permitted {most}",
            hashes.len()
        ));
    }
    let price = env.block_env.blob_gasprice().unwrap_or_default();
    let offered = transaction.max_fee_per_blob_gas().unwrap_or_default();
    if next.at_once && offered < price {
        return refuse(format!(
            "max fee per blob gas less than block blob gas fee: maxFeePerBlobGas {offered}, blobBaseFee {price}"
        ));
    }
    Ok(())
}

/// The gas that it costs before anything runs.
fn check_gas(spec: &ChainSpec, header: &Header, transaction: &TxEnvelope, gas: u64) -> Result<(), NodeError> {
    let fork = spec.evm_env(header).cfg_env.spec;
    let list = transaction.access_list();
    let slots = list.map_or(0, |list| {
        list.iter().map(|item| item.storage_keys.len() as u64).sum()
    });
    let initial = calculate_initial_tx_gas(
        fork,
        transaction.input(),
        transaction.kind().is_create(),
        list.map_or(0, |list| list.len() as u64),
        slots,
        transaction
            .authorization_list()
            .map_or(0, |list| list.len() as u64),
        None,
    );
    let least = initial.initial_total_gas().max(initial.floor_gas);
    if gas < least {
        return Err(NodeError::Refused(format!(
            "intrinsic gas too low: gas {gas}, minimum needed {least}"
        )));
    }
    Ok(())
}
