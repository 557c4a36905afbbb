//! Makes a trial that differs as small as it gets, and still differ.

use crate::{
    check::{Found, Interpreters, Pair},
    execution::{Entry, Form},
    generate::Trial,
    instructions::stack,
    program::{Item, Word},
};
use revm::{
    bytecode::{Bytecode, opcode},
    context_interface::result::{ExecutionResult, HaltReason},
    primitives::U256,
};
use std::ops::Range;

/// Executions that a difference is shrunk with at most, where one takes microseconds.
pub(crate) const MANY: usize = 6_000;

/// Tries smaller trials until none of them differs, or so many were tried. `differs` executes one.
pub(crate) fn shrunk(found: Found, most: usize, differs: impl FnMut(&Trial) -> Option<String>) -> Found {
    let mut shrinker = Shrinker {
        found,
        differs,
        left: most,
        gas_matters: true,
        reference: Pair::new(Interpreters),
    };
    shrinker.gas_matters = !shrinker.with(|trial| trial.gas = AMPLE);
    loop {
        let before = shrinker.found.trial.clone();
        shrinker.circumstances();
        shrinker.items();
        shrinker.windows();
        shrinker.values();
        shrinker.gas();
        if shrinker.found.trial == before || shrinker.left == 0 {
            return shrinker.found;
        }
    }
}

/// More gas than programs need.
const AMPLE: u64 = 1_000_000;
/// Items that are exchanged at a time.
const WINDOW: usize = 10;

/// Words that items take in all, and leave.
fn balance(items: &[Item]) -> (usize, usize) {
    let each = items.iter().map(|item| match item {
        Item::Op(byte) => stack(*byte),
        Item::Push { .. } | Item::PushLabel { .. } => (0, 1),
        Item::Label(_) | Item::Bytes(_) => (0, 0),
    });
    each.fold((0, 0), |sum, (takes, leaves)| (sum.0 + takes, sum.1 + leaves))
}

/// The least gas with which a trial does not run out of it, or [`AMPLE`].
fn enough(reference: &mut Pair<Interpreters>, trial: &Trial) -> u64 {
    let mut execution = trial.execution();
    let code = Bytecode::new_raw(execution.code.clone());
    let (mut little, mut much) = (0, AMPLE);
    while much - little > 1 {
        execution.gas = little + (much - little) / 2;
        match reference.execute(&execution, &code).0.result {
            Err(_)
            | Ok(ExecutionResult::Halt {
                reason: HaltReason::OutOfGas(_),
                ..
            }) => little = execution.gas,
            Ok(_) => much = execution.gas,
        }
    }
    much
}

struct Shrinker<F> {
    found: Found,
    differs: F,
    left: usize,
    /// Whether it does not differ with ample gas.
    gas_matters: bool,
    /// Says what gas trials need.
    reference: Pair<Interpreters>,
}

impl<F: FnMut(&Trial) -> Option<String>> Shrinker<F> {
    /// Takes what `change` makes of the trial, where that differs too.
    fn with(&mut self, change: impl FnOnce(&mut Trial)) -> bool {
        let mut trial = self.found.trial.clone();
        change(&mut trial);
        if trial == self.found.trial || self.left == 0 {
            return false;
        }
        self.left -= 1;
        match (self.differs)(&trial) {
            Some(difference) => {
                self.found = Found { trial, difference };
                true
            }
            None => false,
        }
    }

    /// The same; where gas decides whether it differs, also with as much less gas as the changed trial needs less.
    fn with_gas(&mut self, change: impl Fn(&mut Trial)) -> bool {
        if self.with(&change) {
            return true;
        }
        if !self.gas_matters {
            return false;
        }
        let mut trial = self.found.trial.clone();
        change(&mut trial);
        if trial == self.found.trial {
            return false;
        }
        let before = enough(&mut self.reference, &self.found.trial);
        let after = enough(&mut self.reference, &trial);
        self.with(|trial| {
            change(trial);
            trial.gas = (trial.gas + after).saturating_sub(before);
        })
    }

    /// Takes what the trial is without a few items, or with others in their place.
    fn without(&mut self, range: Range<usize>, instead: Vec<Item>) -> bool {
        self.with_gas(|trial| drop(trial.program.items.splice(range.clone(), instead.clone())))
    }

    /// The plainest transaction.
    fn circumstances(&mut self) {
        self.with_gas(|trial| trial.entry = Entry::Call);
        self.with_gas(|trial| trial.form = Form::Legacy);
        self.with_gas(|trial| trial.value = 0);
        self.with_gas(|trial| trial.spec = revm::primitives::hardfork::SpecId::OSAKA);
        self.with_gas(|trial| trial.program.cut = 0);
        self.with_gas(|trial| trial.program.input.clear());
        while self.with_gas(|trial| {
            trial
                .program
                .input
                .truncate(trial.program.input.len().saturating_sub(1))
        }) {}
    }

    /// Leaves instructions out: halves, quarters, and so on down to single ones.
    fn items(&mut self) {
        let mut size = self.found.trial.program.items.len().next_power_of_two() / 2;
        while size > 0 {
            let mut end = self.found.trial.program.items.len();
            while end > 0 {
                let start = end.saturating_sub(size);
                self.without(start..end, Vec::new());
                end = start;
            }
            size /= 2;
        }
    }

    /// Leaves out a few that stand beside each other, or puts in their place what leaves as much on the stack.
    fn windows(&mut self) {
        for size in 1..=WINDOW {
            let mut start = self.found.trial.program.items.len().saturating_sub(size);
            loop {
                let items = &self.found.trial.program.items;
                let Some(window) = items.get(start..start + size) else {
                    break;
                };
                let (takes, leaves) = balance(window);
                let gone = size > 1 && self.without(start..start + size, Vec::new());
                let net = leaves.abs_diff(takes);
                if !gone && net > 0 && net < size {
                    let one = if leaves > takes {
                        Item::push(U256::ZERO)
                    } else {
                        Item::Op(opcode::POP)
                    };
                    self.without(start..start + size, vec![one; net]);
                }
                let Some(before) = start.checked_sub(1) else { break };
                start = before;
            }
        }
    }

    /// Smaller numbers, and constants in place of what is computed.
    fn values(&mut self) {
        for index in 0..self.found.trial.program.items.len() {
            match self.found.trial.program.items[index].clone() {
                Item::Push { value, .. } => {
                    let smaller = [
                        U256::ZERO,
                        U256::from(1),
                        value & U256::from(u64::MAX),
                        value >> 128,
                        value >> 8,
                        value >> 1,
                        value.saturating_sub(U256::from(1)),
                    ];
                    for value in smaller {
                        if self.with(|trial| trial.program.items[index] = Item::push(value)) {
                            break;
                        }
                    }
                    self.with(|trial| trial.program.items[index] = Item::push(value));
                }
                Item::PushLabel { label, .. } => {
                    let plain = Item::PushLabel {
                        label,
                        add: 0,
                        xor: 0,
                    };
                    self.with(|trial| trial.program.items[index] = plain);
                }
                Item::Bytes(bytes) if bytes.len() > 1 => {
                    self.with(|trial| trial.program.items[index] = Item::Bytes(bytes[..1].to_vec()));
                }
                _ => {}
            }
        }
        for index in 0..self.found.trial.program.input.len() {
            for value in [U256::ZERO, U256::from(1)] {
                if self.with(|trial| trial.program.input[index] = Word::Value(value)) {
                    break;
                }
            }
        }
    }

    /// Less gas, but round numbers where they do.
    fn gas(&mut self) {
        self.with(|trial| trial.gas = 100_000);
        let gas = self.found.trial.gas;
        for step in [gas / 2, gas / 8, 1000, 100, 10, 1] {
            while step > 0
                && self.found.trial.gas != 100_000
                && self.with(|trial| trial.gas -= step.min(trial.gas))
            {}
        }
    }
}
