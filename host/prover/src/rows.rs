//! A circuit under construction: rows of gates, and what is copied between them.

use crate::description;
use crate::error::CompileError;
use crate::gates::{Constants, Custom, MatVec, ROUTED_WIRES, Rules, WIRES};
use crate::links::Part;
use crate::parameters::Parameters;
use metisvm_verifier::field::{D, F};
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::target::Target;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use std::collections::{BTreeMap, BTreeSet};

/// Constants that plonky2's own parts may ask for on top of ours. Were there more, building would panic for
/// want of a gate of its own; these parts do not depend on the model, and need four.
const SPARE_CONSTANTS: usize = 16;

/// One use of a gate's operation.
pub(crate) struct Operation {
    /// What goes into its input wires.
    pub(crate) inputs: Vec<Target>,
    /// Its share of the row's constants.
    pub(crate) constants: Vec<F>,
}

/// Where an operation came to be.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    row: usize,
    /// Its number in the row.
    pub(crate) operation: usize,
}

impl Place {
    /// A wire of the row.
    pub(crate) const fn wire(&self, wire: usize) -> Target {
        Target::wire(self.row, wire)
    }
}

/// A circuit grew larger than the limit on memory allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyRows {
    /// With those that were about to come.
    pub(crate) rows: usize,
    /// What so many take.
    pub(crate) bytes: u64,
    /// The limit.
    pub(crate) limit: u64,
}

impl From<TooManyRows> for CompileError {
    fn from(too_many: TooManyRows) -> Self {
        let TooManyRows { rows, bytes, limit } = too_many;
        Self::TooLarge { rows, bytes, limit }
    }
}

/// Rows so far.
pub(crate) struct Rows {
    builder: CircuitBuilder<F, D>,
    parameters: Parameters,
    memory_limit: u64,
    constants: BTreeSet<u64>,
    by_gate: BTreeMap<String, usize>,
    #[cfg(test)]
    pub(crate) links: crate::links::Links,
}

impl Rows {
    /// None yet; proving them may take so many bytes, about.
    pub(crate) fn new(parameters: Parameters, memory_limit: u64) -> Self {
        let config = CircuitConfig {
            num_routed_wires: ROUTED_WIRES,
            zero_knowledge: false,
            ..parameters.config(MatVec::STANDARD.constants())
        };
        Self {
            builder: CircuitBuilder::new(config),
            parameters,
            memory_limit,
            constants: BTreeSet::new(),
            by_gate: BTreeMap::new(),
            #[cfg(test)]
            links: crate::links::Links::default(),
        }
    }

    pub(crate) const fn builder(&mut self) -> &mut CircuitBuilder<F, D> {
        &mut self.builder
    }

    /// Rows so far.
    pub(crate) fn count(&self) -> usize {
        self.builder.num_gates()
    }

    /// Makes sure that so many rows more are not too many, before any of them takes memory.
    pub(crate) fn reserve(&self, more: usize) -> Result<(), TooManyRows> {
        let rows = self.count().saturating_add(more);
        let degree_bits = rows.checked_next_power_of_two().map_or(63, usize::trailing_zeros) as usize;
        let constants = MatVec::STANDARD.constants();
        let challenges = self.parameters.challenges();
        let columns = description::columns_with_challenges(constants, WIRES, ROUTED_WIRES, challenges);
        let bytes = description::memory_bytes_at_rate(columns, degree_bits, self.parameters.rate_bits());
        let limit = self.memory_limit;
        if bytes > limit {
            return Err(TooManyRows { rows, bytes, limit });
        }
        Ok(())
    }

    /// What comes now belongs to a part.
    #[cfg_attr(
        not(test),
        expect(unused_variables, clippy::unused_self, reason = "only attacks ask for it")
    )]
    pub(crate) const fn begin(&mut self, part: Part) {
        #[cfg(test)]
        {
            self.links.part = part;
        }
    }

    /// A wire of a row has the value of another one.
    pub(crate) fn connect(&mut self, wire: Target, source: Target) {
        #[cfg(test)]
        if self.links.leaves_out(source) {
            self.links.free = Some(wire);
            return;
        }
        self.builder.connect(wire, source);
    }

    /// The wire itself, where it goes into something that is not made of rows of ours.
    #[cfg_attr(
        not(test),
        expect(clippy::unused_self, reason = "attacks put another wire there")
    )]
    pub(crate) fn passed(&mut self, source: Target) -> Target {
        #[cfg(test)]
        if self.links.leaves_out(source) {
            let wire = self.builder.add_virtual_target();
            self.links.free = Some(wire);
            return wire;
        }
        source
    }

    /// A wire with a constant.
    pub(crate) fn constant(&mut self, value: F) -> Target {
        self.constants.insert(value.to_canonical_u64());
        self.builder.constant(value)
    }

    pub(crate) fn zero(&mut self) -> Target {
        self.constant(F::ZERO)
    }

    /// `factor · x + y`.
    pub(crate) fn scale_add(&mut self, factor: F, x: Target, y: Target) -> Target {
        let one = self.constant(F::ONE);
        let result = self.builder.arithmetic(factor, F::ONE, x, one, y);
        self.noted(result)
    }

    /// `x · y`.
    pub(crate) fn multiply(&mut self, x: Target, y: Target) -> Target {
        let result = self.builder.mul(x, y);
        self.noted(result)
    }

    /// A constant that somebody makes with the builder itself.
    pub(crate) fn note(&mut self, value: F) {
        self.constants.insert(value.to_canonical_u64());
    }

    /// Makes sure that the rows are not too many with those that stand for constants and hash so many public inputs.
    pub(crate) fn closing(&self, public_inputs: usize) -> Result<(), TooManyRows> {
        let constants = (self.constants.len() + SPARE_CONSTANTS).div_ceil(ROUTED_WIRES);
        self.reserve(constants + public_inputs.div_ceil(8) + 1)
    }

    /// plonky2 makes a constant of what it computes of constants alone.
    fn noted(&mut self, result: Target) -> Target {
        if let Some(value) = self.builder.target_as_constant(result) {
            self.constants.insert(value.to_canonical_u64());
        }
        result
    }

    /// Adds one row of a gate.
    pub(crate) fn row<R: Rules>(&mut self, rules: &R, constants: Vec<F>) -> Place {
        let gate = Custom(rules.clone());
        let name = format!("{} {:?}", R::NAME, rules.parameters());
        *self.by_gate.entry(name).or_default() += 1;
        Place {
            row: self.builder.add_gate(gate, constants),
            operation: 0,
        }
    }

    /// Adds rows for these operations and says where each came to be.
    pub(crate) fn operations<R: Rules>(&mut self, rules: &R, operations: &[Operation]) -> Vec<Place> {
        let mut places = Vec::with_capacity(operations.len());
        for chunk in operations.chunks(rules.operations()) {
            let constants = (0..rules.operations()).flat_map(|i| in_row(chunk, i).constants.iter().copied());
            places.extend(self.operations_of_row(rules, constants.collect(), chunk));
        }
        places
    }

    /// Adds a row for these operations, of which there may be fewer than it has. What is left of it repeats the
    /// last operation, so that its wires satisfy the constraints.
    pub(crate) fn operations_of_row<R: Rules>(
        &mut self,
        rules: &R,
        constants: Vec<F>,
        operations: &[Operation],
    ) -> Vec<Place> {
        let row = self.row(rules, constants);
        for operation in 0..rules.operations() {
            let inputs = &in_row(operations, operation).inputs;
            for (wire, &input) in rules.inputs(operation).into_iter().zip(inputs) {
                self.connect(row.wire(wire), input);
            }
        }
        (0..operations.len())
            .map(|operation| Place { operation, ..row })
            .collect()
    }

    /// Adds what stands for constants, and gives the circuit with the count of rows of each gate of ours.
    pub(crate) fn finish(mut self) -> (CircuitBuilder<F, D>, BTreeMap<String, usize>) {
        let wires = self.constants.len() + SPARE_CONSTANTS;
        for _ in 0..wires.div_ceil(ROUTED_WIRES) {
            self.row(&Constants, Vec::new());
        }
        // plonky2's digest of a circuit says nothing of what its gates mean.
        let names: Vec<&String> = self.by_gate.keys().collect();
        let text = format!(
            "metisvm proof circuit {} {names:?}",
            metisvm_verifier::statement::VERSION
        );
        let separator = text.bytes().map(F::from_canonical_u8).collect();
        self.builder.set_domain_separator(separator);
        (self.builder, self.by_gate)
    }
}

/// The operation at a place of a row.
fn in_row(operations: &[Operation], place: usize) -> &Operation {
    &operations[place.min(operations.len() - 1)]
}
