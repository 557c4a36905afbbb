//! `metisvm prove`, `verify` and `key`: from an inference to a verdict on its proof, and what is no proof of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_prover::commit;
use serde_json::{Value, json};
use support::proofs::{CHAIN, JOB, MADE, accepted, call, hex, prove, refused, verdict};
use support::{objects, stderr, stdout};
use tempfile::tempdir;

#[test]
fn a_proof_is_told_of_with_what_it_took() {
    let image = std::fs::read(MADE.folder().join("image")).unwrap();
    let output = std::fs::read(MADE.folder().join("output")).unwrap();
    for (object, form) in [(&MADE.raw, "raw"), (&MADE.wrapped, "wrapped")] {
        assert_eq!(object["form"], form);
        let number = |key: &str| object[key].as_f64().unwrap_or_else(|| panic!("{key}: {object}"));
        for key in [
            "prove_cpu_s",
            "wall_s",
            "circuits_cpu_s",
            "circuits_wall_s",
            "peak_memory_bytes",
            "memory_estimate_bytes",
            "proof_bytes",
            "degree",
            "model_degree",
            "model_rows",
            "threads",
            "conjectured_bits",
            "proven_bits",
        ] {
            assert!(number(key) > 0.0, "{key}: {object}");
        }
        assert!(number("model_rows") <= number("model_degree"));
        assert!(number("proven_bits") < number("conjectured_bits"), "{object}");
        assert_eq!(
            object["input_commitment"],
            hex(&commit(&[7; 32], &image).to_bytes())
        );
        assert_eq!(object["output"], hex(&output));
        assert_eq!(object["chain_id"], CHAIN);
        assert_eq!(object["job_id"], JOB);
    }
    let bytes = |object: &Value| object["proof_bytes"].as_u64().unwrap();
    assert!(bytes(&MADE.wrapped) < bytes(&MADE.raw));
    // What is told to people has the same.
    let told = call(
        MADE.folder(),
        "prove mlp.bundle --input image --raw --out told.json --salt salt",
    );
    assert!(told.status.success(), "{}", stderr(&told));
    let told = stdout(&told);
    let commitment = MADE.raw["input_commitment"].as_str().unwrap();
    assert!(told.contains(commitment) && told.contains("told.json"), "{told}");
}

#[test]
fn a_proof_of_what_was_asked_is_valid() {
    for proof in ["raw.json", "wrapped.json"] {
        let asked = MADE.asked();
        let object = accepted(&MADE.verify(proof, &format!("--bundle mlp.bundle --output output {asked}")));
        assert!(object["verify_ms"].as_f64().unwrap() > 0.0, "{object}");
        let made = [&MADE.raw, &MADE.wrapped][usize::from(proof == "wrapped.json")];
        for bits in ["conjectured_bits", "proven_bits"] {
            assert_eq!(object[bits], made[bits]);
        }
        assert_eq!(object["taken_from_file"], json!([]));
        assert_eq!(object["output"], MADE.raw["output"]);
        // The commitment that follows from input and salt is the same.
        let line = format!(
            "--keys keys --bundle mlp.bundle --chain-id {CHAIN} --job {JOB} --input image --salt salt"
        );
        accepted(&MADE.verify(proof, &line));
    }
}

#[test]
fn a_proof_of_something_else_is_not_valid() {
    let write = |name: &str, bytes: &[u8]| std::fs::write(MADE.folder().join(name), bytes).unwrap();
    write("other-output", &[0; 10]);
    write("other-salt", &[8; 32]);
    write("other-image", &[1; 64]);
    let other_job = JOB.replace("11", "12");
    let commitment = format!("--commitment {}", MADE.raw["input_commitment"].as_str().unwrap());
    // Raw keys are made; that of the wrapped proof is kept.
    let kept = format!("--model {}", MADE.raw["model_id"].as_str().unwrap());
    for (proof, model) in [("raw.json", "--bundle mlp.bundle"), ("wrapped.json", &kept)] {
        for (said, chain, job, rest) in [
            ("the chain 5068365, not 1", 1, JOB, commitment.as_str()),
            ("the job 0x1111", CHAIN, &other_job, &commitment),
            ("the commitment", CHAIN, JOB, "--input other-image --salt salt"),
            ("the commitment", CHAIN, JOB, "--input image --salt other-salt"),
            (
                "another output",
                CHAIN,
                JOB,
                &format!("{commitment} --output other-output"),
            ),
        ] {
            let line = format!("--keys keys {model} --chain-id {chain} --job {job} {rest}");
            refused(&MADE.verify(proof, &line), said);
        }
        let asked = MADE.asked();
        refused(
            &MADE.verify(proof, &format!("--bundle cnn.bundle {asked}")),
            "the model",
        );
        refused(
            &MADE.verify(proof, &format!("--model {JOB} {asked}")),
            "the model",
        );
    }
}

/// A file that says what a verifier wants to hear proves no more than it did.
#[test]
fn a_file_that_lies_is_not_valid() {
    // Raw keys are made; that of the wrapped proof is kept.
    let kept = format!("--model {}", MADE.raw["model_id"].as_str().unwrap());
    let lie = |proof: &str, key: &str, value: Value, said: &str| {
        let text = std::fs::read_to_string(MADE.folder().join(proof)).unwrap();
        let mut object: Value = serde_json::from_str(&text).unwrap();
        assert_ne!(object[key], value);
        object[key] = value;
        std::fs::write(MADE.folder().join("lies.json"), object.to_string()).unwrap();
        let model = [kept.as_str(), "--bundle mlp.bundle"][usize::from(proof == "raw.json")];
        let output = MADE.verify("lies.json", &format!("{model} --as-stated --keys keys"));
        refused(&output, said);
    };
    let output_bytes = MADE.raw["output"].as_str().unwrap().len() / 2 - 1;
    let cnn = objects(&call(MADE.folder(), "model info cnn.bundle --json")).remove(0);
    for proof in ["raw.json", "wrapped.json"] {
        for (key, value) in [
            ("chain_id", json!(1)),
            ("job_id", json!(JOB.replace("11", "12"))),
            ("input_commitment", json!(hex(&[1; 32]))),
            ("output", json!(hex(&vec![1; output_bytes]))),
        ] {
            lie(proof, key, value, "does not prove the statement");
        }
        lie(proof, "output", json!("0x00"), "the output has 1 bytes");
        lie(proof, "model_id", cnn["model_id"].clone(), "the model");
        lie(proof, "key_digest", json!(JOB), "the key");
    }
    lie("raw.json", "form", json!("wrapped"), "the key");
    lie("raw.json", "proof", json!("0x00"), "malformed at byte");
}

#[test]
fn a_damaged_proof_is_not_valid() {
    let whole = std::fs::read(MADE.folder().join("wrapped.json")).unwrap();
    let id = MADE.raw["model_id"].as_str().unwrap();
    let line = &format!("--model {id} --as-stated --keys keys");
    let damaged = |bytes: &[u8], what: &str| {
        std::fs::write(MADE.folder().join("damaged.json"), bytes).unwrap();
        assert_eq!(
            verdict(&MADE.verify("damaged.json", line))["valid"],
            false,
            "{what}"
        );
    };
    for length in [0, 1, whole.len() / 2, whole.len() - 3] {
        damaged(&whole[..length], &format!("{length} bytes"));
    }
    // Bits in the statement, and in each part of the proof.
    let steps = (0..whole.len()).step_by(whole.len() / 13);
    for at in steps.chain([20, 200, 400, whole.len() - 10]) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        damaged(&flipped, &format!("a bit of byte {at}"));
    }
    // A file that is not there gets no verdict.
    let missing = MADE.verify("nowhere.json", line);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("nowhere.json"), "{}", stderr(&missing));
}

#[test]
fn what_is_taken_from_the_file_is_said() {
    let alone = call(MADE.folder(), "verify wrapped.json --keys keys");
    assert_eq!(alone.status.code(), Some(2), "{}", stderr(&alone));
    assert!(stderr(&alone).contains("--as-stated"), "{}", stderr(&alone));
    let object = accepted(&MADE.verify("wrapped.json", "--keys keys --as-stated"));
    let all = json!(["model", "chain_id", "job_id", "input_commitment"]);
    assert_eq!(object["taken_from_file"], all);
    assert_eq!(object["key"], "kept");
    let line = format!("verify wrapped.json --keys keys --as-stated --bundle mlp.bundle --chain-id {CHAIN}");
    let told = stdout(&call(MADE.folder(), &line));
    assert!(told.contains("valid: ") && told.contains(JOB), "{told}");
    assert!(
        told.contains("taken from the file itself") && told.contains("job, input commitment"),
        "{told}"
    );
}

#[test]
fn salts_are_for_their_owner_alone_and_never_replaced() {
    let folder = MADE.folder();
    let first = prove(folder, "--raw --out first.json --save-salt drawn");
    let second = prove(folder, "--raw --out second.json");
    assert_ne!(first["input_commitment"], second["input_commitment"]);
    assert_eq!(first["output"], second["output"]);
    // Who does not say otherwise proves for no chain.
    assert_eq!(first["chain_id"], 0);
    let salt = std::fs::read(folder.join("drawn")).unwrap();
    let image = std::fs::read(folder.join("image")).unwrap();
    let commitment = commit(&salt.try_into().unwrap(), &image).to_bytes();
    assert_eq!(first["input_commitment"], hex(&commitment));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join("drawn"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = call(
        folder,
        "prove mlp.bundle --input image --raw -o third.json --save-salt drawn",
    );
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("salt of another commitment"),
        "{}",
        stderr(&again)
    );
    std::fs::write(folder.join("short"), [0; 31]).unwrap();
    let short = call(
        folder,
        "prove mlp.bundle --input image --raw -o x.json --salt short",
    );
    assert_eq!(short.status.code(), Some(1));
    assert!(stderr(&short).contains("has 31 bytes"), "{}", stderr(&short));
    assert!(!folder.join("third.json").exists() && !folder.join("x.json").exists());
}

#[test]
fn a_job_that_would_take_too_much_memory_is_refused_before_it_is_begun() {
    let folder = tempdir().unwrap();
    let [bundle, image] = ["mlp.bundle", "image"].map(|file| MADE.folder().join(file));
    let (bundle, image) = (bundle.display(), image.display());
    for (form, limit, said) in [
        ("--raw", 1, "over the limit of 1048576"),
        ("", 50, "of them for wrapping it"),
        ("--private-input", 50, "of them for wrapping it"),
    ] {
        let line = format!("prove {bundle} --input {image} -o proof.json --memory-limit {limit} {form}");
        let output = call(folder.path(), &line);
        assert_eq!(output.status.code(), Some(1));
        let error = stderr(&output);
        assert!(
            error.contains(said) && error.contains("raise the limit"),
            "{error}"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
#[ignore = "half a minute in the profile of the tests: tests/run slow"]
fn two_proofs_of_one_private_input_differ() {
    let proofs = ["private.json", "again.json"].map(|out| {
        let line = format!("--private-input --chain-id {CHAIN} --job {JOB} --salt salt --out {out}");
        let object = prove(MADE.folder(), &line);
        assert_eq!(object["form"], "blinded");
        let more = format!("--bundle mlp.bundle {}", MADE.asked());
        assert_eq!(accepted(&MADE.verify(out, &more))["key"], "made");
        let text = std::fs::read_to_string(MADE.folder().join(out)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    });
    let [first, second] = &proofs;
    assert_ne!(first["proof"], second["proof"]);
    assert_eq!(first["input_commitment"], second["input_commitment"]);
    assert_eq!(first["key_digest"], second["key_digest"]);
    assert_ne!(first["key_digest"], MADE.wrapped["key_digest"]);
}

#[test]
#[ignore = "a minute in the profile of the tests: tests/run slow"]
fn every_other_form_is_proven_and_verified_by_its_key() {
    for (options, form) in [
        ("--small", "small"),
        ("--small --private-input", "small-blinded"),
        ("--proven-bits", "proven"),
        ("--proven-bits --private-input", "proven-blinded"),
    ] {
        let line = format!("{options} --chain-id {CHAIN} --job {JOB} --salt salt --out {form}.json");
        let object = prove(MADE.folder(), &line);
        assert_eq!(object["form"], form);
        let id = object["model_id"].as_str().unwrap();
        let more = format!("--model {id} {}", MADE.asked());
        let kept = accepted(&MADE.verify(&format!("{form}.json"), &more));
        assert_eq!(kept["key"], "kept");
        let proven = object["proven_bits"].as_u64().unwrap();
        assert_eq!(proven >= 100, form.starts_with("proven"), "{object}");
        let bytes = |object: &Value| object["proof_bytes"].as_u64().unwrap();
        assert_eq!(
            bytes(&object) < bytes(&MADE.wrapped),
            form.starts_with("small"),
            "{object}"
        );
    }
}
