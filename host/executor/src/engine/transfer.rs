//! Transfers of ether between accounts without code, without starting the interpreter.
//!
//! What such a transaction does follows from three balances and a nonce, so nothing in it has to be
//! executed speculatively: it is applied when its turn comes. Whatever is not plainly of this kind, or
//! would be invalid, goes to the EVM, which also words the error.

use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{Address, KECCAK256_EMPTY, TxKind, U256};
use metisvm_state::StateError;
use revm::{
    Database,
    context::TransactionType,
    context_interface::{
        Cfg, Transaction,
        result::{EVMError, ResultGas},
    },
    handler::validation::{validate_env, validate_initial_tx_gas_with_gas_params},
    primitives::hardfork::SpecId,
    state::AccountInfo,
};

/// Above this a fee might leave the range in which all ways to compute it agree.
const MAX_PRICE: u128 = u64::MAX as u128;

/// A transaction that moves ether, if its recipient has no code and its sender may send it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transfer {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) value: U256,
    pub(super) nonce: u64,
    pub(super) gas: ResultGas,
    /// What the sender must have (EIP-1559: at the greatest price it accepts).
    pub(super) required: U256,
    /// What it pays for gas.
    pub(super) fee: U256,
    /// What the beneficiary gets of that.
    pub(super) reward: U256,
}

/// The transfer that the context's transaction is, if it is one by its fields alone.
pub(super) fn plan<DB: Database>(
    context: &mut EthEvmContext<DB>,
    is_precompile: impl Fn(&Address) -> bool,
) -> Option<Transfer> {
    let (tx, cfg) = (&context.tx, &context.cfg);
    let TxKind::Call(to) = tx.kind else { return None };
    let ordinary = matches!(
        TransactionType::from(tx.tx_type),
        TransactionType::Legacy | TransactionType::Eip2930 | TransactionType::Eip1559
    );
    // Before EIP-161 an account can be there and empty; from Amsterdam on a transfer writes a log.
    let spec = cfg.spec;
    let in_range = spec.is_enabled_in(SpecId::SPURIOUS_DRAGON) && !spec.is_enabled_in(SpecId::AMSTERDAM);
    if !ordinary || !in_range || tx.value.is_zero() || tx.nonce == u64::MAX || is_precompile(&to) {
        return None;
    }
    if tx.gas_price > MAX_PRICE {
        return None;
    }
    validate_env::<_, EVMError<StateError>>(&mut *context).ok()?;
    let (tx, cfg, block) = (&context.tx, &context.cfg, &context.block);
    let gas = validate_initial_tx_gas_with_gas_params(
        tx,
        spec,
        &cfg.gas_params,
        cfg.is_eip7623_disabled(),
        false,
        u64::MAX,
        None,
    )
    .ok()?;
    let used = gas.initial_total_gas().max(gas.floor_gas());
    let base_fee = u128::from(block.basefee);
    let price = tx.effective_gas_price(base_fee);
    let tip = if spec.is_enabled_in(SpecId::LONDON) {
        price.saturating_sub(base_fee)
    } else {
        price
    };
    Some(Transfer {
        from: tx.caller,
        to,
        value: tx.value,
        nonce: tx.nonce,
        gas: ResultGas::default()
            .with_total_gas_spent(gas.initial_total_gas())
            .with_floor_gas(gas.floor_gas()),
        required: tx.max_balance_spending().ok()?,
        fee: U256::from(price * u128::from(used)),
        reward: U256::from(tip * u128::from(used)),
    })
}

impl Transfer {
    /// The sender afterwards; `None` where it may not send this, or where only the EVM can tell.
    pub(super) fn debit(&self, sender: Option<&AccountInfo>) -> Option<AccountInfo> {
        let sender = sender?;
        let plain = sender.code_hash == KECCAK256_EMPTY && sender.nonce == self.nonce;
        if !plain || sender.balance < self.required {
            return None;
        }
        Some(AccountInfo {
            // Both are within what is required.
            balance: sender.balance - self.fee - self.value,
            nonce: sender.nonce + 1,
            ..sender.clone()
        })
    }

    /// The recipient afterwards; `None` where it has code.
    pub(super) fn credit(&self, recipient: Option<&AccountInfo>) -> Option<AccountInfo> {
        let mut info = recipient.cloned().unwrap_or_default();
        if info.code_hash != KECCAK256_EMPTY {
            return None;
        }
        info.balance = info.balance.checked_add(self.value)?;
        Some(info)
    }
}
