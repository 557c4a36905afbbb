//! Contracts of several regions, and frames of them.

use metisvm_jit::{Jit, JitOptions, Native, Rules};
use revm::{
    bytecode::{Bytecode, opcode as op},
    context_interface::host::DummyHost,
    interpreter::{
        CallInput, InputsImpl, Interpreter, InterpreterAction, SharedMemory,
        instructions::{gas_table_spec, instruction_table},
        interpreter::{EthInterpreter, ExtBytecode},
    },
    primitives::{Bytes, U256, hardfork::SpecId},
};
use std::sync::Arc;

const SPEC: SpecId = SpecId::PRAGUE;

/// Additions in a block of a contract: three bytes each, so that a block is longer than a region has to be.
const ADDITIONS: usize = 400;

/// More than any frame here needs.
const GAS: u64 = 1_000_000;

pub(crate) fn rules() -> Rules {
    Rules::new(SPEC, &gas_table_spec(SPEC))
}

pub(crate) fn jit(options: JitOptions) -> Arc<Jit> {
    Jit::new(options).unwrap()
}

/// A contract of so many blocks, each a region or more. The first word of its input chooses one, which returns
/// `number + ADDITIONS * block`.
pub(crate) fn contract(number: u16, blocks: u8) -> Bytecode {
    const CHOICE: usize = 8;
    let choose = [op::PUSH0, op::CALLDATALOAD];
    let mut block_code = vec![op::JUMPDEST, op::PUSH2];
    block_code.extend(number.to_be_bytes());
    let addition = block_code.len() + 1;
    block_code.extend([op::PUSH1, 0, op::ADD].repeat(ADDITIONS));
    block_code.extend([op::PUSH0, op::MSTORE, op::PUSH1, 32, op::PUSH0, op::RETURN]);
    let mut code = choose.to_vec();
    let first = choose.len() + usize::from(blocks) * CHOICE + 1;
    for block in 0..blocks {
        let [high, low] = u16::try_from(first + usize::from(block) * block_code.len())
            .unwrap()
            .to_be_bytes();
        code.extend([
            op::DUP1,
            op::PUSH1,
            block,
            op::EQ,
            op::PUSH2,
            high,
            low,
            op::JUMPI,
        ]);
    }
    code.push(op::STOP);
    for block in 0..blocks {
        for at in 0..ADDITIONS {
            block_code[addition + 3 * at] = block;
        }
        code.extend(&block_code);
    }
    Bytecode::new_legacy(Bytes::from(code))
}

fn frame(code: &Bytecode, block: u8, has_hash: bool) -> Interpreter<EthInterpreter> {
    let code = match has_hash {
        true => ExtBytecode::new_with_hash(code.clone(), code.hash_slow()),
        false => ExtBytecode::new(code.clone()),
    };
    let input = InputsImpl {
        input: CallInput::Bytes(U256::from(block).to_be_bytes_vec().into()),
        ..InputsImpl::default()
    };
    Interpreter::new(SharedMemory::new(), code, input, false, SPEC, GAS)
}

/// What the interpreter makes of a block of a contract.
pub(crate) fn interpreted(code: &Bytecode, block: u8) -> InterpreterAction {
    let mut host = DummyHost::new(SPEC);
    frame(code, block, true).run_plain(&instruction_table(), &gas_table_spec(SPEC), &mut host)
}

/// Runs a block of a contract, and asserts that it is what the interpreter makes of it.
pub(crate) fn run(native: &mut Native, code: &Bytecode, block: u8) {
    run_frame(native, code, frame(code, block, true), block);
}

/// The same of code that creates a contract, as far as the interpreter knows.
pub(crate) fn run_without_hash(native: &mut Native, code: &Bytecode, block: u8) {
    run_frame(native, code, frame(code, block, false), block);
}

fn run_frame(native: &mut Native, code: &Bytecode, mut frame: Interpreter<EthInterpreter>, block: u8) {
    let mut host = DummyHost::new(SPEC);
    let action = native.run(&mut frame, &instruction_table(), &gas_table_spec(SPEC), &mut host);
    assert_eq!(action, interpreted(code, block));
}

/// The number in what a block returned.
pub(crate) fn number(action: &InterpreterAction) -> U256 {
    match action {
        InterpreterAction::Return(result) => U256::from_be_slice(&result.output),
        other => panic!("{other:?}"),
    }
}

#[test]
fn blocks_return_their_numbers() {
    for block in 0..4 {
        let expected = U256::from(7 + ADDITIONS * usize::from(block));
        assert_eq!(number(&interpreted(&contract(7, 4), block)), expected);
    }
}
