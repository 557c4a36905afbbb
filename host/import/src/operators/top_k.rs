//! TopK: the greatest, then the greatest of the others, and so on.

use super::arithmetic::affine;
use super::axes::axis;
use super::make::Maker;
use super::norm::last;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator, Reduction};

/// How many may be asked for: each is a search through all elements.
const MAX_K: i64 = 64;

/// Results: values and positions.
pub(super) fn top_k(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    let k = if call.opset < 10 {
        call.arity(1, 1, "1")?;
        call.attributes.int("k", 0)?
    } else {
        call.arity(2, 2, "2")?;
        match *call.needed(1, "k")?.ints("k")? {
            [k] => k,
            _ => return Err(Problem::Shape("k must be one number".to_string())),
        }
    };
    call.attributes.flag("sorted", true)?;
    let largest = call.opset < 11 || call.attributes.flag("largest", true)?;
    let x = call.real(b, 0)?.clone();
    if let Arg::Constant(_) = x {
        return Err(Problem::Unsupported(
            "its operand is a constant; fold it when exporting".to_string(),
        ));
    }
    let mut m = Maker::new(b, call);
    let dims = m.dims(&x);
    let axis = axis("axis", call.attributes.int("axis", -1)?, dims.len())?;
    let n = dims[axis];
    if !(1..=MAX_K.min(n.into())).contains(&k) {
        return Err(wrong("k", format!("{k} is not in 1..={}", MAX_K.min(n.into()))));
    }
    let (there, back) = last(dims.len(), axis);
    let x = m.transpose(x, there)?;
    let moved = m.dims(&x);
    let outer = moved[..moved.len() - 1].iter().product();
    let x = m.reshape(x, &[outer, n])?;
    let x = if largest { x } else { affine(&mut m, x, -1.0, 0.0)? };
    let (values, positions) = greatest(&mut m, x, [outer, n], k)?;
    let mut shape = moved;
    if let Some(last) = shape.last_mut() {
        *last = k as u32;
    }
    let wants = |index: usize| call.wanted.get(index).copied().unwrap_or(false);
    let mut finish = |parts: Vec<Arg>, element| {
        let op = Operator::Concat { axis: 1 };
        let all = m.emit(op, parts, &[outer, k as u32], element)?;
        let all = m.reshape(all, &shape)?;
        m.transpose(all, back.clone())
    };
    let positions = if wants(1) {
        Some(finish(positions, Element::Int)?)
    } else {
        None
    };
    let values = match (wants(0), largest) {
        (false, _) => None,
        (true, true) => Some(finish(values, Element::Real)?),
        (true, false) => {
            let values = finish(values, Element::Real)?;
            Some(affine(&mut m, values, -1.0, 0.0)?)
        }
    };
    Ok(vec![values, positions])
}

/// The k greatest of each row and where they are, each `[outer, 1]`.
fn greatest(
    m: &mut Maker<'_>,
    x: Arg,
    [outer, n]: [u32; 2],
    k: i64,
) -> Result<(Vec<Arg>, Vec<Arg>), Problem> {
    let places = Data::I64((0..n).map(i64::from).collect());
    let places = Arg::Constant(Constant::new("", vec![1, n], places)?);
    let mut values = Vec::new();
    let mut positions = Vec::new();
    // What takes the place of what was found: as far below the least as that is below the greatest. A number far out
    // would take all precision from the rest.
    let mut floor = None;
    let mut rest = x;
    for round in 0..k {
        let value = m.reduce(rest.clone(), Reduction::Max, 1)?;
        let op = Operator::ArgMax { axis: 1 };
        let position = m.emit(op, vec![rest.clone()], &[outer], Element::Int)?;
        let position = m.reshape(position, &[outer, 1])?;
        if round + 1 < k {
            let below = match floor.take() {
                Some(below) => below,
                None => {
                    let minus = affine(m, rest.clone(), -1.0, 0.0)?;
                    let least = m.reduce(minus, Reduction::Max, 1)?;
                    let twice = affine(m, least, -2.0, 0.0)?;
                    m.pair(Operator::Sub, twice, value.clone())?
                }
            };
            let distance = m.pair(Operator::Sub, places.clone(), position.clone())?;
            let found = m.function(distance, Function::Equal { to: 0.0 })?;
            rest = m.choose(found, below.clone(), rest)?;
            floor = Some(below);
        }
        values.push(value);
        positions.push(position);
    }
    Ok((values, positions))
}
