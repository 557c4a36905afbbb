//! Language models of Hugging Face folders as two graphs: the same text gives the same bits whatever its chunks are.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use metisvm_import::hugging_face::{Choices, Folder, Form, to_onnx};
use metisvm_import::{GenerativeFiles, ImportedGenerative, Options, import_generative};
use metisvm_model::generation::{Part, Request, Run, Session};
use metisvm_model::{Bundle, Reference};
use std::sync::Arc;

const CONTEXT: u32 = 48;
const CHUNK: u32 = 8;

fn import(name: &str) -> ImportedGenerative {
    let folder = Folder::open(&common::models().join("hub").join(name)).unwrap();
    let step = |tokens| {
        let choices = Choices {
            form: Form::Step {
                tokens,
                context: CONTEXT,
            },
            ..Choices::default()
        };
        to_onnx(&folder, &choices).unwrap().bytes
    };
    let (chunk, decode) = (step(CHUNK), step(1));
    let files = GenerativeFiles {
        chunk: &chunk,
        decode: &decode,
    };
    let texts: Vec<Vec<u32>> = (0..4).map(|seed| text(seed, CONTEXT as usize)).collect();
    import_generative(files, &texts, &[], &Options::default()).unwrap()
}

/// Numbers that are no text: for what must hold of any.
fn text(seed: u32, length: usize) -> Vec<u32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % 100
    };
    (0..length).map(next).collect()
}

struct Kernels([Reference; 2]);

impl Run for Kernels {
    type Error = std::convert::Infallible;

    fn run(&mut self, part: Part, inputs: &mut [Vec<u8>]) -> Result<Vec<Vec<u8>>, Self::Error> {
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        let kernels = &self.0[usize::from(part == Part::Decode)];
        Ok(kernels.run_values(&inputs).unwrap())
    }
}

fn same_bits_whatever_the_chunks(name: &str) {
    let imported = import(name);
    let (bundle, bytes) = Bundle::encode_generative(imported.decode.graph, imported.generation).unwrap();
    let bundle_again = Bundle::decode(&bytes).unwrap();
    assert_eq!(bundle_again.id, bundle.id);
    let generation = bundle.generation.clone().unwrap();
    let mut kernels = Kernels([
        Reference::new(generation.prefill().clone()),
        Reference::new(Arc::new(bundle.graph.clone())),
    ]);
    let text = text(9, CONTEXT as usize - 1);
    let mut chunks = Session::new(&bundle.graph, generation.clone());
    let mut steps = chunks.clone();
    chunks.take(&text, &mut kernels).unwrap();
    for &token in &text {
        steps.step(token, &mut kernels).unwrap();
    }
    assert_eq!(chunks.position(), steps.position());
    assert!(chunks.states() == steps.states(), "states differ");
    assert_eq!(
        chunks.step(5, &mut kernels).unwrap(),
        steps.step(5, &mut kernels).unwrap()
    );
    // What has not been written yet is not read: garbage there changes nothing.
    let request = Request {
        tokens: text[..19].to_vec(),
        count: 6,
        temperature: 1 << 16,
        top_k: 20,
        seed: [3; 32],
    };
    let mut fresh = Session::new(&bundle.graph, generation);
    let clean = fresh.generate(&request, &mut kernels, |_| ()).unwrap();
    assert_eq!(steps.generate(&request, &mut kernels, |_| ()).unwrap(), clean);
}

#[test]
fn gpt2_gives_the_same_bits_whatever_the_chunks() {
    same_bits_whatever_the_chunks("gpt2");
}

#[test]
fn llama_gives_the_same_bits_whatever_the_chunks() {
    same_bits_whatever_the_chunks("llama");
}

#[test]
fn deepseek_gives_the_same_bits_whatever_the_chunks() {
    same_bits_whatever_the_chunks("deepseek");
}
