//! Operators of two constants, broadcast; of more they are taken two by two.

use super::numbers::{Numbers, mixed, reals, whole};
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, elements};
use crate::error::Problem;
use crate::float::positions;
use crate::operators::broadcast;
use std::cmp::Ordering;

/// Two operands spread to their common shape.
struct Pair {
    dims: Vec<u32>,
    places: Vec<(usize, usize)>,
}

impl Pair {
    fn new(b: &mut Builder, x: &Constant, y: &Constant) -> Result<Self, Problem> {
        let dims = broadcast(&x.dims, &y.dims)?;
        let count = elements(dims.iter().map(|&d| i64::from(d)))?;
        b.folds(count as usize)?;
        let places = positions(&x.dims, &dims)
            .into_iter()
            .zip(positions(&y.dims, &dims));
        Ok(Self {
            places: places.collect(),
            dims,
        })
    }

    fn of<T: Copy, R>(&self, a: &[T], b: &[T], f: impl Fn(T, T) -> R) -> Vec<R> {
        self.places.iter().map(|&(i, j)| f(a[i], b[j])).collect()
    }
}

/// An operation on numbers of either kind; nothing where the result is not a number of that kind.
fn arithmetic(
    b: &mut Builder,
    call: &Call<'_>,
    [x, y]: [&Constant; 2],
    real: impl Fn(f32, f32) -> f32,
    int: impl Fn(i64, i64) -> Option<i64>,
) -> Result<Constant, Problem> {
    let pair = Pair::new(b, x, y)?;
    let name = &call.node.name;
    match (Numbers::of(x), Numbers::of(y)) {
        (Numbers::Reals(a), Numbers::Reals(b)) => reals(name, pair.dims.clone(), pair.of(&a, &b, real)),
        (Numbers::Whole(a), Numbers::Whole(b)) => {
            let all: Option<Vec<i64>> = pair.of(&a, &b, int).into_iter().collect();
            let all = all.ok_or_else(|| {
                Problem::Unsupported("it divides by zero, or a result is over 64 bits".to_string())
            })?;
            whole(name, pair.dims, x, &all)
        }
        _ => Err(mixed(x, y)),
    }
}

fn two<'a>(call: &'a Call<'_>) -> Result<[&'a Constant; 2], Problem> {
    call.arity(2, 2, "2")?;
    Ok([call.needed(0, "operand 0")?, call.needed(1, "operand 1")?])
}

pub(super) fn add(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    arithmetic(b, call, two(call)?, |x, y| x + y, i64::checked_add).map(Some)
}

pub(super) fn sub(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    arithmetic(b, call, two(call)?, |x, y| x - y, i64::checked_sub).map(Some)
}

pub(super) fn mul(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    arithmetic(b, call, two(call)?, |x, y| x * y, i64::checked_mul).map(Some)
}

pub(super) fn div(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    // Of whole numbers towards zero.
    arithmetic(b, call, two(call)?, |x, y| x / y, i64::checked_div).map(Some)
}

pub(super) fn modulo(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    // With fmod the sign is the dividend's, without it the divisor's.
    let fmod = call.attributes.flag("fmod", false)?;
    let int = |x: i64, y: i64| {
        let rest = x.checked_rem(y)?;
        let other_side = rest != 0 && (rest < 0) != (y < 0);
        Some(if !fmod && other_side { rest + y } else { rest })
    };
    arithmetic(b, call, two(call)?, |x, y| x % y, int).map(Some)
}

pub(super) fn pow(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    let [x, y] = two(call)?;
    let pair = Pair::new(b, x, y)?;
    let power = |base: f64, exponent: f64| base.powf(exponent);
    let (base, exponent) = (x.reals64(), y.reals64());
    let name = &call.node.name;
    match (Numbers::of(x), Numbers::of(y)) {
        (Numbers::Whole(a), Numbers::Whole(b)) => {
            let int = |a: i64, b: i64| u32::try_from(b).ok().and_then(|b| a.checked_pow(b));
            let all: Option<Vec<i64>> = pair.of(&a, &b, int).into_iter().collect();
            let all = all.ok_or_else(|| {
                Problem::Unsupported("a power is not a whole number of 64 bits".to_string())
            })?;
            whole(name, pair.dims, x, &all).map(Some)
        }
        (Numbers::Whole(_), Numbers::Reals(_)) => {
            let all: Vec<i64> = pair
                .of(&base, &exponent, power)
                .iter()
                .map(|&v| v as i64)
                .collect();
            whole(name, pair.dims, x, &all).map(Some)
        }
        (Numbers::Reals(_), _) => {
            let all = pair
                .of(&base, &exponent, power)
                .iter()
                .map(|&v| v as f32)
                .collect();
            reals(name, pair.dims, all).map(Some)
        }
    }
}

/// Min or Max of one operand or more.
pub(super) fn extreme(b: &mut Builder, call: &Call<'_>, greatest: bool) -> Result<Option<Constant>, Problem> {
    let pick = |x: f32, y: f32| if x.is_nan() || (x > y) == greatest { x } else { y };
    let int = |x: i64, y: i64| Some(if greatest { x.max(y) } else { x.min(y) });
    all(b, call, |b, pair| arithmetic(b, call, pair, pick, int))
}

pub(super) fn sum(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    all(b, call, |b, pair| {
        arithmetic(b, call, pair, |x, y| x + y, i64::checked_add)
    })
}

fn all(
    b: &mut Builder,
    call: &Call<'_>,
    of: impl Fn(&mut Builder, [&Constant; 2]) -> Result<Constant, Problem>,
) -> Result<Option<Constant>, Problem> {
    call.arity(1, usize::MAX, "1 or more")?;
    let mut result = call.needed(0, "operand 0")?.clone();
    for index in 1..call.inputs.len() {
        result = of(b, [&result, call.needed(index, "every operand")?])?;
    }
    Ok(Some(result))
}

fn truths(name: &str, dims: Vec<u32>, data: Vec<bool>) -> Result<Option<Constant>, Problem> {
    Constant::new(name, dims, Data::Bool(data)).map(Some)
}

pub(super) fn compare(
    b: &mut Builder,
    call: &Call<'_>,
    holds: fn(Ordering) -> bool,
) -> Result<Option<Constant>, Problem> {
    let [x, y] = two(call)?;
    let pair = Pair::new(b, x, y)?;
    let data = match (Numbers::of(x), Numbers::of(y)) {
        (Numbers::Reals(a), Numbers::Reals(b)) => {
            pair.of(&a, &b, |x: f32, y: f32| x.partial_cmp(&y).is_some_and(holds))
        }
        (Numbers::Whole(a), Numbers::Whole(b)) => pair.of(&a, &b, |x: i64, y: i64| holds(x.cmp(&y))),
        _ => return Err(mixed(x, y)),
    };
    truths(&call.node.name, pair.dims, data)
}

pub(super) fn logical(
    b: &mut Builder,
    call: &Call<'_>,
    of: fn(bool, bool) -> bool,
) -> Result<Option<Constant>, Problem> {
    let [x, y] = two(call)?;
    let pair = Pair::new(b, x, y)?;
    let truth =
        |c: &Constant, what| Ok::<Vec<bool>, Problem>(c.whole(what)?.iter().map(|&v| v != 0).collect());
    let (a, b) = (truth(x, "operand 0")?, truth(y, "operand 1")?);
    let data = pair.of(&a, &b, of);
    truths(&call.node.name, pair.dims, data)
}

/// Where: the second operand where the first is true, the third where it is false.
pub(super) fn choose(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(3, 3, "3")?;
    let condition = call.needed(0, "the condition")?;
    let [x, y] = [call.needed(1, "operand 1")?, call.needed(2, "operand 2")?];
    let dims = broadcast(&condition.dims, &broadcast(&x.dims, &y.dims)?)?;
    let count = elements(dims.iter().map(|&d| i64::from(d)))?;
    b.folds(count as usize)?;
    let truth = condition.whole("the condition")?;
    let [c, i, j] = [&condition.dims, &x.dims, &y.dims].map(|own| positions(own, &dims));
    let places = c.iter().zip(i.iter().zip(&j));
    let name = &call.node.name;
    match (Numbers::of(x), Numbers::of(y)) {
        (Numbers::Reals(a), Numbers::Reals(b)) => {
            let chosen = places.map(|(&c, (&i, &j))| if truth[c] != 0 { a[i] } else { b[j] });
            reals(name, dims, chosen.collect()).map(Some)
        }
        (Numbers::Whole(a), Numbers::Whole(b)) => {
            let chosen: Vec<i64> = places
                .map(|(&c, (&i, &j))| if truth[c] != 0 { a[i] } else { b[j] })
                .collect();
            whole(name, dims, x, &chosen).map(Some)
        }
        _ => Err(mixed(x, y)),
    }
}
