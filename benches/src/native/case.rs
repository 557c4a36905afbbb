use alloy_evm::EvmEnv;
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::{
    context::{BlockEnv, CfgEnv, TxEnv},
    primitives::{B256, hardfork::SpecId},
};
use std::sync::Arc;

/// How many times as fast as the interpreter a case is to be, by its name (issue of native code).
const AIMS: [(&str, f64); 8] = [
    ("aave_supply", 3.0),
    ("aave_withdraw", 3.0),
    ("aave_repay", 3.0),
    ("snailtracer", 3.5),
    ("burntpix", 4.5),
    ("fibonacci", 15.0),
    ("erc20_transfer", 1.35),
    ("univ2_router", 1.55),
];

/// A transaction with the state before it. Executing it changes nothing of the state, so it can be executed again.
#[derive(Debug)]
pub struct Case {
    /// Its name in figures.
    pub name: String,
    /// The block and the rules.
    pub env: EvmEnv,
    /// The state before the transaction.
    pub state: MemoryState,
    /// The transaction; it succeeds.
    pub transaction: TxEnv,
}

impl Case {
    /// How many times as fast as the interpreter it is to be, where there is an aim.
    pub fn aim(&self) -> Option<f64> {
        let found = AIMS.iter().find(|(name, _)| *name == self.name);
        found.map(|(_, aim)| *aim)
    }

    /// What makes its EVMs, which interpret.
    pub fn factory(&self) -> MetisEvmFactory {
        MetisEvmFactory::new(Arc::new(ChainSpec::mainnet()), None)
    }
}

/// The environment of a case that comes from no block of a chain: Osaka, and any nonce, price and gas limit.
pub(super) fn environment(block: BlockEnv) -> EvmEnv {
    let mut cfg_env = CfgEnv::new_with_spec(SpecId::OSAKA);
    cfg_env.disable_nonce_check = true;
    cfg_env.tx_gas_limit_cap = Some(u64::MAX);
    let block_env = BlockEnv {
        prevrandao: Some(B256::ZERO),
        basefee: 0,
        ..block
    };
    EvmEnv { cfg_env, block_env }
}
