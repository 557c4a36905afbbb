//! Parameter sets of proofs: what they cost and how strong they are follows from these numbers.

use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::plonk::circuit_data::CircuitConfig;

/// A parameter set. Take one of the named ones; `docs/proofs.md` says what each is for, and
/// [`Strength`](crate::Strength) what the proofs of a circuit are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    name: &'static str,
    rate_bits: usize,
    queries: usize,
    work_bits: u32,
    cap_height: usize,
    challenges: usize,
    routed_wires: usize,
    folding: Folding,
    blinds: bool,
}

/// How FRI folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folding {
    /// Sixteen values at a time, down to 2^5 coefficients: few hashes for a verifier that is a circuit.
    Sixteen,
    /// What makes the smallest proof.
    Smallest,
}

/// How a circuit that blinds may fold, from the fewest hashes in a proof to the fewest rows of random numbers. Those
/// cover every value that a query opens, so their number falls with the values of a step and with the
/// coefficients that are left.
const BLINDED_FOLDINGS: [FriReductionStrategy; 3] = [
    FriReductionStrategy::ConstantArityBits(4, 5),
    FriReductionStrategy::ConstantArityBits(2, 2),
    FriReductionStrategy::ConstantArityBits(1, 1),
];

impl Parameters {
    /// For all proofs that need nothing else.
    pub const STANDARD: Self = Self {
        name: "standard",
        rate_bits: 3,
        queries: 28,
        work_bits: 16,
        cap_height: 4,
        challenges: 2,
        routed_wires: crate::gates::ROUTED_WIRES,
        folding: Folding::Sixteen,
        blinds: false,
    };

    /// For a proof that is going to be wrapped: fewer queries, so that it takes fewer rows to verify it, and twice
    /// the work to prove it.
    pub const INNER: Self = Self {
        name: "inner",
        rate_bits: 4,
        queries: 21,
        ..Self::STANDARD
    };

    /// For the first wrap of a private input.
    pub const BLINDED: Self = Self {
        name: "blinded",
        blinds: true,
        ..Self::STANDARD
    };

    /// For a wrap between one that blinds and the last: its proofs take the fewest rows to verify.
    pub const MIDDLE: Self = Self {
        name: "middle",
        rate_bits: 5,
        queries: 16,
        work_bits: 20,
        ..Self::STANDARD
    };

    /// For the last wrap, where bytes are dear: fewer queries at a lower rate, more work, fewer copies.
    pub const SMALL: Self = Self {
        name: "small",
        rate_bits: 6,
        queries: 13,
        work_bits: 22,
        cap_height: 3,
        routed_wires: 37,
        folding: Folding::Smallest,
        ..Self::STANDARD
    };

    /// At least 100 bits that rest on no conjecture about codes.
    pub const PROVEN: Self = Self {
        name: "proven",
        queries: 102,
        challenges: 3,
        ..Self::STANDARD
    };

    /// The same for a wrap that blinds.
    pub const PROVEN_BLINDED: Self = Self {
        name: "proven, blinded",
        blinds: true,
        ..Self::PROVEN
    };

    /// The named ones.
    pub const ALL: [Self; 7] = [
        Self::STANDARD,
        Self::INNER,
        Self::BLINDED,
        Self::MIDDLE,
        Self::SMALL,
        Self::PROVEN,
        Self::PROVEN_BLINDED,
    ];

    /// The set with another number of queries and bits of work, for tests of what does not depend on them: such
    /// proofs are worth what [`Strength`](crate::Strength) says, which may be nothing.
    pub const fn with_queries(self, queries: usize, work_bits: u32) -> Self {
        Self {
            name: "custom",
            queries,
            work_bits,
            ..self
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether wires and products are blinded.
    pub const fn blinds(&self) -> bool {
        self.blinds
    }

    /// The code has 2 to this power points for each row.
    pub const fn rate_bits(&self) -> usize {
        self.rate_bits
    }

    /// How many points of the code are looked at.
    pub const fn queries(&self) -> usize {
        self.queries
    }

    /// How often each argument over the base field is repeated.
    pub const fn challenges(&self) -> usize {
        self.challenges
    }

    /// As plonky2 takes them, for rows of this many constants.
    pub(crate) fn config(&self, constants: usize) -> CircuitConfig {
        let standard = CircuitConfig::standard_recursion_config();
        let conjectured = self.queries * self.rate_bits + self.work_bits as usize;
        CircuitConfig {
            num_wires: crate::gates::WIRES,
            num_routed_wires: self.routed_wires,
            num_constants: constants,
            num_challenges: self.challenges,
            zero_knowledge: self.blinds,
            security_bits: conjectured.min(standard.security_bits),
            fri_config: FriConfig {
                rate_bits: self.rate_bits,
                cap_height: self.cap_height,
                proof_of_work_bits: self.work_bits,
                num_query_rounds: self.queries,
                reduction_strategy: match self.folding {
                    Folding::Sixteen => FriReductionStrategy::ConstantArityBits(4, 5),
                    Folding::Smallest => FriReductionStrategy::MinSize(None),
                },
            },
            ..standard
        }
    }
}

/// Chooses how a circuit of `rows` rows, before any that blind, folds: such that it has the fewest rows in the end.
/// Gives 2 to which power that is.
pub(crate) fn choose_folding(config: &mut CircuitConfig, rows: usize) -> usize {
    if !config.zero_knowledge {
        return degree_bits(rows);
    }
    let sizes = BLINDED_FOLDINGS.map(|strategy| {
        let fri = FriConfig {
            reduction_strategy: strategy.clone(),
            ..config.fri_config.clone()
        };
        (blinded_degree_bits(&fri, rows), strategy)
    });
    // The first of the smallest.
    let (bits, strategy) = sizes
        .into_iter()
        .min_by_key(|(bits, _)| *bits)
        .expect("there are three");
    config.fri_config.reduction_strategy = strategy;
    bits
}

fn degree_bits(rows: usize) -> usize {
    rows.next_power_of_two().trailing_zeros() as usize
}

/// The rows with those that blind, counted as plonky2's builder counts them: one for each value that queries and
/// openings show of a column, and two more for each that they show of a product.
fn blinded_degree_bits(fri: &FriConfig, rows: usize) -> usize {
    const D: usize = metisvm_verifier::field::D;
    let mut bits = degree_bits(rows);
    loop {
        let params = fri.fri_params(bits, true);
        let folded: usize = params
            .reduction_arity_bits
            .iter()
            .map(|bits| (1 << bits) - 1)
            .sum();
        let shown = fri.num_query_rounds * (1 + D * folded + D * params.final_poly_len());
        if rows + D + shown + 2 * (2 * D + shown) <= 1 << bits {
            return bits;
        }
        bits += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_verifier::field::{D, F, ProofConfig};
    use plonky2::gates::noop::NoopGate;
    use plonky2::plonk::circuit_builder::CircuitBuilder;

    #[test]
    fn blinded_rows_are_counted_as_the_builder_counts_them() {
        let parameters = Parameters::BLINDED.with_queries(6, 1);
        for rows in [10, 600, 1000] {
            let mut config = parameters.config(2);
            let bits = choose_folding(&mut config, rows + 1);
            let mut builder = CircuitBuilder::<F, D>::new(config);
            for _ in 0..rows {
                builder.add_gate(NoopGate, Vec::new());
            }
            let data = builder.build::<ProofConfig>();
            assert_eq!(data.common.degree_bits(), bits, "{rows} rows");
        }
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<_> = Parameters::ALL.iter().map(Parameters::name).collect();
        assert_eq!(names.len(), Parameters::ALL.len());
    }
}
