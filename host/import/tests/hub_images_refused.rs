//! What folders of image models ask for and is not computed is refused by name, and choices that do not fit are.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod folders;

use folders::{choices, hub};
use metisvm_import::hugging_face::{Choices, Folder, Form, to_onnx};
use serde_json::{Map, Value, json};

/// A copy of a folder with another configuration.
struct Copy {
    folder: tempfile::TempDir,
    config: Map<String, Value>,
}

impl Copy {
    fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["model.safetensors", "diffusion_pytorch_model.safetensors"] {
            let from = hub(name).join(file);
            if from.exists() {
                std::fs::copy(from, folder.path().join(file)).unwrap();
            }
        }
        let config = std::fs::read(hub(name).join("config.json")).unwrap();
        let config = serde_json::from_slice(&config).unwrap();
        Self { folder, config }
    }

    /// The warnings, or the error, that come of it with these keys.
    fn with(&self, keys: &[(&str, Value)], choices: &Choices) -> Result<Vec<String>, String> {
        let mut config = self.config.clone();
        for (key, value) in keys {
            config.insert((*key).to_string(), value.clone());
        }
        let text = serde_json::to_vec(&config).unwrap();
        std::fs::write(self.folder.path().join("config.json"), text).unwrap();
        let folder = Folder::open(self.folder.path()).map_err(|e| e.to_string())?;
        to_onnx(&folder, choices)
            .map(|onnx| onnx.warnings)
            .map_err(|e| e.to_string())
    }
}

/// Each change is refused with an error that has these words.
fn refuses(name: &str, choices: &Choices, cases: &[(&str, Value, &str)]) {
    let copy = Copy::of(name);
    assert_eq!(copy.with(&[], choices), Ok(vec![]), "{name} as it is");
    let mut wrong = Vec::new();
    for (key, value, words) in cases {
        match copy.with(&[(key, value.clone())], choices) {
            Err(error) if error.contains(key) && error.contains(words) => {}
            other => wrong.push(format!("{name}, {key} = {value}: {other:?} instead of {words:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn keys_of_a_u_net() {
    let sequence = choices(None, &[("sequence", 2)]);
    refuses(
        "unet",
        &sequence,
        &[
            ("addition_embed_type", json!("text_time"), "no further embeddings"),
            ("time_cond_proj_dim", json!(256), "no condition"),
            ("dual_cross_attention", json!(true), "one text"),
            ("attention_type", json!("gated"), "gated attention"),
            ("class_embed_type", json!("timestep"), "num_class_embeds"),
            ("class_embeddings_concat", json!(true), "added"),
            ("time_embedding_type", json!("fourier"), "positional"),
            ("resnet_time_scale_shift", json!("spatial"), "scale_shift"),
            ("downsample_padding", json!(2), "0 or 1"),
            (
                "mid_block_type",
                json!("UNetMidBlock2DSimpleCrossAttn"),
                "UNetMidBlock2DCrossAttn",
            ),
            (
                "down_block_types",
                json!(["KDownBlock2D", "DownBlock2D"]),
                "CrossAttnDownBlock2D",
            ),
            ("up_block_types", json!(["UpBlock2D"]), "block_out_channels 2"),
            ("block_out_channels", json!([]), "each at least 1"),
            ("block_out_channels", json!([16, 0]), "each at least 1"),
            ("layers_per_block", json!([1]), "2 of them"),
            ("layers_per_block", json!(0), "at least 1"),
            ("act_fn", json!("snake"), "not known"),
            ("num_attention_heads", json!(4), "attention_head_dim"),
            ("attention_head_dim", json!(5), "do not divide"),
            ("norm_num_groups", Value::Null, "norms"),
            ("norm_num_groups", json!(5), "no multiple"),
            ("mid_block_scale_factor", json!(0), "divided by it"),
            ("conv_in_kernel", json!(4), "odd"),
            ("freq_shift", json!(8), "no step"),
            ("encoder_hid_dim_type", json!("image_proj"), "text_proj"),
            ("cross_attention_dim", json!([32, 16]), "same text"),
            (
                "reverse_transformer_layers_per_block",
                json!([1, 1]),
                "as many layers",
            ),
            ("only_cross_attention", json!([true]), "2 of them"),
        ],
    );
}

#[test]
fn keys_of_an_autoencoder() {
    refuses(
        "vae",
        &choices(None, &[]),
        &[
            (
                "up_block_types",
                json!(["UpDecoderBlock2D", "AttnUpDecoderBlock2D"]),
                "UpDecoderBlock2D",
            ),
            (
                "down_block_types",
                json!(["DownEncoderBlock2D"]),
                "block_out_channels 2",
            ),
            ("act_fn", json!(3), "not a text"),
            ("norm_num_groups", json!(7), "no multiple"),
            ("sample_size", json!([16, 16, 16]), "two of them"),
        ],
    );
}

#[test]
fn keys_of_a_vision_transformer() {
    refuses(
        "vit",
        &choices(None, &[]),
        &[
            (
                "architectures",
                json!(["ViTForMaskedImageModeling"]),
                "ViTForImageClassification",
            ),
            ("num_attention_heads", json!(5), "does not divide"),
            ("hidden_act", json!("snake"), "not known"),
            ("image_size", Value::Null, "missing"),
            ("patch_size", json!([4]), "two of them"),
        ],
    );
}

#[test]
fn sizes_that_no_model_has_cost_nothing() {
    // Refused at the first tensor, whose shape is not what such sizes ask for, or by the bound of a size.
    let cases = [
        ("unet", "block_out_channels", json!([67_108_864, 67_108_864])),
        ("unet", "layers_per_block", json!(67_108_864)),
        ("unet", "transformer_layers_per_block", json!(67_108_864)),
        ("unet", "num_class_embeds", json!(67_108_864)),
        ("unet", "in_channels", json!(1_000_000_000_000u64)),
        ("vae", "layers_per_block", json!(67_108_864)),
        ("vae", "latent_channels", json!(67_108_864)),
        ("vit", "num_hidden_layers", json!(67_108_864)),
        ("vit", "head_dim", json!(67_108_864)),
        ("vit", "image_size", json!(67_108_864)),
    ];
    for (name, key, value) in cases {
        let dims: &[(&str, u32)] = if name == "unet" { &[("sequence", 2)] } else { &[] };
        let error = Copy::of(name).with(&[(key, value.clone())], &choices(None, dims));
        assert!(error.is_err(), "{name}, {key} = {value}: {error:?}");
    }
}

#[test]
fn choices_that_do_not_fit() {
    let cases: [(&str, Choices, &str); 10] = [
        ("unet", choices(None, &[]), "--dim sequence=N"),
        ("unet", choices(None, &[("sequence", 0)]), "from 1 to"),
        (
            "unet",
            choices(None, &[("sequence", 2), ("depth", 3)]),
            "no extent \"depth\"",
        ),
        (
            "unet",
            choices(None, &[("sequence", 2), ("height", 100_000)]),
            "from 1 to",
        ),
        ("unet", choices(Some("encoder"), &[("sequence", 2)]), "no parts"),
        ("vae", choices(Some("middle"), &[]), "decoder, encoder"),
        ("vae", choices(Some("encoder"), &[("height", 1)]), "too small"),
        (
            "vae",
            choices(None, &[("height", 8_192), ("width", 8_192)]),
            "lesser extent",
        ),
        ("vit", choices(None, &[("height", 3)]), "no patch"),
        (
            "vit",
            Choices {
                form: Form::Step {
                    tokens: 1,
                    context: 16,
                },
                ..Choices::default()
            },
            "does not generate",
        ),
    ];
    for (name, choices, words) in cases {
        let folder = Folder::open(&hub(name)).unwrap();
        let error = to_onnx(&folder, &choices).unwrap_err().to_string();
        assert!(error.contains(words), "{name}: {error} instead of {words:?}");
    }
}

#[test]
fn keys_that_are_not_known_are_said() {
    let sequence = choices(None, &[("sequence", 2)]);
    let warnings = Copy::of("unet")
        .with(&[("mixture", json!(true))], &sequence)
        .unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("mixture"), "{warnings:?}");
}

#[test]
fn a_key_that_older_versions_did_not_write_has_its_default() {
    let sequence = choices(None, &[("sequence", 2)]);
    let mut copy = Copy::of("unet");
    let as_it_is = to_onnx(&Folder::open(&hub("unet")).unwrap(), &sequence).unwrap();
    // Versions of 2022 wrote no more of these; here all have their defaults.
    for key in [
        "mid_block_type",
        "only_cross_attention",
        "use_linear_projection",
        "transformer_layers_per_block",
        "resnet_time_scale_shift",
        "conv_in_kernel",
        "class_embed_type",
    ] {
        assert!(copy.config.remove(key).is_some(), "{key}");
    }
    copy.with(&[], &sequence).unwrap();
    let old = to_onnx(&Folder::open(copy.folder.path()).unwrap(), &sequence).unwrap();
    assert!(old.bytes == as_it_is.bytes);
    // Null stands for no middle block, whose tensors are then left over.
    let warnings = copy.with(&[("mid_block_type", Value::Null)], &sequence).unwrap();
    assert!(warnings[0].contains("mid_block"), "{warnings:?}");
}

#[test]
fn a_pipeline_is_said_to_be_several_models() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model_index.json"), "{}").unwrap();
    let error = Folder::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("DIR/unet"), "{error}");
}
