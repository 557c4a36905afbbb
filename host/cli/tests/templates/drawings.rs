//! The U-Net: noise is taken away step by step, in whole numbers from the seed to the drawing.

use crate::project::{Project, cases, uint, words};
use alloy_primitives::{B256, Bytes, I256, U256, keccak256};
use alloy_sol_types::{SolError, SolValue, sol};

sol!(
    #[sol(all_derives)]
    "../../templates/unet-denoiser/src/IUnetDenoiser.sol"
);

use IUnetDenoiser::{
    AlreadyDrawn, Step, UnexpectedLatent, denoiseCall, drawCall, drawingOfCall, noiseOfCall, startCall,
};

const SIZE: usize = 256;
const WAD: i128 = 1_000_000_000_000_000_000;

/// The model with what its template's Samples.sol says of it.
struct Denoiser {
    project: Project,
    schedule: Vec<Step>,
    /// The step of the latent's integers as a fraction.
    grid: (i128, i128),
    noise_scale: i128,
}

impl Denoiser {
    fn new() -> Self {
        let project = Project::new("unet-denoiser");
        let samples = project.file("test/Samples.sol");
        let schedule = samples.split("IUnetDenoiser.Step(").skip(1).map(|step| {
            let mut numbers = step.split(')').next().unwrap().split(", ");
            Step {
                timestep: numbers.next().unwrap().parse().unwrap(),
                keepWad: numbers.next().unwrap().parse().unwrap(),
                noiseWad: numbers.next().unwrap().parse().unwrap(),
            }
        });
        let number = |name| i128::try_from(project.constant(name)).unwrap();
        assert_eq!(
            I256::try_from(number("NOISE_SCALE_WAD")).unwrap(),
            project.scale_wad("out_sample")
        );
        let grid = (number("SAMPLE_NUMERATOR"), number("SAMPLE_DENOMINATOR"));
        Self {
            schedule: schedule.collect(),
            grid,
            noise_scale: number("NOISE_SCALE_WAD"),
            project,
        }
    }

    fn deploy(&mut self) {
        let (numerator, denominator) = (self.grid.0 as u64, self.grid.1 as u64);
        let noise = I256::try_from(self.noise_scale).unwrap();
        let arguments = (
            self.project.model,
            uint(SIZE),
            numerator,
            denominator,
            noise,
            self.schedule.clone(),
        )
            .abi_encode_params();
        self.project.deploy_with("UnetDenoiser", &arguments);
    }

    /// What the reference kernels take for noise, times 10^18.
    fn noise(&self, latent: &[i128], timestep: i32, condition: &[u8]) -> Vec<i128> {
        let (numerator, denominator) = self.grid;
        let mut input = Vec::new();
        for real in latent {
            // The nearest step, halves up.
            let steps = (2 * real * denominator + WAD * numerator).div_euclid(2 * WAD * numerator);
            input.extend((steps.clamp(-32_768, 32_767) as i16).to_le_bytes());
        }
        input.extend(timestep.to_le_bytes());
        input.extend(condition);
        let noise = words(&self.project.infer(&input));
        noise
            .into_iter()
            .map(|steps| i128::from(steps) * self.noise_scale)
            .collect()
    }

    fn denoised(&self, mut latent: Vec<i128>, condition: &[u8]) -> Vec<i128> {
        for step in &self.schedule {
            let noise = self.noise(&latent, step.timestep, condition);
            for (x, noise) in latent.iter_mut().zip(noise) {
                let wide = |x: i128| I256::try_from(x).unwrap();
                let sum = step.keepWad * wide(*x) + step.noiseWad * wide(noise);
                *x = (sum / wide(WAD)).try_into().unwrap();
            }
        }
        latent
    }
}

/// Sums of twelve bytes of a hash, as the page says.
fn start(seed: B256) -> Vec<i128> {
    let number = |i: usize| {
        let hash = keccak256((seed, uint(i)).abi_encode());
        let sum: i128 = hash[20..].iter().map(|byte| i128::from(*byte)).sum();
        (sum - 1530) * WAD / 256
    };
    (0..SIZE).map(number).collect()
}

fn wads(latent: &[i128]) -> Vec<I256> {
    latent.iter().map(|x| I256::try_from(*x).unwrap()).collect()
}

#[test]
fn the_denoiser_draws_what_the_reference_draws() {
    let mut denoiser = Denoiser::new();
    denoiser.deploy();
    assert!(denoiser.schedule.len() > 2);
    let mut drawings = Vec::new();
    for (i, case) in cases("unet-denoiser").into_iter().take(3).enumerate() {
        // The case's own latent, time and condition, as the model has them.
        let (latent, rest) = case.input.split_at(SIZE * 2);
        let (time, condition) = rest.split_first_chunk().unwrap();
        let condition = Bytes::copy_from_slice(condition);
        let step = denoiser.grid.0 * WAD / denoiser.grid.1;
        let latent: Vec<i128> = words(latent).into_iter().map(|x| i128::from(x) * step).collect();
        let timestep = i32::from_le_bytes(*time);
        let expected = denoiser.noise(&latent, timestep, &condition);
        let noise_of = noiseOfCall {
            latentWad: wads(&latent),
            timestep,
            condition: condition.clone(),
        };
        assert_eq!(denoiser.project.call(&noise_of), wads(&expected));

        let seed = B256::repeat_byte(i as u8);
        let begun = start(seed);
        assert_eq!(denoiser.project.call(&startCall { seed }), wads(&begun));
        let drawn = denoiser.denoised(begun.clone(), &condition);
        let denoise = denoiseCall {
            latentWad: wads(&begun),
            condition: condition.clone(),
        };
        assert_eq!(denoiser.project.call(&denoise), wads(&drawn));
        let id = uint(i);
        let draw = drawCall { id, seed, condition };
        denoiser.project.send(&draw);
        let kept: Vec<i16> = drawn
            .iter()
            .map(|x| (x / (WAD / 1024)).clamp(-32_768, 32_767) as i16)
            .collect();
        assert_eq!(denoiser.project.call(&drawingOfCall { id }), kept);
        assert_eq!(denoiser.project.refusal(&draw), AlreadyDrawn { id }.abi_encode());
        drawings.push(kept);
    }
    assert!(drawings[0] != drawings[1] && drawings[1] != drawings[2]);
    let short = noiseOfCall {
        latentWad: wads(&[0, 0]),
        timestep: 1,
        condition: Bytes::new(),
    };
    let (expected, actual) = (uint(SIZE), U256::from(2));
    assert_eq!(
        denoiser.project.refusal(&short),
        UnexpectedLatent { expected, actual }.abi_encode()
    );
}
