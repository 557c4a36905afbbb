//! Rotary position embeddings: pairs of elements are turned by an angle that grows with the position.

use super::heads::{joined, split};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::operators::make::{Maker, numeric};
use crate::typed::{Arg, Element, Operator};

/// Opset 23. Operands: x, cosines, sines, positions; without positions the cosines are those of each element of x.
pub(crate) fn rotary(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 4, "3 or 4")?;
    let x = call.real(b, 0)?.clone();
    let caches = [call.real(b, 1)?.clone(), call.real(b, 2)?.clone()];
    let positions = match call.optional(3) {
        Some(_) => Some(numeric(b, call, 3)?),
        None => None,
    };
    turned(b, call, x, positions, caches)
}

/// ONNX Runtime's. Operands: x, positions or the first of them, cosines, sines.
pub(crate) fn microsoft(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(4, 4, "4")?;
    if call.attributes.flag("is_packed_batching", false)? {
        return Err(wrong("is_packed_batching", "only 0 is supported"));
    }
    if call.attributes.float("scale", 1.0)? != 1.0 {
        return Err(wrong("scale", "only 1 is supported"));
    }
    let x = call.real(b, 0)?.clone();
    let positions = numeric(b, call, 1)?;
    let caches = [call.real(b, 2)?.clone(), call.real(b, 3)?.clone()];
    turned(b, call, x, Some(positions), caches)
}

fn turned(
    b: &mut Builder,
    call: &Call<'_>,
    x: Arg,
    positions: Option<Arg>,
    [cosines, sines]: [Arg; 2],
) -> Result<Arg, Problem> {
    let interleaved = call.attributes.flag("interleaved", false)?;
    let heads = call.attributes.int("num_heads", 0)?;
    let size = call.attributes.int("rotary_embedding_dim", 0)?;
    let m = &mut Maker::new(b, call);
    let half = m.dims(&cosines).last().copied().unwrap_or(0);
    let flat = m.dims(&x).len() == 3;
    let x = if flat {
        // Without a number of heads all of a head turns, so that its size is twice the cosines'.
        let width = m.dims(&x).last().copied().unwrap_or(0);
        let heads = match heads {
            0 => i64::from(width / half.saturating_mul(2).max(1)),
            heads => heads,
        };
        split(m, x, heads)?
    } else {
        x
    };
    let dims = m.dims(&x);
    let &[batch, _, length, width] = &dims[..] else {
        return Err(Problem::Shape(format!(
            "{dims:?} is neither [batch, length, width] nor cut into heads"
        )));
    };
    let turning = half.saturating_mul(2);
    if turning == 0 || turning > width || size != 0 && size != i64::from(turning) {
        return Err(Problem::Shape(format!(
            "cosines of {half} angles for heads of {width}, of which {size} turn"
        )));
    }
    // Element i turns with the other of its pair: cos · x[i] ∓ sin · x[other].
    let (other, angle): (Vec<u32>, Vec<u32>) = (0..turning)
        .map(|i| {
            if interleaved {
                (i ^ 1, i / 2)
            } else {
                ((i + half) % turning, i % half)
            }
        })
        .unzip();
    let first = |i: u32| {
        if interleaved {
            i.is_multiple_of(2)
        } else {
            i < half
        }
    };
    let signs = (0..turning).map(|i| if first(i) { -1.0 } else { 1.0 }).collect();
    let signs = m.constant(vec![turning], signs)?;
    let each = |m: &mut Maker<'_>, cache: Arg| {
        let axis = m.dims(&cache).len().saturating_sub(1);
        m.entries(cache, axis, angle.clone())
    };
    let (cosines, sines) = (each(m, cosines)?, each(m, sines)?);
    let sines = m.pair(Operator::Mul, sines, signs)?;
    let place = [batch, length, turning];
    let (cosines, sines) = (
        placed(m, cosines, positions.as_ref(), place)?,
        placed(m, sines, positions.as_ref(), place)?,
    );
    let turns = m.part(x.clone(), 3, 0, turning)?;
    let others = m.entries(turns.clone(), 3, other)?;
    let (a, b) = (
        m.pair(Operator::Mul, turns, cosines)?,
        m.pair(Operator::Mul, others, sines)?,
    );
    let mut y = m.pair(Operator::Add, a, b)?;
    if turning < width {
        let rest = m.part(x, 3, turning, width - turning)?;
        y = m.emit(Operator::Concat { axis: 3 }, vec![y, rest], &dims, Element::Real)?;
    }
    if flat { joined(m, y) } else { Ok(y) }
}

/// The rows of a cache at the positions, as `[batch or 1, 1, length, turning]`.
fn placed(
    m: &mut Maker<'_>,
    cache: Arg,
    positions: Option<&Arg>,
    [batch, length, turning]: [u32; 3],
) -> Result<Arg, Problem> {
    let dims = m.dims(&cache);
    let Some(positions) = positions else {
        return match dims[..] {
            [b, l, _] if l == length && (b == batch || b == 1) => m.reshape(cache, &[b, 1, length, turning]),
            _ => Err(Problem::Shape(format!(
                "cosines or sines {dims:?} for {batch} times {length} positions"
            ))),
        };
    };
    let &[rows, _] = &dims[..] else {
        return Err(Problem::Shape(format!("cosines or sines {dims:?} are no matrix")));
    };
    let own = m.dims(positions);
    let (positions, outer) = match own[..] {
        [1] | [] => {
            // The first of as many in a row.
            let all = Data::I64((0..i64::from(length)).collect());
            let all = Arg::Constant(Constant::new("", vec![length], all)?);
            let start = m.reshape(positions.clone(), &[1])?;
            (m.pair(Operator::Add, start, all)?, 1)
        }
        [b, l] if b == batch && l == length => (m.reshape(positions.clone(), &[b * l])?, batch),
        _ => {
            return Err(Problem::Shape(format!(
                "positions {own:?} for {batch} times {length} of them"
            )));
        }
    };
    let taken = match &positions {
        Arg::Constant(c) => {
            let list = c.whole("a position")?;
            let place = |v: i64| u32::try_from(v).ok().filter(|&v| v < rows);
            let list: Option<Vec<u32>> = list.into_iter().map(place).collect();
            let list =
                list.ok_or_else(|| Problem::Data(format!("a position is not among the {rows} rows")))?;
            m.entries(cache, 0, list)?
        }
        Arg::Value(_) => {
            let result = [outer * length, turning];
            m.emit(
                Operator::Lookup { axis: 0 },
                vec![cache, positions],
                &result,
                Element::Real,
            )?
        }
    };
    m.reshape(taken, &[outer, 1, length, turning])
}
