//! What is done to features one by one before trees read them goes into the trees: of `(x − c) · s ≤ t` it only matters
//! up to which x it holds. Columns that are joined or picked are read where they come from. Trees then read the inputs of
//! the model, whose columns can have scales of their own.

use super::find::Finder;
use crate::constant::Constant;
use crate::function::Function;
use crate::trees::{Ensemble, Node, Test};
use crate::typed::{Arg, Element, Operator, Typed, ValueId};
use std::rc::Rc;

/// Steps before one ensemble that are taken into it, at most: each looks at every threshold again.
const MOST_STEPS: usize = 64;

pub(super) fn absorb(mut typed: Typed) -> Typed {
    for at in 0..typed.nodes.len() {
        let Operator::Trees(ensemble) = &typed.nodes[at].op else {
            continue;
        };
        let mut trees = Trees {
            ensemble: Ensemble::clone(ensemble),
            inputs: typed.nodes[at].inputs.clone(),
        };
        let finder = Finder::new(&typed);
        let mut steps = 0;
        while steps < MOST_STEPS
            && (0..trees.inputs.len()).any(|operand| trees.step(&finder, operand).is_some())
        {
            steps += 1;
        }
        if steps > 0 {
            typed.nodes[at].op = Operator::Trees(Rc::new(trees.ensemble));
            typed.nodes[at].inputs = trees.inputs;
        }
    }
    typed
}

struct Trees {
    ensemble: Ensemble,
    inputs: Vec<Arg>,
}

impl Trees {
    /// Takes in the step that gives an operand, if it is one of those.
    fn step(&mut self, finder: &Finder<'_>, operand: usize) -> Option<()> {
        let Arg::Value(value) = *self.inputs.get(operand)? else {
            return None;
        };
        let node = finder.node(value)?;
        let dims = finder.dims(value);
        let &[_, width] = dims else { return None };
        let same = |arg: &Arg| match *arg {
            Arg::Value(x) if finder.dims(x) == dims => Some(x),
            _ => None,
        };
        let mut first = 0;
        for arg in self.inputs.get(..operand)? {
            let Arg::Value(id) = *arg else { return None };
            first += finder.dims(id).last().copied()?;
        }
        match (&node.op, &node.inputs[..]) {
            (Operator::Concat { axis: 1 }, parts) => {
                let values = |p: &Arg| matches!(p, Arg::Value(_));
                if !parts.iter().all(values) {
                    return None;
                }
                self.inputs.splice(operand..=operand, parts.iter().cloned());
            }
            (Operator::Select { axis: 1, indices }, [Arg::Value(x)]) => {
                let own = finder.dims(*x).get(1).copied()?;
                self.pick(first, width, own, indices)?;
                self.inputs[operand] = Arg::Value(*x);
            }
            (Operator::Reshape, [x]) => self.inputs[operand] = Arg::Value(same(x)?),
            (Operator::Cast, [x]) => {
                let x = same(x)?;
                let element = |id: ValueId| finder.typed.values[id].element;
                if (element(x), element(value)) != (Element::Int, Element::Real) {
                    return None;
                }
                self.inputs[operand] = Arg::Value(x);
            }
            (Operator::Pointwise(function), [x]) => {
                let x = same(x)?;
                let increases = increases(function)?;
                if finder.typed.values[x].element != Element::Real {
                    return None;
                }
                self.through(first..first + width, |_, x| function.at(x), |_| Some(increases))?;
                self.inputs[operand] = Arg::Value(x);
            }
            (op @ (Operator::Add | Operator::Sub | Operator::Mul | Operator::Div), [a, b]) => {
                let (x, constant, x_first) = match (a, b) {
                    (Arg::Value(_), Arg::Constant(c)) => (same(a)?, c, true),
                    (Arg::Constant(c), Arg::Value(_)) => (same(b)?, c, false),
                    _ => return None,
                };
                if finder.typed.values[x].element != Element::Real {
                    return None;
                }
                let by = row(constant, width)?;
                let at = |column: usize, x: f32| {
                    let c = by[column];
                    match (op, x_first) {
                        (Operator::Add, _) => x + c,
                        (Operator::Mul, _) => x * c,
                        (Operator::Sub, true) => x - c,
                        (Operator::Sub, false) => c - x,
                        (_, _) => x / c,
                    }
                };
                let increases = |column: usize| match (op, x_first) {
                    (Operator::Add, _) | (Operator::Sub, true) => Some(true),
                    (Operator::Sub, false) => Some(false),
                    (Operator::Mul, _) | (Operator::Div, true) if by[column] != 0.0 => Some(by[column] > 0.0),
                    _ => None,
                };
                self.through(first..first + width, at, increases)?;
                self.inputs[operand] = Arg::Value(x);
            }
            _ => return None,
        }
        Some(())
    }

    /// Features `first..first + width` are picks of `own` columns.
    fn pick(&mut self, first: u32, width: u32, own: u32, picked: &[u32]) -> Option<()> {
        let features = self.ensemble.features as u64 + u64::from(own) - u64::from(width);
        let features = u32::try_from(features).ok()?;
        for node in &mut self.ensemble.nodes {
            if let Node::Branch(branch) = node {
                if branch.feature >= first + width {
                    branch.feature = branch.feature - width + own;
                } else if branch.feature >= first {
                    branch.feature = first + picked.get((branch.feature - first) as usize)?;
                }
            }
        }
        self.ensemble.features = features as usize;
        Some(())
    }

    /// Features in that range are functions of what they become; nothing changes unless all can be said of that.
    fn through(
        &mut self,
        features: std::ops::Range<u32>,
        at: impl Fn(usize, f32) -> f32,
        increases: impl Fn(usize) -> Option<bool>,
    ) -> Option<()> {
        let mut nodes = self.ensemble.nodes.clone();
        for node in &mut nodes {
            let Node::Branch(branch) = node else { continue };
            if !features.contains(&branch.feature) {
                continue;
            }
            let column = (branch.feature - features.start) as usize;
            let (t, increases) = (branch.threshold, increases(column)?);
            let at_most = |x: f32| at(column, x) <= t;
            let below = |x: f32| at(column, x) < t;
            match (branch.test, increases) {
                (Test::AtMost | Test::Below, true) => {
                    branch.threshold = match branch.test {
                        Test::Below => last(below),
                        _ => last(at_most),
                    };
                    branch.test = Test::AtMost;
                }
                (Test::AtMost | Test::Below, false) => {
                    // It holds from some number on: the opposite up to the one before.
                    branch.threshold = match branch.test {
                        Test::Below => last(|x| !below(x)),
                        _ => last(|x| !at_most(x)),
                    };
                    branch.test = Test::AtMost;
                    std::mem::swap(&mut branch.yes, &mut branch.no);
                }
                (Test::Equal, _) => {
                    let ends = if increases {
                        [last(below), last(at_most)]
                    } else {
                        [last(|x| !at_most(x)), last(|x| !below(x))]
                    };
                    // Of one number it can be asked whether a feature is it, of several or none it cannot.
                    if ends[0].next_up() != ends[1] || !ends[1].is_finite() {
                        return None;
                    }
                    branch.threshold = ends[1];
                }
            }
        }
        self.ensemble.nodes = nodes;
        Some(())
    }
}

/// One finite number for each column.
fn row(constant: &Constant, width: u32) -> Option<Vec<f32>> {
    let reals = constant.reals();
    let (last, others) = constant
        .dims
        .split_last()
        .map_or((1, &[][..]), |(last, others)| (*last, others));
    if others.len() > 1 || others.iter().any(|&d| d != 1) || reals.iter().any(|v| !v.is_finite()) {
        return None;
    }
    match last {
        1 => Some(vec![*reals.first()?; width as usize]),
        _ => (last == width).then_some(reals),
    }
}

/// Whether a function nowhere decreases; nothing where it does here and does not there.
fn increases(function: &Function) -> Option<bool> {
    match *function {
        Function::Clamp { low, high } => (low <= high).then_some(true),
        Function::Affine { scale, offset } if scale != 0.0 && scale.is_finite() && offset.is_finite() => {
            Some(scale > 0.0)
        }
        Function::DivideBy { divisor } if divisor != 0.0 && divisor.is_finite() => Some(divisor > 0.0),
        Function::Neg => Some(false),
        _ => None,
    }
}

/// The greatest finite number for which `holds`, which holds up to some number; infinite where that is all or none.
fn last(holds: impl Fn(f32) -> bool) -> f32 {
    // Floats in their order, as whole numbers.
    let float = |key: i32| f32::from_bits(if key < 0 { key ^ i32::MAX } else { key } as u32);
    let end = f32::MAX.to_bits() as i32;
    let (mut yes, mut no) = (i64::from(-1 - end) - 1, i64::from(end) + 1);
    while no - yes > 1 {
        let middle = yes + (no - yes) / 2;
        if holds(float(middle as i32)) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    if yes == i64::from(end) {
        f32::INFINITY
    } else if yes < i64::from(-1 - end) {
        f32::NEG_INFINITY
    } else {
        float(yes as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::cases::of;
    use crate::passes;

    #[test]
    fn the_last_number_is_found() {
        for t in [0.0f32, -0.0, 1.5, -1.5, 1e-40, -1e-40, 3e38, -3e38] {
            assert_eq!(last(|x| x <= t), t);
            assert_eq!(
                last(|x| x < t),
                if t == 0.0 {
                    -f32::from_bits(1)
                } else {
                    t.next_down()
                }
            );
        }
        assert_eq!(last(|_| true), f32::INFINITY);
        assert_eq!(last(|_| false), f32::NEG_INFINITY);
    }

    #[test]
    fn trees_behind_a_scaler_read_the_input() {
        for case in ["boosted_scaled", "boosted_columns"] {
            let typed = passes::run(of("ml", case));
            let trees = typed.nodes.iter().find(|n| matches!(n.op, Operator::Trees(_)));
            let inputs: Vec<ValueId> = trees.unwrap().values().collect();
            assert!(
                inputs.iter().all(|i| typed.inputs.contains(i)),
                "{case}: {inputs:?}"
            );
        }
    }
}
