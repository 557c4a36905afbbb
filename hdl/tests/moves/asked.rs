//! What is asked of a module, and what must come of it.

use crate::numbers;
use metisvm_firmware::Instruction;

/// The status that a harness gives a stopped instruction.
const STOPPED: u64 = 99;

/// An instruction, the status it must end with, and the hash of what it writes to, after it.
pub(crate) struct Asked {
    pub(crate) instruction: Instruction,
    pub(crate) status: u64,
    pub(crate) hash: u64,
}

/// The first instruction whose status or hash is wrong, or that has no answer.
pub(crate) fn first_wrong(answer: &str, asked: &[Asked]) -> Option<usize> {
    let mut lines = answer.lines();
    asked.iter().position(|asked| {
        !lines.next().is_some_and(|line| {
            let [status, _, _, hash] = numbers(line);
            status == STOPPED || (status, hash) == (asked.status, asked.hash)
        })
    })
}
