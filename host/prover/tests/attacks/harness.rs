//! Rows whose wires nobody fills but the attacker.

use metisvm_prover::gates::{Constants, Custom, Row, Rules};
use metisvm_prover::{Arithmetic, D, F, ProofConfig};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use std::collections::{BTreeMap, BTreeSet};

/// A row under attack.
#[derive(Clone)]
pub(crate) struct Attack<R> {
    /// What the list calls it.
    pub(crate) name: String,
    pub(crate) gate: R,
    pub(crate) constants: Vec<F>,
    /// All wires of the row.
    pub(crate) wires: Vec<F>,
    /// The constraint that refuses it.
    pub(crate) constraint: &'static str,
}

impl<R: Rules> Attack<R> {
    /// Holds the attack against the gate.
    pub(crate) fn run(&self) {
        let Self { name, constraint, .. } = self;
        let violated = violated(&self.gate, &self.constants, &self.wires);
        assert_eq!(
            violated,
            BTreeSet::from([*constraint]),
            "{name}: the constraints that are violated"
        );
        assert!(!self.accepted(None), "{name}: accepted, in spite of {constraint}");
        assert!(
            self.accepted(Some(constraint)),
            "{name}: refused, even without {constraint}"
        );
    }

    /// Whether a proof with these wires is accepted, by the gate without a constraint.
    fn accepted(&self, without: Option<&'static str>) -> bool {
        let mut config = CircuitConfig {
            num_constants: self.gate.constants().max(Constants.constants()),
            ..CircuitConfig::standard_recursion_config()
        };
        // The work is no part of what is tested, and takes most of the time.
        config.fri_config.proof_of_work_bits = 1;
        config.security_bits = 84;
        let mut builder = CircuitBuilder::<F, D>::new(config);
        let gate = Unfilled {
            rules: self.gate.clone(),
            without,
        };
        let row = builder.add_gate(Custom(gate), self.constants.clone());
        builder.add_gate(Custom(Constants), Vec::new());
        let data = builder.build::<ProofConfig>();
        let mut witness = PartialWitness::new();
        for (i, &value) in self.wires.iter().enumerate() {
            witness
                .set_target(Target::wire(row, i), value)
                .expect("each wire is set once");
        }
        let proof = data.prove(witness).expect("a prover that fails refuses nothing");
        data.verify(proof).is_ok()
    }
}

/// The most attacks of a kind: of one constraint of a gate.
pub(crate) const MOST_OF_A_KIND: usize = 20;

/// How many attacks there are of each kind, which is named by the gate and the constraint that it attacks.
pub(crate) type Kinds = BTreeMap<String, usize>;

/// Counts attacks, of which there must be some, none twice, and not too many of a kind.
pub(crate) fn count<R: Rules>(attacks: &[Attack<R>], kinds: &mut Kinds) {
    let names: BTreeSet<&str> = attacks.iter().map(|attack| &*attack.name).collect();
    assert_eq!(
        names.len(),
        attacks.len(),
        "{}: an attack is there twice",
        R::NAME
    );
    assert!(!attacks.is_empty(), "{}: there are no attacks", R::NAME);
    for attack in attacks {
        let kind = format!("{}: {}", R::NAME, attack.constraint);
        let number = kinds.entry(kind).or_default();
        *number += 1;
        assert!(*number <= MOST_OF_A_KIND, "{}: too many of a kind", attack.name);
    }
}

/// Runs attacks.
pub(crate) fn run<R: Rules>(attacks: Vec<Attack<R>>) {
    count(&attacks, &mut Kinds::new());
    attacks.iter().for_each(Attack::run);
    println!("{}: {} attacks refused", R::NAME, attacks.len());
}

/// The wires of a row whose operations have these inputs, filled as the prover does.
pub(crate) fn honest<R: Rules>(gate: &R, constants: &[F], inputs: &[Vec<F>]) -> Vec<F> {
    let mut wires = vec![F::ZERO; gate.wires()];
    for (operation, inputs) in inputs.iter().enumerate() {
        for (wire, &value) in gate.inputs(operation).into_iter().zip(inputs) {
            wires[wire] = value;
        }
        for (wire, value) in gate.fill(operation, constants, inputs) {
            wires[wire] = value;
        }
    }
    assert_eq!(
        violated(gate, constants, &wires),
        BTreeSet::new(),
        "the honest wires"
    );
    wires
}

/// The constraints that a row violates.
pub(crate) fn violated<R: Rules>(gate: &R, constants: &[F], wires: &[F]) -> BTreeSet<&'static str> {
    let row = Row {
        constant: |i| constants[i],
        wire: |i| wires[i],
    };
    let mut names = BTreeSet::new();
    gate.constrain(&mut Plain, &row, &mut |name, value: F| {
        if value != F::ZERO {
            names.insert(name);
        }
    });
    names
}

/// Limbs to base 4 of a number that need not fit: what is left goes into the last one.
pub(crate) fn limbs(value: i64, count: usize) -> Vec<F> {
    let mut rest = value;
    (0..count)
        .map(|i| {
            let limb = if i + 1 == count { rest } else { rest.rem_euclid(4) };
            rest = rest.div_euclid(4);
            F::from_noncanonical_i64(limb)
        })
        .collect()
}

/// A gate that fills no wires, without one of its constraints.
#[derive(Clone, Debug)]
struct Unfilled<R> {
    rules: R,
    without: Option<&'static str>,
}

impl<R: Rules> Rules for Unfilled<R> {
    const NAME: &'static str = "attacked";

    fn parameters(&self) -> Vec<usize> {
        self.rules.parameters()
    }

    fn operations(&self) -> usize {
        0
    }

    fn wires(&self) -> usize {
        self.rules.wires()
    }

    fn constants(&self) -> usize {
        self.rules.constants()
    }

    fn degree(&self) -> usize {
        self.rules.degree()
    }

    fn constraints(&self) -> usize {
        let row = Row {
            constant: |_| F::ZERO,
            wire: |_| F::ZERO,
        };
        let mut count = 0;
        self.constrain(&mut Plain, &row, &mut |_, _| count += 1);
        count
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        self.rules.constrain(a, row, &mut |name, value| {
            if self.without != Some(name) {
                constraint(name, value);
            }
        });
    }

    fn inputs(&self, _: usize) -> Vec<usize> {
        Vec::new()
    }

    fn fill(&self, _: usize, _: &[F], _: &[F]) -> Vec<(usize, F)> {
        Vec::new()
    }
}

/// Constraints in numbers.
struct Plain;

impl Arithmetic for Plain {
    type Value = F;

    fn constant(&mut self, value: F) -> F {
        value
    }

    fn multiply_add(&mut self, a: F, b: F, c: F) -> F {
        a * b + c
    }

    fn scale_add(&mut self, factor: F, a: F, c: F) -> F {
        factor * a + c
    }

    fn subtract(&mut self, a: F, b: F) -> F {
        a - b
    }

    fn multiply(&mut self, a: F, b: F) -> F {
        a * b
    }
}
