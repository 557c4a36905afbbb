//! What runs in a frame.

use super::Call;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY};
use metisvm_vm::{ChainSpec, MetisPrecompiles};
use revm::{
    bytecode::Bytecode,
    context_interface::{ContextTr, LocalContextTr},
    interpreter::{CallInput, FrameInput},
    precompile::{PrecompileSpecId, Precompiles},
    primitives::hardfork::SpecId,
};

/// What runs in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The bytecode with this hash. Of an account that delegates (EIP-7702), that of the account it delegates to.
    Contract(B256),
    /// The precompile at this address.
    Precompile(Address),
    /// The init code of a creation, whichever it is.
    Create,
    /// Nothing: the account has no code.
    Empty,
    /// What transactions call first, where there are [too many paths](super::MAX_CALL_PATHS) to tell more apart.
    Other,
}

/// How many bytes of the input say which function is called.
const SELECTOR_BYTES: usize = 4;

/// What a frame that is about to begin will run, and its bytecode where that is a contract's.
pub(super) fn of_frame<CTX: ContextTr>(
    input: &FrameInput,
    context: &CTX,
    precompiles: &MetisPrecompiles,
) -> (Call, Option<Bytecode>) {
    let plain = |code, address| Call {
        code,
        address,
        selector: None,
    };
    let FrameInput::Call(inputs) = input else {
        // The address of a contract that is being created depends on its init code, which tells paths apart too finely.
        return (plain(Code::Create, Address::ZERO), None);
    };
    let address = inputs.bytecode_address;
    let (hash, bytecode) = &inputs.known_bytecode;
    if precompiles.is_precompile(&address) {
        return (plain(Code::Precompile(address), address), None);
    }
    if *hash == KECCAK256_EMPTY || bytecode.is_empty() {
        return (plain(Code::Empty, address), None);
    }
    let call = Call {
        code: Code::Contract(*hash),
        address,
        selector: selector(&inputs.input, context),
    };
    (call, Some(bytecode.clone()))
}

fn selector<CTX: ContextTr>(input: &CallInput, context: &CTX) -> Option<[u8; SELECTOR_BYTES]> {
    match input {
        CallInput::Bytes(bytes) => bytes.first_chunk().copied(),
        CallInput::SharedBuffer(range) => context
            .local()
            .shared_memory_buffer_slice(range.clone())
            .and_then(|bytes| bytes.first_chunk().copied()),
    }
}

/// The name of the precompile at an address: Ethereum's as EIP-7910 writes them, in lower case, then those of the chain.
pub(super) fn precompile_name(spec: &ChainSpec, address: Address) -> String {
    let ours = spec.inference.as_ref();
    if ours.is_some_and(|inference| inference.precompile == address) {
        return "inference".to_owned();
    }
    let proofs = ours.and_then(|inference| inference.proofs.as_ref());
    if proofs.is_some_and(|proofs| proofs.precompile == address) {
        return "proof verification".to_owned();
    }
    // The newest fork has all of them; where a precompile was called, its own fork had it.
    let newest = Precompiles::new(PrecompileSpecId::from_spec_id(SpecId::AMSTERDAM));
    match newest.get(&address) {
        Some(precompile) => precompile.id().name().to_ascii_lowercase(),
        None => address.to_string(),
    }
}
