//! Trilu and OneHot: what is kept, or set, depends on the place.

use super::axes::axis;
use super::make::Maker;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, elements};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};

/// The upper or lower triangle of matrices; the rest is 0.
pub(super) fn trilu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 2, "1 or 2")?;
    let x = call.arg(0)?.clone();
    let upper = call.attributes.flag("upper", true)?;
    let k = match call.constant(1, "k")? {
        Some(c) => match c.whole("k")?[..] {
            [k] => k,
            _ => return Err(Problem::Shape(format!("k is {:?}, not one number", c.dims))),
        },
        None => 0,
    };
    let dims = b.dims(&x).to_vec();
    let [.., rows, columns] = dims[..] else {
        return Err(Problem::Shape(format!("{dims:?} is no matrix")));
    };
    let kept = |row: u32, column: u32| {
        let over = i64::from(column) - i64::from(row);
        if upper { over >= k } else { over <= k }
    };
    let matrix = (0..rows).flat_map(|row| (0..columns).map(move |column| kept(row, column)));
    if let Arg::Constant(c) = &x {
        b.folds(2 * c.len())?;
        let zero = c.data.like(&[0]).unwrap_or_else(|| Data::F32(vec![0.0]));
        let zero = Constant::new(&c.name, vec![1], zero)?;
        let with_zero = c.reshaped(vec![c.len() as u32])?.followed_by(&zero, 0)?;
        let matrix: Vec<bool> = matrix.collect();
        let from = (0..c.len()).map(|at| match matrix.get(at % matrix.len().max(1)) {
            Some(true) => at,
            _ => c.len(),
        });
        let data = with_zero.data.gather(from);
        return Constant::new(&call.node.name, dims, data).map(Arg::Constant);
    }
    let mut m = Maker::new(b, call);
    m.b.folds(rows as usize * columns as usize)?;
    let mask = Constant::new(&call.node.name, vec![rows, columns], Data::Bool(matrix.collect()))?;
    let zero = match m.element(&x) {
        Element::Real => m.number(0.0)?,
        Element::Int => Arg::Constant(Constant::new("", vec![], Data::I64(vec![0]))?),
        Element::Quantised(dtype) => {
            return Err(Problem::UnsupportedType {
                actual: format!("{dtype} of a grid"),
                expected: "it must be FLOAT or whole numbers that are on no grid",
            });
        }
    };
    m.choose(Arg::Constant(mask), x, zero)
}

/// One value at each position that is named, and another elsewhere. Positions below zero count from the end.
pub(super) fn one_hot(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 3, "3")?;
    let indices = call.arg(0)?.clone();
    let depth = call.needed(1, "the depth")?;
    let values = call.needed(2, "the list of values")?;
    if depth.len() != 1 || values.len() != 2 {
        return Err(Problem::Shape(
            "the depth is one number, the values are two".to_string(),
        ));
    }
    let depth = depth.reals64().first().map_or(0, |&d| d as i64);
    let mut m = Maker::new(b, call);
    let mut dims = m.dims(&indices);
    let at = axis("axis", call.attributes.int("axis", -1)?, dims.len() + 1)?;
    dims.insert(at, 1);
    let mut result: Vec<i64> = dims.iter().map(|&d| d.into()).collect();
    result[at] = depth;
    elements(result.into_iter())?;
    let mut along = vec![1; dims.len()];
    along[at] = depth as u32;
    let places = |first: i64| {
        Constant::new(
            &call.node.name,
            along.clone(),
            Data::I64((first..first + depth).collect()),
        )
    };
    let (from_start, from_end) = (places(0)?, places(-depth)?);
    let indices = m.reshape(indices, &dims)?;
    // Just outside is as far as far outside, and leaves room for the distance.
    let bounds = Function::Clamp {
        low: (-depth - 1) as f32,
        high: depth as f32,
    };
    let indices = m.function(indices, bounds)?;
    let mut found = Vec::new();
    for places in [from_start, from_end] {
        let distance = m.pair(Operator::Sub, indices.clone(), Arg::Constant(places))?;
        found.push(m.function(distance, Function::Equal { to: 0.0 })?);
    }
    let mut set = None;
    for found in found {
        set = Some(match set {
            None => found,
            Some(before) => m.pair(Operator::Add, before, found)?,
        });
    }
    let set = set.ok_or(Problem::Missing("position"))?;
    let part = |at: u32| Ok::<_, Problem>(Arg::Constant(values.entries(0, &[at])?.reshaped(vec![])?));
    let (off, on) = (part(0)?, part(1)?);
    m.choose(set, on, off)
}
