//! A part of the graph that works element by element and depends on one value only becomes one function of that value:
//! GELU, SiLU and Mish in five nodes each are one table, which rounds once.
//!
//! A part ends in one node, starts at one value, and no step of it is read from outside: what others read is computed
//! anyway, and a later part may start there.

use super::find::{Finder, single};
use crate::function::Function;
use crate::function::{Expression, Step, Term};
use crate::typed::{Arg, Element, Operator, Typed, TypedNode, ValueId};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Steps of one function, at most. What people write needs a dozen.
const MOST_STEPS: usize = 64;

pub(super) fn fuse(mut typed: Typed) -> Typed {
    let readers = typed.readers();
    let finder = Finder::new(&typed);
    let mut gone = vec![false; typed.nodes.len()];
    let mut functions: HashMap<usize, (Function, ValueId)> = HashMap::new();
    // From the end: the longest parts first.
    for at in (0..typed.nodes.len()).rev() {
        if gone[at] {
            continue;
        }
        let part = Part {
            finder: &finder,
            readers: &readers,
            last: at,
        };
        if let Some((nodes, function, x)) = part.longest() {
            // Of whole numbers wider than bytes there is no table: their steps stay what they are, each exact.
            let whole = |value: ValueId| typed.values[value].element == Element::Int;
            if nodes.len() > 1 && whole(x) && whole(typed.nodes[at].output) {
                continue;
            }
            nodes.iter().filter(|&&n| n != at).for_each(|&n| gone[n] = true);
            functions.insert(at, (function, x));
        }
    }
    for (at, (function, x)) in functions {
        typed.nodes[at].op = Operator::Pointwise(function);
        typed.nodes[at].inputs = vec![Arg::Value(x)];
    }
    let mut at = 0;
    typed.nodes.retain(|_| {
        at += 1;
        !gone[at - 1]
    });
    typed
}

/// The part of the graph that ends in a node.
struct Part<'a> {
    finder: &'a Finder<'a>,
    readers: &'a [Vec<usize>],
    last: usize,
}

impl Part<'_> {
    /// The longest part that depends on one value: its nodes, its function, and the value.
    ///
    /// Values are looked at from the last of the graph to the first. All that reads one and belongs to the part has been
    /// seen by then; and where no other value waits, the part depends on this one alone.
    fn longest(&self) -> Option<(BTreeSet<usize>, Function, ValueId)> {
        if !self.is_step(self.last) {
            return None;
        }
        let typed = self.finder.typed;
        let key = |value: ValueId| (self.finder.producer(value), value);
        let mut waiting: BTreeSet<_> = typed.nodes[self.last].values().map(key).collect();
        let mut nodes = BTreeSet::from([self.last]);
        let mut best = None;
        while let Some((before, value)) = waiting.pop_last() {
            if waiting.is_empty() && !self.is_computed_whole(value) {
                best = Some((nodes.clone(), value));
            }
            let Some(before) = before.filter(|&b| nodes.len() < MOST_STEPS && self.is_step(b)) else {
                break;
            };
            if !self.readers[value].iter().all(|r| nodes.contains(r)) {
                break;
            }
            nodes.insert(before);
            waiting.extend(typed.nodes[before].values().map(key));
        }
        let (nodes, x) = best?;
        let (nodes, x) = self.without_first_clamp(nodes, x);
        Some((nodes.clone(), self.function(&nodes, x)?, x))
    }

    /// Whole numbers that are computed have 32 bits, of which there is no table; one by one the steps are exact.
    fn is_computed_whole(&self, value: ValueId) -> bool {
        let whole = self.finder.typed.values[value].element == Element::Int;
        whole && self.finder.producer(value).is_some()
    }

    /// Whether a node works element by element, on values of its own shape and on numbers.
    fn is_step(&self, at: usize) -> bool {
        let typed = self.finder.typed;
        let node = &typed.nodes[at];
        let dims = self.finder.dims(node.output);
        let fits = node.inputs.iter().all(|arg| match arg {
            Arg::Value(id) => {
                self.finder.dims(*id) == dims && !matches!(typed.values[*id].element, Element::Quantised(_))
            }
            Arg::Constant(_) => single(arg).is_some(),
        });
        let is = match &node.op {
            Operator::Pointwise(Function::Expression(_)) => false,
            Operator::Pointwise(_) | Operator::Add | Operator::Sub | Operator::Mul | Operator::Div => true,
            Operator::Where => true,
            // Whole numbers as real ones: the same number.
            Operator::Cast => node.values().all(|v| typed.values[v].element == Element::Int),
            _ => false,
        };
        is && fits
    }

    /// A clamp that alone reads x stays by itself: after a sum it costs no rounding.
    fn without_first_clamp(&self, mut nodes: BTreeSet<usize>, x: ValueId) -> (BTreeSet<usize>, ValueId) {
        let typed = self.finder.typed;
        let mut x = x;
        loop {
            let mut reading = nodes
                .iter()
                .copied()
                .filter(|&at| typed.nodes[at].values().any(|v| v == x));
            let (Some(first), None) = (reading.next(), reading.next()) else {
                return (nodes, x);
            };
            let clamps = matches!(&typed.nodes[first].op, Operator::Pointwise(f) if f.is_clamp());
            if !clamps || first == self.last {
                return (nodes, x);
            }
            nodes.remove(&first);
            x = typed.nodes[first].output;
        }
    }

    /// What the nodes compute of x, if that is more than one of them says by itself.
    fn function(&self, nodes: &BTreeSet<usize>, x: ValueId) -> Option<Function> {
        let typed = self.finder.typed;
        if let [only] = nodes.iter().collect::<Vec<_>>()[..] {
            let node = &typed.nodes[*only];
            let twice = node.values().count() > 1;
            // Cast and a sum with a number stay as they are.
            if !twice {
                return None;
            }
        }
        let mut place: HashMap<ValueId, Term> = HashMap::from([(x, Term::X)]);
        let mut steps: Vec<Step> = Vec::new();
        for &at in nodes {
            let node = &typed.nodes[at];
            let term = |arg: &Arg| match arg {
                Arg::Value(id) => place.get(id).copied(),
                Arg::Constant(_) => single(arg).map(Term::Number),
            };
            let terms: Vec<Term> = node.inputs.iter().map(term).collect::<Option<_>>()?;
            let result = match step(node, &terms)? {
                Made::Step(step) => {
                    steps.push(step);
                    Term::Step(steps.len() - 1)
                }
                Made::Same(term) => term,
            };
            place.insert(node.output, result);
        }
        match place.get(&typed.nodes[self.last].output)? {
            Term::Step(at) if at + 1 == steps.len() => {}
            // It ends in a Cast.
            term => steps.push(Step::Add(*term, Term::Number(0.0))),
        }
        if let [Step::Apply(function, Term::X)] = &steps[..] {
            return Some(function.clone());
        }
        if let Some(affine) = affine(&steps) {
            return Some(affine);
        }
        Some(Function::Expression(Rc::new(Expression { steps })))
    }
}

/// The steps as one factor and one offset, if they are no more than that. A quotient is none: `x / 14` is not
/// `x · (1 / 14)`.
fn affine(steps: &[Step]) -> Option<Function> {
    let mut results: Vec<(f64, f64)> = Vec::new();
    for step in steps {
        let of = |term: &Term| match *term {
            Term::X => Some((1.0, 0.0)),
            Term::Step(at) => results.get(at).copied(),
            Term::Number(v) => Some((0.0, f64::from(v))),
        };
        let result = match step {
            Step::Add(a, b) => (of(a)?.0 + of(b)?.0, of(a)?.1 + of(b)?.1),
            Step::Sub(a, b) => (of(a)?.0 - of(b)?.0, of(a)?.1 - of(b)?.1),
            Step::Mul(a, b) => match (of(a)?, of(b)?) {
                ((0.0, c), (scale, offset)) | ((scale, offset), (0.0, c)) => (scale * c, offset * c),
                _ => return None,
            },
            Step::Apply(Function::Affine { scale, offset }, a) => {
                let (factor, sum) = of(a)?;
                let (scale, offset) = (f64::from(*scale), f64::from(*offset));
                (factor * scale, sum * scale + offset)
            }
            Step::Apply(Function::Neg, a) => (-of(a)?.0, -of(a)?.1),
            _ => return None,
        };
        results.push(result);
    }
    let &(scale, offset) = results.last()?;
    let (scale, offset) = (scale as f32, offset as f32);
    (scale.is_finite() && offset.is_finite()).then_some(Function::Affine { scale, offset })
}

/// What a node adds.
enum Made {
    Step(Step),
    /// Nothing: its result is its operand.
    Same(Term),
}

fn step(node: &TypedNode, terms: &[Term]) -> Option<Made> {
    Some(Made::Step(match (&node.op, terms) {
        (Operator::Pointwise(function), [x]) => Step::Apply(function.clone(), *x),
        (Operator::Add, [a, b]) => Step::Add(*a, *b),
        (Operator::Sub, [a, b]) => Step::Sub(*a, *b),
        (Operator::Mul, [a, b]) => Step::Mul(*a, *b),
        (Operator::Div, [a, b]) => Step::Div(*a, *b),
        (Operator::Where, [c, a, b]) => Step::Where(*c, *a, *b),
        (Operator::Cast, [x]) => return Some(Made::Same(*x)),
        _ => return None,
    }))
}
