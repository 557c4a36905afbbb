//! What a circuit is free in, and what plonky2's verifier wants to know of it.

use super::cursor::Cursor;
use super::gates::{self, GateCode};
use super::limits::{
    MAX_ARITY_BITS, MAX_CAP_HEIGHT, MAX_DEGREE_BITS, MAX_FINAL_BITS, MAX_GATES, MAX_QUERIES, MAX_RATE_BITS,
    MAX_WIRES, MIN_SECURITY_BITS,
};
use crate::error::KeyError;
use crate::field::{D, F};
use plonky2::field::cosets::get_unique_coset_shifts;
use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::gates::gate::GateRef;
use plonky2::plonk::circuit_data::{CircuitConfig, CommonCircuitData};
use plonky2::util::serialization::{Buffer, Read};

/// The free parameters.
pub(super) struct Parameters {
    config: CircuitConfig,
    degree_bits: usize,
    /// In the order of plonky2's builder.
    gates: Vec<GateCode>,
}

impl Parameters {
    pub(super) const fn cap_height(&self) -> usize {
        self.config.fri_config.cap_height
    }

    /// Those of a circuit.
    pub(super) fn of(common: &CommonCircuitData<F, D>) -> Result<Self, KeyError> {
        let codes = common.gates.iter().map(|gate| {
            gates::code(gate).ok_or_else(|| KeyError::Gate {
                name: gate.0.id().chars().take(80).collect(),
            })
        });
        let parameters = Self {
            config: common.config.clone(),
            degree_bits: common.degree_bits(),
            gates: codes.collect::<Result<_, _>>()?,
        };
        parameters.check()?;
        Ok(parameters)
    }

    /// Writes parameters that are within the limits.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let config = &self.config;
        let fri = &config.fri_config;
        let flags = u8::from(config.use_base_arithmetic_gate) | u8::from(config.zero_knowledge) << 1;
        let (strategy, first, second) = match fri.reduction_strategy {
            FriReductionStrategy::ConstantArityBits(arity, last) => (1, arity, last),
            FriReductionStrategy::MinSize(most) => (2, most.unwrap_or(0), 0),
            FriReductionStrategy::Fixed(ref arities) => (0, arities.len(), 0),
        };
        bytes.extend(
            [
                config.num_wires,
                config.num_routed_wires,
                config.num_constants,
                config.security_bits,
                config.num_challenges,
                config.max_quotient_degree_factor,
                flags.into(),
                self.degree_bits,
                fri.rate_bits,
                fri.cap_height,
                fri.num_query_rounds - 1,
                fri.proof_of_work_bits as usize,
                strategy,
                first,
                second,
            ]
            .map(|number| number as u8),
        );
        if let FriReductionStrategy::Fixed(arities) = &fri.reduction_strategy {
            bytes.extend(arities.iter().map(|&bits| bits as u8));
        }
        bytes.push(self.gates.len() as u8);
        bytes.extend(self.gates.as_flattened());
    }

    /// Reads parameters and checks that they are within the limits.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, KeyError> {
        let numbers: [u8; 15] = cursor.array()?;
        let [
            num_wires,
            num_routed_wires,
            num_constants,
            security_bits,
            num_challenges,
            max_quotient_degree_factor,
            flags,
            degree_bits,
            rate_bits,
            cap_height,
            queries,
            proof_of_work_bits,
            strategy,
            first,
            second,
        ] = numbers.map(usize::from);
        if flags > 3 {
            return Err(cursor.malformed("there are two flags"));
        }
        let reduction_strategy = match (strategy, first, second) {
            (0, steps, 0) if steps <= MAX_DEGREE_BITS => {
                let arities = (0..steps).map(|_| cursor.byte().map(usize::from));
                FriReductionStrategy::Fixed(arities.collect::<Result<_, _>>()?)
            }
            (1, arity, last) => FriReductionStrategy::ConstantArityBits(arity, last),
            (2, 0, 0) => FriReductionStrategy::MinSize(None),
            (2, most, 0) => FriReductionStrategy::MinSize(Some(most)),
            _ => return Err(cursor.malformed("no strategy of FRI is written so")),
        };
        let count = usize::from(cursor.byte()?);
        let gates = (0..count.min(MAX_GATES + 1)).map(|_| cursor.array());
        let parameters = Self {
            gates: gates.collect::<Result<_, _>>()?,
            degree_bits,
            config: CircuitConfig {
                num_wires,
                num_routed_wires,
                num_constants,
                use_base_arithmetic_gate: flags & 1 != 0,
                security_bits,
                num_challenges,
                zero_knowledge: flags & 2 != 0,
                max_quotient_degree_factor,
                fri_config: FriConfig {
                    rate_bits,
                    cap_height,
                    proof_of_work_bits: proof_of_work_bits as u32,
                    reduction_strategy,
                    num_query_rounds: queries + 1,
                },
            },
        };
        parameters.check()?;
        Ok(parameters)
    }

    /// Every number within its limits. What plonky2 asserts of a configuration, and what it takes for granted, is
    /// among them.
    fn check(&self) -> Result<(), KeyError> {
        let config = &self.config;
        let fri = &config.fri_config;
        let bits = fri.num_query_rounds * fri.rate_bits + fri.proof_of_work_bits as usize;
        let within = [
            ("wires", (32..=MAX_WIRES).contains(&config.num_wires)),
            (
                "routed wires",
                (25..=config.num_wires).contains(&config.num_routed_wires),
            ),
            ("constants of a gate", (2..=8).contains(&config.num_constants)),
            ("challenges", (2..=4).contains(&config.num_challenges)),
            ("rows", (2..=MAX_DEGREE_BITS).contains(&self.degree_bits)),
            ("the rate", (1..=MAX_RATE_BITS).contains(&fri.rate_bits)),
            ("caps", fri.cap_height <= MAX_CAP_HEIGHT),
            ("queries", (1..=MAX_QUERIES).contains(&fri.num_query_rounds)),
            ("work", fri.proof_of_work_bits <= 32),
            ("the degree of constraints", {
                let most = 1 << fri.rate_bits.min(5);
                (2..=most).contains(&config.max_quotient_degree_factor)
            }),
            (
                "strength",
                (MIN_SECURITY_BITS..=255).contains(&config.security_bits),
            ),
            ("queries for the strength", bits >= config.security_bits),
            ("gates", (1..=MAX_GATES).contains(&self.gates.len())),
        ];
        if let Some((what, _)) = within.into_iter().find(|(_, within)| !within) {
            return Err(KeyError::Limit(what));
        }
        self.check_steps()
    }

    /// The steps of FRI: as many as plonky2's builder would allow. Its own functions are not asked for them before
    /// the strategy is known not to make them panic or loop.
    fn check_steps(&self) -> Result<(), KeyError> {
        let fri = &self.config.fri_config;
        let arity = 1..=MAX_ARITY_BITS;
        let sane = match &fri.reduction_strategy {
            FriReductionStrategy::Fixed(arities) => {
                arities.len() <= MAX_DEGREE_BITS && arities.iter().all(|bits| arity.contains(bits))
            }
            FriReductionStrategy::ConstantArityBits(bits, last) => {
                arity.contains(bits) && *last <= MAX_FINAL_BITS && *bits <= last + 1
            }
            // plonky2 tries every sequence of falling arities, which are few up to 2^4.
            FriReductionStrategy::MinSize(most) => most.is_none_or(|most| (1..=4).contains(&most)),
        };
        if !sane {
            return Err(KeyError::Limit("steps of FRI"));
        }
        let steps = fri.fri_params(self.degree_bits, self.config.zero_knowledge);
        let total = steps.total_arities();
        let tree = (self.degree_bits + fri.rate_bits).saturating_sub(fri.cap_height);
        if total > self.degree_bits || total > tree || self.degree_bits - total > MAX_FINAL_BITS {
            return Err(KeyError::Limit("steps of FRI"));
        }
        if self.degree_bits + fri.rate_bits < fri.cap_height {
            return Err(KeyError::Limit("caps"));
        }
        Ok(())
    }

    /// What plonky2's builder would say of a circuit with these parameters and so many public inputs.
    pub(super) fn common(&self, public_inputs: usize) -> Result<CommonCircuitData<F, D>, KeyError> {
        let config = &self.config;
        let gates = self.gates.iter().map(|&code| gates::gate(code, config));
        let gates = gates.collect::<Result<Vec<_>, _>>()?;
        let rises = |pair: &[GateRef<F, D>]| {
            let key = |gate: &GateRef<F, D>| (gate.0.degree(), gate.0.id());
            key(&pair[0]) < key(&pair[1])
        };
        if !gates.windows(2).all(rises) {
            return Err(KeyError::Parameters("gates are not in order"));
        }
        let factor = config.max_quotient_degree_factor;
        let most = |of: fn(&GateRef<F, D>) -> usize| gates.iter().map(of).max().unwrap_or(0);
        if most(|gate| gate.0.degree()) > factor {
            return Err(KeyError::Parameters("a gate has too high a degree"));
        }
        let groups = selector_groups(&gates, factor + 1);
        let selectors = selectors(&groups);
        let selectors = Buffer::new(&selectors).read_selectors_info();
        let selectors_info = selectors.map_err(|_| KeyError::Parameters("selectors cannot be written"))?;
        Ok(CommonCircuitData {
            fri_params: config
                .fri_config
                .fri_params(self.degree_bits, config.zero_knowledge),
            quotient_degree_factor: factor,
            num_gate_constraints: most(|gate| gate.0.num_constraints()),
            num_constants: groups.len() + most(|gate| gate.0.num_constants()),
            num_public_inputs: public_inputs,
            k_is: get_unique_coset_shifts(1 << self.degree_bits, config.num_routed_wires),
            num_partial_products: config.num_routed_wires.div_ceil(factor) - 1,
            num_lookup_polys: 0,
            num_lookup_selectors: 0,
            luts: Vec::new(),
            selectors_info,
            config: config.clone(),
            gates,
        })
    }
}

/// How many gates share each selector, in their order, as plonky2's builder groups them: as many as leave the
/// degree of filter and gate below the limit.
fn selector_groups(gates: &[GateRef<F, D>], max_degree: usize) -> Vec<usize> {
    let degree = |at: usize| gates[at].0.degree();
    if degree(gates.len() - 1) + gates.len() - 1 <= max_degree {
        return vec![gates.len()];
    }
    let mut groups = Vec::new();
    let mut start = 0;
    while start < gates.len() {
        let size = (0..gates.len() - start)
            .take_while(|size| size + degree(start + size) < max_degree)
            .count();
        groups.push(size);
        start += size;
    }
    groups
}

/// Groups in plonky2's bytes, which are the only way to make its `SelectorsInfo`.
fn selectors(groups: &[usize]) -> Vec<u8> {
    let gates: usize = groups.iter().sum();
    let mut numbers = vec![gates];
    for (group, &size) in groups.iter().enumerate() {
        numbers.extend(std::iter::repeat_n(group, size));
    }
    numbers.push(groups.len());
    let mut start = 0;
    for size in groups {
        numbers.extend([start, start + size]);
        start += size;
    }
    numbers
        .into_iter()
        .flat_map(|n| (n as u64).to_le_bytes())
        .collect()
}
