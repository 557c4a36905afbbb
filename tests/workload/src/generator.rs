//! A generative model small enough to be followed by hand, and the reference kernels that run one: what every engine's
//! texts are held to.

use metisvm_model::generation::{
    Generation, GenerationError, Part, Request, Run, Sampling, Session, TEMPERATURE_ONE,
};
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Reference, Shape, Tensor, TensorType, Value};
use std::sync::Arc;

/// Tokens of the toy.
pub const VOCABULARY: u32 = 7;
/// Tokens of prompt and text together.
pub const CONTEXT: u32 = 24;
/// Tokens that its prefill graph takes.
pub const CHUNK: u32 = 3;
/// Numbers in a row of its state.
const WIDTH: u32 = 2;
/// The row of each token.
const ROWS: [i32; 14] = [1, 5, -3, 2, 7, -7, 0, 4, -1, -1, 6, 3, 2, -5];
/// What a sum of the state's rows gives each token.
const WEIGHTS: [i32; 14] = [3, -1, 2, 0, 1, -2, 4, -3, 2, 1, 0, 5, -4, 1];

/// A graph could not be made. It says that the toy below is wrong.
type Made<T> = Result<T, Box<dyn std::error::Error>>;

/// The toy, and its bytes: its state is a row for each token, its logits a product of the sum of all rows so far. A text
/// ends after one of `end_tokens`.
///
/// # Errors
/// If an end token is not one of the vocabulary.
pub fn toy(end_tokens: &[u32]) -> Made<(Bundle, Vec<u8>)> {
    let decode = graph(1, true)?;
    let prefill = Arc::new(graph(CHUNK, false)?);
    let sampling = Sampling {
        multiplier: 40,
        shift: 0,
    };
    let generation: Result<_, GenerationError> =
        Generation::new(&decode, prefill, sampling, end_tokens.to_vec());
    Ok(Bundle::encode_generative(decode, generation?)?)
}

/// The request to go on after a prompt with so many tokens, each the most likely one.
pub fn greedy(tokens: &[u32], count: u32) -> Request {
    Request {
        tokens: tokens.to_vec(),
        count,
        temperature: 0,
        top_k: 0,
        seed: [0; 32],
    }
}

/// The request to go on by chance, drawn from this seed.
pub fn drawn(tokens: &[u32], count: u32, seed: u8) -> Request {
    Request {
        temperature: TEMPERATURE_ONE,
        seed: [seed; 32],
        ..greedy(tokens, count)
    }
}

fn ty(dtype: DType, dims: &[u32]) -> Made<TensorType> {
    TensorType::new(dtype, dims).ok_or_else(|| "too large a tensor".into())
}

fn constant(graph: &mut Parsed, dtype: DType, dims: &[u32], data: &[i32]) -> Made<Value> {
    let tensor = Tensor::new(ty(dtype, dims)?, data.to_vec()).ok_or("numbers that are not of the type")?;
    Ok(graph.constant(&tensor))
}

fn graph(tokens: u32, with_logits: bool) -> Made<Graph> {
    let mut g = Parsed::default();
    let token = g.input("tokens", ty(DType::I32, &[1, tokens])?);
    let position = g.input("position", ty(DType::I32, &[1])?);
    let state = g.input("rows", ty(DType::I8, &[1, 1, CONTEXT, WIDTH])?);
    let table = constant(&mut g, DType::I8, &[VOCABULARY, WIDTH], &ROWS)?;
    let low = constant(&mut g, DType::I32, &[], &[0])?;
    let high = constant(&mut g, DType::I32, &[], &[VOCABULARY as i32 - 1])?;
    let known = g.node(Op::Clamp, &[token, low, high]);
    let new = g.node(Op::Gather { axis: 0 }, &[table, known]);
    let shape = Shape::new(&[1, 1, tokens, WIDTH]).ok_or("too large a shape")?;
    let new = g.node(Op::Reshape { shape }, &[new]);
    if with_logits {
        let logits = logits(&mut g, position, state, new)?;
        g.output("logits", logits);
    }
    g.output("new", new);
    Ok(g.check()?)
}

/// The product of the sum of the rows before `position` and of the new one.
fn logits(g: &mut Parsed, position: Value, state: Value, new: Value) -> Made<Value> {
    let scaled = |to| Op::Mul { shift: 0, to };
    let low = constant(g, DType::I32, &[], &[0])?;
    let one = constant(g, DType::I32, &[], &[1])?;
    let before: Vec<i32> = (0..CONTEXT as i32 - 1).collect();
    let index = constant(g, DType::I32, &[CONTEXT - 1], &before)?;
    let index_rows = constant(g, DType::I32, &[1, 1, CONTEXT - 1, 1], &before)?;
    let old = g.node(Op::Gather { axis: 2 }, &[state, index]);
    let context = constant(g, DType::I32, &[], &[CONTEXT as i32])?;
    let position = g.node(Op::Clamp, &[position, low, context]);
    let ahead = g.node(Op::Sub, &[position, index_rows]);
    let there = g.node(Op::Clamp, &[ahead, low, one]);
    let old = g.node(scaled(DType::I32), &[old, there]);
    let sum = g.node(Op::ReduceSum { axis: 2 }, &[old]);
    let sum = g.node(Op::Add, &[sum, new]);
    let least = constant(g, DType::I32, &[], &[-128])?;
    let most = constant(g, DType::I32, &[], &[127])?;
    let sum = g.node(Op::Clamp, &[sum, least, most]);
    let sum = g.node(scaled(DType::I8), &[sum, one]);
    let w = constant(g, DType::I8, &[WIDTH, VOCABULARY], &WEIGHTS)?;
    let zero = constant(g, DType::I8, &[], &[0])?;
    Ok(g.node(Op::MatMul, &[sum, w, zero, zero]))
}

/// The reference kernels over both graphs of a model.
#[derive(Debug, Clone)]
pub struct Kernels {
    generation: Arc<Generation>,
    decode: Arc<Reference>,
    prefill: Arc<Reference>,
}

impl Kernels {
    /// Those of a bundle; `None` if it generates nothing.
    pub fn new(bundle: &Bundle) -> Option<Self> {
        let generation = bundle.generation.clone()?;
        Some(Self {
            decode: Arc::new(Reference::new(Arc::new(bundle.graph.clone()))),
            prefill: Arc::new(Reference::new(generation.prefill().clone())),
            generation,
        })
    }

    /// What the model generates by.
    pub fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// The decode graph.
    pub fn decode(&self) -> &Arc<Reference> {
        &self.decode
    }

    /// A text, by definition.
    ///
    /// # Errors
    /// What the model cannot do, in words.
    pub fn text(&self, request: &Request) -> Result<Vec<u32>, String> {
        let mut session = Session::new(self.decode.segment().graph(), self.generation.clone());
        let text = session.generate(request, &mut self.clone(), |_| ());
        text.map_err(|error| error.to_string())
    }
}

impl Run for Kernels {
    type Error = String;

    fn run(&mut self, part: Part, inputs: &mut [Vec<u8>]) -> Result<Vec<Vec<u8>>, String> {
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        let kernels = match part {
            Part::Prefill => &self.prefill,
            Part::Decode => &self.decode,
        };
        kernels.run_values(&inputs).map_err(|error| error.to_string())
    }
}
