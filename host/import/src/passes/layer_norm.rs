//! Normalisation that a file spells out: mean, difference, variance, root and quotient become one operator, whose
//! integers keep far more than the steps would.
//!
//! With d = x, or x less its mean along one dimension, it is d / √(c·mean(d²) + ε), written as a quotient, as a product
//! with the reciprocal (that times a gain, in some), or as x·k + (offset − mean·k). The variance may be mean(x²) −
//! mean(x)².

use super::find::{Finder, nameless, replace, single};
use crate::error::NodeName;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator, Typed, TypedNode, ValueId};
use metisvm_model::Shape;

/// A bound below a norm or a variance is taken for what keeps a quotient from being one by zero if it is this small;
/// a greater one would be a clamp that is meant.
const SMALL: f64 = 1e-3;

/// Averages written as a sum times a number may round it.
const ROUNDING: f64 = 1e-5;

/// A node that is a normalised value, or ends one.
struct Found {
    at: usize,
    x: ValueId,
    axis: usize,
    centred: bool,
    epsilon: f64,
    /// Times this number, times the gain, plus the offset.
    factor: f64,
    gain: Option<Arg>,
    offset: Option<Arg>,
}

/// `1 / √(weight · mean(d²) + epsilon)` of the rows of x, one for each.
struct Inverse {
    x: ValueId,
    wide_axis: usize,
    centred: bool,
    weight: f64,
    epsilon: f64,
    /// The value that has one element a row.
    row: ValueId,
}

pub(super) fn fuse(mut typed: Typed) -> Typed {
    let finder = Finder::new(&typed);
    let found: Vec<Found> = (0..typed.nodes.len())
        .filter_map(|at| finder.normalised(at))
        .collect();
    let nodes = found
        .into_iter()
        .map(|found| (found.at, replacement(&mut typed, found)));
    let nodes = nodes.collect();
    replace(typed, nodes)
}

impl Finder<'_> {
    fn normalised(&self, at: usize) -> Option<Found> {
        let node = &self.typed.nodes[at];
        match (&node.op, &node.inputs[..]) {
            (Operator::Div, [Arg::Value(d), Arg::Value(norm)]) => {
                let inverse = self.over_norm(*norm)?;
                self.found(at, *d, inverse, None)
            }
            (Operator::Mul, [Arg::Value(a), Arg::Value(b)]) => {
                [(*a, *b), (*b, *a)].into_iter().find_map(|(d, factor)| {
                    let (inverse, gain) = self.inverse_with_gain(factor)?;
                    self.found(at, d, inverse, gain)
                })
            }
            (Operator::Add, [Arg::Value(a), Arg::Value(b)]) => [(*a, *b), (*b, *a)]
                .into_iter()
                .find_map(|(product, rest)| self.scaled_first(at, product, rest)),
            _ => None,
        }
    }

    /// `x·k + (offset − mean·k)`.
    fn scaled_first(&self, at: usize, product: ValueId, rest: ValueId) -> Option<Found> {
        let (Operator::Mul, Arg::Value(a), Arg::Value(b)) = self.pair(product)? else {
            return None;
        };
        let (Operator::Sub, offset, Arg::Value(shift)) = self.pair(rest)? else {
            return None;
        };
        let (Operator::Mul, Arg::Value(c), Arg::Value(e)) = self.pair(*shift)? else {
            return None;
        };
        [(*a, *b), (*b, *a)].into_iter().find_map(|(x, k)| {
            let mean = if *c == k { *e } else { *c };
            if ![*c, *e].contains(&k) || !self.is_mean_of(mean, x) {
                return None;
            }
            let (inverse, gain) = self.inverse_with_gain(k)?;
            if !inverse.centred || self.plain(x) != inverse.x {
                return None;
            }
            if self.dims(x) != self.dims(self.typed.nodes[at].output) {
                return None;
            }
            let axis = self.axis(x, inverse.wide_axis, inverse.row)?;
            Some(Found {
                at,
                x,
                axis,
                centred: true,
                epsilon: inverse.epsilon / inverse.weight,
                factor: inverse.weight.sqrt().recip(),
                gain,
                offset: Some(offset.clone()),
            })
        })
    }

    fn found(&self, at: usize, d: ValueId, inverse: Inverse, gain: Option<Arg>) -> Option<Found> {
        let x = if inverse.centred {
            let (x, mean) = self.difference(d)?;
            if !self.is_mean_of(mean, x) {
                return None;
            }
            x
        } else {
            d
        };
        if self.plain(x) != inverse.x {
            return None;
        }
        let axis = self.axis(x, inverse.wide_axis, inverse.row)?;
        Some(Found {
            at,
            x,
            axis,
            centred: inverse.centred,
            epsilon: inverse.epsilon / inverse.weight,
            factor: inverse.weight.sqrt().recip(),
            gain,
            offset: None,
        })
    }

    fn difference(&self, value: ValueId) -> Option<(ValueId, ValueId)> {
        match self.pair(value)? {
            (Operator::Sub, Arg::Value(x), Arg::Value(mean)) => Some((*x, *mean)),
            _ => None,
        }
    }

    fn is_mean_of(&self, mean: ValueId, x: ValueId) -> bool {
        self.moment(mean).is_some_and(|m| {
            (m.weight - 1.0).abs() < ROUNDING
                && m.of == self.plain(x)
                && self.axis(x, m.wide_axis, mean).is_some()
        })
    }

    /// A value that is `1 / √…`, or that times a gain.
    fn inverse_with_gain(&self, value: ValueId) -> Option<(Inverse, Option<Arg>)> {
        if let Some(inverse) = self.inverse(value) {
            return Some((inverse, None));
        }
        match self.pair(value)? {
            (Operator::Mul, Arg::Value(inverse), gain @ Arg::Constant(_))
            | (Operator::Mul, gain @ Arg::Constant(_), Arg::Value(inverse)) => {
                Some((self.inverse(*inverse)?, Some(gain.clone())))
            }
            _ => None,
        }
    }

    fn inverse(&self, value: ValueId) -> Option<Inverse> {
        let (function, x) = self.function(value)?;
        let inverse = match *function {
            Function::Divide { dividend: 1.0 } => self.over_norm(x),
            Function::Power { exponent: -0.5 } => self.over_root(x, 0.0),
            _ => None,
        }?;
        Some(Inverse {
            row: value,
            ..inverse
        })
    }

    /// A value that is a norm: the root of a mean of squares, perhaps kept from 0 by a bound or by what is added.
    fn over_norm(&self, norm: ValueId) -> Option<Inverse> {
        let (root, least) = match (self.function(norm), self.pair(norm)) {
            (Some((&Function::Clamp { low, high }, root)), _) if high == f32::INFINITY => (root, low),
            (_, Some((Operator::Add, Arg::Value(root), c) | (Operator::Add, c, Arg::Value(root)))) => {
                (*root, single(c)?)
            }
            _ => (norm, 0.0),
        };
        let least = f64::from(least.max(0.0));
        if least > SMALL {
            return None;
        }
        let inverse = match self.function(root)? {
            (Function::Sqrt | Function::Power { exponent: 0.5 }, x) => self.over_root(x, least * least),
            _ => None,
        }?;
        Some(Inverse { row: norm, ..inverse })
    }

    /// What is under the root: a mean of squares, plus epsilon.
    fn over_root(&self, value: ValueId, least: f64) -> Option<Inverse> {
        let (variance, epsilon) = match self.pair(value) {
            Some((Operator::Add, Arg::Value(v), c) | (Operator::Add, c, Arg::Value(v))) => {
                (*v, f64::from(single(c)?))
            }
            _ => (value, 0.0),
        };
        let (variance, least) = match self.function(variance) {
            Some((&Function::Clamp { low, high }, v)) if high == f32::INFINITY => {
                let low = f64::from(low.max(0.0));
                if low > SMALL * SMALL {
                    return None;
                }
                (v, least.max(low))
            }
            _ => (variance, least),
        };
        if epsilon < 0.0 {
            return None;
        }
        let inverse = self.mean_of_squares(variance)?;
        Some(Inverse {
            epsilon: epsilon.max(least),
            ..inverse
        })
    }

    fn mean_of_squares(&self, variance: ValueId) -> Option<Inverse> {
        // mean(x²) − mean(x)².
        if let Some((Operator::Sub, Arg::Value(squares), Arg::Value(square))) = self.pair(variance) {
            let inverse = self.mean_of_squares(*squares)?;
            let mean = self.moment(self.squared(*square)?)?;
            let same = mean.of == inverse.x && mean.wide_axis == inverse.wide_axis;
            let plain = [mean.weight, inverse.weight]
                .iter()
                .all(|w| (w - 1.0).abs() < ROUNDING);
            if inverse.centred || !same || !plain {
                return None;
            }
            return Some(Inverse {
                centred: true,
                ..inverse
            });
        }
        let moment = self.moment(variance)?;
        if !(moment.weight > 0.0 && moment.weight.is_finite()) {
            return None;
        }
        let d = self.squared(moment.of)?;
        let (x, centred) = match self.difference(d) {
            Some((x, mean)) if self.is_mean_of(mean, x) => (x, true),
            _ => (d, false),
        };
        Some(Inverse {
            x: self.plain(x),
            wide_axis: moment.wide_axis,
            centred,
            weight: moment.weight,
            epsilon: 0.0,
            row: variance,
        })
    }
}

/// Nodes of the new form, for the place of the one that ended the old.
fn replacement(typed: &mut Typed, found: Found) -> Vec<TypedNode> {
    let mut maker = Replacement {
        name: typed.nodes[found.at].name.clone(),
        nodes: Vec::new(),
        typed,
    };
    let output = maker.typed.nodes[found.at].output;
    let shape = maker.typed.values[found.x].shape.clone();
    let rank = shape.dims().len();
    let (there, back) = order(rank, found.axis);
    let mut y = found.x;
    let moves = there.iter().enumerate().any(|(to, &from)| to != from);
    let moved: Vec<u32> = there.iter().map(|&d| shape.dims()[d]).collect();
    let moved = Shape::new(&moved).unwrap_or_else(|| shape.clone());
    if moves {
        y = maker.push(Operator::Transpose { perm: there }, vec![Arg::Value(y)], &moved);
    }
    let (epsilon, centred) = (found.epsilon, found.centred);
    y = maker.push(
        Operator::Normalise { epsilon, centred },
        vec![Arg::Value(y)],
        &moved,
    );
    if moves {
        y = maker.push(Operator::Transpose { perm: back }, vec![Arg::Value(y)], &shape);
    }
    if (found.factor - 1.0).abs() >= ROUNDING {
        let scale = found.factor as f32;
        let function = Function::Affine { scale, offset: 0.0 };
        y = maker.push(Operator::Pointwise(function), vec![Arg::Value(y)], &shape);
    }
    let end = maker.typed.values[output].shape.clone();
    if let Some(gain) = found.gain {
        y = maker.push(Operator::Mul, vec![Arg::Value(y), gain], &end);
    }
    if let Some(offset) = found.offset {
        maker.push(Operator::Add, vec![Arg::Value(y), offset], &end);
    }
    let mut nodes = maker.nodes;
    if let Some(last) = nodes.last_mut() {
        last.output = output;
    }
    nodes
}

/// The order that brings a dimension to the end, and the one that brings it back.
fn order(rank: usize, axis: usize) -> (Vec<usize>, Vec<usize>) {
    let there = (0..rank).filter(|&d| d != axis).chain([axis]).collect();
    let back = (0..axis).chain([rank - 1]).chain(axis..rank - 1).collect();
    (there, back)
}

struct Replacement<'a> {
    name: NodeName,
    nodes: Vec<TypedNode>,
    typed: &'a mut Typed,
}

impl Replacement<'_> {
    fn push(&mut self, op: Operator, inputs: Vec<Arg>, shape: &Shape) -> ValueId {
        let output = nameless(self.typed, shape.clone(), Element::Real);
        self.nodes.push(TypedNode {
            name: self.name.clone(),
            op,
            inputs,
            output,
        });
        output
    }
}
