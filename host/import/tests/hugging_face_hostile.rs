//! Folders that are damaged, or ask for too much: each gives an error that says where and what, at once and within
//! little memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot build its data has failed")]

use metisvm_import::hugging_face::{Choices, Folder, Form, Onnx, to_onnx};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What none of these folders may make the process hold at once.
const MAX_PEAK_KIB: u64 = 200 << 10;

type Tensor = (String, Vec<usize>);

/// The bytes of a safetensors file of f32 tensors, all ones.
fn safetensors(tensors: &[Tensor]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (name, shape) in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        let info = json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] });
        header.insert(name.clone(), info);
    }
    with_header(&Value::Object(header).to_string(), end)
}

fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(1f32.to_le_bytes().repeat(data.div_ceil(4)).iter().take(data));
    bytes
}

/// A GPT-2 of one layer.
fn gpt2() -> (Value, Vec<Tensor>) {
    let config = json!({
        "model_type": "gpt2", "vocab_size": 10, "n_positions": 8, "n_embd": 4, "n_layer": 1, "n_head": 2,
    });
    let t = |name: &str, shape: &[usize]| (name.to_string(), shape.to_vec());
    let mut tensors = vec![
        t("wte.weight", &[10, 4]),
        t("wpe.weight", &[8, 4]),
        t("h.0.attn.c_attn.weight", &[4, 12]),
        t("h.0.attn.c_attn.bias", &[12]),
        t("h.0.attn.c_proj.weight", &[4, 4]),
        t("h.0.attn.c_proj.bias", &[4]),
        t("h.0.mlp.c_fc.weight", &[4, 16]),
        t("h.0.mlp.c_fc.bias", &[16]),
        t("h.0.mlp.c_proj.weight", &[16, 4]),
        t("h.0.mlp.c_proj.bias", &[4]),
    ];
    for norm in ["h.0.ln_1", "h.0.ln_2", "ln_f"] {
        tensors.push(t(&format!("{norm}.weight"), &[4]));
        tensors.push(t(&format!("{norm}.bias"), &[4]));
    }
    (config, tensors)
}

fn folder(config: &Value, tensors: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), tensors).unwrap();
    folder
}

fn sequence(length: u32) -> Choices {
    Choices {
        dims: [("sequence".to_string(), length)].into(),
        ..Choices::default()
    }
}

fn write(folder: &TempDir, choices: &Choices) -> Result<Onnx, String> {
    let started = Instant::now();
    let opened = Folder::open(folder.path()).map_err(|e| e.to_string());
    let result = opened.and_then(|folder| to_onnx(&folder, choices).map_err(|e| e.to_string()));
    let (took, peak) = (started.elapsed(), peak_kib());
    assert!(took < Duration::from_secs(10), "{result:?}: {took:?}");
    assert!(peak < MAX_PEAK_KIB, "{result:?}: the process held {peak} KiB");
    result
}

/// The most memory that this process has held.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The error says all of this.
fn refused(folder: &TempDir, choices: &Choices, says: &[&str]) {
    let error = write(folder, choices).expect_err("an error");
    for part in says {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
}

/// A change of the configuration of a sound folder.
fn config_refused(change: &Value, says: &[&str]) {
    let (mut config, tensors) = gpt2();
    config
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    refused(&folder(&config, &safetensors(&tensors)), &sequence(4), says);
}

#[test]
fn a_sound_folder_is_written() {
    let (config, tensors) = gpt2();
    let folder = folder(&config, &safetensors(&tensors));
    let onnx = write(&folder, &sequence(4)).unwrap();
    assert_eq!(onnx.warnings, Vec::<String>::new());
    onnx_rs::parse(&onnx.bytes).unwrap();
    let form = Form::Step {
        tokens: 2,
        context: 8,
    };
    let step = write(
        &folder,
        &Choices {
            form,
            ..Choices::default()
        },
    )
    .unwrap();
    let step = onnx_rs::parse(&step.bytes).unwrap();
    let names: Vec<&str> = step
        .graph
        .as_ref()
        .unwrap()
        .input
        .iter()
        .map(|i| i.name)
        .collect();
    assert_eq!(names, ["tokens", "position", "key.0", "value.0"]);
}

#[test]
fn damaged_files_say_where() {
    let (config, tensors) = gpt2();
    let sound = safetensors(&tensors);
    for length in (0..sound.len()).step_by(13) {
        refused(
            &folder(&config, &sound[..length]),
            &sequence(4),
            &["model.safetensors", "not a sound"],
        );
    }
    let mut longer = sound.clone();
    longer.push(0);
    refused(&folder(&config, &longer), &sequence(4), &["behind its header"]);
    let mut huge = sound.clone();
    huge[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    refused(
        &folder(&config, &huge),
        &sequence(4),
        &["1152921504606846976 bytes"],
    );
    let mut text = sound;
    text[8] = b'[';
    refused(&folder(&config, &text), &sequence(4), &["not a sound"]);
}

#[test]
fn tensors_that_overlap_or_have_no_size_are_refused() {
    let (config, _) = gpt2();
    for header in [
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
        r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,12]}}"#,
        r#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,12]}}"#,
        r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[12,0]}}"#,
        r#"{"a":{"dtype":"F3","shape":[3],"data_offsets":[0,12]}}"#,
        r#"{"a":{"dtype":"F32","shape":[-3],"data_offsets":[0,12]}}"#,
        r#"{"a":{"dtype":"F32","data_offsets":[0,12]}}"#,
    ] {
        refused(
            &folder(&config, &with_header(header, 12)),
            &sequence(4),
            &["model.safetensors", "not a sound"],
        );
    }
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    refused(
        &folder(&config, &with_header(&nested, 0)),
        &sequence(4),
        &["not a sound"],
    );
}

#[test]
fn tensors_are_those_of_the_configuration() {
    let (config, tensors) = gpt2();
    for at in 0..tensors.len() {
        let mut fewer = tensors.clone();
        let (name, _) = fewer.remove(at);
        refused(
            &folder(&config, &safetensors(&fewer)),
            &sequence(4),
            &[&name, "missing"],
        );
        let mut other = tensors.clone();
        other[at].1.push(1);
        refused(
            &folder(&config, &safetensors(&other)),
            &sequence(4),
            &[&name, "its shape is"],
        );
    }
    let header = r#"{"wte.weight":{"dtype":"I64","shape":[10,4],"data_offsets":[0,320]}}"#;
    refused(
        &folder(&config, &with_header(header, 320)),
        &sequence(4),
        &["wte.weight", "I64", "BF16"],
    );
    let mut more = tensors;
    more.push(("h.7.extra".to_string(), vec![1]));
    let onnx = write(&folder(&config, &safetensors(&more)), &sequence(4)).unwrap();
    assert!(onnx.warnings[0].contains("h.7.extra"), "{:?}", onnx.warnings);
}

#[test]
fn a_configuration_has_its_keys_and_they_make_sense() {
    let (config, tensors) = gpt2();
    for key in config.as_object().unwrap().keys() {
        let mut less = config.clone();
        less.as_object_mut().unwrap().remove(key);
        refused(
            &folder(&less, &safetensors(&tensors)),
            &sequence(4),
            &["config.json", key, "missing"],
        );
        for wrong in [json!([]), json!(-1), json!(1.5), json!(u64::MAX), json!(0)] {
            config_refused(&json!({ key: wrong }), &["config.json", key]);
        }
    }
    for (key, value) in [
        ("activation_function", json!("snake")),
        ("layer_norm_epsilon", json!("small")),
        ("scale_attn_weights", json!(1)),
        ("add_cross_attention", json!(true)),
        ("architectures", json!(["GPT2ForTokenClassification"])),
        ("architectures", json!("GPT2LMHeadModel")),
        ("model_type", json!("gpt5")),
        ("n_head", json!(3)),
    ] {
        config_refused(&json!({ key: value }), &["config.json", key]);
    }
    let unknown = json!({ "sparse_attention": true });
    let (mut config, tensors) = gpt2();
    config
        .as_object_mut()
        .unwrap()
        .extend(unknown.as_object().unwrap().clone());
    let onnx = write(&folder(&config, &safetensors(&tensors)), &sequence(4)).unwrap();
    assert!(
        onnx.warnings[0].contains("sparse_attention"),
        "{:?}",
        onnx.warnings
    );
}

#[test]
fn absurd_sizes_are_not_allocated() {
    let most = 1u64 << 26;
    for (key, says) in [
        ("n_layer", "h.1.ln_1.weight"),
        ("n_positions", "wpe.weight"),
        ("n_embd", "wte.weight"),
        ("vocab_size", "wte.weight"),
        ("n_inner", "h.0.mlp.c_fc.weight"),
    ] {
        config_refused(&json!({ key: most }), &[says]);
        config_refused(
            &json!({ key: 1_000_000_000 }),
            &[key, "is not a whole number from 0 to"],
        );
    }
    let (config, tensors) = gpt2();
    let mut config = config;
    config["n_positions"] = json!(most);
    let folder = folder(&config, &safetensors(&tensors));
    refused(&folder, &sequence(1 << 20), &["the mask of attention"]);
    let form = Form::Step {
        tokens: 1 << 13,
        context: 1 << 25,
    };
    refused(
        &folder,
        &Choices {
            form,
            ..Choices::default()
        },
        &["the mask of attention"],
    );
}

#[test]
fn absurd_sizes_of_other_architectures_are_not_allocated() {
    let base = json!({
        "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 10,
        "max_position_embeddings": 64, "moe_intermediate_size": 4, "n_routed_experts": 4, "num_experts_per_tok": 2,
        "kv_lora_rank": 4, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 4, "first_k_dense_replace": 0,
    });
    let most = 1u64 << 26;
    for model in ["llama", "mistral", "qwen2", "deepseek_v2", "deepseek_v3", "bert"] {
        for key in base.as_object().unwrap().keys() {
            for value in [most, 1 << 16] {
                let mut config = base.clone();
                config["model_type"] = json!(model);
                config["sliding_window"] = json!(null);
                config[key] = json!(value);
                let tables = ["model.embed_tokens.weight", "embeddings.word_embeddings.weight"];
                let tensors = tables.map(|name| (name.to_string(), vec![10, 8]));
                let folder = folder(&config, &safetensors(&tensors));
                assert!(write(&folder, &sequence(32)).is_err(), "{model} {key}");
            }
        }
    }
}

#[test]
fn an_index_names_files_of_the_folder() {
    let (config, tensors) = gpt2();
    let (first, second) = tensors.split_at(4);
    let path = tempfile::tempdir().unwrap();
    let write_file = |name: &str, bytes: &[u8]| std::fs::write(path.path().join(name), bytes).unwrap();
    let index = |map: Value| write_file("model.safetensors.index.json", map.to_string().as_bytes());
    write_file("config.json", config.to_string().as_bytes());
    refused(&path, &sequence(4), &["model.safetensors", "not there"]);
    write_file("pytorch_model.bin", b"");
    refused(
        &path,
        &sequence(4),
        &["pytorch_model.bin", "pickle", "safe_serialization=True"],
    );

    let parts = json!({ "weight_map": { "wte.weight": "a.safetensors", "ln_f.bias": "b.safetensors" } });
    index(parts.clone());
    write_file("a.safetensors", &safetensors(first));
    refused(&path, &sequence(4), &["b.safetensors"]);
    write_file("b.safetensors", &safetensors(second));
    write(&path, &sequence(4)).unwrap();
    write_file("b.safetensors", &safetensors(&tensors));
    refused(&path, &sequence(4), &["two files"]);
    for wrong in ["../b.safetensors", "/etc/passwd", "b", "", "c\\b.safetensors"] {
        index(json!({ "weight_map": { "wte.weight": wrong } }));
        refused(
            &path,
            &sequence(4),
            &["index.json", "not the name of a safetensors file"],
        );
    }
    for wrong in [json!({}), json!({ "weight_map": [] }), json!(3)] {
        index(wrong);
        refused(&path, &sequence(4), &["index.json"]);
    }
}

#[test]
fn what_is_no_plain_file_is_not_opened() {
    let (config, _) = gpt2();
    let path = tempfile::tempdir().unwrap();
    refused(&path, &sequence(4), &["config.json"]);
    std::fs::write(path.path().join("config.json"), config.to_string()).unwrap();
    std::fs::create_dir(path.path().join("model.safetensors")).unwrap();
    refused(&path, &sequence(4), &["model.safetensors", "not a plain file"]);
    std::fs::remove_file(path.path().join("config.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", path.path().join("config.json")).unwrap();
    refused(&path, &sequence(4), &["config.json", "not a plain file"]);
}

#[test]
fn choices_have_an_effect() {
    let (config, tensors) = gpt2();
    let folder = folder(&config, &safetensors(&tensors));
    refused(&folder, &Choices::default(), &["--dim sequence=N", "from 1 to 8"]);
    refused(&folder, &sequence(9), &["sequence is 9", "from 1 to 8"]);
    refused(&folder, &sequence(0), &["sequence is 0"]);
    let mut other = sequence(4);
    other.dims.insert("width".to_string(), 1);
    refused(&folder, &other, &["no extent \"width\"", "sequence"]);
    let part = Some("encoder".to_string());
    refused(&folder, &Choices { part, ..sequence(4) }, &["no parts"]);
    for (tokens, context) in [(0, 8), (1, 0), (1, 9), (5, 4)] {
        let form = Form::Step { tokens, context };
        assert!(
            write(
                &folder,
                &Choices {
                    form,
                    ..Choices::default()
                }
            )
            .is_err()
        );
    }
    let form = Form::Step {
        tokens: 1,
        context: 8,
    };
    refused(
        &folder,
        &Choices { form, ..sequence(4) },
        &["no extent \"sequence\""],
    );
}

/// Numbers that are the same in every run.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as usize
}

#[test]
fn random_damage_is_an_error_or_another_model() {
    let (config, tensors) = gpt2();
    let config = config.to_string().into_bytes();
    let tensors = safetensors(&tensors);
    let header = tensors.iter().rposition(|byte| *byte == b'}').unwrap();
    let path = tempfile::tempdir().unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let mut refusals = 0;
    for _ in 0..1500 {
        let mut damaged = [config.clone(), tensors.clone()];
        let which = random(&mut state) % 2;
        let end = [config.len(), header][which];
        for _ in 0..=random(&mut state) % 3 {
            let at = random(&mut state) % end;
            damaged[which][at] = match random(&mut state) % 3 {
                0 => b'0' + (random(&mut state) % 10) as u8,
                1 => br#"[]{}",:-e."#[random(&mut state) % 10],
                _ => random(&mut state) as u8,
            };
        }
        std::fs::write(path.path().join("config.json"), &damaged[0]).unwrap();
        std::fs::write(path.path().join("model.safetensors"), &damaged[1]).unwrap();
        refusals += usize::from(write(&path, &sequence(4)).is_err());
    }
    assert!(refusals > 1000, "{refusals} of 1500 were refused");
}
