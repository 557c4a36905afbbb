//! How hard it is to prove what is not true.

use crate::field::{D, F};
use plonky2::plonk::circuit_data::CommonCircuitData;
use std::fmt;

/// Bits of the field that base challenges are drawn from; p is just below 2^64.
const FIELD_BITS: f64 = 63.999;

/// The strength of a circuit's proofs, in bits: whoever makes a false proof has to expect 2 to this power attempts, if
/// Poseidon gives what a random function would. Each term is one step of the proof, and the least of them counts. `docs/proofs.md` has the formulas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    /// Queries and work, if codes could be decoded up to their capacity: a conjecture that is refuted.
    pub queries_by_capacity: f64,
    /// Queries and work by the Johnson bound, without what the limits of the batch take off.
    pub queries_by_johnson: f64,
    /// Queries and work within half of the code's distance, where all is proven.
    pub queries_by_distance: f64,
    /// The columns that are batched into one word, and the steps that fold it, within half of the distance.
    pub batch: f64,
    /// The argument that copies are equal.
    pub copies: f64,
    /// The combination of constraints, and the point at which they are opened.
    pub constraints: f64,
    /// The challenges by which a model's circuit checks products that are claimed.
    pub products: f64,
    /// A collision of Poseidon, by attacks that any hash of its length has. That it has no better ones is assumed.
    pub hash: f64,
}

/// Elements of a claimed product of which a row takes in the hash that its challenge is.
const HASHED_IN_A_ROW: f64 = 8.0;

/// Elements of a hash.
const HASH_ELEMENTS: f64 = 4.0;

impl Strength {
    /// That of a circuit's proofs.
    pub fn of(common: &CommonCircuitData<F, D>) -> Self {
        let (config, fri) = (&common.config, &common.fri_params);
        let queries = config.fri_config.num_query_rounds as f64;
        let work = f64::from(config.fri_config.proof_of_work_bits);
        let rate_bits = config.fri_config.rate_bits as f64;
        let rate = (-rate_bits).exp2();
        let challenges = config.num_challenges as f64;
        let rows_bits = fri.degree_bits as f64;
        let points_bits = rows_bits + rate_bits;
        let extension_bits = D as f64 * FIELD_BITS;

        let columns = common.num_constants
            + config.num_routed_wires
            + config.num_wires
            + config.num_challenges * (2 + common.num_partial_products + common.quotient_degree_factor);
        let arity = fri.reduction_arity_bits.iter().copied().max().unwrap_or(0);
        let batched = (columns as f64).max((1u64 << arity) as f64);
        let constraints =
            common.num_gate_constraints + config.num_challenges * (1 + common.num_partial_products);
        let routed = config.num_routed_wires as f64;
        let degree = common.quotient_degree_factor as f64 + 1.0;
        Self {
            queries_by_capacity: queries * rate_bits + work,
            queries_by_johnson: queries * rate_bits / 2.0 + work,
            queries_by_distance: queries * -((1.0 + rate) / 2.0).log2() + work,
            batch: extension_bits - points_bits - batched.log2(),
            copies: challenges * (FIELD_BITS - rows_bits - routed.log2()),
            constraints: (challenges * (FIELD_BITS - (constraints as f64).log2()))
                .min(extension_bits - rows_bits - degree.log2()),
            // A check fails for one challenge for each row of the product at most, and every row is hashed. The circuit
            // of a wrap has none of its own.
            products: extension_bits - rows_bits - HASHED_IN_A_ROW.log2(),
            hash: HASH_ELEMENTS * FIELD_BITS / 2.0,
        }
    }

    /// Bits by the conjecture up to capacity.
    pub fn conjectured(&self) -> u32 {
        whole(self.queries_by_capacity.min(self.rest()))
    }

    /// Bits that rest on no conjecture about codes: those within half of the distance. That challenges are as good as
    /// random ones is assumed even so, as wherever a hash stands in for a verifier's choice.
    pub fn proven(&self) -> u32 {
        whole(self.queries_by_distance.min(self.rest()))
    }

    fn rest(&self) -> f64 {
        let rest = [self.copies, self.constraints, self.products, self.hash];
        rest.into_iter().fold(self.batch, f64::min)
    }
}

/// A part of a bit is none.
fn whole(bits: f64) -> u32 {
    bits.max(0.0) as u32
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bits conjectured, {} proven (queries {:.1} by capacity, {:.1} by Johnson, {:.1} by distance; batch \
             {:.1}, copies {:.1}, constraints {:.1}, products {:.1}, hash {:.1})",
            self.conjectured(),
            self.proven(),
            self.queries_by_capacity,
            self.queries_by_johnson,
            self.queries_by_distance,
            self.batch,
            self.copies,
            self.constraints,
            self.products,
            self.hash
        )
    }
}
