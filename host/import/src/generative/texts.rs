//! Samples of a step: chunks of texts, each with the state that the chunks before it left, in floats.

use super::states::States;
use crate::calibrate::Floats;
use crate::error::ImportError;
use crate::npy::Array;
use crate::options::Calibration;
use crate::typed::{Typed, ValueId};
use std::collections::BTreeMap;

/// Chunks that become samples, spread over all texts: each brings a whole state with it.
const MAX_SAMPLES: usize = 64;
/// Numbers of all samples' states together, half a gigabyte of them.
const MAX_STATE_ELEMENTS: usize = 1 << 27;

/// A chunk of tokens at a position of a text.
struct Chunk<'t> {
    tokens: &'t [u32],
    position: usize,
}

/// The samples, by the names of the inputs.
///
/// # Errors
/// If no text is a chunk long, one is longer than the context, or something is not finite on the way.
pub(super) fn calibration(
    typed: &Typed,
    states: &States,
    texts: &[Vec<u32>],
) -> Result<Calibration, ImportError> {
    let wrong = |text: String| Err(ImportError::Calibration(text));
    let tokens = typed.values[states.tokens].shape.elements();
    let context = typed.values[states.all[0].old].shape.dims()[2] as usize;
    if let Some(long) = texts.iter().find(|text| text.len() > context) {
        let length = long.len();
        return wrong(format!(
            "a text of {length} tokens is longer than the context of {context}; cut it"
        ));
    }
    let chunks: usize = texts.iter().map(|text| text.len() / tokens).sum();
    if chunks == 0 {
        return wrong(format!(
            "no text has {tokens} tokens, which is what one run takes; give longer ones"
        ));
    }
    let each: usize = states
        .all
        .iter()
        .map(|state| typed.values[state.old].shape.elements())
        .sum();
    let most = MAX_SAMPLES.min((MAX_STATE_ELEMENTS / each.max(1)).max(1));
    let mut samples: BTreeMap<ValueId, Vec<f32>> = BTreeMap::new();
    let (mut at, mut kept) = (0, 0);
    let floats = Floats::new(typed);
    for text in texts {
        let empty = |id: ValueId| vec![0f32; typed.values[id].shape.elements()];
        let mut held: Vec<Vec<f32>> = states.all.iter().map(|state| empty(state.old)).collect();
        for (number, own) in text.chunks_exact(tokens).enumerate() {
            let chunk = Chunk {
                tokens: own,
                position: number * tokens,
            };
            let given = inputs(states, &chunk, &held);
            // Every so many-th is kept, so that as many come of it as there may be.
            if at * most / chunks != (at + 1) * most / chunks || chunks <= most {
                for (id, data) in &given {
                    samples.entry(*id).or_default().extend_from_slice(data);
                }
                kept += 1;
            }
            at += 1;
            let results = floats.run(given.into_iter())?;
            for (state, held) in states.all.iter().zip(&mut held) {
                put(typed, (state.old, held), &results[state.new], &chunk);
            }
        }
    }
    let mut inputs = BTreeMap::new();
    for (id, data) in samples {
        let value = &typed.values[id];
        let mut shape = vec![kept];
        shape.extend(value.shape.dims().iter().map(|&d| d as usize));
        match Array::new(shape, data) {
            Some(array) => inputs.insert(value.name.clone(), array),
            None => return wrong(format!("the samples of {:?} are not finite", value.name)),
        };
    }
    Ok(Calibration { inputs })
}

fn inputs(states: &States, chunk: &Chunk<'_>, held: &[Vec<f32>]) -> Vec<(ValueId, Vec<f32>)> {
    let tokens = chunk.tokens.iter().map(|&token| token as f32).collect();
    let mut given = vec![
        (states.tokens, tokens),
        (states.position, vec![chunk.position as f32]),
    ];
    given.extend(states.all.iter().map(|state| state.old).zip(held.iter().cloned()));
    given
}

/// Puts the rows of a chunk into a state.
fn put(typed: &Typed, (id, held): (ValueId, &mut [f32]), rows: &[f32], chunk: &Chunk<'_>) {
    let dims = typed.values[id].shape.dims();
    let (context, width) = (dims[2] as usize, dims[3] as usize);
    let count = chunk.tokens.len();
    for (plane, rows) in held
        .chunks_exact_mut(context * width)
        .zip(rows.chunks_exact(count * width))
    {
        plane[chunk.position * width..][..rows.len()].copy_from_slice(rows);
    }
}
