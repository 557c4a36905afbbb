//! Programs from seeds.

mod build;
mod calls;
mod flow;
mod limits;
mod memory;
mod pairs;
mod straight;

use crate::{
    execution::{Entry, Execution, Form},
    program::{Program, Word},
    source::Source,
};
use build::Builder;
use revm::primitives::hardfork::SpecId;

/// What a seed gives: a program and how it is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trial {
    /// The program.
    pub(crate) program: Program,
    /// The fork.
    pub(crate) spec: SpecId,
    /// How the code is reached.
    pub(crate) entry: Entry,
    /// Kind of transaction.
    pub(crate) form: Form,
    /// The transaction's limit.
    pub(crate) gas: u64,
    /// The transaction's value.
    pub(crate) value: u64,
}

impl Trial {
    /// What is executed.
    pub(crate) fn execution(&self) -> Execution {
        Execution {
            spec: self.spec,
            entry: self.entry,
            form: self.form,
            gas: self.gas,
            value: self.value,
            code: self.program.code().into(),
            input: self.program.input().into(),
        }
    }

    /// A trial of an execution, whose bytecode is taken apart.
    pub(crate) fn of_execution(execution: &Execution) -> Self {
        let mut program = Program::of_code(&execution.code);
        let words = execution.input.chunks(32);
        program.cut = execution
            .input
            .len()
            .next_multiple_of(32)
            .wrapping_sub(execution.input.len()) as u8;
        program.input = words
            .map(|word| {
                let mut whole = [0; 32];
                whole[..word.len()].copy_from_slice(word);
                Word::Value(revm::primitives::U256::from_be_bytes(whole))
            })
            .collect();
        Self {
            program,
            spec: execution.spec,
            entry: execution.entry,
            form: execution.form,
            gas: execution.gas,
            value: execution.value,
        }
    }

    /// The trial of a seed.
    pub(crate) fn of_seed(seed: u64) -> Self {
        // One seed in four is a program of pairs: the number of it among those decides which pairs.
        let pairs = seed.is_multiple_of(4).then_some(seed / 4);
        Self::made(Source::of_seed(seed), pairs)
    }

    /// The trial of a fuzzer's bytes.
    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::made(Source::of_bytes(bytes), None)
    }

    fn made(mut source: Source, pairs: Option<u64>) -> Self {
        let spec = fork(&mut source);
        let entry = match source.below(48) {
            0 => Entry::Create,
            1..=4 if spec.is_enabled_in(SpecId::PRAGUE) => Entry::Delegated,
            _ => Entry::Call,
        };
        let form = match source.below(16) {
            0 if spec.is_enabled_in(SpecId::BERLIN) => Form::AccessList,
            1 if spec.is_enabled_in(SpecId::CANCUN) && entry != Entry::Create => Form::Blob,
            2 if spec.is_enabled_in(SpecId::PRAGUE) && entry != Entry::Create => Form::SetCode,
            _ => Form::Legacy,
        };
        let gas = source.pick(&[100_000, 150_000, 200_000, 250_000, 400_000]);
        let value = if source.one_in(6) {
            source.below(1000) as u64
        } else {
            0
        };
        let cut = if source.one_in(12) {
            source.below(32) as u8
        } else {
            0
        };
        let mut b = Builder::new(source, spec);
        match pairs {
            Some(number) => pairs::program(&mut b, number),
            None => match b.source.weighted(&[10, 2, 4, 1, 10, 6, 8, 1]) {
                0 if spec.is_enabled_in(SpecId::AMSTERDAM) && b.source.one_in(5) => straight::deep(&mut b),
                0 => straight::valid(&mut b),
                1 => straight::underflowing(&mut b),
                2 => straight::wild(&mut b),
                3 => limits::program(&mut b),
                4 => flow::program(&mut b),
                5 => memory::program(&mut b),
                6 => calls::program(&mut b),
                // Bytes as they are.
                _ => b.program = Program::of_code(&b.source.rest()),
            },
        }
        b.program.cut = cut;
        Self {
            program: b.program,
            spec,
            entry,
            form,
            gas,
            value,
        }
    }

    /// The same program with other call data: numbers become other ones.
    pub(crate) fn with_other_input(&self, source: &mut Source) -> Self {
        let mut other = self.clone();
        for word in &mut other.program.input {
            if let Word::Value(value) = word {
                *value = crate::instructions::edge(source);
            }
        }
        other
    }
}

/// Any fork, the newest most.
fn fork(source: &mut Source) -> SpecId {
    let newest = SpecId::NEXT as usize;
    let spec = match source.below(8) {
        0 => source.below(newest + 1),
        1 | 2 => newest,
        3 => newest - 2 - source.below(3),
        _ => SpecId::OSAKA as usize,
    };
    SpecId::try_from_u8(spec as u8).unwrap_or_default()
}
