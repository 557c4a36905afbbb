//! A loop of denoising in integers, as `docs/hugging-face-images.md` describes it: a U-Net and the steps of DDIM make a
//! latent of noise, a decoder an image of that, and a classifier says what it shows.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod folders;

use folders::{Distance, Model, arrays, choices, row};
use metisvm_import::npy::Array;
use std::collections::BTreeMap;

/// The latent between steps is in parts of the step of the U-Net's input, so that no step rounds away what it adds.
const FINE: u32 = 16;
/// Bits behind the point of a step's factors.
const FRACTION: u32 = 30;
/// How much further from no digit than to the digit itself, as `make_hub_images.py` has it.
const GUIDANCE: i64 = 2;
/// Digits that are made.
const DIGITS: usize = 10;

/// `x · factor`, halves upwards.
fn scaled(x: i64, factor: i64, shift: u32) -> i64 {
    (x * factor + (1 << (shift - 1))) >> shift
}

/// The nearest whole number of parts of `2^-FRACTION`.
fn fixed(factor: f64) -> i64 {
    (factor * f64::from(1 << FRACTION)).round() as i64
}

/// What a caller keeps of each step: the factors of the latent and of the noise.
struct Step {
    time: i64,
    latent: i64,
    noise: i64,
}

/// Integers on one scale, as those of another model's input.
fn handed_over(numbers: &[i64], from: f64, model: &Model, input: &str) -> Vec<i64> {
    let factor = fixed(from / model.scale("input", input));
    let zero = model.zero("input", input);
    numbers
        .iter()
        .map(|x| scaled(*x, factor, FRACTION) + zero)
        .collect()
}

/// What the U-Net finds, less its zero point.
fn found(unet: &Model, sample: &[i64], time: i64, text: &[i64]) -> Vec<i64> {
    let inputs = BTreeMap::from([
        ("sample", sample.to_vec()),
        ("timestep", vec![time]),
        ("encoder_hidden_states", text.to_vec()),
    ]);
    let zero = unet.zero("output", "out_sample");
    unet.run(&inputs)[0]
        .iter()
        .map(|n| i64::from(*n) - zero)
        .collect()
}

fn denoised(unet: &Model, steps: &[Step], noise: &[f32], [text, no_text]: [&[i64]; 2]) -> Vec<i64> {
    let zero = unet.zero("input", "sample");
    let fine = unet.scale("input", "sample") / f64::from(1 << FINE);
    let mut latent: Vec<i64> = noise
        .iter()
        .map(|x| (f64::from(*x) / fine).round() as i64)
        .collect();
    for step in steps {
        let sample: Vec<i64> = latent.iter().map(|x| scaled(*x, 1, FINE) + zero).collect();
        let with = found(unet, &sample, step.time, text);
        let without = found(unet, &sample, step.time, no_text);
        for ((x, with), without) in latent.iter_mut().zip(with).zip(without) {
            let noise = without + GUIDANCE * (with - without);
            *x = scaled(*x * step.latent + noise * step.noise, 1, FRACTION);
        }
    }
    latent
}

fn steps(given: &BTreeMap<String, Array>, unet: &Model) -> Vec<Step> {
    let fine = unet.scale("input", "sample") / f64::from(1 << FINE);
    let noise = unet.scale("output", "out_sample");
    let factors = given["factors"].data().as_chunks::<2>().0;
    let times = given["timesteps"].data();
    assert_eq!(factors.len(), times.len());
    let step = |(time, [a, b]): (&f32, &[f32; 2])| Step {
        time: *time as i64,
        latent: fixed(f64::from(*a)),
        noise: fixed(f64::from(*b) * noise / fine),
    };
    times.iter().zip(factors).map(step).collect()
}

#[test]
fn a_loop_of_integers_makes_the_digits_that_floats_make() {
    let given = arrays("unet", "denoising.npz", "input");
    let wanted = arrays("unet", "denoising.npz", "output");
    let unet = Model::import("unet", &choices(None, &[("sequence", 2)]), "calibration.npz");
    let decoder = Model::import("vae", &choices(None, &[]), "calibration.npz");
    let judge = Model::import("vit", &choices(None, &[]), "calibration.npz");
    let config = std::fs::read(folders::hub("vae").join("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let factor = config["scaling_factor"].as_f64().unwrap();
    let steps = steps(&given, &unet);
    let conditions = &given["conditions"];
    let text = |of: usize| unet.quantised("encoder_hidden_states", row(conditions, of));
    let none = text(conditions.shape()[0] - 1);
    let (mut latents, mut images, mut seen) = (Distance::default(), Distance::default(), Vec::new());
    for digit in 0..DIGITS {
        let noise = row(&given["noise"], digit);
        let latent = denoised(&unet, &steps, noise, [&text(digit), &none]);
        let fine = unet.scale("input", "sample") / f64::from(1 << FINE);
        let reals: Vec<f64> = latent.iter().map(|x| *x as f64 * fine).collect();
        latents.add(&reals, row(&wanted["latents"], digit), 8);
        // The decoder's latents are those of the U-Net, divided by the factor of its configuration.
        let latent = handed_over(&latent, fine / factor, &decoder, "latent");
        let zero = decoder.zero("output", "image");
        let image = &decoder.run(&BTreeMap::from([("latent", latent)]))[0];
        let image: Vec<i64> = image.iter().map(|n| i64::from(*n) - zero).collect();
        let scale = decoder.scale("output", "image");
        let reals: Vec<f64> = image.iter().map(|x| *x as f64 * scale).collect();
        images.add(&reals, row(&wanted["images"], digit), 16);
        let pixels = handed_over(&image, scale, &judge, "pixel_values");
        let logits = &judge.run(&BTreeMap::from([("pixel_values", pixels)]))[0];
        seen.push((0..logits.len()).max_by_key(|class| logits[*class]).unwrap());
    }
    println!(
        "latents: cosine {:.4}, relative error {:.4}; images: cosine {:.4}, relative error {:.4}; seen: {seen:?}",
        latents.cosine(),
        latents.relative(),
        images.cosine(),
        images.relative()
    );
    assert_eq!(seen, (0..DIGITS).collect::<Vec<_>>());
    assert!(latents.cosine() >= 0.98, "{latents:?}");
    assert!(images.cosine() >= 0.98, "{images:?}");
}
