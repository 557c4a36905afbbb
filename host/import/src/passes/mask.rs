//! Numbers that only say "not this one" to a Softmax are brought near.
//!
//! A mask adds −∞, −3.4·10³⁸ or −10⁹ to what Softmax must ignore. Such numbers would take every step of a grid, and
//! nothing depends on how great they are: beside a score that is greater by 16 or more, e^x is 0 in the 16 bits that
//! Softmax has. −30000 is as far below any score as that needs, and fits 16 bits with a step of about 1, so that
//! scores lose nothing by being added to it. Where everything in a row is masked, what a Softmax gives is of no use
//! to anyone.

use super::find::{nameless, replace};
use crate::constant::{Constant, Data};
use crate::function::Function;
use crate::function::{Expression, Step, Term};
use crate::typed::{Arg, Operator, Typed, TypedNode};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a masked score is at least.
const LOWEST: f32 = -30_000.0;

/// A number from here on is no score: those of attention are tens, seldom hundreds.
const FAR: f32 = 9_000.0;

/// How a value goes into Softmax, if it goes nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Added,
    Subtracted,
}

pub(super) fn bring_near(mut typed: Typed) -> Typed {
    let paths = paths(&typed);
    let far = far(&typed);
    let mut nodes = BTreeMap::new();
    for at in 0..typed.nodes.len() {
        let node = &typed.nodes[at];
        let Some(path) = paths[node.output] else {
            continue;
        };
        let clamp = bound(path);
        match &node.op {
            Operator::Add | Operator::Sub | Operator::Where | Operator::Concat { .. } => {
                let mut changed = node.clone();
                for (index, arg) in changed.inputs.iter_mut().enumerate() {
                    let of = operand(&node.op, index, path);
                    if let (Some(of), Arg::Constant(c)) = (of, &*arg)
                        && let Some(near) = near(c, &bound(of))
                    {
                        *arg = Arg::Constant(near);
                    }
                }
                let negative = less_mask(&mut typed, &mut changed, &far);
                nodes.insert(at, negative.into_iter().chain([changed]).collect());
            }
            Operator::Pointwise(function) if is_far(function) => {
                let mut changed = node.clone();
                changed.op = Operator::Pointwise(then(function, clamp));
                nodes.insert(at, vec![changed]);
            }
            Operator::Mul if node.inputs.iter().any(has_far) => {
                let mut product = node.clone();
                let clamped = TypedNode {
                    name: node.name.clone(),
                    op: Operator::Pointwise(clamp),
                    inputs: Vec::new(),
                    output: node.output,
                };
                let shape = typed.values[node.output].shape.clone();
                let element = typed.values[node.output].element;
                product.output = nameless(&mut typed, shape, element);
                let inputs = vec![Arg::Value(product.output)];
                nodes.insert(at, vec![product, TypedNode { inputs, ..clamped }]);
            }
            _ => {}
        }
    }
    replace(typed, nodes)
}

/// For each value the function that gives it, if that has a number that is no score.
fn far(typed: &Typed) -> Vec<Option<(Function, Arg)>> {
    let mut far = vec![None; typed.values.len()];
    for node in &typed.nodes {
        if let (Operator::Pointwise(function), [x]) = (&node.op, &node.inputs[..])
            && is_far(function)
        {
            far[node.output] = Some((function.clone(), x.clone()));
        }
    }
    far
}

/// Makes a mask that is taken away one that is added: lowering knows those. Gives the node of its negative, if it needs
/// one.
fn less_mask(
    typed: &mut Typed,
    difference: &mut TypedNode,
    far: &[Option<(Function, Arg)>],
) -> Option<TypedNode> {
    let (Operator::Sub, [_, mask]) = (&difference.op, &mut difference.inputs[..]) else {
        return None;
    };
    match mask {
        Arg::Constant(c) => {
            let negative = c.reals().iter().map(|v| -v).collect();
            let negative = Constant::new(&c.name, c.dims.clone(), Data::F32(negative)).ok()?;
            *mask = Arg::Constant(negative);
            difference.op = Operator::Add;
            None
        }
        Arg::Value(value) => {
            let (function, x) = far[*value].as_ref()?;
            let negative = then(&then(function, bound(Path::Subtracted)), Function::Neg);
            let shape = typed.values[*value].shape.clone();
            let element = typed.values[*value].element;
            let output = nameless(typed, shape, element);
            *mask = Arg::Value(output);
            difference.op = Operator::Add;
            Some(TypedNode {
                name: difference.name.clone(),
                op: Operator::Pointwise(negative),
                inputs: vec![x.clone()],
                output,
            })
        }
    }
}

const fn bound(path: Path) -> Function {
    match path {
        Path::Added => Function::Clamp {
            low: LOWEST,
            high: f32::INFINITY,
        },
        Path::Subtracted => Function::Clamp {
            low: f32::NEG_INFINITY,
            high: -LOWEST,
        },
    }
}

/// How an operand goes on, where the result goes on as `path`.
fn operand(op: &Operator, index: usize, path: Path) -> Option<Path> {
    match (op, index) {
        (Operator::Sub, 1) => Some(match path {
            Path::Added => Path::Subtracted,
            Path::Subtracted => Path::Added,
        }),
        (Operator::Where, 0) => None,
        (
            Operator::Add
            | Operator::Sub
            | Operator::Where
            | Operator::Concat { .. }
            | Operator::Reshape
            | Operator::Transpose { .. }
            | Operator::Select { .. },
            _,
        ) => Some(path),
        _ => None,
    }
}

/// For each value how it goes into Softmax: by sums, choices and moves, whatever reads it.
fn paths(typed: &Typed) -> Vec<Option<Path>> {
    /// What is known of a value so far, from its readers.
    #[derive(Clone, Copy)]
    enum Known {
        Unread,
        Path(Path),
        Elsewhere,
    }
    let mut known = vec![Known::Unread; typed.values.len()];
    for (_, output) in &typed.outputs {
        known[*output] = Known::Elsewhere;
    }
    for node in typed.nodes.iter().rev() {
        for (index, arg) in node.inputs.iter().enumerate() {
            let Arg::Value(value) = *arg else {
                continue;
            };
            let path = match (&node.op, known[node.output]) {
                (Operator::Softmax { .. }, _) => Some(Path::Added),
                (op, Known::Path(path)) => operand(op, index, path),
                _ => None,
            };
            known[value] = match (known[value], path) {
                (Known::Unread, Some(path)) => Known::Path(path),
                (Known::Path(before), Some(path)) if before == path => Known::Path(path),
                _ => Known::Elsewhere,
            };
        }
    }
    let path = |known| match known {
        Known::Path(path) => Some(path),
        Known::Unread | Known::Elsewhere => None,
    };
    known.into_iter().map(path).collect()
}

/// The constant with what is too far brought near; none if nothing is.
fn near(c: &Constant, bound: &Function) -> Option<Constant> {
    let reals = c.reals();
    let bounded: Vec<f32> = reals.iter().map(|&v| bound.at(v)).collect();
    if bounded == reals {
        return None;
    }
    Constant::new(&c.name, c.dims.clone(), Data::F32(bounded)).ok()
}

fn has_far(arg: &Arg) -> bool {
    match arg {
        Arg::Constant(c) => c.reals().iter().any(|v| v.abs() >= FAR),
        Arg::Value(_) => false,
    }
}

/// Whether a function has a number that is no score.
fn is_far(function: &Function) -> bool {
    let far = |v: f32| v.abs() >= FAR;
    match function {
        Function::Affine { scale, offset } => far(*scale) || far(*offset),
        Function::Clamp { low, high } => far(*low) && low.is_finite() || far(*high) && high.is_finite(),
        Function::Expression(expression) => expression.steps.iter().any(|step| {
            let number = |term: &Term| matches!(term, Term::Number(v) if far(*v));
            match step {
                Step::Apply(function, a) => number(a) || is_far_step(function),
                Step::Add(a, b) | Step::Sub(a, b) | Step::Mul(a, b) | Step::Div(a, b) => {
                    number(a) || number(b)
                }
                Step::Where(_, a, b) => number(a) || number(b),
            }
        }),
        _ => false,
    }
}

/// A step's function; one expression is never a step of another.
fn is_far_step(function: &Function) -> bool {
    !matches!(function, Function::Expression(_)) && is_far(function)
}

/// A function and then a clamp.
fn then(function: &Function, clamp: Function) -> Function {
    let mut steps = match function {
        Function::Expression(expression) => expression.steps.clone(),
        function => vec![Step::Apply(function.clone(), Term::X)],
    };
    let last = steps.len().checked_sub(1).map_or(Term::X, Term::Step);
    steps.push(Step::Apply(clamp, last));
    Function::Expression(Rc::new(Expression { steps }))
}
