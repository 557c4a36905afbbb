//! The pass over the operations: what each has to wait for becomes tokens.
//!
//! Load and store have no link. What one has to wait for of the other goes through an instruction of the
//! compute module that lies between them: it takes the one's token and gives one to the other. It must not
//! wait long for the first, nor keep the second for long, so the pass keeps an estimate of when everything
//! runs, and takes the first that would begin after the token is there anyway. Where there is none, a NOP is
//! inserted.

use crate::fpga::cycles::cycles;
use crate::fpga::engine::Engine;
use crate::fpga::overlap::access::{Place, accesses};
use crate::fpga::overlap::link::Link;
use crate::fpga::overlap::touched::{Needs, Touched, later};
use metisvm_firmware::{Dependencies, Instruction, Module, Operation};

/// An operation and when it is expected to run.
struct Placed {
    operation: Operation,
    begin: u64,
    end: u64,
}

/// The operations so far, in the order in which they may run one after the other.
pub(super) struct Order {
    engine: Engine,
    touched: [Touched; Place::COUNT],
    placed: Vec<Placed>,
    /// The instructions of compute among them.
    compute: Vec<u32>,
    /// When each module is free.
    free: [u64; 3],
    into_compute: [Link; 3],
    out_of_compute: [Link; 3],
}

impl Order {
    pub(super) fn new(engine: Engine) -> Self {
        Self {
            engine,
            touched: Default::default(),
            placed: Vec::new(),
            compute: Vec::new(),
            free: [0; 3],
            into_compute: Default::default(),
            out_of_compute: Default::default(),
        }
    }

    /// Appends an operation.
    pub(super) fn push(&mut self, operation: Operation) {
        let module = operation.module();
        // A NOP that is inserted on the way comes before it.
        let accesses = accesses(&operation, &self.engine.geometry);
        let mut needs = self.needs(&accesses, module, self.placed.len() as u32);
        let far = match module {
            Module::Load => Module::Store,
            Module::Store => Module::Load,
            Module::Compute => return self.place(operation, needs),
        };
        if let Some(giver) = needs[far as usize].take() {
            let before = self.placed.len();
            if let Some(between) = self.between(far, giver, module, needs[Module::Compute as usize]) {
                later(&mut needs, Module::Compute, between);
            }
            if self.placed.len() > before {
                // The operation has another number now.
                self.needs(&accesses, module, self.placed.len() as u32);
            }
        }
        self.place(operation, needs);
    }

    /// Notes what an operation touches, and tells what it has to wait for in other modules.
    fn needs(
        &mut self,
        accesses: &[crate::fpga::overlap::access::Access],
        module: Module,
        index: u32,
    ) -> Needs {
        let mut needs = Needs::default();
        for access in accesses {
            let touched = &mut self.touched[access.place.index()];
            touched.touch(&access.range, access.writes, (module, index), &mut needs);
        }
        needs[module as usize] = None;
        needs
    }

    /// An instruction of compute that comes after `giver` and before whatever is next, for one of `taker` to wait
    /// for; none if what it waits for already (`known`, or an earlier token) is enough.
    fn between(&mut self, from: Module, giver: u32, to: Module, known: Option<u32>) -> Option<u32> {
        if let Some(between) = self.into_compute[from as usize].first_after(giver) {
            let known = known.max(self.out_of_compute[to as usize].last_giver());
            return (known < Some(between)).then_some(between);
        }
        let there = self.placed[giver as usize].end;
        let at = self
            .compute
            .partition_point(|&index| index < giver || self.placed[index as usize].begin < there);
        let between = match self.compute.get(at) {
            Some(&index) => index,
            None => {
                let index = self.placed.len() as u32;
                self.free[Module::Compute as usize] = self.free[Module::Compute as usize].max(there);
                self.place(Operation::Nop(Module::Compute), Needs::default());
                index
            }
        };
        self.into_compute[from as usize].add(giver, between);
        Some(between)
    }

    /// Appends an operation that waits for instructions of neighbouring modules.
    fn place(&mut self, operation: Operation, needs: Needs) {
        let module = operation.module();
        let index = self.placed.len() as u32;
        let mut begin = self.free[module as usize];
        for (from, giver) in Module::ALL.into_iter().zip(needs) {
            let Some(giver) = giver else { continue };
            begin = begin.max(self.placed[giver as usize].end);
            match module {
                Module::Compute => self.into_compute[from as usize].add(giver, index),
                _ => self.out_of_compute[module as usize].add(giver, index),
            }
        }
        let end = begin + cycles(&operation, &self.engine);
        self.free[module as usize] = end;
        if module == Module::Compute {
            self.compute.push(index);
        }
        self.placed.push(Placed {
            operation,
            begin,
            end,
        });
    }

    /// The instructions, with their tokens.
    pub(super) fn finish(self) -> Vec<Instruction> {
        let dependencies = Dependencies::default();
        let instruction = |placed: Placed| Instruction {
            dependencies,
            operation: placed.operation,
        };
        let mut all: Vec<Instruction> = self.placed.into_iter().map(instruction).collect();
        let mut flag = |index: u32, set: fn(&mut Dependencies)| set(&mut all[index as usize].dependencies);
        let [from_load, _, from_store] = &self.into_compute;
        let [to_load, _, to_store] = &self.out_of_compute;
        for token in from_load.tokens() {
            flag(token.giver, |d| d.push_next = true);
            flag(token.taker, |d| d.pop_prev = true);
        }
        for token in to_load.tokens() {
            flag(token.giver, |d| d.push_prev = true);
            flag(token.taker, |d| d.pop_next = true);
        }
        for token in to_store.tokens() {
            flag(token.giver, |d| d.push_next = true);
            flag(token.taker, |d| d.pop_prev = true);
        }
        for token in from_store.tokens() {
            flag(token.giver, |d| d.push_prev = true);
            flag(token.taker, |d| d.pop_next = true);
        }
        all
    }
}
