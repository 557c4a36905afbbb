//! Damaged files: thousands of seeded flips, cuts, splices and edited numbers of valid ones. None may
//! panic, and none may take long.

mod common;

use common::{made_up_calibration, read};
use metisvm_import::{Options, import_onnx, npy};
use std::time::{Duration, Instant};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Bytes that are the edges of something: of a varint, of a wire type, of a sign.
const EDGES: [u8; 12] = [0, 1, 2, 0x0a, 0x12, 0x2a, 0x7f, 0x80, 0x81, 0xf8, 0xfe, 0xff];

fn mutate(random: &mut Random, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        match random.below(8) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = EDGES[random.below(EDGES.len())],
            3 => bytes.truncate(at),
            4 => {
                let from = random.below(other.len());
                let length = random.below(64).min(other.len() - from);
                bytes.splice(at..at, other[from..from + length].iter().copied());
            }
            5 => {
                let end = (at + random.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            6 => {
                let end = (at + random.below(256)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                for byte in bytes.iter_mut().skip(at).take(4) {
                    *byte = EDGES[random.below(EDGES.len())];
                }
            }
        }
    }
    bytes
}

#[test]
fn damaged_models_never_panic_and_end_quickly() {
    let names = [
        "digits/mlp_qdq",
        "digits/cnn_qdq",
        "fixtures/valid/wild_u8_weights",
        "fixtures/valid/f32_residual_network",
        "fixtures/valid/f32_maxpool_ceil",
        "fixtures/valid/f32_conv_auto_pad_same_lower",
        "fixtures/valid/f32_reshape_infer",
        "fixtures/valid/f32_constant_nodes",
        "fixtures/valid/qdq_conv_dilation_stride_pads",
        "fixtures/valid/qdq_folded_weight_pair",
        "fixtures/valid/f32_gemm_transa_transb",
    ];
    let seeds: Vec<Vec<u8>> = names.iter().map(|n| read(&format!("{n}.onnx"))).collect();
    let mut random = Random(1);
    let (mut taken, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    for (index, seed) in seeds.iter().enumerate() {
        for _ in 0..2000 {
            let other = &seeds[random.below(seeds.len())];
            let bytes = mutate(&mut random, seed, other);
            let mut options = Options::default();
            if names[index].contains("f32") {
                options.calibration = made_up_calibration(&bytes);
            }
            let started = Instant::now();
            match import_onnx(&bytes, &options) {
                Ok(_) => taken += 1,
                Err(e) => {
                    refused += 1;
                    let text = e.to_string();
                    assert!(text.len() < 4000 && !text.chars().any(char::is_control), "{text}");
                }
            }
            slowest = slowest.max(started.elapsed());
        }
    }
    println!("{taken} taken, {refused} refused, slowest {slowest:?}");
    assert!(taken > 1000 && refused > 1000, "{taken} {refused}: mutations too weak or too strong");
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
}

#[test]
fn damaged_arrays_never_panic() {
    let seed = read("digits/calibration.npy");
    let mut random = Random(2);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..3000 {
        // Most of it header: there is where the reader can be led astray.
        let bytes = mutate(&mut random, &seed[..128 + random.below(64) * 4], &seed);
        match npy::read(&bytes) {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
        let mut whole = mutate(&mut random, &seed[..128], &seed);
        whole.extend_from_slice(&seed[128..]);
        match npy::read(&whole) {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
    }
    println!("{taken} taken, {refused} refused");
    assert!(refused > 1000);
}
