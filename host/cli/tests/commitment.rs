//! `metisvm commitment`: the same 32 bytes as in proofs, and as the verification precompile gives.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;
use metisvm_prover::commit;
use metisvm_vm::IInferenceProofs::commitCall;
use metisvm_workload::ProofChain;
use support::proofs::{call, hex};
use support::{objects, repository, stderr, stdout};
use tempfile::tempdir;

#[test]
fn a_commitment_is_that_of_proofs_and_of_the_precompile() {
    let folder = tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let chain = ProofChain::new(None);
    let salt = [0xa5; 32];
    write("salt", &salt);
    for length in [0, 1, 64, 1000] {
        let input: Vec<u8> = (0..length).map(|i| (i * 31) as u8).collect();
        write("input", &input);
        let told = call(folder.path(), "commitment input --salt salt");
        assert!(told.status.success(), "{}", stderr(&told));
        let expected = commit(&salt, &input).to_bytes();
        assert_eq!(stdout(&told).trim(), hex(&expected));
        let asked = commitCall {
            salt: B256::from(salt),
            input: Bytes::from(input),
        };
        let result = chain.call(chain.spec.chain_id, chain.proof_precompile(), asked.abi_encode());
        assert_eq!(result.output().unwrap()[..], expected);
    }
}

#[test]
fn a_salt_is_drawn_for_its_owner_and_an_input_fits_its_model() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let bundle = repository("host/cli/bundled/digits-mlp.bundle");
    let bundle = bundle.display();
    std::fs::write(folder.join("image"), [3; 64]).unwrap();
    let line = format!("commitment image --save-salt drawn --bundle {bundle} --json");
    let told = call(folder, &line);
    assert!(told.status.success(), "{}", stderr(&told));
    let told = objects(&told).remove(0);
    let salt: [u8; 32] = std::fs::read(folder.join("drawn")).unwrap().try_into().unwrap();
    assert_ne!(salt, [0; 32]);
    assert_eq!(told["input_commitment"], hex(&commit(&salt, &[3; 64]).to_bytes()));
    assert_eq!(told["input_bytes"], 64);
    assert!(told["model_id"].is_string());

    std::fs::write(folder.join("long"), [3; 65]).unwrap();
    std::fs::write(folder.join("array.npy"), b"\x93NUMPY\x01\x00").unwrap();
    for (line, code, said) in [
        ("commitment image", 2, "--salt"),
        ("commitment image --salt image", 1, "more than 32 bytes"),
        (
            "commitment image --save-salt drawn",
            1,
            "salt of another commitment",
        ),
        ("commitment absent --salt drawn", 1, "absent"),
        ("commitment array.npy --salt drawn", 1, "add --bundle"),
        (
            &format!("commitment long --salt drawn --bundle {bundle}"),
            1,
            "longer than the 64 bytes",
        ),
    ] {
        let output = call(folder, line);
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert!(stderr(&output).contains(said), "{line}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{line}");
    }
}
