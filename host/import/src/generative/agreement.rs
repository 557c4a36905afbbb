//! That a chunk gives the rows that its tokens give one by one: the plan says so, and this looks.

use crate::error::{ImportError, Problem};
use metisvm_model::generation::{GenerateError, Generation, Part, Run, Session};
use metisvm_model::{Graph, Reference, WrongInputLength};
use std::sync::Arc;

/// Chunks that are run: the second attends to rows of the state that the first left.
const CHUNKS: usize = 2;
/// Multiply-accumulates up to which there are two of them: a minute or so of the reference kernels.
const MAX_MACS: u64 = 1 << 34;

struct Kernels {
    prefill: Reference,
    decode: Reference,
}

impl Run for Kernels {
    type Error = WrongInputLength;

    fn run(&mut self, part: Part, inputs: &mut [Vec<u8>]) -> Result<Vec<Vec<u8>>, WrongInputLength> {
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        match part {
            Part::Prefill => self.prefill.run_values(&inputs),
            Part::Decode => self.decode.run_values(&inputs),
        }
    }
}

/// Takes the beginning of a text in by chunks and token by token.
///
/// # Errors
/// If the states differ afterwards.
pub(super) fn check(decode: &Graph, generation: &Arc<Generation>, text: &[u32]) -> Result<(), ImportError> {
    let chunk = generation.chunk() as usize;
    let macs = decode.work().macs.saturating_add(decode.work().wide_macs);
    let chunks = if macs.saturating_mul(2 * (CHUNKS * chunk) as u64) > MAX_MACS {
        1
    } else {
        CHUNKS
    };
    let length = (chunks * chunk).min(text.len() / chunk * chunk);
    let tokens: Vec<u32> = text[..length]
        .iter()
        .map(|&token| token.min(generation.vocabulary() - 1))
        .collect();
    let mut kernels = Kernels {
        prefill: Reference::new(generation.prefill().clone()),
        decode: Reference::new(Arc::new(decode.clone())),
    };
    let mut by_chunks = Session::new(decode, generation.clone());
    let mut one_by_one = by_chunks.clone();
    let failed =
        |error: GenerateError<WrongInputLength>| ImportError::model(Problem::Unsupported(error.to_string()));
    by_chunks.take(&tokens, &mut kernels).map_err(failed)?;
    for &token in &tokens {
        one_by_one.step(token, &mut kernels).map_err(failed)?;
    }
    if by_chunks.states() == one_by_one.states() {
        return Ok(());
    }
    Err(ImportError::model(Problem::Unsupported(
        "the graph of a chunk gives other rows of the state than that of one token does; this is a defect of import, not \
         of the model"
            .to_string(),
    )))
}
