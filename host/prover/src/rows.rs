//! A circuit under construction: rows of gates, and what is copied between them.

use crate::claim::{Claim, Compute};
use crate::description;
use crate::error::CompileError;
use crate::gates::{Constants, Custom, MatVec, ROUTED_WIRES, Rules, WIRES};
use crate::links::Part;
use crate::parameters::Parameters;
use metisvm_verifier::field::{D, F, Hasher};
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::ext_target::ExtensionTarget;
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
    mat_vec: MatVec,
    memory_limit: u64,
    constants: BTreeSet<u64>,
    by_gate: BTreeMap<String, usize>,
    /// The most rows that were said to come.
    #[cfg(test)]
    reserved: std::cell::Cell<usize>,
    #[cfg(test)]
    pub(crate) links: crate::links::Links,
}

impl Rows {
    /// None yet; proving them may take so many bytes, about.
    pub(crate) fn new(parameters: Parameters, memory_limit: u64) -> Self {
        Self::with_mat_vec(MatVec::STANDARD, parameters, memory_limit)
    }

    /// The same with another gate for products with constant weights.
    pub(crate) fn with_mat_vec(mat_vec: MatVec, parameters: Parameters, memory_limit: u64) -> Self {
        let config = CircuitConfig {
            num_routed_wires: mat_vec.routed(),
            zero_knowledge: false,
            ..parameters.config(mat_vec.constants())
        };
        Self {
            builder: CircuitBuilder::new(config),
            parameters,
            mat_vec,
            memory_limit,
            constants: BTreeSet::new(),
            by_gate: BTreeMap::new(),
            #[cfg(test)]
            reserved: std::cell::Cell::new(0),
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

    /// Makes sure that so many rows more are not too many, before any of them takes memory. They are no more than those
    /// that come then, or a circuit that fits would be refused.
    pub(crate) fn reserve(&self, more: usize) -> Result<(), TooManyRows> {
        let rows = self.count().saturating_add(more);
        #[cfg(test)]
        self.reserved.set(self.reserved.get().max(rows));
        let bytes = self.bytes_of(rows, &self.mat_vec);
        let limit = self.memory_limit;
        if bytes > limit {
            return Err(TooManyRows { rows, bytes, limit });
        }
        Ok(())
    }

    /// Holds what was reserved so far against what came.
    #[cfg(test)]
    pub(crate) fn hold_reserved(&self) {
        assert!(
            self.reserved.get() <= self.count(),
            "{} rows were reserved, and there are {}",
            self.reserved.get(),
            self.count()
        );
    }

    /// What so many rows take with a gate for products.
    fn bytes_of(&self, rows: usize, mat_vec: &MatVec) -> u64 {
        let degree_bits = rows.checked_next_power_of_two().map_or(63, usize::trailing_zeros) as usize;
        let challenges = self.parameters.challenges();
        let columns =
            description::columns_with_challenges(mat_vec.constants(), WIRES, mat_vec.routed(), challenges);
        description::memory_bytes_at_rate(columns, degree_bits, self.parameters.rate_bits())
    }

    /// What the rows so far take, with those that come at the end.
    pub(crate) fn bytes(&self, public_inputs: usize) -> u64 {
        self.bytes_of(self.count() + self.closing_rows(public_inputs), &self.mat_vec)
    }

    /// The gate for products with constant weights.
    pub(crate) const fn mat_vec(&self) -> MatVec {
        self.mat_vec
    }

    /// A wider gate for products, if these rows would then take less than two thirds: proofs open every column, so that
    /// a little less is not worth it.
    pub(crate) fn wider(&self, public_inputs: usize) -> Option<MatVec> {
        let products = self.by_gate.get(&name_of(&self.mat_vec)).copied().unwrap_or(0);
        let others = self.count() - products + self.closing_rows(public_inputs);
        let own = self.bytes(public_inputs);
        let wider = MatVec::WIDER.into_iter().map(|gate| {
            // A last row of outputs may be fuller or less so.
            let fewer = products * self.mat_vec.outputs() / gate.outputs();
            (self.bytes_of(others + fewer + fewer / 50, &gate), gate)
        });
        let (bytes, gate) = wider.min_by_key(|(bytes, _)| *bytes)?;
        (bytes.saturating_mul(3) < own.saturating_mul(2)).then_some(gate)
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

    /// Wires that an honest prover fills as `compute` says, of these; nothing else holds them to that.
    pub(crate) fn claim(&mut self, inputs: Vec<Target>, count: usize, compute: Compute) -> Vec<Target> {
        let wires = self.builder.add_virtual_targets(count);
        #[cfg(test)]
        let compute = self.links.shifted(count, compute);
        #[cfg(not(test))]
        let outputs = wires.iter().copied().map(Some).collect();
        #[cfg(test)]
        let outputs = wires
            .iter()
            .map(|&wire| {
                if self.links.leaves_out(wire) {
                    self.links.free = Some(wire);
                    self.links.unchecked = true;
                    return None;
                }
                Some(wire)
            })
            .collect();
        self.builder.add_simple_generator(Claim {
            inputs,
            outputs,
            compute,
        });
        wires
    }

    /// What is claimed is right where these are equal.
    pub(crate) fn check(&mut self, claimed: &[Target], expected: &[Target]) {
        #[cfg(test)]
        if std::mem::take(&mut self.links.unchecked) {
            return;
        }
        for (&claimed, &expected) in claimed.iter().zip(expected) {
            self.builder.connect(claimed, expected);
        }
    }

    /// `1, x, x², …` of an element of the extension that the hash of these gives: both coordinates of each.
    pub(crate) fn challenge_powers(&mut self, message: Vec<Target>, count: usize) -> [Vec<Target>; D] {
        let hash = self.builder.hash_n_to_hash_no_pad::<Hasher>(message);
        let (zero, one) = (self.zero(), self.constant(F::ONE));
        let challenge = ExtensionTarget([hash.elements[0], hash.elements[1]]);
        let mut power = ExtensionTarget([one, zero]);
        let mut powers = [Vec::with_capacity(count), Vec::with_capacity(count)];
        for i in 0..count {
            if i > 0 {
                power = self.builder.mul_extension(power, challenge);
            }
            powers
                .iter_mut()
                .zip(power.0)
                .for_each(|(powers, own)| powers.push(own));
        }
        powers
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

    /// `x · y + z`.
    pub(crate) fn multiply_add(&mut self, x: Target, y: Target, z: Target) -> Target {
        let result = self.builder.mul_add(x, y, z);
        self.noted(result)
    }

    /// A constant that somebody makes with the builder itself.
    pub(crate) fn note(&mut self, value: F) {
        self.constants.insert(value.to_canonical_u64());
    }

    /// Makes sure that the rows are not too many with those that stand for constants and hash so many public inputs.
    pub(crate) fn closing(&self, public_inputs: usize) -> Result<(), TooManyRows> {
        self.reserve(self.closing_rows(public_inputs))
    }

    fn closing_rows(&self, public_inputs: usize) -> usize {
        let constants = (self.constants.len() + SPARE_CONSTANTS).div_ceil(ROUTED_WIRES);
        constants + public_inputs.div_ceil(8) + 1
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
        *self.by_gate.entry(name_of(rules)).or_default() += 1;
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

/// What a gate is called where rows are counted.
fn name_of<R: Rules>(rules: &R) -> String {
    format!("{} {:?}", R::NAME, rules.parameters())
}

/// The operation at a place of a row.
fn in_row(operations: &[Operation], place: usize) -> &Operation {
    &operations[place.min(operations.len() - 1)]
}
