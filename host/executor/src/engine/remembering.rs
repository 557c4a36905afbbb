//! The engine's memory of Keccak hashes over any state, for measurements of the EVM alone: what is compared with it must
//! have it, too.

use super::{
    hashes::Hashes,
    keccak::{self, Hashing, Recall},
};
use alloy_primitives::{Address, B256, U256};
use metisvm_vm::MetisEvm;
use revm::{
    Database,
    bytecode::Bytecode,
    state::{AccountId, AccountInfo},
};

/// A state whose EVM remembers the hashes of short inputs, as that of the block engine does. It starts with none.
#[derive(Debug)]
pub struct Remembering<DB> {
    state: DB,
    hashes: Hashes,
    recall: Recall,
}

impl<DB: Database> Remembering<DB> {
    /// A state that remembers nothing yet; its memory takes 3 MiB.
    pub fn new(state: DB) -> Self {
        Self {
            state,
            hashes: Hashes::default(),
            recall: Recall::default(),
        }
    }
}

/// Lets an EVM over such a state look hashes up. Its results and its gas stay the same.
pub fn remember_hashes<DB: Database, I>(evm: &mut MetisEvm<Remembering<DB>, I>) {
    keccak::remember(&mut evm.instruction);
}

impl<DB> Hashing for Remembering<DB> {
    #[inline]
    fn keccak256(&mut self, input: &[u8]) -> B256 {
        self.recall.keccak256(&self.hashes, input)
    }
}

impl<DB: Database> Database for Remembering<DB> {
    type Error = DB::Error;

    #[inline]
    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, DB::Error> {
        self.state.basic(address)
    }

    #[inline]
    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, DB::Error> {
        self.state.code_by_hash(code_hash)
    }

    #[inline]
    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, DB::Error> {
        self.state.storage(address, slot)
    }

    #[inline]
    fn storage_by_account_id(
        &mut self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, DB::Error> {
        self.state.storage_by_account_id(address, account, slot)
    }

    #[inline]
    fn block_hash(&mut self, number: u64) -> Result<B256, DB::Error> {
        self.state.block_hash(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::Header;
    use alloy_evm::{Evm, EvmFactory};
    use alloy_primitives::{Bytes, address, bytes, keccak256};
    use metisvm_state::MemoryState;
    use metisvm_vm::{ChainSpec, MetisEvmFactory};
    use revm::{database::WrapDatabaseRef, primitives::TxKind};
    use std::sync::Arc;

    const CONTRACT: Address = address!("0x00000000000000000000000000000000000c0de1");

    #[test]
    fn a_hash_that_was_looked_up_is_that_of_the_interpreter() {
        let mut state = MemoryState::default();
        // MSTORE(0, CALLDATALOAD(0)), MSTORE(0, KECCAK256(0, 32)), RETURN(0, 32).
        let code = bytes!("0x600035600052602060002060005260206000f3");
        state.insert_account(CONTRACT, U256::ZERO, 1, code, []);
        let factory = MetisEvmFactory::new(Arc::new(ChainSpec::mainnet()), None);
        let header = Header {
            number: 15_000_000,
            timestamp: 1_656_000_000,
            gas_limit: 30_000_000,
            ..Header::default()
        };
        let mut evm = factory.create_evm(
            Remembering::new(WrapDatabaseRef(&state)),
            factory.evm_env(&header),
        );
        remember_hashes(&mut evm);
        for word in [1_u64, 2, 1, 2] {
            let input = B256::from(U256::from(word));
            let call = revm::context::TxEnv {
                kind: TxKind::Call(CONTRACT),
                data: input.into(),
                gas_limit: 100_000,
                nonce: 0,
                chain_id: Some(1),
                ..Default::default()
            };
            let done = evm.transact_raw(call).unwrap();
            let hash: Bytes = keccak256(input).into();
            assert_eq!(done.result.output(), Some(&hash));
        }
        let memory = &evm.ctx.journaled_state.database.hashes;
        assert!(memory.look_up(B256::from(U256::from(1)).as_slice()).1);
    }
}
