//! Executes a trial by both, with other call data and at gas limits down to where nothing is left.

use crate::{
    compare::difference,
    execution::Execution,
    generate::Trial,
    machine::{Interpreted, Machine, Outcome, Runner, Runners},
    source::Source,
};
use revm::{
    bytecode::Bytecode,
    context_interface::result::ExecutionResult,
    interpreter::GasTable,
    primitives::{HashMap, hardfork::SpecId},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The reference needs nothing.
pub(crate) struct Interpreters;

impl Runners for Interpreters {
    type Runner = Interpreted;

    fn runner(&self, _spec: SpecId, _gas: &GasTable) -> Interpreted {
        Interpreted
    }
}

/// Below these no transaction is valid, the second from Amsterdam on (EIP-2780).
const LEAST_GAS: [u64; 2] = [21_000, 4_500];
/// Gas limits that one program is executed with at most, where every one is tried.
const EVERY_LIMIT: u64 = 300;
/// Limits at random, and just below what is used.
const SOME_LIMITS: usize = 3;
/// One program in so many is executed at every gas limit, or so many of them that they lie close.
const SWEPT: usize = 32;

/// A trial that does not come out alike.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The trial, with the gas and call data at which it differs.
    pub(crate) trial: Trial,
    /// In what.
    pub(crate) difference: String,
}

/// How much was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Programs, each another bytecode.
    pub(crate) programs: u64,
    /// Executions of them by both.
    pub(crate) executions: u64,
    /// Programs that came to their own end, good or bad, when they were first executed.
    pub(crate) ended: u64,
    /// Executions that succeeded.
    pub(crate) succeeded: u64,
    /// Frames that left their runner, all in all.
    pub(crate) steps: u64,
    /// Transactions that were not valid, so that nothing ran.
    pub(crate) invalid: u64,
}

impl Done {
    pub(crate) fn add(&mut self, other: &Self) {
        self.programs += other.programs;
        self.executions += other.executions;
        self.ended += other.ended;
        self.succeeded += other.succeeded;
        self.steps += other.steps;
        self.invalid += other.invalid;
    }
}

/// The interpreter and what is held against it, for each fork.
pub(crate) struct Pair<F: Runners> {
    runners: F,
    machines: HashMap<u8, (Machine<Interpreted>, Machine<F::Runner>)>,
    pub(crate) done: Done,
    /// How often a transaction ended how.
    pub(crate) reasons: BTreeMap<String, u64>,
    /// Where each execution is noted before it.
    notes: Option<PathBuf>,
}

impl<F: Runners<Runner: Runner>> Pair<F> {
    pub(crate) fn new(runners: F) -> Self {
        Self {
            runners,
            machines: HashMap::default(),
            done: Done::default(),
            reasons: BTreeMap::new(),
            notes: None,
        }
    }

    /// From now on each execution is written to a file before it, for the case that it ends the process.
    pub(crate) fn note_executions(&mut self, file: &Path) {
        self.notes = Some(file.to_owned());
    }

    /// Executes once by both: what the interpreter gave, and what differs.
    pub(crate) fn execute(&mut self, execution: &Execution, code: &Bytecode) -> (Outcome, Option<String>) {
        if let Some(file) = &self.notes {
            fs::write(file, execution.to_string()).expect("notes can be written");
        }
        let spec = execution.spec;
        let make = || {
            (
                Machine::new(spec, &Interpreters),
                Machine::new(spec, &self.runners),
            )
        };
        let (interpreter, tested) = self.machines.entry(spec as u8).or_insert_with(make);
        let expected = interpreter
            .execute(execution, code)
            .expect("the interpreter does not panic");
        let given = tested.execute(execution, code);
        let difference = difference(&expected, &given);
        if given.is_err() {
            self.machines.remove(&(spec as u8));
        }
        self.done.executions += 1;
        self.done.steps += expected.steps.len() as u64;
        let reason = match &expected.result {
            Ok(ExecutionResult::Success { reason, .. }) => {
                self.done.succeeded += 1;
                format!("Success {reason:?}")
            }
            Ok(ExecutionResult::Revert { .. }) => "Revert".to_owned(),
            Ok(ExecutionResult::Halt { reason, .. }) => format!("{reason:?}"),
            Err(_) => {
                self.done.invalid += 1;
                "not valid".to_owned()
            }
        };
        *self.reasons.entry(reason).or_default() += 1;
        (expected, difference)
    }

    /// Executes a trial as it is.
    pub(crate) fn differs(&mut self, trial: &Trial) -> Option<String> {
        let execution = trial.execution();
        let code = Bytecode::new_raw(execution.code.clone());
        self.execute(&execution, &code).1
    }

    /// Executes a trial in all its variants, of which another source decides; the first one that is not alike ends it.
    pub(crate) fn check(&mut self, trial: &Trial, source: &mut Source) -> Result<(), Box<Found>> {
        self.done.programs += 1;
        let code = Bytecode::new_raw(trial.program.code().into());
        self.at_limits(trial, &code, source)?;
        if !trial.program.input.is_empty() {
            for _ in 0..1 + source.below(2) {
                self.at(&trial.with_other_input(source), &code)?;
            }
        }
        Ok(())
    }

    /// With one limit: the result, where the transaction was valid.
    fn at(&mut self, trial: &Trial, code: &Bytecode) -> Result<Option<ExecutionResult>, Box<Found>> {
        let (outcome, difference) = self.execute(&trial.execution(), code);
        match difference {
            Some(difference) => Err(Box::new(Found {
                trial: trial.clone(),
                difference,
            })),
            None => Ok(outcome.result.ok()),
        }
    }

    fn at_limits(&mut self, trial: &Trial, code: &Bytecode, source: &mut Source) -> Result<(), Box<Found>> {
        let Some(result) = self.at(trial, code)? else {
            return Ok(());
        };
        self.done.ended += u64::from(!result.is_halt());
        let gas = result.gas();
        let spent = gas.total_gas_spent();
        let mut least =
            LEAST_GAS[usize::from(trial.spec.is_enabled_in(SpecId::AMSTERDAM))].max(gas.floor_gas());
        let mut limited = trial.clone();
        // What is spent is enough, unless the program looks at its gas.
        for below in 0..2 {
            limited.gas = spent.saturating_sub(below);
            self.at(&limited, code)?;
        }
        if source.one_in(SWEPT) {
            let step = (spent.saturating_sub(least) / EVERY_LIMIT).max(1);
            limited.gas = spent.saturating_sub(2);
            while limited.gas > least && self.at(&limited, code)?.is_some() {
                limited.gas = limited.gas.saturating_sub(step);
            }
            return Ok(());
        }
        for _ in 0..SOME_LIMITS {
            if least + 1 >= spent {
                break;
            }
            limited.gas = least + source.next() % (spent - least);
            if self.at(&limited, code)?.is_none() {
                least = limited.gas;
            }
        }
        Ok(())
    }
}
