//! `metisvm prove --tx`: the inferences that a transaction of a block asked for.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm::proofs::job;
use metisvm_prover::commit;
use serde_json::Value;
use support::proofs::{CHAIN, accepted, call, hex};
use support::{objects, repository, stderr};
use tempfile::tempdir;

/// The transactions of the bundled block that asked for inferences, as they are named to who asks for another one.
fn transactions_with_inferences(folder: &std::path::Path) -> Vec<usize> {
    let none = call(folder, "prove --tx 0 --out proof.json --raw");
    assert_eq!(none.status.code(), Some(1));
    let said = stderr(&none);
    let (_, list) = said.split_once("these did: ").unwrap_or_else(|| panic!("{said}"));
    let numbers = list.split(", ").filter_map(|number| number.trim().parse().ok());
    numbers.collect()
}

#[test]
fn what_a_transaction_asked_for_is_proven_and_verified() {
    let folder = tempdir().unwrap();
    let transactions = transactions_with_inferences(folder.path());
    assert!(transactions.len() > 10, "{transactions:?}");
    let transaction = transactions[0];
    let output = call(
        folder.path(),
        &format!("prove --tx {transaction} --out proof.json --raw --json"),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let proofs = objects(&output);
    let run = objects(&call(folder.path(), "run --json")).remove(0);
    for (call_index, object) in proofs.iter().enumerate() {
        assert_eq!(object["proof"], format!("proof.{call_index}.json"));
        assert_eq!(
            (&object["tx"], &object["call"]),
            (&transaction.into(), &call_index.into())
        );
        assert_eq!(object["block_hash"], run["block_hash"]);
        assert_eq!(object["chain_id"], CHAIN);
        let block = object["block_hash"].as_str().unwrap().parse().unwrap();
        assert_eq!(
            object["job_id"],
            hex(&job::of_block(block, transaction, call_index))
        );
        verify(folder.path(), object);
    }
    assert!(!proofs.is_empty());
}

/// Holds a proof against what anybody can say who has the block.
fn verify(folder: &std::path::Path, object: &Value) {
    let text = |key: &str| object[key].as_str().unwrap().to_owned();
    let bundle = ["mlp", "cnn"]
        .map(|model| repository(&format!("host/cli/bundled/digits-{model}.bundle")))
        .into_iter()
        .find(|file| {
            let info = objects(&call(folder, &format!("model info {} --json", file.display()))).remove(0);
            info["model_id"] == object["model_id"]
        })
        .unwrap();
    // Which of the images it was is known by its commitment alone, whose salt is zeros.
    let images = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    let quantised = |image: &[u8]| -> Vec<u8> {
        let quantised = image.iter().map(|&p| (8 * i16::from(p) - 128) as i8 as u8);
        quantised.collect()
    };
    let commitments = images.chunks_exact(64).flat_map(|image| {
        [image.to_vec(), quantised(image)].map(|input| hex(&commit(&[0; 32], &input).to_bytes()))
    });
    let mut commitments = commitments.filter(|commitment| *commitment == text("input_commitment"));
    let commitment = commitments.next().expect("it is one of the images");
    let line = format!(
        "verify {} --bundle {} --chain-id {CHAIN} --job {} --commitment {commitment} --json",
        text("proof"),
        bundle.display(),
        text("job_id"),
    );
    accepted(&call(folder, &line));
}

#[test]
fn one_call_of_a_block_file_is_proven() {
    let folder = tempdir().unwrap();
    let transaction = transactions_with_inferences(folder.path())[1];
    let block = repository("host/cli/bundled/block.json.gz");
    let line = format!("prove --block {} --tx {transaction}", block.display());
    let one = call(
        folder.path(),
        &format!("{line} --call 0 --out one.json --raw --json"),
    );
    assert!(one.status.success(), "{}", stderr(&one));
    assert_eq!(objects(&one).len(), 1);
    assert!(folder.path().join("one.json").is_file());
    let none = call(folder.path(), &format!("{line} --call 99 --out none.json --raw"));
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).contains("counted from 0"), "{}", stderr(&none));
    let beyond = call(
        folder.path(),
        &format!("prove --block {} --tx 398 --out none.json", block.display()),
    );
    assert_eq!(beyond.status.code(), Some(1));
    assert!(
        stderr(&beyond).contains("has 398 transactions"),
        "{}",
        stderr(&beyond)
    );
    assert!(!folder.path().join("none.json").exists());
}
