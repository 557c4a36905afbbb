use super::*;
use crate::bundle::{Bundle, BundleError};
use crate::graph::{Parsed, Value};
use crate::op::Op;
use crate::reference::Reference;
use crate::tensor::{Shape, Tensor};
use alloc::string::ToString;
use core::convert::Infallible;

const VOCABULARY: u32 = 7;
const CONTEXT: u32 = 12;
const CHUNK: u32 = 3;
const WIDTH: u32 = 2;
/// The state's values of each token.
const ROWS: [i32; 14] = [1, 5, -3, 2, 7, -7, 0, 4, -1, -1, 6, 3, 2, -5];
/// What a sum of the state's rows gives each token.
const WEIGHTS: [i32; 14] = [3, -1, 2, 0, 1, -2, 4, -3, 2, 1, 0, 5, -4, 1];

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("a small shape")
}

fn constant(graph: &mut Parsed, dtype: DType, dims: &[u32], data: &[i32]) -> Value {
    graph.constant(&Tensor::new(ty(dtype, dims), data.to_vec()).expect("as many numbers as elements"))
}

/// A model whose state is a row for each token, and whose logits are a product of the sum of all rows so far.
fn graph(tokens: u32, with_logits: bool) -> Parsed {
    let mut g = Parsed::default();
    let token = g.input("tokens", ty(DType::I32, &[1, tokens]));
    let position = g.input("position", ty(DType::I32, &[1]));
    let state = g.input("rows", ty(DType::I8, &[1, 1, CONTEXT, WIDTH]));
    let table = constant(&mut g, DType::I8, &[VOCABULARY, WIDTH], &ROWS);
    let low = constant(&mut g, DType::I32, &[], &[0]);
    let high = constant(&mut g, DType::I32, &[], &[VOCABULARY as i32 - 1]);
    let one = constant(&mut g, DType::I32, &[], &[1]);
    let known = g.node(Op::Clamp, &[token, low, high]);
    let new = g.node(Op::Gather { axis: 0 }, &[table, known]);
    let shape = Shape::new(&[1, 1, tokens, WIDTH]).expect("a small shape");
    let new = g.node(Op::Reshape { shape }, &[new]);
    if with_logits {
        let before: Vec<i32> = (0..CONTEXT as i32 - 1).collect();
        let index = constant(&mut g, DType::I32, &[CONTEXT - 1], &before);
        let index_rows = constant(&mut g, DType::I32, &[1, 1, CONTEXT - 1, 1], &before);
        let old = g.node(Op::Gather { axis: 2 }, &[state, index]);
        let context = constant(&mut g, DType::I32, &[], &[CONTEXT as i32]);
        let position = g.node(Op::Clamp, &[position, low, context]);
        let ahead = g.node(Op::Sub, &[position, index_rows]);
        let there = g.node(Op::Clamp, &[ahead, low, one]);
        let old = g.node(
            Op::Mul {
                shift: 0,
                to: DType::I32,
            },
            &[old, there],
        );
        let sum = g.node(Op::ReduceSum { axis: 2 }, &[old]);
        let sum = g.node(Op::Add, &[sum, new]);
        let least = constant(&mut g, DType::I32, &[], &[-128]);
        let most = constant(&mut g, DType::I32, &[], &[127]);
        let sum = g.node(Op::Clamp, &[sum, least, most]);
        let sum = g.node(
            Op::Mul {
                shift: 0,
                to: DType::I8,
            },
            &[sum, one],
        );
        let w = constant(&mut g, DType::I8, &[WIDTH, VOCABULARY], &WEIGHTS);
        let zero = constant(&mut g, DType::I8, &[], &[0]);
        let logits = g.node(Op::MatMul, &[sum, w, zero, zero]);
        g.output("logits", logits);
    }
    g.output("new", new);
    g
}

const SAMPLING: Sampling = Sampling {
    multiplier: 40,
    shift: 0,
};

fn model(end_tokens: &[u32]) -> (Bundle, Vec<u8>) {
    let decode = graph(1, true).check().expect("a sound graph");
    let prefill = Arc::new(graph(CHUNK, false).check().expect("a sound graph"));
    let generation =
        Generation::new(&decode, prefill, SAMPLING, end_tokens.to_vec()).expect("they belong together");
    Bundle::encode_generative(decode, generation).expect("small enough")
}

/// The reference kernels, counting runs.
struct Kernels {
    decode: Reference,
    prefill: Reference,
    runs: (u32, u32),
}

impl Kernels {
    fn new(bundle: &Bundle) -> Self {
        let generation = bundle.generation.as_ref().expect("a generative bundle");
        Self {
            decode: Reference::new(Arc::new(bundle.graph.clone())),
            prefill: Reference::new(generation.prefill().clone()),
            runs: (0, 0),
        }
    }
}

impl Run for Kernels {
    type Error = Infallible;

    fn run(&mut self, part: Part, inputs: &mut [Vec<u8>]) -> Result<Vec<Vec<u8>>, Infallible> {
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        let kernels = match part {
            Part::Prefill => {
                self.runs.0 += 1;
                &self.prefill
            }
            Part::Decode => {
                self.runs.1 += 1;
                &self.decode
            }
        };
        Ok(kernels.run_values(&inputs).expect("inputs of their types"))
    }
}

/// The greedy text, from what the model is said to compute.
fn expected(prompt: &[u32], count: usize) -> Vec<u32> {
    let mut all = prompt.to_vec();
    for _ in 0..count {
        let sum = |column: usize| {
            let rows = all.iter().map(|&t| ROWS[t as usize * WIDTH as usize + column]);
            rows.sum::<i32>().clamp(-128, 127)
        };
        let logit = |t: usize| {
            (0..2)
                .map(|c| sum(c) * WEIGHTS[c * VOCABULARY as usize + t])
                .sum::<i32>()
        };
        let best = (0..VOCABULARY as usize).max_by_key(|&t| (logit(t), core::cmp::Reverse(t)));
        all.push(best.expect("a vocabulary") as u32);
    }
    all.split_off(prompt.len())
}

fn greedy(tokens: &[u32], count: u32) -> Request {
    Request {
        tokens: tokens.to_vec(),
        count,
        temperature: 0,
        top_k: 0,
        seed: [0; 32],
    }
}

fn generate(bundle: &Bundle, request: &Request) -> (Result<Vec<u32>, GenerateError<Infallible>>, (u32, u32)) {
    let mut kernels = Kernels::new(bundle);
    let generation = bundle.generation.clone().expect("a generative bundle");
    let mut session = Session::new(&bundle.graph, generation);
    let mut seen = Vec::new();
    let result = session.generate(request, &mut kernels, |token| seen.push(token));
    if let Ok(tokens) = &result {
        assert_eq!(*tokens, seen);
    }
    (result, kernels.runs)
}

#[test]
fn a_text_is_what_the_model_computes_whatever_its_chunks() {
    let (bundle, _) = model(&[]);
    let generation = bundle.generation.clone().expect("a generative bundle");
    let all = [3, 1, 4, 1, 5, 2, 6, 5, 3];
    for length in 1..=all.len() {
        let count = CONTEXT as usize - length;
        let (result, runs) = generate(&bundle, &greedy(&all[..length], count as u32));
        assert_eq!(result.expect("it fits"), expected(&all[..length], count));
        let facts = generation.facts(&bundle.graph);
        let told = facts.runs(length as u64, count as u64);
        assert_eq!(told, (runs.0.into(), runs.1.into()), "{length}");
    }
}

#[test]
fn a_text_goes_on_as_if_it_had_not_been_interrupted() {
    let (bundle, _) = model(&[]);
    let drawn = |tokens: &[u32], count| Request {
        temperature: TEMPERATURE_ONE,
        seed: [9; 32],
        ..greedy(tokens, count)
    };
    let whole = generate(&bundle, &drawn(&[3, 1], 8)).0.expect("it fits");
    for cut in 1..8 {
        let mut tokens = vec_of(&[3, 1]);
        tokens.extend(&whole[..cut]);
        let rest = generate(&bundle, &drawn(&tokens, 8 - cut as u32))
            .0
            .expect("it fits");
        assert_eq!(rest, whole[cut..]);
    }
}

fn vec_of(tokens: &[u32]) -> Vec<u32> {
    tokens.to_vec()
}

#[test]
fn nothing_follows_an_end_token() {
    let plain = expected(&[3, 1], 8);
    let end = plain[4];
    let first = plain.iter().position(|&t| t == end).expect("it is there");
    let (bundle, _) = model(&[end]);
    assert_eq!(
        generate(&bundle, &greedy(&[3, 1], 8)).0.expect("it fits"),
        plain[..=first]
    );
}

#[test]
fn a_request_is_held_against_the_model() {
    let (bundle, _) = model(&[]);
    let error = |request: &Request| match generate(&bundle, request).0 {
        Err(GenerateError::Request(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error(&greedy(&[], 1)), RequestError::Empty);
    assert_eq!(error(&greedy(&[1], 0)), RequestError::Empty);
    let (tokens, context) = (13, CONTEXT);
    assert_eq!(
        error(&greedy(&[1], 12)),
        RequestError::TooLong { tokens, context }
    );
    let tokens = u64::from(u32::MAX) + 1;
    assert_eq!(
        error(&greedy(&[1], u32::MAX)),
        RequestError::TooLong { tokens, context }
    );
    let (token, vocabulary) = (7, VOCABULARY);
    assert_eq!(
        error(&greedy(&[1, 7], 1)),
        RequestError::Token { token, vocabulary }
    );
    let hot = Request {
        temperature: MAX_TEMPERATURE + 1,
        ..greedy(&[1], 1)
    };
    assert_eq!(error(&hot), RequestError::Temperature(MAX_TEMPERATURE + 1));
}

#[test]
fn requests_are_bytes() {
    let request = Request {
        tokens: vec_of(&[1, u32::MAX, 3]),
        count: 4,
        temperature: 5,
        top_k: 6,
        seed: core::array::from_fn(|at| at as u8),
    };
    let bytes = request.to_bytes();
    assert_eq!(Request::from_bytes(&bytes), Some(request));
    assert_eq!(Request::from_bytes(&bytes[..bytes.len() - 1]), None);
    assert_eq!(Request::from_bytes(&bytes[..43]), None);
    assert!(Request::from_bytes(&bytes[..44]).is_some_and(|request| request.tokens.is_empty()));
}

#[test]
fn a_bundle_holds_both_graphs_and_shares_their_constants() {
    let (bundle, bytes) = model(&[2, 5]);
    let again = Bundle::decode(&bytes).expect("canonical");
    assert_eq!(again.id, bundle.id);
    assert_eq!(again.graph, bundle.graph);
    assert_eq!(again.generation, bundle.generation);
    let (decode, _) = Bundle::encode(bundle.graph.clone()).expect("small enough");
    assert_ne!(decode.id, bundle.id, "the decode graph alone is another model");
    let (other, _) = model(&[2]);
    assert_ne!(other.id, bundle.id);
    // The table of rows is in both graphs, and once in the bundle.
    let table: Vec<u8> = ROWS.iter().map(|&v| v as i8 as u8).collect();
    assert_eq!(
        bytes.windows(table.len()).filter(|part| *part == table).count(),
        1
    );
}

#[test]
fn a_changed_bundle_is_refused_or_is_another_model() {
    let (bundle, bytes) = model(&[2, 5]);
    for at in 0..bytes.len() {
        assert!(Bundle::decode(&bytes[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            if let Ok(other) = Bundle::decode(&bad) {
                assert_ne!(other.id, bundle.id);
            }
        }
    }
}

#[test]
fn graphs_that_do_not_belong_together_are_refused() {
    let decode = graph(1, true).check().expect("a sound graph");
    let prefill = Arc::new(graph(CHUNK, false).check().expect("a sound graph"));
    let what = |decode: &Graph, prefill: &Arc<Graph>, sampling, ends: &[u32]| {
        Generation::new(decode, prefill.clone(), sampling, ends.to_vec()).map_err(|error| error.to_string())
    };
    assert!(what(&decode, &prefill, SAMPLING, &[0, 6]).is_ok());
    for ends in [&[7][..], &[3, 3], &[3, 2]] {
        assert!(what(&decode, &prefill, SAMPLING, ends).is_err_and(|error| error.contains("end tokens")));
    }
    let zero = Sampling {
        multiplier: 0,
        shift: 0,
    };
    assert!(what(&decode, &prefill, zero, &[]).is_err_and(|error| error.contains("multiplier")));
    let one = Arc::new(graph(1, false).check().expect("a sound graph"));
    assert!(what(&decode, &one, SAMPLING, &[]).is_err_and(|error| error.contains("2 tokens")));
    let with_logits = Arc::new(decode.clone());
    assert!(
        what(&decode, &with_logits, SAMPLING, &[]).is_err_and(|error| error.contains("an output for each"))
    );
    assert!(what(&prefill, &prefill, SAMPLING, &[]).is_err_and(|error| error.contains("decode")));
}

#[test]
fn an_older_version_has_no_second_graph() {
    let (_, mut bytes) = model(&[]);
    bytes[8] = 2;
    assert!(matches!(
        Bundle::decode(&bytes),
        Err(BundleError::Invalid { .. } | BundleError::Truncated { .. } | BundleError::NotCanonical { .. })
    ));
}
