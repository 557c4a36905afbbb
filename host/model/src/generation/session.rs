//! A text in the making: the state between runs, and the loop around them.

use super::{Generation, INPUTS_BEFORE_STATE, Request, RequestError};
use crate::graph::Graph;
use crate::tensor::{DType, TensorType};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// One of the two graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A chunk of tokens, no logits.
    Prefill,
    /// One token.
    Decode,
}

/// What runs the graphs: the reference kernels, or an engine.
pub trait Run {
    /// What can go wrong.
    type Error;

    /// Runs a graph on the raw tensors of its inputs; gives those of its outputs. The inputs are lent: what is in them
    /// afterwards is what was in them before.
    ///
    /// # Errors
    /// If the engine fails.
    fn run(&mut self, part: Part, inputs: &mut [Vec<u8>]) -> Result<Vec<Vec<u8>>, Self::Error>;
}

/// Why nothing was generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError<E> {
    /// The model cannot do what it is asked for.
    #[error(transparent)]
    Request(RequestError),
    /// The engine failed.
    #[error("{0}")]
    Engine(E),
    /// The engine gave outputs of other lengths than the graph has.
    #[error("an engine gave outputs of other lengths than the {0:?} graph has")]
    Outputs(Part),
}

/// The state of one text: keys and values of every position so far.
#[derive(Clone, Debug)]
pub struct Session {
    generation: Arc<Generation>,
    /// Inputs of the decode graph: token, position, states. The prefill graph has others for the first.
    inputs: Vec<Vec<u8>>,
    /// For each state, how its bytes are divided.
    states: Vec<Layout>,
    logits: TensorType,
    position: u32,
}

/// A state as planes of rows: what comes before the dimension of positions, and the bytes of one row.
#[derive(Clone, Copy, Debug)]
struct Layout {
    planes: usize,
    row: usize,
}

impl Session {
    /// A text without tokens, of a model with that decode graph.
    pub fn new(decode: &Graph, generation: Arc<Generation>) -> Self {
        let layout = |ty: &TensorType| {
            let dims = ty.shape.dims();
            let (before, last) = dims.split_at(dims.len() - 2);
            Layout {
                planes: before.iter().map(|&d| d as usize).product(),
                row: last[1] as usize * ty.dtype.size(),
            }
        };
        let states = &decode.inputs()[INPUTS_BEFORE_STATE..];
        Self {
            inputs: decode
                .inputs()
                .iter()
                .map(|port| alloc::vec![0; port.ty.bytes()])
                .collect(),
            states: states.iter().map(|port| layout(&port.ty)).collect(),
            logits: decode.ty(decode.outputs()[0].value).clone(),
            position: 0,
            generation,
        }
    }

    /// Tokens that the state has in it.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// The raw states, one after the other, as the decode graph takes them.
    pub fn states(&self) -> &[Vec<u8>] {
        &self.inputs[INPUTS_BEFORE_STATE..]
    }

    /// Takes tokens in whose logits nobody wants: by chunks as long as there are enough.
    ///
    /// # Errors
    /// If the engine fails.
    ///
    /// # Panics
    /// If the context has no room for them: [`Request::check`] says so before.
    pub fn take<R: Run>(
        &mut self,
        mut tokens: &[u32],
        engine: &mut R,
    ) -> Result<(), GenerateError<R::Error>> {
        let chunk = self.generation.chunk() as usize;
        while let Some((now, later)) = tokens.split_at_checked(chunk) {
            let bytes = now.iter().flat_map(|token| token.to_le_bytes()).collect();
            let one = core::mem::replace(&mut self.inputs[0], bytes);
            let rows = self.run(Part::Prefill, engine);
            self.inputs[0] = one;
            self.put(Part::Prefill, &rows?, chunk)?;
            tokens = later;
        }
        for &token in tokens {
            self.step(token, engine)?;
        }
        Ok(())
    }

    /// Takes one token in; gives the logits of the one that follows.
    ///
    /// # Errors
    /// If the engine fails.
    ///
    /// # Panics
    /// If the context has no room for it.
    pub fn step<R: Run>(&mut self, token: u32, engine: &mut R) -> Result<Vec<i32>, GenerateError<R::Error>> {
        self.inputs[0].copy_from_slice(&token.to_le_bytes());
        let outputs = self.run(Part::Decode, engine)?;
        let Some((logits, rows)) = outputs
            .split_first()
            .filter(|(l, _)| l.len() == self.logits.bytes())
        else {
            return Err(GenerateError::Outputs(Part::Decode));
        };
        self.put(Part::Decode, rows, 1)?;
        Ok(match self.logits.dtype {
            DType::I16 => logits
                .as_chunks()
                .0
                .iter()
                .map(|b| i16::from_le_bytes(*b).into())
                .collect(),
            _ => logits
                .as_chunks()
                .0
                .iter()
                .map(|b| i32::from_le_bytes(*b))
                .collect(),
        })
    }

    /// Generates what is asked for, from a text without tokens on; `each` sees every token as soon as it is chosen.
    ///
    /// # Errors
    /// If the model cannot do it, or the engine fails.
    pub fn generate<R: Run>(
        &mut self,
        request: &Request,
        engine: &mut R,
        mut each: impl FnMut(u32),
    ) -> Result<Vec<u32>, GenerateError<R::Error>> {
        request.check(&self.generation).map_err(GenerateError::Request)?;
        let Some((&last, before)) = request.tokens.split_last() else {
            return Err(GenerateError::Request(RequestError::Empty));
        };
        self.position = 0;
        self.take(before, engine)?;
        let (mut generated, mut token) = (Vec::new(), last);
        while (generated.len() as u32) < request.count {
            let logits = self.step(token, engine)?;
            let sampling = self.generation.sampling();
            let (temperature, top_k) = (request.temperature, request.top_k);
            token = sampling.choose(&logits, temperature, top_k, &request.seed, self.position);
            generated.push(token);
            each(token);
            if self.generation.end_tokens().binary_search(&token).is_ok() {
                break;
            }
        }
        Ok(generated)
    }

    fn run<R: Run>(&mut self, part: Part, engine: &mut R) -> Result<Vec<Vec<u8>>, GenerateError<R::Error>> {
        self.inputs[1].copy_from_slice(&self.position.to_le_bytes());
        engine.run(part, &mut self.inputs).map_err(GenerateError::Engine)
    }

    /// Puts the rows of so many tokens into the states.
    fn put<E>(&mut self, part: Part, rows: &[Vec<u8>], tokens: usize) -> Result<(), GenerateError<E>> {
        let (first, context) = (self.position as usize, self.generation.context() as usize);
        assert!(
            first + tokens <= context,
            "the caller has checked that there is room"
        );
        let states = &mut self.inputs[INPUTS_BEFORE_STATE..];
        let whole = |(rows, layout): (&Vec<u8>, &Layout)| rows.len() == layout.planes * tokens * layout.row;
        if rows.len() != states.len() || !rows.iter().zip(&self.states).all(whole) {
            return Err(GenerateError::Outputs(part));
        }
        for ((state, layout), rows) in states.iter_mut().zip(&self.states).zip(rows) {
            let planes = state.chunks_exact_mut(context * layout.row);
            for (plane, rows) in planes.zip(rows.chunks_exact(tokens * layout.row)) {
                plane[first * layout.row..][..rows.len()].copy_from_slice(rows);
            }
        }
        self.position += tokens as u32;
        Ok(())
    }
}
