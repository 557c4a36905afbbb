//! Einsum: operand after operand is joined to the result so far by one product.

use super::make::Maker;
use super::product::product;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Operator, Reduction};
use metisvm_model::limits::MAX_RANK;

/// A dimension's name: a letter, or for those that dots stand for a number below 8, counted from the last.
type Label = u8;

/// An operand whose dimensions have names.
struct Labelled {
    arg: Arg,
    labels: Vec<Label>,
}

pub(super) fn einsum(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, usize::MAX, "1 or more")?;
    let equation = call.attributes.string("equation", "")?;
    let (terms, result) = match equation.split_once("->") {
        Some((terms, result)) => (terms, Some(result)),
        None => (equation, None),
    };
    let terms: Vec<&str> = terms.split(',').collect();
    if terms.len() != call.inputs.len() {
        return Err(bad("it has not as many terms as there are operands"));
    }
    let mut operands = Vec::new();
    let mut dots = 0;
    for (index, term) in terms.iter().enumerate() {
        let arg = call.real(b, index)?.clone();
        let rank = b.dims(&arg).len();
        let (labels, own_dots) = labels(term, Some(rank))?;
        if labels.len() != rank {
            return Err(bad(&format!(
                "operand {index} has {rank} dimensions, its term {}",
                labels.len()
            )));
        }
        dots = dots.max(own_dots);
        operands.push(Labelled { arg, labels });
    }
    let result = match result {
        Some(result) => labels_of_result(result, dots)?,
        None => implied(&operands, dots),
    };
    let known = |l: &Label| operands.iter().any(|o| o.labels.contains(l));
    if !result.iter().all(known) {
        return Err(bad("the result has a letter that no operand has"));
    }
    let m = &mut Maker::new(b, call);
    let mut rest = operands.into_iter();
    let Some(mut all) = rest.next() else {
        return Err(bad("it has no term"));
    };
    while let Some(next) = rest.next() {
        let later = rest.as_slice();
        let kept = |l: Label| result.contains(&l) || later.iter().any(|o| o.labels.contains(&l));
        all = join(m, all, next, &kept)?;
    }
    let all = summed(m, all, &|l| result.contains(&l))?;
    let place = |l: &Label| all.labels.iter().position(|own| own == l);
    let order: Vec<usize> = result.iter().filter_map(place).collect();
    m.permuted(all.arg, &order)
}

fn bad(why: &str) -> Problem {
    wrong("equation", why)
}

/// The labels of a term, and how many of them dots stand for, where the operand's rank is known.
fn labels(term: &str, rank: Option<usize>) -> Result<(Vec<Label>, usize), Problem> {
    let term: String = term.chars().filter(|c| !c.is_whitespace()).collect();
    let (before, after) = match term.split_once("...") {
        Some((before, after)) => (before, Some(after)),
        None => (term.as_str(), None),
    };
    let letters = before.len() + after.map_or(0, str::len);
    let dots = match (after, rank) {
        (Some(_), Some(rank)) => rank
            .checked_sub(letters)
            .ok_or_else(|| bad("a term is too long"))?,
        _ => 0,
    };
    if letters + dots > MAX_RANK {
        return Err(bad("a term is too long"));
    }
    let mut labels: Vec<Label> = before.bytes().collect();
    labels.extend((0..dots as u8).rev());
    labels.extend(after.unwrap_or_default().bytes());
    let sound = |l: &Label| *l < MAX_RANK as u8 || l.is_ascii_alphabetic();
    if !labels.iter().all(sound) {
        return Err(bad("dimensions are named by letters; three dots stand for any"));
    }
    let twice = (1..labels.len()).any(|i| labels[..i].contains(&labels[i]));
    if twice {
        return Err(bad(
            "a letter is twice in a term, which asks for a diagonal; that is not supported",
        ));
    }
    Ok((labels, dots))
}

fn labels_of_result(result: &str, dots: usize) -> Result<Vec<Label>, Problem> {
    let letters = result.chars().filter(char::is_ascii_alphabetic).count();
    Ok(labels(result, Some(letters + dots))?.0)
}

/// Without a result: what dots stand for, then every letter that occurs once, in the alphabet's order.
fn implied(operands: &[Labelled], dots: usize) -> Vec<Label> {
    let count = |l: Label| operands.iter().filter(|o| o.labels.contains(&l)).count();
    let letters = (b'A'..=b'z').filter(|&l| l.is_ascii_alphabetic() && count(l) == 1);
    (0..dots as u8).rev().chain(letters).collect()
}

/// Dimensions that are not kept are summed over.
fn summed(m: &mut Maker<'_>, x: Labelled, kept: &dyn Fn(Label) -> bool) -> Result<Labelled, Problem> {
    let mut arg = x.arg;
    for (axis, &label) in x.labels.iter().enumerate() {
        if !kept(label) {
            arg = m.reduce(arg, Reduction::Sum, axis)?;
        }
    }
    let dims = m.dims(&arg);
    let left = x.labels.iter().zip(dims).filter(|(l, _)| kept(**l));
    let (labels, dims): (Vec<Label>, Vec<u32>) = left.map(|(l, d)| (*l, d)).unzip();
    Ok(Labelled {
        arg: m.reshape(arg, &dims)?,
        labels,
    })
}

/// Two operands as one: `[batch, left, sum] · [batch, sum, right]`.
fn join(
    m: &mut Maker<'_>,
    x: Labelled,
    y: Labelled,
    kept: &dyn Fn(Label) -> bool,
) -> Result<Labelled, Problem> {
    let (in_x, in_y) = (x.labels.clone(), y.labels.clone());
    let x = summed(m, x, &|l| kept(l) || in_y.contains(&l))?;
    let y = summed(m, y, &|l| kept(l) || in_x.contains(&l))?;
    let both = |l: &&Label| y.labels.contains(l);
    let some = |from: &[Label], of: &dyn Fn(&&Label) -> bool| -> Vec<Label> {
        from.iter().filter(|l| of(l)).copied().collect()
    };
    let batch = some(&x.labels, &|l| both(l) && kept(**l));
    let sum = some(&x.labels, &|l| both(l) && !kept(**l));
    let left = some(&x.labels, &|l| !both(l));
    let right = some(&y.labels, &|l| !x.labels.contains(l));
    let batch_dims = common(m, &x, &y, &batch)?;
    let sum_dims = common(m, &x, &y, &sum)?;
    let left_dims = extents(m, &x, &left);
    let right_dims = extents(m, &y, &right);
    let size = |dims: &[u32]| {
        let size = dims.iter().try_fold(1u32, |n, &d| n.checked_mul(d));
        size.ok_or_else(|| Problem::Shape("its dimensions are too large".to_string()))
    };
    let (b, l, k, r) = (
        size(&batch_dims)?,
        size(&left_dims)?,
        size(&sum_dims)?,
        size(&right_dims)?,
    );
    let outer = if batch.is_empty() { vec![] } else { vec![b] };
    let with = |last: [u32; 2]| [&outer[..], &last].concat();
    let x = placed(
        m,
        x,
        [&batch[..], &left, &sum].concat(),
        [&batch_dims[..], &left_dims, &sum_dims].concat(),
    )?;
    let y = placed(
        m,
        y,
        [&batch[..], &sum, &right].concat(),
        [&batch_dims[..], &sum_dims, &right_dims].concat(),
    )?;
    let x = m.reshape(x, &with([l, k]))?;
    let y = m.reshape(y, &with([k, r]))?;
    let z = if sum.is_empty() {
        m.pair(Operator::Mul, x, y)?
    } else {
        product(m, x, y)?
    };
    Ok(Labelled {
        arg: m.reshape(z, &[batch_dims, left_dims, right_dims].concat())?,
        labels: [batch, left, right].concat(),
    })
}

/// The extent of each label in an operand that has it.
fn extents(m: &Maker<'_>, x: &Labelled, labels: &[Label]) -> Vec<u32> {
    let dims = m.dims(&x.arg);
    let of = |l: &Label| x.labels.iter().position(|own| own == l).map_or(1, |at| dims[at]);
    labels.iter().map(of).collect()
}

/// The extent of each label that two operands have; 1 stretches.
fn common(m: &Maker<'_>, x: &Labelled, y: &Labelled, labels: &[Label]) -> Result<Vec<u32>, Problem> {
    let pairs = extents(m, x, labels).into_iter().zip(extents(m, y, labels));
    pairs
        .map(|pair| match pair {
            (a, b) if a == b || b == 1 => Ok(a),
            (1, b) => Ok(b),
            (a, b) => Err(Problem::Shape(format!(
                "a dimension that two operands share is {a} and {b}"
            ))),
        })
        .collect()
}

/// The operand's dimensions in this order and with these extents.
fn placed(m: &mut Maker<'_>, x: Labelled, labels: Vec<Label>, dims: Vec<u32>) -> Result<Arg, Problem> {
    let place = |l: &Label| x.labels.iter().position(|own| own == l);
    let order: Vec<usize> = labels.iter().filter_map(place).collect();
    let arg = m.permuted(x.arg, &order)?;
    m.expanded(arg, &dims)
}
