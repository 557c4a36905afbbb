//! `metisvm model import DIR --text` and `metisvm model generate`: from a folder of Hugging Face to a text, here and in a
//! contract's hands.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use alloy_primitives::{B256, U256, hex};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::OnceLock;
use support::node::Node;
use support::{objects, repository, run, stderr, stdout};
use tempfile::TempDir;

/// The inference precompile of metis-dev.
const INFERENCE: &str = "0x4d45544900000000000000000000000000000001";
const PROMPT: &str = "The model of a";

fn path(file: &str) -> String {
    repository(file).to_str().unwrap().to_owned()
}

/// A folder with `gpt2.bundle` and its tokenizer, imported once.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (model, text) = (path("models/hub/gpt2"), path("models/hub/text/calibration.txt"));
        let arguments = [
            "model",
            "import",
            &model,
            "--text",
            &text,
            "--context",
            "64",
            "--chunk",
            "8",
            "-o",
            "gpt2.bundle",
        ];
        let done = run(folder.path(), &arguments);
        assert!(done.status.success(), "{}", stderr(&done));
        folder
    });
    folder.path()
}

fn generate(arguments: &[&str]) -> Value {
    let mut all = vec!["model", "generate", "gpt2.bundle", "--json"];
    all.extend(arguments);
    let done = run(folder(), &all);
    assert!(done.status.success(), "{}", stderr(&done));
    objects(&done).remove(0)
}

fn refused(arguments: &[&str], words: &[&str]) {
    let done = run(folder(), arguments);
    assert!(
        !done.status.success(),
        "{arguments:?} went through: {}",
        stdout(&done)
    );
    for word in words {
        assert!(stderr(&done).contains(word), "{arguments:?}: {}", stderr(&done));
    }
}

fn numbers(value: &Value) -> Vec<u64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .collect()
}

#[test]
fn a_text_is_the_same_on_every_engine() {
    let drawn = [
        "--prompt",
        PROMPT,
        "-n",
        "24",
        "--temperature",
        "0.8",
        "--top-k",
        "40",
        "--seed",
        "7",
    ];
    for options in [&["--prompt", PROMPT, "-n", "24"][..], &drawn] {
        let expected = generate(&[options, &["--backend", "reference"]].concat());
        assert_eq!(numbers(&expected["tokens"]).len(), 24);
        for backend in ["cpu", "fpga", "fpga,cpu"] {
            let text = generate(&[options, &["--backend", backend]].concat());
            assert_eq!(text["tokens"], expected["tokens"], "{backend}");
            assert_eq!(text["text"], expected["text"], "{backend}");
        }
    }
    let other = generate(&[&drawn[..8], &["--seed", "8"]].concat());
    assert_ne!(
        other["tokens"],
        generate(&drawn)["tokens"],
        "chance has no effect"
    );
}

#[test]
fn a_card_that_fails_in_the_midst_of_a_text_changes_nothing() {
    // With products of bytes the card has parts of every step.
    let (model, text) = (path("models/hub/gpt2"), path("models/hub/text/calibration.txt"));
    let import = [
        "model",
        "import",
        &model,
        "--text",
        &text,
        "--target-error",
        "0.5",
        "-o",
        "bytes.bundle",
    ];
    let done = run(folder(), &import);
    assert!(done.status.success(), "{}", stderr(&done));
    let generate = |options: &[&str]| {
        let start = [
            "model",
            "generate",
            "bytes.bundle",
            "--json",
            "--prompt",
            PROMPT,
            "-n",
            "16",
        ];
        let done = run(folder(), &[&start[..], options].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        (objects(&done).remove(0), stderr(&done))
    };
    let (expected, _) = generate(&["--backend", "reference"]);
    for fault in ["flip-bit@9", "hang@20"] {
        let (text, said) = generate(&["--backend", "fpga", "--fault", fault]);
        assert_eq!(text["tokens"], expected["tokens"], "{fault}");
        assert_eq!(text["faults"].as_array().map(Vec::len), Some(1), "{fault}");
        assert!(!text["faults"][0]["at_job"].is_null(), "{fault}: {said}");
        assert!(
            text["done_by"].as_array().unwrap().contains(&json!("fpga")),
            "{fault}"
        );
    }
}

#[test]
fn what_streams_is_the_text() {
    let object = generate(&["--prompt", PROMPT, "-n", "20"]);
    let done = run(
        folder(),
        &["model", "generate", "gpt2.bundle", "--prompt", PROMPT, "-n", "20"],
    );
    assert!(done.status.success(), "{}", stderr(&done));
    let text = object["text"].as_str().unwrap();
    assert_eq!(stdout(&done).trim_end_matches('\n'), text.trim_end_matches('\n'));
    assert!(stderr(&done).contains("20 generated"), "{}", stderr(&done));
    let tokens = numbers(&object["prompt_tokens"]);
    let list: Vec<String> = tokens.iter().map(u64::to_string).collect();
    let by_number = generate(&["--tokens", &list.join(","), "-n", "20"]);
    assert_eq!(by_number["tokens"], object["tokens"]);
}

#[test]
fn wrong_use_is_said_with_what_to_do() {
    let generate = ["model", "generate", "gpt2.bundle"];
    refused(&generate, &["--prompt"]);
    refused(&[&generate[..], &["--prompt", ""]].concat(), &["no tokens"]);
    refused(
        &[&generate[..], &["--tokens", "1,99999"]].concat(),
        &["99999", "512"],
    );
    let long = vec!["5"; 64].join(",");
    refused(
        &[&generate[..], &["--tokens", &long]].concat(),
        &["context of 64"],
    );
    refused(
        &[&generate[..], &["--prompt", "a", "--temperature", "65"]].concat(),
        &["0 to 64"],
    );
    refused(
        &[&generate[..], &["--prompt", "a", "--tokenizer", "absent.json"]].concat(),
        &["absent.json"],
    );
    std::fs::write(folder().join("bad.json"), "{\"version\": 7}").unwrap();
    refused(
        &[&generate[..], &["--prompt", "a", "--tokenizer", "bad.json"]].concat(),
        &["tokenizer.json"],
    );
    let digits = path("host/cli/bundled/digits-cnn.bundle");
    refused(
        &["model", "generate", &digits, "--tokens", "1"],
        &["does not generate", "--text"],
    );

    let (gpt2, bert, text) = (
        path("models/hub/gpt2"),
        path("models/hub/bert"),
        path("models/hub/text/calibration.txt"),
    );
    refused(&["model", "import", &gpt2], &["--text", "--dim"]);
    refused(&["model", "import", &bert, "--text", &text], &["--calibration"]);
    refused(
        &["model", "import", &gpt2, "--text", &text, "--context", "100000"],
        &["positions"],
    );
    refused(
        &[
            "model",
            "import",
            &gpt2,
            "--text",
            &text,
            "--context",
            "8",
            "--chunk",
            "9",
        ],
        &["--chunk"],
    );
    std::fs::write(folder().join("short.txt"), "a").unwrap();
    refused(&["model", "import", &gpt2, "--text", "short.txt"], &["longer"]);
    std::fs::write(folder().join("bytes.txt"), [0xff, 0xfe]).unwrap();
    refused(&["model", "import", &gpt2, "--text", "bytes.txt"], &["UTF-8"]);
}

#[test]
fn a_contract_gets_the_tokens_that_the_command_gives() {
    let here = tempfile::tempdir().unwrap();
    let node = Node::start(here.path(), &[]);
    let url = format!("http://{}", node.address);
    let done = run(
        folder(),
        &["model", "register", "gpt2.bundle", "--rpc", &url, "--json"],
    );
    assert!(done.status.success(), "{}", stderr(&done));
    let expected = generate(&[
        "--prompt",
        PROMPT,
        "-n",
        "12",
        "--temperature",
        "1",
        "--seed",
        "5",
    ]);
    // Texts are on metis-dev from this time on.
    node.ask("evm_setNextBlockTimestamp", json!(["0x70000000"]))
        .unwrap();
    node.ask("evm_mine", json!([])).unwrap();
    let word = |n: u64| U256::from(n).to_be_bytes::<32>();
    let mut data =
        alloy_primitives::keccak256("generate(bytes32,uint32[],uint32,uint32,uint32,bytes32)")[..4].to_vec();
    let id: B256 = expected["model_id"].as_str().unwrap().parse().unwrap();
    let prompt = numbers(&expected["prompt_tokens"]);
    data.extend(id);
    for head in [0xc0, 12, 1 << 16, 0, 5, prompt.len() as u64] {
        data.extend(word(head));
    }
    prompt.iter().for_each(|&token| data.extend(word(token)));
    let answer = node
        .ask(
            "eth_call",
            json!([{"to": INFERENCE, "data": hex::encode_prefixed(&data)}, "latest"]),
        )
        .unwrap();
    let answer = hex::decode(answer.as_str().unwrap()).unwrap();
    let words: Vec<u64> = answer
        .chunks(32)
        .map(|word| U256::from_be_slice(word).to())
        .collect();
    assert_eq!(words[..2], [32, 12]);
    assert_eq!(words[2..], numbers(&expected["tokens"]));
}

#[test]
fn a_tokenizer_neither_cuts_nor_fills_up_a_prompt() {
    let expected = generate(&["--prompt", PROMPT, "-n", "4"]);
    let file = folder().join("gpt2.tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    tokenizer["truncation"] =
        json!({"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0});
    tokenizer["padding"] = json!({"strategy": {"Fixed": 60}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>"});
    tokenizer["model"]["dropout"] = json!(0.9);
    std::fs::write(folder().join("batch.json"), tokenizer.to_string()).unwrap();
    let text = generate(&["--prompt", PROMPT, "-n", "4", "--tokenizer", "batch.json"]);
    assert_eq!(text["prompt_tokens"], expected["prompt_tokens"]);
    assert_eq!(text["tokens"], expected["tokens"]);
}

#[test]
fn an_import_does_not_write_over_what_it_reads() {
    let here = tempfile::tempdir().unwrap();
    let model = here.path().join("model");
    std::fs::create_dir(&model).unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(repository("models/hub/gpt2").join(name), model.join(name)).unwrap();
    }
    let before = std::fs::read(model.join("model.safetensors")).unwrap();
    let text = path("models/hub/text/calibration.txt");
    let arguments = [
        "model",
        "import",
        "model",
        "--text",
        &text,
        "-o",
        "model/model.safetensors",
    ];
    let done = run(here.path(), &arguments);
    assert!(!done.status.success());
    assert_eq!(
        std::fs::read(model.join("model.safetensors")).unwrap(),
        before,
        "{}",
        stderr(&done)
    );
}
