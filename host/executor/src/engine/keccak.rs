//! The KECCAK256 instruction with a memory for short inputs.

use super::hashes::{Hashes, LONGEST};
use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{B256, keccak256 as compute};
use revm::{
    Database,
    bytecode::opcode,
    context_interface::{Cfg, ContextTr},
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionResult, instructions::system, interpreter::EthInterpreter,
    },
};

/// A state that comes with remembered hashes.
pub(super) trait Hashing {
    /// Keccak-256 of what a contract hashes.
    fn keccak256(&mut self, input: &[u8]) -> B256;
}

/// What one look-up that finds its hash gains, in look-ups in vain: the hash against a few lines of memory. As
/// measured, 350 ns against 80.
const GAIN: u32 = 4;
/// So many look-ups in vain, less what was gained meanwhile, and no more is looked up for a while,
const IN_VAIN: u32 = 512;
/// that is, for so many hashes.
const PAUSE: u32 = 2048;
/// After a pause so many look-ups in vain bring the next one.
const TRIAL: u32 = 32;

/// Whether looking hashes up pays, for one thread. A contract may hash what nobody has hashed before, as a mint of
/// many tokens does, and then the table costs a fifth of a hash and gains nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Recall {
    /// Look-ups in vain, less what those gained that were not.
    in_vain: u32,
    /// Hashes that are still to be computed without a look.
    pause: u32,
}

impl Recall {
    /// Keccak-256 of the input, looked up where that pays.
    #[inline]
    pub(super) fn keccak256(&mut self, hashes: &Hashes, input: &[u8]) -> B256 {
        if self.pause > 0 {
            self.pause -= 1;
            return compute(input);
        }
        let (hash, found) = hashes.look_up(input);
        if found {
            self.in_vain = self.in_vain.saturating_sub(GAIN);
        } else {
            self.in_vain += 1;
            if self.in_vain == IN_VAIN {
                self.in_vain -= TRIAL;
                self.pause = PAUSE;
            }
        }
        hash
    }
}

type Step<'a, DB> = InstructionContext<'a, EthEvmContext<DB>, EthInterpreter>;

/// Replaces the instruction.
pub(super) fn remember<DB: Database + Hashing>(
    instructions: &mut EthInstructions<EthInterpreter, EthEvmContext<DB>>,
) {
    instructions.instruction_table_mut()[opcode::KECCAK256 as usize] = Instruction::new(keccak256::<DB>);
}

/// Gas and memory as in the Yellow Paper, appendix H (`KECCAK256`); inputs that are not remembered, and every
/// failure but two that both ways share, go to revm's.
fn keccak256<DB: Database + Hashing>(step: Step<'_, DB>) -> Result<(), InstructionResult> {
    let stack = &step.interpreter.stack;
    let (Ok(offset), Ok(length)) = (stack.peek(0), stack.peek(1)) else {
        return system::keccak256(step);
    };
    let (Ok(offset), Ok(length @ 1..=LONGEST)) = (usize::try_from(offset), usize::try_from(length)) else {
        return system::keccak256(step);
    };
    let InstructionContext { interpreter, host } = step;
    let gas_params = host.cfg().gas_params();
    if !interpreter
        .gas
        .record_regular_cost(gas_params.keccak256_cost(length))
    {
        return Err(InstructionResult::OutOfGas);
    }
    interpreter.resize_memory(gas_params, offset, length)?;
    let hash = {
        let input = interpreter.memory.slice_len(offset, length);
        host.journaled_state.database.keccak256(&input)
    };
    // Two were there, so one can be taken off and the other overwritten.
    interpreter.stack.pop()?;
    interpreter.stack.set(0, hash.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An input of 64 bytes, as the slot of a mapping has.
    fn input(number: u32) -> [u8; 64] {
        let mut input = [0; 64];
        input[..4].copy_from_slice(&number.to_be_bytes());
        input
    }

    /// How many of these inputs are remembered afterwards.
    fn remembered(hashes: &Hashes, numbers: core::ops::Range<u32>) -> usize {
        numbers.filter(|number| hashes.look_up(&input(*number)).1).count()
    }

    #[test]
    fn hashes_are_right_whether_looked_up_or_not() {
        let (hashes, mut recall) = (Hashes::default(), Recall::default());
        for number in (0..5_000).chain(0..100) {
            let input = input(number);
            assert_eq!(recall.keccak256(&hashes, &input), compute(input));
        }
    }

    #[test]
    fn what_is_never_hashed_again_is_soon_not_kept() {
        let (hashes, mut recall) = (Hashes::default(), Recall::default());
        let first = 100_000;
        for number in 0..first {
            recall.keccak256(&hashes, &input(number));
        }
        for number in first..first + 10 * (PAUSE + TRIAL) {
            recall.keccak256(&hashes, &input(number));
        }
        let kept = remembered(&hashes, first..first + 10 * (PAUSE + TRIAL));
        // Of each pause with its trial the trial, in places of which some are taken again.
        assert!(
            (5 * TRIAL as usize..=10 * TRIAL as usize).contains(&kept),
            "{kept}"
        );
    }

    #[test]
    fn what_is_hashed_twice_is_always_looked_up() {
        let (hashes, mut recall) = (Hashes::default(), Recall::default());
        for number in 0..50_000 {
            for _ in 0..2 {
                recall.keccak256(&hashes, &input(number));
            }
            assert_eq!(recall.pause, 0);
        }
    }

    #[test]
    fn looking_up_goes_on_when_hashes_come_again() {
        let (hashes, mut recall) = (Hashes::default(), Recall::default());
        for number in 0..10_000 {
            recall.keccak256(&hashes, &input(number));
        }
        for _ in 0..2 * PAUSE {
            recall.keccak256(&hashes, &input(1 << 30));
        }
        assert_eq!((recall.in_vain, recall.pause), (0, 0));
    }
}
