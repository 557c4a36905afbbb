//! Keys go there and back; bytes that somebody made up are an error, or a key that verifies without a panic.

use super::*;
use crate::batch::{self, BatchVerifier};
use crate::encoding::{self, encode};
use crate::error::VerifyError;
use crate::field::{D, F, ProofConfig};
use crate::statement::{Statement, fixed_inputs, output_elements};
use metisvm_model::{DType, ModelId};
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};
use plonky2::plonk::proof::ProofWithPublicInputs;
use proptest::prelude::*;
use std::sync::LazyLock;

const OUTPUTS: usize = 3;

type Proven = (
    CircuitData<F, ProofConfig, D>,
    ProofWithPublicInputs<F, ProofConfig, D>,
);

fn statement() -> Statement {
    Statement {
        model: ModelId([1; 32]),
        input: crate::commit(&[2; 32], b"input"),
        output: vec![5, 250, 9],
        chain_id: 1,
        job_id: [3; 32],
    }
}

/// A circuit whose public inputs can be anything, with a proof of it.
fn smallest(config: &CircuitConfig) -> Proven {
    let mut builder = CircuitBuilder::<F, D>::new(config.clone());
    let wires = builder.add_virtual_public_input_arr::<{ FIXED_INPUTS + OUTPUTS }>();
    let data = builder.build::<ProofConfig>();
    let stated = statement();
    let fixed = fixed_inputs(&stated.model, &stated.input, stated.chain_id, &stated.job_id);
    let output = output_elements([(DType::I8, OUTPUTS)].into_iter(), &stated.output);
    let mut witness = PartialWitness::new();
    for (wire, value) in wires
        .into_iter()
        .zip(fixed.into_iter().chain(output.expect("its length")))
    {
        witness.set_target(wire, value).expect("each is set once");
    }
    let proof = data.prove(witness).expect("anything can be proven");
    (data, proof)
}

/// A circuit that verifies proofs of another, with a proof of it.
fn wrapped((inner, proof): &Proven, config: &CircuitConfig) -> Proven {
    let mut builder = CircuitBuilder::<F, D>::new(config.clone());
    let target = builder.add_virtual_proof_with_pis(&inner.common);
    let key = builder.constant_verifier_data::<ProofConfig>(&inner.verifier_only);
    builder.verify_proof::<ProofConfig>(&target, &key, &inner.common);
    builder.register_public_inputs(&target.public_inputs);
    let data = builder.build::<ProofConfig>();
    let mut witness = PartialWitness::new();
    witness
        .set_proof_with_pis_target(&target, proof)
        .expect("the shape");
    let proof = data.prove(witness).expect("the inner proof is valid");
    (data, proof)
}

fn verifier((data, _): &Proven) -> Verifier {
    Verifier::new(
        statement().model,
        vec![(DType::I8, OUTPUTS)],
        data.verifier_data(),
    )
}

struct Wrapped {
    bytes: Vec<u8>,
    proof: Vec<u8>,
}

/// What a wrap is: made once, as it takes seconds.
static WRAPPED: LazyLock<Wrapped> = LazyLock::new(|| {
    let config = CircuitConfig::standard_recursion_config();
    let proven = wrapped(&smallest(&config), &config);
    Wrapped {
        bytes: to_bytes(&verifier(&proven)).expect("a wrap has a key as bytes"),
        proof: encode(&proven.1),
    }
});

fn from_own_digest(bytes: &[u8]) -> Result<Verifier, KeyError> {
    from_bytes(bytes, &KeyDigest::of(bytes))
}

/// Configurations that differ in everything that a key says.
fn configurations() -> Vec<(&'static str, CircuitConfig)> {
    let with = |change: fn(&mut CircuitConfig)| {
        let mut config = CircuitConfig::standard_recursion_config();
        change(&mut config);
        config
    };
    vec![
        ("standard", with(|_| {})),
        ("three challenges", with(|c| c.num_challenges = 3)),
        ("more rows than wires", with(|c| c.num_routed_wires = 50)),
        (
            "low rate",
            with(|c| {
                c.fri_config.rate_bits = 6;
                c.fri_config.num_query_rounds = 14;
            }),
        ),
        ("small caps", with(|c| c.fri_config.cap_height = 0)),
        (
            "fixed steps",
            with(|c| {
                c.fri_config.cap_height = 1;
                c.fri_config.reduction_strategy = FriReductionStrategy::Fixed(vec![2, 1]);
            }),
        ),
        (
            "no steps",
            with(|c| c.fri_config.reduction_strategy = FriReductionStrategy::Fixed(vec![])),
        ),
        (
            "least size",
            with(|c| {
                c.fri_config.cap_height = 1;
                c.fri_config.reduction_strategy = FriReductionStrategy::MinSize(None);
            }),
        ),
        (
            "least size of steps by four",
            with(|c| {
                c.fri_config.cap_height = 1;
                c.fri_config.reduction_strategy = FriReductionStrategy::MinSize(Some(2));
            }),
        ),
    ]
}

#[test]
fn a_key_of_every_configuration_comes_back_and_verifies() {
    for (what, config) in configurations() {
        let proven = smallest(&config);
        let key = verifier(&proven);
        let bytes = to_bytes(&key).unwrap_or_else(|e| panic!("{what}: {e}"));
        let read = from_own_digest(&bytes).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(read.key().common, key.key().common, "{what}");
        assert_eq!(read.key().verifier_only, key.key().verifier_only, "{what}");
        assert_eq!(read.outputs(), key.outputs(), "{what}");
        let proof = encode(&proven.1);
        assert_eq!(read.proof_bytes(), proof.len(), "{what}");
        assert_eq!(read.verify(&statement(), &proof), Ok(()), "{what}");
        assert_eq!(to_bytes(&read).as_ref(), Ok(&bytes), "{what}: a key has one form");
    }
}

#[test]
fn a_key_of_proofs_that_blind_comes_back_and_verifies() {
    let proven = smallest(&CircuitConfig::standard_recursion_zk_config());
    let bytes = to_bytes(&verifier(&proven)).expect("it has a key as bytes");
    let read = from_own_digest(&bytes).expect("its own bytes");
    let proof = encode(&proven.1);
    assert_eq!(
        (read.verify(&statement(), &proof), read.proof_bytes()),
        (Ok(()), proof.len())
    );
    // A key of the circuit that does not blind is another one and refuses the proof.
    let other = from_own_digest(&WRAPPED.bytes).expect("its own bytes");
    assert!(matches!(
        other.verify(&statement(), &proof),
        Err(VerifyError::Malformed { .. })
    ));
}

#[test]
fn the_digest_is_looked_at_before_anything_else() {
    let digest = KeyDigest::of(&WRAPPED.bytes);
    for garbage in [&[][..], b"no key at all"] {
        let refused = from_bytes(garbage, &digest).expect_err("it is another digest");
        assert_eq!(
            refused,
            KeyError::Digest {
                expected: digest,
                actual: KeyDigest::of(garbage)
            }
        );
    }
    let refused = from_bytes(&vec![0; limits::MAX_KEY_BYTES + 1], &digest);
    assert_eq!(
        refused.expect_err("too long to hash"),
        KeyError::Limit("bytes of a key")
    );
}

#[test]
fn a_circuit_with_other_gates_has_no_bytes() {
    use plonky2::gates::lookup::LookupGate;
    let mut proven = smallest(&CircuitConfig::standard_recursion_config());
    let gate = LookupGate::new_from_table(&proven.0.common.config, std::sync::Arc::new(vec![(0, 0)]));
    proven
        .0
        .common
        .gates
        .push(plonky2::gates::gate::GateRef::new(gate));
    assert!(
        matches!(to_bytes(&verifier(&proven)), Err(KeyError::Gate { name }) if name.starts_with("LookupGate"))
    );
}

#[test]
fn parameters_below_the_strength_or_beyond_a_limit_are_refused() {
    let refused = |change: fn(&mut CircuitConfig)| {
        let mut config = CircuitConfig::standard_recursion_config();
        change(&mut config);
        to_bytes(&verifier(&smallest(&config))).expect_err("it is out of bounds")
    };
    let weak = refused(|c| (c.security_bits, c.fri_config.num_query_rounds) = (90, 25));
    assert_eq!(weak, KeyError::Limit("strength"));
    assert_eq!(refused(|c| c.num_challenges = 1), KeyError::Limit("challenges"));
    assert_eq!(
        refused(|c| c.fri_config.num_query_rounds = 257),
        KeyError::Limit("queries")
    );
    assert_eq!(refused(|c| c.num_wires = 256), KeyError::Limit("wires"));
}

/// A proof that has the form of the key's, of elements that a generator gives.
fn made_up_proof(key: &Verifier, seed: u64) -> Vec<u8> {
    let mut state = seed;
    encoding::made_up(&key.key().common, || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 1
    })
}

/// Bytes under their own digest: an error, or a key with one form that verifies, and refuses what is no proof.
fn examine(bytes: &[u8]) -> bool {
    let Ok(key) = from_own_digest(bytes) else {
        return false;
    };
    assert_eq!(to_bytes(&key).as_deref(), Ok(bytes), "a key has one form");
    assert!(key.proof_bytes() <= limits::MAX_PROOF_BYTES);
    let output = vec![0; key.output_bytes()];
    let stated = Statement {
        model: key.model(),
        output,
        ..statement()
    };
    assert!(key.verify(&stated, &made_up_proof(&key, 1)).is_err());
    assert!(key.verify(&stated, &WRAPPED.proof).is_err() || bytes == WRAPPED.bytes);
    true
}

/// Whoever registers a digest chooses the bytes under it.
#[test]
fn every_value_of_every_byte_that_says_a_parameter_is_an_error_or_a_key() {
    let hashes = 32 * 17;
    let parameters = 16..WRAPPED.bytes.len() - hashes;
    let mut keys = 0;
    for at in parameters.clone().filter(|at| !(17..48).contains(at)) {
        for value in 0..=u8::MAX {
            let mut bytes = WRAPPED.bytes.clone();
            bytes[at] = value;
            keys += usize::from(examine(&bytes));
        }
    }
    // Lest all of it is refused by one rule: much of it says another key.
    assert!((200..parameters.len() * 200).contains(&keys), "{keys}");
}

#[test]
fn numbers_that_ask_for_much_are_refused() {
    let outputs = 48;
    for (at, with) in [
        (outputs, vec![0]),
        (outputs, vec![65]),
        (outputs + 2, vec![0xff; 4]),
    ] {
        let mut bytes = WRAPPED.bytes.clone();
        bytes[at..at + with.len()].copy_from_slice(&with);
        assert!(matches!(from_own_digest(&bytes), Err(KeyError::Limit(_))), "{at}");
    }
}

/// The key of a tree of three by two, over a circuit whose public inputs can be anything, with a proof of the digest of
/// five statements.
fn batch() -> (BatchVerifier, Vec<Statement>, Vec<u8>) {
    let mut builder = CircuitBuilder::<F, D>::new(CircuitConfig::standard_recursion_config());
    let wires = builder.add_virtual_public_input_arr::<{ batch::DIGEST_ELEMENTS }>();
    let data = builder.build::<ProofConfig>();
    let single = Verifier::new(
        statement().model,
        vec![(DType::I8, OUTPUTS)],
        data.verifier_data(),
    );
    let statements: Vec<Statement> = (0..5)
        .map(|i| Statement {
            job_id: [i; 32],
            ..statement()
        })
        .collect();
    let inputs = statements
        .iter()
        .map(|s| single.public_inputs(s).expect("they are of the model"));
    let digest = batch::digest(inputs.collect(), &[3, 2]).expect("the tree holds them");
    let mut witness = PartialWitness::new();
    witness
        .set_target_arr(&wires, &digest.elements)
        .expect("each is set once");
    let proof = data.prove(witness).expect("anything can be proven");
    let key = BatchVerifier::new(single, vec![3, 2], data.verifier_data());
    (key, statements, encode(&proof))
}

#[test]
fn the_key_of_a_batch_comes_back_and_verifies() {
    let (key, statements, proof) = batch();
    let bytes = batches::to_bytes(&key).expect("it has a key as bytes");
    let read = batches::from_bytes(&bytes, &KeyDigest::of(&bytes)).expect("its own bytes");
    assert_eq!(read.key().common, key.key().common);
    assert_eq!(read.arities(), key.arities());
    assert_eq!(read.verify(&statements, &proof), Ok(()));
    assert!(read.verify(&statements[..4], &proof).is_err());
    assert_eq!(
        batches::to_bytes(&read).as_ref(),
        Ok(&bytes),
        "a key has one form"
    );
    // Neither kind of key is taken for the other.
    assert!(from_own_digest(&bytes).is_err());
    assert!(batches::from_bytes(&WRAPPED.bytes, &KeyDigest::of(&WRAPPED.bytes)).is_err());
    let other = KeyDigest([0; 32]);
    assert!(matches!(
        batches::from_bytes(&bytes, &other),
        Err(KeyError::Digest { .. })
    ));
}

/// Every value of every byte that says something of the tree or a parameter, and every length.
#[test]
fn changed_keys_of_batches_are_an_error_or_another_key() {
    let (key, statements, proof) = batch();
    let honest = batches::to_bytes(&key).expect("it has a key as bytes");
    let tree = 48 + 1 + 5;
    let hashes = 32 * 17;
    let mut keys = 0;
    for at in tree..honest.len() - hashes {
        for value in 0..=u8::MAX {
            let mut bytes = honest.clone();
            bytes[at] = value;
            let Ok(read) = batches::from_bytes(&bytes, &KeyDigest::of(&bytes)) else {
                continue;
            };
            keys += 1;
            assert_eq!(
                batches::to_bytes(&read).as_ref(),
                Ok(&bytes),
                "a key has one form"
            );
            let inputs = read.capacity() * (FIXED_INPUTS + OUTPUTS);
            assert!((1..=limits::MAX_BATCH_INPUTS).contains(&inputs), "{inputs}");
            // Some parameters are another digest's and no matter of the proof. Larger trees take long to hash.
            if at < tree + 9 && bytes != honest && read.capacity() < 100 {
                assert!(read.verify(&statements, &proof).is_err(), "byte {at} as {value}");
            }
        }
    }
    assert!(keys > 100, "{keys}");
    for length in 0..honest.len() {
        let cut = &honest[..length];
        assert!(
            batches::from_bytes(cut, &KeyDigest::of(cut)).is_err(),
            "{length} bytes"
        );
    }
    let longer = [&honest[..], &[0]].concat();
    assert!(batches::from_bytes(&longer, &KeyDigest::of(&longer)).is_err());
}

#[test]
fn trees_that_hold_nothing_or_too_much_are_refused() {
    let (key, ..) = batch();
    let tree = 48 + 1 + 5;
    let bytes = batches::to_bytes(&key).expect("it has a key as bytes");
    for levels in [
        vec![],
        vec![0, 2],
        vec![1 << 16, 2],
        vec![u32::MAX, u32::MAX],
        vec![1; limits::MAX_LEVELS + 1],
    ] {
        let mut changed = bytes[..tree].to_vec();
        changed.push(levels.len() as u8);
        changed.extend(levels.iter().flat_map(|arity| arity.to_le_bytes()));
        changed.extend(&bytes[tree + 9..]);
        let refused = batches::from_bytes(&changed, &KeyDigest::of(&changed));
        assert!(
            matches!(refused, Err(KeyError::Limit(_))),
            "{levels:?}: {refused:?}"
        );
    }
    // A statement of many elements leaves room for fewer of them.
    let mut changed = bytes[..tree].to_vec();
    changed[tree - 4..].copy_from_slice(&60_000u32.to_le_bytes());
    changed.push(1);
    changed.extend(100u32.to_le_bytes());
    changed.extend(&bytes[tree + 9..]);
    let refused = batches::from_bytes(&changed, &KeyDigest::of(&changed));
    assert_eq!(refused.err(), Some(KeyError::Limit("statements of a batch")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn made_up_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(from_own_digest(&bytes).is_err());
    }

    #[test]
    fn bytes_after_a_good_beginning_are_an_error_or_a_key(
        keep in 0..200usize, rest in prop::collection::vec(prop_oneof![0..20u8, any::<u8>()], 0..1500)
    ) {
        let bytes = [&WRAPPED.bytes[..keep], &rest[..]].concat();
        examine(&bytes);
    }

    #[test]
    fn several_changed_bytes_are_an_error_or_a_key(
        changes in prop::collection::vec((16..120usize, prop_oneof![0..20u8, any::<u8>()]), 1..6)
    ) {
        let mut bytes = WRAPPED.bytes.clone();
        for (at, with) in changes {
            bytes[at] = with;
        }
        examine(&bytes);
    }

    #[test]
    fn cut_ones_are_refused(length in any::<prop::sample::Index>()) {
        prop_assert!(from_own_digest(&WRAPPED.bytes[..length.index(WRAPPED.bytes.len())]).is_err());
    }
}
