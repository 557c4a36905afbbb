//! Private credit scoring from the transaction that registers a key to the contract's decisions: features stay with the
//! borrower, blocks hold a commitment and a proof. Every way to cheat that a block can hold is refused by the contract,
//! in a block.

mod chain;
mod model;
mod prover;

use alloy_primitives::{Address, B256, Bytes, TxKind};
use alloy_sol_types::{SolCall, SolError};
use chain::{AUTHORITY, OWNER, decision, deployment, events, succeeded};
use metisvm_prover::{Form, Proof, commit};
use metisvm_vm::IInferenceProofs::UnknownKey;
use metisvm_vm::MetisEvmFactory;
use metisvm_workload::PrivateCredit::{
    Decided, InferenceAsked, InvalidProof, JobNotOpen, NothingAttested, applyForCreditCall, attestCall,
    fulfilCall,
};
use metisvm_workload::{DevAccount, ProofChain};
use prover::CreditProver;
use std::sync::Arc;

/// Borrowers, by the numbers of their accounts.
const SOUND: usize = 2;
const BURDENED: usize = 3;

/// The states of a decision: PrivateCredit.Decision.
const PENDING: u8 = 1;
const APPROVED: u8 = 2;
const DENIED: u8 = 3;

/// ProvenInference.JobState.Proven.
const PROVEN: u8 = 2;

/// A borrower: what nobody else sees, and what is on the chain.
struct Borrower {
    account: usize,
    features: [u8; 8],
    salt: B256,
}

impl Borrower {
    fn address(&self) -> Address {
        DevAccount::new(self.account).address()
    }

    fn commitment(&self) -> B256 {
        commit(&self.salt.0, &self.features).to_bytes().into()
    }

    fn prove(&self, prover: &CreditProver, chain_id: u64, job: B256) -> Proof {
        prover.prove(&self.features, self.salt, chain_id, job)
    }
}

/// Income 95,000, few debts, long history, nothing late.
fn sound() -> Borrower {
    Borrower {
        account: SOUND,
        features: [95, 10, 12, 180, 15, 0, 120, 0],
        salt: B256::repeat_byte(0x51),
    }
}

/// Income 22,000, debts of 110 % of it, five payments late.
fn burdened() -> Borrower {
    Borrower {
        account: BURDENED,
        features: [22, 110, 70, 12, 95, 5, 3, 6],
        salt: B256::repeat_byte(0xb0),
    }
}

fn fulfil(job: B256, output: &[u8], proof: &[u8]) -> Vec<u8> {
    fulfilCall {
        jobId: job,
        output: Bytes::copy_from_slice(output),
        proof: Bytes::copy_from_slice(proof),
    }
    .abi_encode()
}

fn invalid(job: B256) -> Vec<u8> {
    InvalidProof { jobId: job }.abi_encode()
}

/// The form that is quickest to make of those that blind.
#[test]
fn credit_is_approved_and_denied_by_proofs_and_no_other_way() {
    decided_by_proofs(Form::Blinded);
}

/// The form that is cheapest on the chain, as docs/private-credit.md recommends it.
#[test]
#[ignore = "minutes in the profile of the tests: tests/run slow"]
fn credit_is_approved_and_denied_by_small_proofs() {
    decided_by_proofs(Form::SmallBlinded);
}

fn decided_by_proofs(form: Form) {
    let prover = CreditProver::new(form);
    let mut chain = ProofChain::new(None);
    let chain_id = chain.spec.chain_id;
    let (model, mistaken, unknown) = (prover.model, B256::repeat_byte(0x77), B256::repeat_byte(0x78));
    let digest = chain.add_key(&prover.key);

    // Block 1: governance registers the key, once by mistake for another model; the contracts come about.
    let registered = [
        chain.register_key(model, digest),
        chain.register_key(mistaken, digest),
    ];
    let deployed = [model, mistaken, unknown].map(|m| chain.sign(OWNER, TxKind::Create, deployment(m)));
    let built = chain.block(registered.into_iter().chain(deployed).collect());
    assert_eq!(succeeded(&built), [true; 5]);
    let owner = DevAccount::new(OWNER).address();
    let [credit, of_mistaken, of_unknown] = [2, 3, 4].map(|nonce| owner.create(nonce));

    // Block 2: the authority attests to commitments, the borrowers apply. Nobody applies without.
    let borrowers = [sound(), burdened()];
    let mut transactions = Vec::new();
    for contract in [credit, of_mistaken, of_unknown] {
        for borrower in &borrowers {
            let attest = attestCall {
                borrower: borrower.address(),
                inputCommitment: borrower.commitment(),
            };
            transactions.push(chain.sign(AUTHORITY, contract.into(), attest.abi_encode()));
            transactions.push(chain.sign(
                borrower.account,
                contract.into(),
                applyForCreditCall {}.abi_encode(),
            ));
        }
    }
    transactions.push(chain.sign(4, credit.into(), applyForCreditCall {}.abi_encode()));
    let built = chain.block(transactions);
    assert_eq!(succeeded(&built), [&[true; 12][..], &[false]].concat());
    let asked = events::<InferenceAsked>(&built);
    let [sound_job, burdened_job, mistaken_job, _, unknown_job, _] = &asked[..] else {
        panic!("every application asks for a proof: {asked:?}")
    };
    assert_eq!(
        (sound_job.modelId, sound_job.inputCommitment),
        (model, borrowers[0].commitment())
    );
    assert_eq!(decision(&chain, credit, borrowers[0].address()), PENDING);
    let unattested = chain.call(chain_id, credit, applyForCreditCall {}.abi_encode());
    let nobody = NothingAttested {
        borrower: Address::repeat_byte(0xee),
    };
    assert_eq!(
        unattested.output().map(|data| data.to_vec()),
        Some(nobody.abi_encode())
    );

    // Off the chain: each borrower proves for the job that the event names.
    let approval = borrowers[0].prove(&prover, chain_id, sound_job.jobId);
    let denial = borrowers[1].prove(&prover, chain_id, burdened_job.jobId);
    assert_eq!(
        approval.statement.output,
        [1, 0, 0, 0],
        "the model approves of the first"
    );
    assert_eq!(denial.statement.output, [0, 0, 0, 0], "and not of the second");

    // What each attempt to cheat answers, before any of them is in a block.
    let (yes, no) = (&approval.statement.output[..], &denial.statement.output[..]);
    let mut flipped = approval.bytes.clone();
    flipped[50_000] ^= 1;
    let cut = &approval.bytes[..approval.bytes.len() - 8];
    let attempts = [
        (
            "a tampered output",
            credit,
            burdened_job.jobId,
            yes,
            &denial.bytes[..],
            invalid(burdened_job.jobId),
        ),
        (
            "another's proof",
            credit,
            burdened_job.jobId,
            yes,
            &approval.bytes,
            invalid(burdened_job.jobId),
        ),
        (
            "a flipped bit",
            credit,
            sound_job.jobId,
            yes,
            &flipped,
            invalid(sound_job.jobId),
        ),
        (
            "a cut proof",
            credit,
            sound_job.jobId,
            yes,
            cut,
            invalid(sound_job.jobId),
        ),
        (
            "a longer output",
            credit,
            sound_job.jobId,
            &[1, 0, 0, 0, 0],
            &approval.bytes,
            invalid(sound_job.jobId),
        ),
        (
            "another model",
            of_mistaken,
            mistaken_job.jobId,
            yes,
            &approval.bytes,
            invalid(mistaken_job.jobId),
        ),
        (
            "a model without key",
            of_unknown,
            unknown_job.jobId,
            yes,
            &approval.bytes,
            {
                UnknownKey {
                    modelId: unknown,
                    circuitVersion: Default::default(),
                }
                .abi_encode()
            },
        ),
        (
            "a job of another contract",
            of_mistaken,
            sound_job.jobId,
            yes,
            &approval.bytes,
            {
                JobNotOpen {
                    jobId: sound_job.jobId,
                    state: 0,
                }
                .abi_encode()
            },
        ),
    ];
    for (what, contract, job, output, proof, refusal) in &attempts {
        let result = chain.call(chain_id, *contract, fulfil(*job, output, proof));
        assert!(!result.is_success(), "{what}");
        assert_eq!(
            result.output().map(|data| data.to_vec()).as_ref(),
            Some(refusal),
            "{what}"
        );
    }
    let valid = || fulfil(sound_job.jobId, yes, &approval.bytes);
    assert!(chain.call(chain_id, credit, valid()).is_success());
    // The same state and call on a chain of another number.
    let elsewhere = chain.call(chain_id + 1, credit, valid());
    assert_eq!(
        elsewhere.output().map(|data| data.to_vec()),
        Some(invalid(sound_job.jobId))
    );

    // Blocks 3 and 4: all attempts, as transactions. A block has room for a few proofs.
    for some in attempts.chunks(4) {
        let transactions = some
            .iter()
            .map(|(_, contract, job, output, proof, _)| {
                chain.sign(5, (*contract).into(), fulfil(*job, output, proof))
            })
            .collect();
        let built = chain.block(transactions);
        assert_eq!(succeeded(&built), [false; 4]);
    }
    assert_eq!(decision(&chain, credit, borrowers[0].address()), PENDING);

    // Block 5: the proof, brought by somebody else, and the proof again.
    let transactions = [valid(), valid()].map(|call| chain.sign(5, credit.into(), call));
    let built = chain.block(transactions.to_vec());
    assert_eq!(succeeded(&built), [true, false]);
    let replayed = chain.call(chain_id, credit, valid());
    let over = JobNotOpen {
        jobId: sound_job.jobId,
        state: PROVEN,
    }
    .abi_encode();
    assert_eq!(replayed.output().map(|data| data.to_vec()), Some(over));
    assert_eq!(decision(&chain, credit, borrowers[0].address()), APPROVED);
    assert_eq!(decision(&chain, credit, borrowers[1].address()), PENDING);

    // Block 6: the denial, which the borrower would rather not bring.
    let call = fulfil(burdened_job.jobId, no, &denial.bytes);
    let transaction = chain.sign(5, credit.into(), call);
    let built = chain.block(vec![transaction]);
    let decided = events::<Decided>(&built);
    assert_eq!(
        (decided.len(), decided[0].borrower, decided[0].approved),
        (1, borrowers[1].address(), false)
    );
    assert_eq!(decision(&chain, credit, borrowers[1].address()), DENIED);
    let gas = built.outcome.transactions[0].gas_used;
    println!(
        "proof {} bytes, key {} bytes, transaction {gas} gas",
        denial.bytes.len(),
        prover.key.len()
    );

    // A node without the key cannot say what comes of the block, and says which key it lacks.
    let spec = Arc::new(chain.spec.clone());
    let engine =
        metisvm_executor::BlockEngine::new(metisvm_executor::Threads::new(2).expect("threads start"));
    let keyless =
        metisvm_executor::run_block_file_with(&built.file, |_| MetisEvmFactory::new(spec, None), &engine);
    let error = keyless.expect_err("it has no key").to_string();
    assert!(error.contains(&digest.to_string()), "{error}");

    // Two proofs of one private input differ, and both are valid.
    let again = borrowers[0].prove(&prover, chain_id, sound_job.jobId);
    assert_ne!(again.bytes, approval.bytes);
}
