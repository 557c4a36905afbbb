//! From a transaction that asks for inferences to one that brings their proofs: each step through the binary, each block
//! executed by it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use alloy_primitives::{Address, B256, Bytes, TxKind};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use metisvm::proofs::job;
use metisvm_executor::{BuiltBlock, TransactionStatus};
use metisvm_model::{Bundle, Reference};
use metisvm_prover::commit;
use metisvm_workload::InferenceLedger::{
    AlreadyProven, Confirmed, InvalidProof, OtherOutput, Ran, entryOfCall, proveCall, runCall,
};
use metisvm_workload::{
    DevAccount, Digit, DigitModels, LENET_INPUT_BYTES, Network, ProofChain, ReferenceEngine,
    inference_ledger, lenet,
};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use support::proofs::{accepted, call, hex};
use support::{objects, stderr};
use tempfile::tempdir;

/// Who deploys, who asks, who brings proofs, and who brings what is none: numbers of test accounts.
const DEPLOYER: usize = 0;
const ASKER: usize = 2;
const PROVER: usize = 3;
const CHEAT: usize = 4;

/// A model, and what it is asked about.
struct Asked {
    name: &'static str,
    id: B256,
    bundle: Vec<u8>,
    reference: Arc<Reference>,
    input: Bytes,
}

/// The digits models, each about an image.
fn digits() -> Vec<Asked> {
    let models = DigitModels::import().unwrap();
    let of = |name, network: Network, digit| {
        let model = models.of(network);
        Asked {
            name,
            id: model.id,
            bundle: model.bundle.clone(),
            reference: model.reference.clone(),
            input: network.input(&Digit::new(digit)),
        }
    };
    vec![of("mlp", Network::Mlp, 5), of("cnn", Network::Cnn, 6)]
}

fn asked_of_lenet() -> Asked {
    let (Bundle { id, graph, .. }, bundle) = lenet();
    Asked {
        name: "lenet",
        id: B256::from(id.0),
        bundle,
        reference: Arc::new(Reference::new(Arc::new(graph))),
        input: (0..LENET_INPUT_BYTES).map(|i| (i * 7) as u8).collect(),
    }
}

/// A proof as `metisvm prove` wrote it.
struct Proven {
    output: Bytes,
    proof: Bytes,
}

fn read_proof(file: &Path) -> Proven {
    let object: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let bytes = |key: &str| object[key].as_str().unwrap().parse().unwrap();
    Proven {
        output: bytes("output"),
        proof: bytes("proof"),
    }
}

fn write_block(folder: &Path, name: &str, built: &BuiltBlock) {
    std::fs::write(folder.join(name), built.file.to_json()).unwrap();
}

fn events<E: SolEvent>(built: &BuiltBlock) -> Vec<E> {
    let logs = built.outcome.receipts.iter().flat_map(|receipt| receipt.logs());
    logs.filter_map(|log| E::decode_log(log).ok())
        .map(|log| log.data)
        .collect()
}

fn succeeded(built: &BuiltBlock) -> Vec<bool> {
    let statuses = built.outcome.transactions.iter();
    statuses
        .map(|tx| matches!(tx.status, TransactionStatus::Success { .. }))
        .collect()
}

fn is_proven(chain: &ProofChain, ledger: Address, id: usize) -> bool {
    let call = entryOfCall {
        id: id.try_into().unwrap(),
    };
    let result = chain.call(chain.spec.chain_id, ledger, call.abi_encode());
    entryOfCall::abi_decode_returns(result.output().unwrap())
        .unwrap()
        .proven
}

/// Asks for all of them in one transaction, proves them from the block, and brings the proofs in the next one.
fn asked_proven_and_confirmed(asked: &[Asked], options: &str, form: &str) {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("models")).unwrap();
    for model in asked {
        let bundle = folder.join(format!("models/{}.bundle", model.name));
        std::fs::write(bundle, &model.bundle).unwrap();
    }
    let engine = ReferenceEngine::new(asked.iter().map(|model| (model.id, model.reference.clone())));
    let mut chain = ProofChain::new(Some(Arc::new(engine)));
    let chain_id = chain.spec.chain_id;
    let models: Vec<B256> = asked.iter().map(|model| model.id).collect();
    let run = |models: &[B256], inputs: Vec<Bytes>| runCall {
        modelIds: models.to_vec(),
        inputs,
    };
    let inputs = asked.iter().map(|model| model.input.clone()).collect();

    // Block 1: the contract comes about, models that genesis does not know are registered, and one transaction asks for
    // all inferences.
    let ledger = DevAccount::new(DEPLOYER).address().create(0);
    let mut transactions = vec![chain.sign(DEPLOYER, TxKind::Create, inference_ledger())];
    let new = asked.iter().filter(|model| model.name == "lenet");
    transactions.extend(
        new.map(|model| chain.register_model(model.id))
            .collect::<Vec<_>>(),
    );
    let transaction = transactions.len();
    transactions.push(chain.sign(ASKER, ledger.into(), run(&models, inputs).abi_encode()));
    let first = chain.block(transactions);
    assert!(succeeded(&first).iter().all(|well| *well));
    let ran = events::<Ran>(&first);
    assert_eq!(ran.iter().map(|event| event.modelId).collect::<Vec<_>>(), models);
    write_block(folder, "first.json", &first);

    // Off the chain: all of the transaction's inferences are proven from the block alone.
    let line = format!(
        "prove --block first.json --tx {transaction} --models models --keys keys -o proof.json --json"
    );
    let output = call(folder, &format!("{line} {options}"));
    assert!(output.status.success(), "{}", stderr(&output));
    let told = objects(&output);
    assert_eq!(told.len(), asked.len());
    let mut proofs = Vec::new();
    for (i, model) in asked.iter().enumerate() {
        let file = format!("proof.{i}.json");
        let object = told.iter().find(|object| object["proof"] == file).unwrap();
        assert_eq!((&object["form"], &object["call"]), (&form.into(), &i.into()));
        let job = hex(&job::of_block(first.file.hash, transaction, i));
        let commitment = hex(&commit(&[0; 32], &model.input).to_bytes());
        let line = format!(
            "verify {file} --bundle models/{}.bundle --keys keys --chain-id {chain_id} --job {job} --commitment {commitment}",
            model.name
        );
        let verdict = accepted(&call(folder, &format!("{line} --json")));
        assert_eq!(verdict["key"], "made");
        let proof = read_proof(&folder.join(file));
        assert_eq!(
            proof.output, ran[i].output,
            "the proof is of what the contract was given"
        );
        proofs.push(proof);
    }

    // Block 2: the keys are registered. What each attempt to cheat answers from then on.
    let mut transactions = Vec::new();
    let mut keys: Vec<_> = std::fs::read_dir(folder.join("keys")).unwrap().collect();
    assert_eq!(keys.len(), asked.len());
    keys.sort_by_key(|key| key.as_ref().unwrap().path());
    let mut digests = Vec::new();
    for key in keys {
        let bytes = std::fs::read(key.unwrap().path()).unwrap();
        let model = B256::from_slice(&bytes[16..48]);
        let digest = chain.add_key(&bytes);
        transactions.push(chain.register_key(model, digest));
        digests.push(digest);
    }
    let bring = |id: usize, at: usize, output: &Bytes, proof: &Bytes| {
        let call = proveCall {
            id: id.try_into().unwrap(),
            transactionIndex: transaction.try_into().unwrap(),
            callIndex: at.try_into().unwrap(),
            output: output.clone(),
            proof: proof.clone(),
        };
        call.abi_encode()
    };
    let job_of = |call| job::of_block(first.file.hash, transaction, call);
    let mut flipped = proofs[0].proof.to_vec();
    flipped[40_000] ^= 1;
    let invalid = |call| {
        InvalidProof {
            jobId: job_of(call).into(),
        }
        .abi_encode()
    };
    let cheats = [
        // Another call's proof, a call that the entry was not, a changed proof, one that says something else.
        (bring(0, 0, &proofs[0].output, &proofs[1].proof), invalid(0)),
        (bring(0, 1, &proofs[0].output, &proofs[0].proof), invalid(1)),
        (bring(0, 0, &proofs[0].output, &flipped.into()), invalid(0)),
        (
            bring(0, 0, &proofs[1].output, &proofs[0].proof),
            OtherOutput {
                id: Default::default(),
            }
            .abi_encode(),
        ),
    ];
    let registered = transactions.len();
    let second = chain.block(transactions);
    assert_eq!(succeeded(&second), vec![true; registered]);
    for (data, refusal) in &cheats {
        let result = chain.call(chain_id, ledger, data.clone());
        assert_eq!(result.output().map(|data| data.to_vec()).as_ref(), Some(refusal));
    }

    // Block 3: cheats try, the proofs are brought, one of them again, and there are more inferences to prove.
    let cheating = cheats
        .iter()
        .map(|(data, _)| chain.sign(CHEAT, ledger.into(), data.clone()));
    let mut transactions: Vec<_> = cheating.take(2).collect();
    for (i, proof) in proofs.iter().enumerate() {
        let data = bring(i, i, &proof.output, &proof.proof);
        transactions.push(chain.sign(PROVER, ledger.into(), data));
    }
    let again = bring(0, 0, &proofs[0].output, &Bytes::new());
    transactions.push(chain.sign(PROVER, ledger.into(), again.clone()));
    let more = transactions.len();
    let input = asked[0].input.clone();
    transactions.push(chain.sign(ASKER, ledger.into(), run(&models[..1], vec![input]).abi_encode()));
    let third = chain.block(transactions);
    let expected = [vec![false; 2], vec![true; proofs.len()], vec![false, true]];
    assert_eq!(succeeded(&third), expected.concat());
    // The callback has run for each entry: its events are in the receipts, its state is in the contract.
    let confirmed = events::<Confirmed>(&third);
    assert_eq!(confirmed.len(), asked.len());
    for (i, event) in confirmed.iter().enumerate() {
        assert_eq!((event.id, event.jobId.0), (i.try_into().unwrap(), job_of(i)));
        assert!(is_proven(&chain, ledger, i));
    }
    assert!(
        !is_proven(&chain, ledger, asked.len()),
        "what ran later was not proven"
    );
    let repeated = chain.call(chain_id, ledger, again);
    let proven = AlreadyProven {
        id: Default::default(),
    }
    .abi_encode();
    assert_eq!(repeated.output().map(|data| data.to_vec()), Some(proven));
    write_block(folder, "third.json", &third);

    // The binary executes the block to what its header says with the keys, and without them says which it lacks.
    let header = &third.file.block.header;
    let line = "run third.json --models models --json";
    let ran = call(folder, &format!("{line} --keys keys"));
    assert!(ran.status.success(), "{}", stderr(&ran));
    let report = objects(&ran).remove(0);
    assert_eq!(report["state_root"], header.state_root.to_string());
    assert_eq!(report["receipts_root"], header.receipts_root.to_string());
    let keyless = call(folder, line);
    assert_eq!(keyless.status.code(), Some(1));
    let said = stderr(&keyless);
    assert!(
        digests.iter().any(|digest| said.contains(&digest.to_string())),
        "{said}"
    );

    // A block that holds proofs has inferences to prove like any other, by who has the keys.
    let line = format!("prove --block third.json --tx {more} --models models --raw --json -o more.json");
    let proven = call(folder, &format!("{line} --keys keys"));
    assert!(proven.status.success(), "{}", stderr(&proven));
    assert_eq!(objects(&proven)[0]["block_hash"], third.file.hash.to_string());
    let keyless = call(folder, &format!("{line} --keys none"));
    assert_eq!(keyless.status.code(), Some(1));
    let said = stderr(&keyless);
    assert!(
        digests.iter().any(|digest| said.contains(&digest.to_string())),
        "{said}"
    );
}

#[test]
fn the_digits_models_inferences_of_a_block_are_proven_and_confirmed_on_the_chain() {
    asked_proven_and_confirmed(&digits(), "", "wrapped");
}

#[test]
#[ignore = "minutes in the profile of the tests: tests/run slow"]
fn lenets_inference_of_a_block_is_proven_and_confirmed_on_the_chain() {
    let mut asked = digits();
    asked.push(asked_of_lenet());
    asked_proven_and_confirmed(&asked, "", "wrapped");
}

#[test]
#[ignore = "minutes in the profile of the tests: tests/run slow"]
fn small_proofs_of_a_block_are_confirmed_on_the_chain() {
    asked_proven_and_confirmed(&digits(), "--small", "small");
}
