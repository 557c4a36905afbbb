//! Image models from folders of Hugging Face: integers against the floats of transformers and diffusers.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod folders;

use folders::{Model, choices, distances};

/// A folder of `models/hub`, what is asked of it, and how far its integers may be off.
struct Case {
    folder: &'static str,
    part: Option<&'static str>,
    dims: &'static [(&'static str, u32)],
    calibration: &'static str,
    expected: &'static str,
    output: &'static str,
    dims_of_output: &'static [u32],
    cosine: f64,
    relative: f64,
}

fn check(case: &Case) {
    let model = Model::import(case.folder, &choices(case.part, case.dims), case.calibration);
    let outputs = model.imported.graph.outputs();
    assert_eq!(
        outputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>(),
        [case.output]
    );
    assert_eq!(
        model.imported.graph.ty(outputs[0].value).shape.dims(),
        case.dims_of_output
    );
    let all = distances(&model, case.folder, case.expected);
    let distance = all[case.output];
    assert!(distance.cosine() >= case.cosine, "{}: {distance:?}", case.folder);
    assert!(
        distance.relative() <= case.relative,
        "{}: {distance:?}",
        case.folder
    );
}

#[test]
fn a_vision_transformer_classifies_as_its_floats_do() {
    let model = Model::import("vit", &choices(None, &[]), "calibration.npz");
    let all = distances(&model, "vit", "expected.npz");
    let logits = all["logits"];
    assert!(logits.cosine() >= 0.9995, "{logits:?}");
    assert!(logits.same * 100 >= logits.rows * 99, "{logits:?}");
}

#[test]
fn it_takes_other_sizes_with_positions_between_the_trained_ones() {
    check(&Case {
        folder: "vit",
        part: None,
        dims: &[("height", 24), ("width", 20)],
        calibration: "calibration_sizes.npz",
        expected: "expected_sizes.npz",
        output: "logits",
        dims_of_output: &[1, 10],
        cosine: 0.999,
        relative: 0.04,
    });
}

#[test]
fn a_decoder_gives_the_images_of_its_floats() {
    check(&Case {
        folder: "vae",
        part: None,
        dims: &[],
        calibration: "calibration.npz",
        expected: "expected.npz",
        output: "image",
        dims_of_output: &[1, 1, 16, 16],
        cosine: 0.999,
        relative: 0.03,
    });
    check(&Case {
        folder: "vae",
        part: Some("decoder"),
        dims: &[("height", 9), ("width", 7)],
        calibration: "calibration_sizes.npz",
        expected: "expected_sizes.npz",
        output: "image",
        dims_of_output: &[1, 1, 18, 14],
        cosine: 0.999,
        relative: 0.03,
    });
}

#[test]
fn an_encoder_gives_the_latents_of_its_floats() {
    check(&Case {
        folder: "vae",
        part: Some("encoder"),
        dims: &[],
        calibration: "calibration_encoder.npz",
        expected: "expected_encoder.npz",
        output: "latent",
        dims_of_output: &[1, 4, 8, 8],
        cosine: 0.999,
        relative: 0.03,
    });
}

#[test]
fn a_u_net_finds_the_noise_that_its_floats_find() {
    check(&Case {
        folder: "unet",
        part: None,
        dims: &[("sequence", 2)],
        calibration: "calibration.npz",
        expected: "expected.npz",
        output: "out_sample",
        dims_of_output: &[1, 4, 8, 8],
        cosine: 0.999,
        relative: 0.045,
    });
    check(&Case {
        folder: "unet",
        part: None,
        dims: &[("sequence", 2), ("height", 9), ("width", 7)],
        calibration: "calibration_sizes.npz",
        expected: "expected_sizes.npz",
        output: "out_sample",
        dims_of_output: &[1, 4, 9, 7],
        cosine: 0.999,
        relative: 0.04,
    });
}
