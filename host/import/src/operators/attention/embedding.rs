//! EmbedLayerNormalization of ONNX Runtime: the embeddings of words, positions and segments, added and normalised.

use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::operators::make::{Maker, numeric};
use crate::operators::norm;
use crate::typed::{Arg, Element, Operator, Reduction};

/// Operands: ids of words and segments, the three tables, gain and offset, a mask, positions. Results: the normalised
/// sum, how many elements of the mask are 1, the sum itself.
pub(crate) fn layer(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(7, 9, "7 to 9")
        .or_else(|problem| match (call.optional(0), call.optional(6)) {
            // Segments may be left out.
            (Some(_), Some(_)) if call.inputs.len() <= 9 => Ok(()),
            _ => Err(problem),
        })?;
    let epsilon = norm::epsilon(call, 1e-12)?;
    call.attributes.int("mask_index_type", 0)?;
    let words = numeric(b, call, 0)?;
    let segments = match (call.optional(1), call.optional(4)) {
        (Some(_), Some(_)) => Some((numeric(b, call, 1)?, call.real(b, 4)?.clone())),
        _ => None,
    };
    let tables = [call.real(b, 2)?.clone(), call.real(b, 3)?.clone()];
    let (gain, offset) = (call.real(b, 5)?.clone(), call.real(b, 6)?.clone());
    let mask = match call.optional(7) {
        Some(_) => Some(numeric(b, call, 7)?),
        None => None,
    };
    let positions = match call.optional(8) {
        Some(_) => Some(numeric(b, call, 8)?),
        None => None,
    };
    let m = &mut Maker::new(b, call);
    let dims = m.dims(&words);
    let &[batch, length] = &dims[..] else {
        return Err(Problem::Shape(format!("ids {dims:?} are not [batch, length]")));
    };
    let [of_words, of_positions] = tables;
    let words = looked_up(m, of_words, words)?;
    let mut sum = words;
    if let Some((ids, table)) = segments {
        let own = looked_up(m, table, ids)?;
        sum = m.pair(Operator::Add, sum, own)?;
    }
    let own = match positions {
        Some(positions) => looked_up(m, of_positions, positions)?,
        None => {
            let rows = m.dims(&of_positions).first().copied().unwrap_or(0);
            if rows < length {
                return Err(Problem::Shape(format!(
                    "{rows} positions have an embedding, not {length}"
                )));
            }
            m.part(of_positions, 0, 0, length)?
        }
    };
    let sum = m.pair(Operator::Add, sum, own)?;
    let y = norm::normalise(m, sum.clone(), 2, epsilon, true)?;
    let y = norm::scale(m, y, Some(gain), Some(offset))?;
    let count = match (mask, call.wanted.get(1)) {
        (Some(mask), Some(true)) => {
            let dims = m.dims(&mask);
            if dims != [batch, length] {
                return Err(Problem::Shape(format!(
                    "the mask is {dims:?}, not {:?}",
                    [batch, length]
                )));
            }
            let count = m.reduce(mask, Reduction::Sum, 1)?;
            Some(m.reshape(count, &[batch])?)
        }
        (None, Some(true)) => {
            let none = Constant::new("", vec![batch], Data::I64(vec![0; batch as usize]))?;
            Some(Arg::Constant(none))
        }
        _ => None,
    };
    Ok(vec![Some(y), count, Some(sum)])
}

fn looked_up(m: &mut Maker<'_>, table: Arg, ids: Arg) -> Result<Arg, Problem> {
    let (rows, own) = (m.dims(&table), m.dims(&ids));
    let &[_, width] = &rows[..] else {
        return Err(Problem::Shape(format!("a table {rows:?} is no matrix")));
    };
    let dims = [&own[..], &[width]].concat();
    m.emit(
        Operator::Lookup { axis: 0 },
        vec![table, ids],
        &dims,
        Element::Real,
    )
}
