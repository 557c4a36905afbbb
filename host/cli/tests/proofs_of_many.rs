//! One proof of several inferences, and one of a model that is cut into layers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_model::Bundle;
use metisvm_prover::commit;
use serde_json::{Value, json};
use std::path::Path;
use support::proofs::{CHAIN, JOB, MADE, accepted, call, hex, refused};
use support::{objects, repository, stderr};
use tempfile::{TempDir, tempdir};

/// Inferences of the batches here.
const COUNT: usize = 3;

/// A folder with the MLP's bundle, images one after the other, salts, and the outputs.
fn folder_of(count: usize) -> TempDir {
    let folder = tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    std::fs::copy(MADE.folder().join("mlp.bundle"), folder.path().join("mlp.bundle")).unwrap();
    let images = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    write("images", &images[..64 * count]);
    let salts: Vec<u8> = (0..count).flat_map(|i| [i as u8 + 1; 32]).collect();
    write("salts", &salts);
    let line = format!("model run mlp.bundle --input images --batch {count} -o outputs");
    let ran = call(folder.path(), &line);
    assert!(ran.status.success(), "{}", stderr(&ran));
    folder
}

/// A job for each inference.
fn jobs(count: usize) -> String {
    let jobs = (0..count).map(|i| hex(&[i as u8; 32]));
    jobs.collect::<Vec<_>>().join(",")
}

fn commitments(folder: &Path, count: usize) -> Vec<String> {
    let images = std::fs::read(folder.join("images")).unwrap();
    let images = images.chunks_exact(64).take(count).enumerate();
    images
        .map(|(i, image)| hex(&commit(&[i as u8 + 1; 32], image).to_bytes()))
        .collect()
}

fn prove(folder: &Path, line: &str) -> Value {
    let output = call(folder, &format!("prove mlp.bundle --json {line}"));
    assert!(output.status.success(), "{}", stderr(&output));
    objects(&output).remove(0)
}

/// Proves a batch and holds it against what anybody can ask about it.
fn a_batch(folder: &Path, count: usize, options: &str) -> Value {
    let jobs = jobs(count);
    let line = format!(
        "--input images --batch {count} --salt salts --chain-id {CHAIN} --job {jobs} -o batch.json --keys keys {options}"
    );
    let told = prove(folder, &line);
    let stated = told["inferences"].as_array().unwrap();
    assert_eq!(stated.len(), count);
    let all = commitments(folder, count).join(",");
    for about in [
        format!("--commitment {all}"),
        "--input images --salt salts".to_owned(),
    ] {
        let line =
            format!("verify batch.json --json --bundle mlp.bundle --chain-id {CHAIN} --job {jobs} {about}");
        let verdict = accepted(&call(folder, &format!("{line} --output outputs")));
        assert_eq!(verdict["taken_from_file"], json!([]));
        assert_eq!(verdict["inferences"], told["inferences"]);
        assert_eq!(verdict["key_digest"], told["key_digest"]);
    }
    told
}

#[test]
fn several_inferences_have_one_proof() {
    let folder = folder_of(COUNT);
    let folder = folder.path();
    let told = a_batch(folder, COUNT, "--raw");
    assert_eq!((&told["lanes"], &told["doublings"]), (&json!(COUNT), &json!(0)));
    let bytes = told["proof_bytes"].as_u64().unwrap();
    assert!(bytes < 2 * MADE.raw["proof_bytes"].as_u64().unwrap(), "{told}");

    // Whatever is asked that was not proven, of whichever inference, is not valid; nor in another order.
    let (jobs, all) = (jobs(COUNT), commitments(folder, COUNT));
    let asked = |more: &str| {
        call(
            folder,
            &format!("verify batch.json --json --bundle mlp.bundle {more}"),
        )
    };
    let swapped = [&all[1], &all[0], &all[2]].map(String::as_str).join(",");
    let all = all.join(",");
    let images = std::fs::read(folder.join("outputs")).unwrap();
    let mut wrong = images.clone();
    *wrong.last_mut().unwrap() ^= 1;
    std::fs::write(folder.join("wrong"), wrong).unwrap();
    for (more, said) in [
        (
            format!("--chain-id 1 --job {jobs} --commitment {all}"),
            "inference 0: the proof is for the chain",
        ),
        (
            format!("--chain-id {CHAIN} --job {JOB} --commitment {all}"),
            "inference 0: the proof is for the job",
        ),
        (
            format!("--chain-id {CHAIN} --job {jobs} --commitment {swapped}"),
            "inference 0: the proof is for the commitment",
        ),
        (
            format!("--chain-id {CHAIN} --job {jobs} --commitment {all} --output wrong"),
            "inference 2: the proof is for another output",
        ),
        (
            format!("--chain-id {CHAIN} --job {JOB},{JOB} --commitment {all}"),
            "--job says 2, and the proof is of 3",
        ),
        (
            format!("--chain-id {CHAIN} --job {jobs} --commitment {JOB}"),
            "--commitment says 1, and the proof is of 3",
        ),
    ] {
        refused(&asked(&more), said);
    }

    // A file that lies proves no more than it did.
    let text = std::fs::read_to_string(folder.join("batch.json")).unwrap();
    let object: Value = serde_json::from_str(&text).unwrap();
    let lie = |change: &dyn Fn(&mut Value), said: &str| {
        let mut lies = object.clone();
        change(&mut lies);
        assert_ne!(lies, object);
        std::fs::write(folder.join("lies.json"), lies.to_string()).unwrap();
        let output = call(folder, "verify lies.json --json --bundle mlp.bundle --as-stated");
        refused(&output, said);
    };
    lie(&|o| o["inferences"][1]["chain_id"] = json!(1), "does not prove");
    lie(&|o| o["inferences"][2]["job_id"] = json!(JOB), "does not prove");
    lie(
        &|o| o["inferences"][0]["output"] = object["inferences"][1]["output"].clone(),
        "does not prove",
    );
    lie(
        &|o| {
            let stated = o["inferences"].as_array_mut().unwrap();
            stated.swap(0, 1);
        },
        "does not prove",
    );
    lie(
        &|o| {
            o["inferences"].as_array_mut().unwrap().pop();
        },
        "no batch of 2 inferences",
    );
    // A verifier makes the circuits of the file's shape, so that only those of its inferences are taken.
    lie(&|o| o["lanes"] = json!(4), "no batch of 3 inferences");
    lie(&|o| o["lanes"] = json!(60_000), "no batch of 3 inferences");
    lie(&|o| o["doublings"] = json!(1), "no batch of 3 inferences");
    lie(
        &|o| (o["lanes"], o["doublings"]) = (json!(2), json!(1)),
        "one circuit",
    );
    lie(
        &|o| {
            o["inferences"].as_array_mut().unwrap().pop();
            o["lanes"] = json!(2);
        },
        "the key",
    );
    lie(&|o| o["key_digest"] = json!(JOB), "the key");
    lie(&|o| o["proof"] = json!("0x00"), "malformed at byte");
    // A batch is no proof of one inference, and its key is that of its bundle.
    let without = call(folder, "verify batch.json --as-stated");
    assert_eq!(without.status.code(), Some(1));
    assert!(stderr(&without).contains("give --bundle"), "{}", stderr(&without));
    let cnn = MADE.folder().join("cnn.bundle");
    let line = format!("verify batch.json --json --as-stated --bundle {}", cnn.display());
    refused(&call(folder, &line), "the model");
}

/// Such a batch is proven all the same: it may be for trying out, or be acted on by nobody who counts jobs.
#[test]
fn equal_jobs_in_a_batch_are_warned_about() {
    let folder = folder_of(COUNT);
    let folder = folder.path();
    let warnings = |options: &str, code: i32| {
        let line = format!("prove mlp.bundle --input images --batch {COUNT} -o batch.json --raw {options}");
        let output = call(folder, &line);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        let lines = stderr(&output);
        let lines = lines.lines().filter(|line| line.contains("warning"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let [a, b, c] = [1, 2, 3].map(|i| hex(&[i; 32]));
    // The memory refuses them, after the warning and before anything is made.
    for (jobs, said) in [
        (format!("--job {a},{b},{a}"), "inferences 0 and 2"),
        (format!("--job {a},{b},{b}"), "inferences 1 and 2"),
        (format!("--job {a}"), "inferences 0 and 1"),
        (String::new(), "inferences 0 and 1"),
    ] {
        let told = warnings(&format!("{jobs} --memory-limit 50"), 1);
        assert_eq!(told.len(), 1, "{jobs}: {told:?}");
        assert!(told[0].contains(said) && told[0].contains("same job"), "{told:?}");
    }
    assert_eq!(
        warnings(&format!("--job {a},{b},{c} --memory-limit 50"), 1).len(),
        0,
        "each has its own"
    );
    assert_eq!(warnings(&format!("--job {a}"), 0).len(), 1);
    let verified = call(folder, "verify batch.json --json --bundle mlp.bundle --as-stated");
    accepted(&verified);
}

#[test]
fn a_batch_that_cannot_be_is_refused_before_it_is_begun() {
    let folder = folder_of(COUNT);
    let folder = folder.path();
    std::fs::write(folder.join("few"), [7; 64]).unwrap();
    for (line, said) in [
        (
            "--input images --batch 4",
            "the model takes 256 bytes for 4 inputs, not 192",
        ),
        ("--input images --batch 2", "longer than the 128 bytes"),
        ("--input images --batch 3 --salt few", "32 for each of 3 inputs"),
        (
            "--input images --batch 3 --memory-limit 50 --raw",
            "over the limit of 52428800",
        ),
        (
            "--input images --batch 3 --memory-limit 50",
            "over the limit of 52428800",
        ),
    ] {
        let output = call(folder, &format!("prove mlp.bundle -o batch.json {line}"));
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(stderr(&output).contains(said), "{line}: {}", stderr(&output));
        assert!(!folder.join("batch.json").exists());
    }
}

#[test]
#[ignore = "minutes in the profile of the tests: tests/run slow"]
fn a_batch_is_wrapped_and_blinded() {
    for (count, options, form) in [(5, "", "wrapped"), (16, "--private-input", "blinded")] {
        let folder = folder_of(count);
        let told = a_batch(folder.path(), count, options);
        assert_eq!(told["form"], form);
        assert!(told["proof_bytes"].as_u64().unwrap() < 190_000, "{told}");
    }
}

/// A model that is cut is proven by circuits for its layers, and states what it states uncut.
#[test]
fn layers_are_proven_apart_and_joined() {
    let folder = MADE.folder();
    let asked = MADE.asked();
    let line = format!("--chain-id {CHAIN} --job {JOB} --input image --salt salt --keys keys");
    let told = prove(folder, &format!("{line} --cuts 2 -o layers.json"));
    assert_eq!((&told["form"], &told["cuts"]), (&json!("wrapped"), &json!([2])));
    for key in ["input_commitment", "output", "model_id"] {
        assert_eq!(told[key], MADE.raw[key]);
    }
    assert_ne!(told["key_digest"], MADE.wrapped["key_digest"]);
    let verdict = accepted(&MADE.verify(
        "layers.json",
        &format!("--bundle mlp.bundle --output output {asked}"),
    ));
    assert_eq!((&verdict["key"], &verdict["cuts"]), (&json!("made"), &json!([2])));
    // Its key is that of a proof in one circuit neither in name nor in fact; it can go to others as any.
    let key = call(folder, "key mlp.bundle --cuts 2 --keys keys -o layers.key --json");
    assert!(key.status.success(), "{}", stderr(&key));
    assert_eq!(objects(&key)[0]["key_digest"], told["key_digest"]);
    accepted(&MADE.verify("layers.json", &format!("--key layers.key {asked}")));
    let kept = MADE.verify("layers.json", "--as-stated --keys keys");
    assert_eq!(kept.status.code(), Some(1));
    assert!(stderr(&kept).contains("is not kept"), "{}", stderr(&kept));

    // A file that says another cut, or none.
    let text = std::fs::read_to_string(folder.join("layers.json")).unwrap();
    let object: Value = serde_json::from_str(&text).unwrap();
    for (cuts, said) in [
        (json!([]), "the key"),
        (json!([1]), "the key"),
        (json!([0]), "not nodes of the model"),
        (json!([2, 2]), "not nodes of the model"),
        (json!([1_000_000]), "not nodes of the model"),
    ] {
        let mut lies = object.clone();
        lies["cuts"] = cuts;
        std::fs::write(folder.join("lies.json"), lies.to_string()).unwrap();
        refused(
            &MADE.verify("lies.json", "--bundle mlp.bundle --as-stated --keys keys"),
            said,
        );
    }
    let wrong = call(folder, "prove mlp.bundle --input image -o x.json --cuts 900");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        stderr(&wrong).contains("not nodes of the model"),
        "{}",
        stderr(&wrong)
    );
}

/// Where one circuit would take too much, the model is cut without being asked, and what it takes stays below the limit.
#[test]
#[ignore = "minutes in the profile of the tests: tests/run slow"]
fn a_model_too_large_for_the_limit_is_cut_and_stays_below_it() {
    /// In one circuit the model takes a gigabyte, in two half of that; what joins them takes 830 MB.
    const LIMIT_MIB: u64 = 850;
    const LAYERS: u32 = 14;
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let (Bundle { id, .. }, bytes) = metisvm_workload::deep(LAYERS);
    std::fs::write(folder.join("deep.bundle"), bytes).unwrap();
    std::fs::write(folder.join("input"), [77; metisvm_workload::DEEP_WIDTH as usize]).unwrap();
    let line = "deep.bundle --input input --keys keys --json";
    let in_one = call(folder, &format!("prove {line} -o whole.json"));
    assert!(in_one.status.success(), "{}", stderr(&in_one));
    let whole = objects(&in_one).remove(0);
    assert_eq!(whole["cuts"], json!([]));
    assert!(
        whole["memory_estimate_bytes"].as_u64().unwrap() > LIMIT_MIB << 20,
        "{whole}"
    );
    let cut = call(
        folder,
        &format!("prove {line} -o layers.json --memory-limit {LIMIT_MIB}"),
    );
    assert!(cut.status.success(), "{}", stderr(&cut));
    let told = objects(&cut).remove(0);
    println!("{told}");
    assert_eq!(told["model_id"], id.to_string());
    assert!(!told["cuts"].as_array().unwrap().is_empty(), "{told}");
    let (estimate, peak) = ("memory_estimate_bytes", "peak_memory_bytes");
    let bytes = |key: &str| told[key].as_u64().unwrap();
    assert!(bytes(peak) <= bytes(estimate), "{told}");
    assert!(bytes(estimate) <= LIMIT_MIB << 20, "{told}");
    assert_eq!(told["output"], whole["output"]);
    let verified = call(
        folder,
        "verify layers.json --as-stated --bundle deep.bundle --keys keys --json",
    );
    accepted(&verified);
    // A raw proof is of one circuit, so that there the limit refuses.
    let raw = call(
        folder,
        "prove deep.bundle --input input -o raw.json --raw --memory-limit 200",
    );
    assert_eq!(raw.status.code(), Some(1));
    assert!(stderr(&raw).contains("over the limit"), "{}", stderr(&raw));
}
