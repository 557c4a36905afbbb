//! RNN, GRU and LSTM, unrolled: a step of the sequence is a handful of nodes. What x adds to every step is one product
//! for all of them.

mod activation;
mod cell;
mod kind;
pub(super) mod quantised;
mod sequence;
mod weights;

use super::make::Maker;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};
use cell::{Cell, State};
use kind::Kind;
use metisvm_model::limits::MAX_NODES;
use sequence::Sequence;

/// Nodes of the typed graph that unrolling may go on to: each becomes up to four of the integer graph.
const MAX_UNROLLED: usize = MAX_NODES / 4;

pub(super) fn rnn(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(3, 6, "3 to 6")?;
    unrolled(b, call, Kind::Rnn)
}

pub(super) fn gru(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(3, 6, "3 to 6")?;
    unrolled(b, call, Kind::Gru)
}

pub(super) fn lstm(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(3, 8, "3 to 8")?;
    unrolled(b, call, Kind::Lstm)
}

/// Results: every step, the last one, and for an LSTM its cell.
fn unrolled(b: &mut Builder, call: &Call<'_>, kind: Kind) -> Result<Vec<Option<Arg>>, Problem> {
    let sequence = Sequence::of(b, call, kind)?;
    let m = &mut Maker::new(b, call);
    let Sequence { hidden, batch, .. } = sequence;
    let x = sequence.steps_first(m, sequence.x.clone())?;
    let mut steps = Vec::new();
    let mut last = Vec::new();
    let mut cells = Vec::new();
    for direction in 0..sequence.directions {
        let cell = Cell::of(m, call, &sequence, direction)?;
        let from_x = inputs(m, &sequence, &cell, x.clone())?;
        let mut state = State {
            h: sequence.initial(m, 5, direction)?,
            c: sequence.initial(m, 6, direction)?,
        };
        let mut outputs = Vec::new();
        for step in 0..sequence.length {
            let at = if cell.reversed {
                sequence.length - 1 - step
            } else {
                step
            };
            let own = m.part(from_x.clone(), 0, at, 1)?;
            let own = m.reshape(own, &[batch, kind.gates() * hidden])?;
            state = cell.step(m, own, state)?;
            let count = m.b.typed.nodes.len();
            if count > MAX_UNROLLED {
                return Err(Problem::TooMany {
                    what: "nodes of the unrolled sequence (import a shorter one, with --dim or --shape)",
                    count: count as u64,
                    limit: MAX_UNROLLED as u64,
                });
            }
            if call.wanted.first() == Some(&true)
                && let Some(h) = &state.h
            {
                outputs.push(m.reshape(h.clone(), &[1, 1, batch, hidden])?);
            }
        }
        if cell.reversed {
            outputs.reverse();
        }
        steps.push(outputs);
        for (part, all) in [(state.h, &mut last), (state.c, &mut cells)] {
            if let Some(part) = part {
                all.push(m.reshape(part, &[1, batch, hidden])?);
            }
        }
    }
    let mut results = vec![None; 3];
    if call.wanted.first() == Some(&true) {
        let directions = steps.into_iter().map(|outputs| m.joined(outputs, 0));
        let directions = directions.collect::<Result<Vec<_>, _>>()?;
        let y = m.joined(directions, 1)?;
        results[0] = Some(sequence.as_declared(m, y, &[2, 0, 1, 3])?);
    }
    for (index, parts) in [(1, last), (2, cells)] {
        if call.wanted.get(index) == Some(&true) && !parts.is_empty() {
            let y = m.joined(parts, 0)?;
            results[index] = Some(sequence.as_declared(m, y, &[1, 0, 2])?);
        }
    }
    results.truncate(if kind == Kind::Lstm { 3 } else { 2 });
    Ok(results)
}

/// What x adds to the gates of every step: `[length, batch, gates]`.
fn inputs(m: &mut Maker<'_>, sequence: &Sequence, cell: &Cell, x: Arg) -> Result<Arg, Problem> {
    let Sequence { length, batch, .. } = *sequence;
    let too_large = || Problem::Shape("the sequence is too large".to_string());
    let rows = length.checked_mul(batch).ok_or_else(too_large)?;
    let gates = sequence.kind.gates() * sequence.hidden;
    let x = m.reshape(x, &[rows, sequence.width])?;
    let bias = Some(cell.bias.clone());
    let op = Operator::MatMul { bias };
    let w = cell.from_x.clone();
    let y = m.emit(op, vec![x, w], &[rows, gates], Element::Real)?;
    m.reshape(y, &[length, batch, gates])
}

#[cfg(test)]
mod tests {
    #[test]
    fn recurrent_nets_agree_with_onnx_runtime() {
        crate::float::cases::check("recurrent");
    }
}
