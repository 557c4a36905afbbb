//! Verifying keys on disk: written for others, kept for oneself, and found to be damaged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_prover::CIRCUITS_REVISION;
use metisvm_verifier::statement::VERSION;
use support::proofs::{JOB, MADE, accepted, call, hex, refused};
use support::{objects, stderr};
use tempfile::tempdir;

#[test]
fn a_key_is_enough_to_verify() {
    let folder = MADE.folder();
    let output = call(folder, "key mlp.bundle --keys keys --out mlp.key --json");
    assert!(output.status.success(), "{}", stderr(&output));
    let key = objects(&output).remove(0);
    assert_eq!(key["key"], "made");
    for bits in ["conjectured_bits", "proven_bits"] {
        assert_eq!(key[bits], MADE.wrapped[bits]);
    }
    let bytes = std::fs::read(folder.join("mlp.key")).unwrap();
    assert_eq!(key["key_bytes"], bytes.len());
    assert_eq!(key["key_digest"], MADE.wrapped["key_digest"]);
    assert_eq!(
        key["key_digest"],
        hex(alloy_primitives::keccak256(&bytes).as_slice())
    );
    // In a folder without bundle and kept keys.
    let bare = tempdir().unwrap();
    for file in ["mlp.key", "wrapped.json", "raw.json"] {
        std::fs::copy(folder.join(file), bare.path().join(file)).unwrap();
    }
    let asked = MADE.asked();
    let verify = |proof: &str, more: &str| {
        let line = format!("verify {proof} --json --key mlp.key {asked} {more}");
        call(bare.path(), &line)
    };
    let digest = key["key_digest"].as_str().unwrap();
    let object = accepted(&verify("wrapped.json", &format!("--key-digest {digest}")));
    assert_eq!(object["key"], "given");
    assert!(
        object["proven_bits"].is_null(),
        "what is wrapped is not in the key"
    );
    refused(&verify("raw.json", ""), "the key");
    let other = verify("wrapped.json", &format!("--key-digest {JOB}"));
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).contains("digest"), "{}", stderr(&other));
    std::fs::write(bare.path().join("mlp.key"), &bytes[1..]).unwrap();
    let damaged = verify("wrapped.json", "");
    assert_eq!(damaged.status.code(), Some(1));
    assert!(stderr(&damaged).contains("mlp.key"), "{}", stderr(&damaged));
    // Without any key there is no verdict.
    let none = call(bare.path(), "verify wrapped.json --as-stated --keys none");
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).contains("--bundle or --key"), "{}", stderr(&none));
    let raw = call(bare.path(), "verify raw.json --as-stated --keys none");
    assert_eq!(raw.status.code(), Some(1));
    assert!(stderr(&raw).contains("give --bundle"), "{}", stderr(&raw));
}

#[test]
fn a_raw_key_has_a_digest_and_no_file() {
    let key = objects(&call(MADE.folder(), "key mlp.bundle --raw --json --keys keys")).remove(0);
    assert_eq!(key["key_digest"], MADE.raw["key_digest"]);
    assert!(key["key_bytes"].is_null());
    let output = call(MADE.folder(), "key mlp.bundle --raw --out raw.key");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no form as bytes"),
        "{}",
        stderr(&output)
    );
    assert!(!MADE.folder().join("raw.key").exists());
}

#[test]
fn a_damaged_key_is_made_again() {
    let own = MADE.folder().join("damaged-keys");
    std::fs::create_dir(&own).unwrap();
    // Of both proofs only the wrapped one has a key that is kept.
    let mut kept: Vec<_> = std::fs::read_dir(MADE.folder().join("keys"))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(kept.len(), 1);
    let kept = kept.remove(0);
    let file = own.join(kept.file_name());
    let whole = std::fs::read(kept.path()).unwrap();
    let mut longer = whole.clone();
    longer.resize(100 << 20, 0);
    let mut flipped = whole.clone();
    flipped[100] ^= 1;
    for damaged in [&flipped[..], &whole[1..], &[], &longer] {
        std::fs::write(&file, damaged).unwrap();
        let line = "--as-stated --keys damaged-keys";
        let without_bundle = MADE.verify("wrapped.json", line);
        assert_eq!(without_bundle.status.code(), Some(1));
        let said = stderr(&without_bundle);
        assert!(
            said.contains("damaged and not used") && said.contains("--bundle"),
            "{said}"
        );
    }
    std::fs::write(&file, flipped).unwrap();
    let again = MADE.verify(
        "wrapped.json",
        "--as-stated --keys damaged-keys --bundle mlp.bundle",
    );
    assert_eq!(accepted(&again)["key"], "made");
    let said = stderr(&again);
    assert!(
        said.lines().count() == 1 && said.contains("is made again"),
        "{said}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    assert_eq!(
        std::fs::read_dir(&own).unwrap().count(),
        1,
        "nothing else is left there"
    );
    let kept = MADE.verify("wrapped.json", "--as-stated --keys damaged-keys");
    assert_eq!(accepted(&kept)["key"], "kept");
    assert!(stderr(&kept).is_empty(), "{}", stderr(&kept));
}

/// A key that somebody planted has a name that fits its content. Whoever has the bundle does not believe it.
#[test]
fn a_planted_key_is_believed_by_none_who_has_the_bundle() {
    let folder = MADE.folder();
    let planted = folder.join("planted-keys");
    std::fs::create_dir(&planted).unwrap();
    let own = std::fs::read_dir(folder.join("keys")).unwrap().next().unwrap();
    let own = own.unwrap().file_name().into_string().unwrap();
    let wanted = MADE.wrapped["key_digest"].as_str().unwrap();
    // A key of the same model in another form, under the name of this one.
    let line = "key mlp.bundle --private-input --out other.key --keys other-keys --json";
    let other = objects(&call(folder, line)).remove(0);
    let other = other["key_digest"].as_str().unwrap();
    let name = own.replace(&wanted[2..], &other[2..]);
    assert_ne!(name, own);
    let plant = || {
        let _ = std::fs::remove_file(planted.join(&own));
        std::fs::copy(folder.join("other.key"), planted.join(&name)).unwrap();
    };
    let mended = || {
        let files = std::fs::read_dir(&planted).unwrap();
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, [own.as_str()]);
    };
    plant();
    let id = MADE.raw["model_id"].as_str().unwrap();
    let asked = MADE.asked().replace("--keys keys", "--keys planted-keys --json");
    // Without the bundle the folder is all there is to go by.
    let by_folder = call(folder, &format!("verify wrapped.json --model {id} {asked}"));
    refused(&by_folder, "the key");
    let by_bundle = call(
        folder,
        &format!("verify wrapped.json --bundle mlp.bundle {asked}"),
    );
    assert_eq!(accepted(&by_bundle)["key"], "made");
    mended();
    plant();
    let key = objects(&call(folder, "key mlp.bundle --keys planted-keys --json")).remove(0);
    assert_eq!(
        (&key["key"], &key["key_digest"]),
        (&"made".into(), &wanted.into())
    );
    mended();
}

#[test]
fn a_key_of_older_circuits_is_not_found() {
    let folder = MADE.folder();
    let old = folder.join("old-keys");
    std::fs::create_dir(&old).unwrap();
    let own = std::fs::read_dir(folder.join("keys")).unwrap().next().unwrap();
    let own = own.unwrap();
    let name = own.file_name().into_string().unwrap();
    let revision = format!("-{VERSION}-{CIRCUITS_REVISION}-");
    assert!(name.contains(&revision), "{name}");
    let before = format!("-{VERSION}-{}-", CIRCUITS_REVISION - 1);
    std::fs::copy(own.path(), old.join(name.replace(&revision, &before))).unwrap();
    let verified = MADE.verify("wrapped.json", "--as-stated --keys old-keys");
    assert_eq!(verified.status.code(), Some(1));
    assert!(
        stderr(&verified).contains("no key of wrapped proofs"),
        "{}",
        stderr(&verified)
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_only_where_it_was_named() {
    let named = call(
        MADE.folder(),
        "key mlp.bundle --keys /proc/nowhere --json --memory-limit 2048",
    );
    assert_eq!(named.status.code(), Some(1));
    assert!(stderr(&named).contains("/proc/nowhere"), "{}", stderr(&named));
    // The home of these tests cannot be written.
    let own = call(MADE.folder(), "key mlp.bundle --json");
    assert!(own.status.success(), "{}", stderr(&own));
    assert!(
        stderr(&own).contains("note: /proc/metisvm-has-no-home"),
        "{}",
        stderr(&own)
    );
}
