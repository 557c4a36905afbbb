//! Transfers of ether between accounts without code, without starting the interpreter.
//!
//! What such a transaction does follows from three balances and a nonce, so nothing in it has to be
//! executed speculatively: it is applied when its turn comes. Whatever is not plainly of this kind, or
//! would be invalid, goes to the EVM, which also words the error.

use super::block_state::BlockState;
use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{Address, Bytes, KECCAK256_EMPTY, TxKind, U256};
use metisvm_state::{BasicAccount, StateError};
use revm::{
    Database, DatabaseRef,
    context::TransactionType,
    context_interface::{
        Cfg, Transaction,
        result::{EVMError, ExecutionResult, Output, ResultGas, SuccessReason},
    },
    handler::validation::{validate_env, validate_initial_tx_gas_with_gas_params},
    primitives::hardfork::SpecId,
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
    pub(super) fn debit(&self, sender: Option<BasicAccount>) -> Option<BasicAccount> {
        let sender = sender?;
        let plain = sender.code_hash == KECCAK256_EMPTY && sender.nonce == self.nonce;
        if !plain || sender.balance < self.required {
            return None;
        }
        Some(BasicAccount {
            // Both are within what is required.
            balance: sender.balance - self.fee - self.value,
            nonce: sender.nonce + 1,
            ..sender
        })
    }

    /// The recipient afterwards; `None` where it has code.
    pub(super) fn credit(&self, recipient: Option<BasicAccount>) -> Option<BasicAccount> {
        let mut recipient = recipient.unwrap_or(NO_ACCOUNT);
        if recipient.code_hash != KECCAK256_EMPTY {
            return None;
        }
        recipient.balance = recipient.balance.checked_add(self.value)?;
        Some(recipient)
    }

    /// The beneficiary afterwards; `None` where only the EVM can tell: a fee of zero clears an empty account
    /// (EIP-161), and a balance may not overflow.
    pub(super) fn reward(&self, beneficiary: Option<BasicAccount>) -> Option<BasicAccount> {
        let mut rewarded = beneficiary.unwrap_or(NO_ACCOUNT);
        rewarded.balance = rewarded.balance.checked_add(self.reward)?;
        let empty =
            rewarded.balance.is_zero() && rewarded.nonce == 0 && rewarded.code_hash == KECCAK256_EMPTY;
        (!empty).then_some(rewarded)
    }

    /// Applies the transfer to a state; false, and nothing is done, where the EVM has to. `sender` and
    /// `recipient` are the accounts as they were before the block.
    pub(super) fn apply<S: DatabaseRef>(
        &self,
        state: &mut BlockState<'_, S>,
        beneficiary: Address,
        sender: Option<BasicAccount>,
        recipient: Option<BasicAccount>,
    ) -> Result<bool, S::Error> {
        let Some(debited) = self.debit(state.known(&self.from, sender)) else {
            return Ok(false);
        };
        let credited = if self.to == self.from {
            self.credit(Some(debited))
        } else {
            self.credit(state.known(&self.to, recipient))
        };
        let Some(credited) = credited else {
            return Ok(false);
        };
        let before = if beneficiary == self.to {
            Some(credited)
        } else if beneficiary == self.from {
            Some(debited)
        } else {
            state.account(&beneficiary)?
        };
        let Some(rewarded) = self.reward(before) else {
            return Ok(false);
        };
        state.next_step();
        state.set_account(self.from, debited);
        state.set_account(self.to, credited);
        state.set_account(beneficiary, rewarded);
        Ok(true)
    }

    /// What the EVM would have said.
    pub(super) fn result(&self) -> ExecutionResult {
        ExecutionResult::Success {
            reason: SuccessReason::Stop,
            gas: self.gas,
            logs: Vec::new(),
            output: Output::Call(Bytes::new()),
        }
    }
}

const NO_ACCOUNT: BasicAccount = BasicAccount {
    balance: U256::ZERO,
    nonce: 0,
    code_hash: KECCAK256_EMPTY,
};
