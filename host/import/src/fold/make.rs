//! Constants made from a shape, or from few numbers.

use super::numbers::{Numbers, reals, whole};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, elements};
use crate::error::Problem;
use crate::operators::{axis, element_data};

/// Extents out of a list of whole numbers, and how many elements that is.
fn extents(c: &Constant) -> Result<(Vec<u32>, usize), Problem> {
    let list = c.whole("the shape")?;
    let count = elements(list.iter().copied())?;
    let dims = list
        .iter()
        .map(|&d| u32::try_from(d).unwrap_or(u32::MAX))
        .collect();
    Ok((dims, count as usize))
}

pub(super) fn constant_of_shape(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(1, 1, "1")?;
    let (dims, count) = extents(call.needed(0, "the shape")?)?;
    b.folds(count)?;
    let value = match call.attributes.tensor("value")? {
        Some(tensor) => Constant::of(tensor, "value")?,
        None => Constant::new("value", vec![], Data::F32(vec![0.0]))?,
    };
    if value.len() != 1 {
        return Err(wrong("value", format!("it has {} elements, not 1", value.len())));
    }
    let data = value.data.gather(std::iter::repeat_n(0, count));
    Constant::new(&call.node.name, dims, data).map(Some)
}

pub(super) fn range(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(3, 3, "3")?;
    let [start, limit, delta] = [0, 1, 2].map(|i| call.needed(i, "every operand"));
    let (start, limit, delta) = (start?, limit?, delta?);
    if [start, limit, delta].iter().any(|c| c.len() != 1) {
        return Err(Problem::Shape(
            "start, limit and delta are one number each".to_string(),
        ));
    }
    let too_many = || Problem::Shape("it is empty, endless or too long".to_string());
    let name = &call.node.name;
    let length = |count: f64| -> Result<usize, Problem> {
        let count = if count > 0.0 { count.ceil() } else { 0.0 };
        if count.is_nan() || count > metisvm_model::limits::MAX_ELEMENTS as f64 {
            return Err(too_many());
        }
        Ok(count as usize)
    };
    match (Numbers::of(start), Numbers::of(limit), Numbers::of(delta)) {
        (Numbers::Whole(a), Numbers::Whole(z), Numbers::Whole(d)) => {
            let [a, z, d] = [a[0], z[0], d[0]].map(i128::from);
            let steps = (z - a).checked_div(d).ok_or_else(too_many)?;
            let rest = (z - a) % d;
            let count =
                length((steps + i128::from(rest != 0 && steps >= 0 && (z - a > 0) == (d > 0))) as f64)?;
            b.folds(count)?;
            let list: Vec<i64> = (0..count as i128).map(|i| (a + i * d) as i64).collect();
            whole(name, vec![count as u32], start, &list).map(Some)
        }
        (Numbers::Reals(a), Numbers::Reals(z), Numbers::Reals(d)) => {
            let count = length((f64::from(z[0]) - f64::from(a[0])) / f64::from(d[0]))?;
            b.folds(count)?;
            let list = (0..count)
                .map(|i| (f64::from(a[0]) + i as f64 * f64::from(d[0])) as f32)
                .collect();
            reals(name, vec![count as u32], list).map(Some)
        }
        _ => Err(Problem::Unsupported(
            "its operands are of different types".to_string(),
        )),
    }
}

pub(super) fn eye_like(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.needed(0, "the operand")?;
    let &[rows, columns] = &x.dims[..] else {
        return Err(Problem::Shape(format!("{:?} is no matrix", x.dims)));
    };
    let k = call.attributes.int("k", 0)?;
    b.folds(x.len())?;
    let ones: Vec<i64> = (0..i64::from(rows))
        .flat_map(|r| (0..i64::from(columns)).map(move |c| i64::from(c.checked_sub(r) == Some(k))))
        .collect();
    let data = match call.attributes.int_if_any("dtype")? {
        Some(to) => element_data(to, &ones)?,
        None => match x.data.like(&ones) {
            Some(data) => data,
            None => Data::F32(ones.iter().map(|&v| v as f32).collect()),
        },
    };
    Constant::new(&call.node.name, x.dims.clone(), data).map(Some)
}

pub(super) fn one_hot(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(3, 3, "3")?;
    let indices = call.needed(0, "the indices")?;
    let depth = call.needed(1, "the depth")?;
    let values = call.needed(2, "the values")?;
    if depth.len() != 1 || values.len() != 2 {
        return Err(Problem::Shape(
            "the depth is one number, the values are two".to_string(),
        ));
    }
    let depth = depth.reals64()[0];
    let extent = u32::try_from(depth as i64)
        .ok()
        .filter(|&d| d > 0)
        .ok_or_else(|| Problem::Shape(format!("a depth of {depth}")))?;
    let rank = indices.dims.len() + 1;
    let at = axis("axis", call.attributes.int("axis", -1)?, rank)?;
    let mut dims = indices.dims.clone();
    dims.insert(at, extent);
    let count = elements(dims.iter().map(|&d| i64::from(d)))? as usize;
    b.folds(count)?;
    let wanted: Vec<i64> = indices.reals64().iter().map(|&v| v as i64).collect();
    let inner: usize = indices.dims[at..].iter().map(|&d| d as usize).product();
    let order = (0..count).map(|place| {
        let (rest, within) = (place / inner.max(1), place % inner.max(1));
        let (outer, entry) = (rest / extent as usize, rest % extent as usize);
        let index = wanted[outer * inner + within];
        let index = if index < 0 {
            index + i64::from(extent)
        } else {
            index
        };
        usize::from(index == entry as i64)
    });
    Constant::new(&call.node.name, dims, values.data.gather(order)).map(Some)
}
