//! From the interpreter into native code and back.

use crate::executable::Executable;
use revm::{
    context_interface::Host,
    interpreter::{GasTable, InstructionTable, Interpreter, InterpreterAction, interpreter::EthInterpreter},
};

/// How a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// In native code from where it began to its action.
    Native,
    /// In native code, and then in the interpreter because a region had no code.
    Missing,
    /// In native code, and then in the interpreter for another reason.
    Deoptimised,
    /// In the interpreter from the beginning: native code has no entry there.
    Interpreted,
}

/// Runs a frame from where its instruction pointer stands until it has an action. `missing` is asked when a region has
/// no code, and says whether it has now.
pub(crate) fn run<H: Host>(
    executable: &Executable,
    interpreter: &mut Interpreter<EthInterpreter>,
    instructions: &InstructionTable<EthInterpreter, H>,
    gas: &GasTable,
    host: &mut H,
    missing: &mut dyn FnMut(usize) -> bool,
) -> (InterpreterAction, Way) {
    let _ = (executable, missing);
    (interpreter.run_plain(instructions, gas, host), Way::Interpreted)
}
