//! Functions of one number.

use super::make::{Maker, numeric};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::Data;
use crate::error::Problem;
use crate::function::Function;
use crate::function::{Expression, Step, Term};
use crate::typed::{Arg, Element, Operator};
use std::rc::Rc;

pub(super) fn relu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (low, high) = (0.0, f32::INFINITY);
    unary(b, call, Function::Clamp { low, high })
}

pub(super) fn leaky_relu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 0.01)?;
    unary(b, call, Function::LeakyRelu { alpha })
}

pub(super) fn elu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    unary(b, call, Function::Elu { alpha })
}

pub(super) fn selu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 1.673_263_2)?;
    let gamma = call.attributes.float("gamma", 1.050_701)?;
    unary(b, call, Function::Selu { alpha, gamma })
}

pub(super) fn hard_sigmoid(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 0.2)?;
    let beta = call.attributes.float("beta", 0.5)?;
    unary(b, call, Function::HardSigmoid { alpha, beta })
}

pub(super) fn gelu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let tanh = match call.attributes.string("approximate", "none")? {
        "none" => false,
        "tanh" => true,
        _ => return Err(wrong("approximate", "it is neither none nor tanh")),
    };
    unary(b, call, Function::Gelu { tanh })
}

/// Swish of ONNX: `x · sigmoid(alpha · x)`.
pub(super) fn swish(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    unary(b, call, silu(alpha))
}

/// `x · sigmoid(alpha · x)`.
pub(super) fn silu(alpha: f32) -> Function {
    steps(vec![
        Step::Mul(Term::X, Term::Number(alpha)),
        Step::Apply(Function::Sigmoid, Term::Step(0)),
        Step::Mul(Term::X, Term::Step(1)),
    ])
}

/// `x · tanh(softplus(x))`.
pub(super) fn mish(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let function = steps(vec![
        Step::Apply(Function::Softplus, Term::X),
        Step::Apply(Function::Tanh, Term::Step(0)),
        Step::Mul(Term::X, Term::Step(1)),
    ]);
    unary(b, call, function)
}

/// `max(0, x) + min(0, alpha · (e^(x/alpha) − 1))`.
pub(super) fn celu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    if alpha <= 0.0 {
        return Err(wrong("alpha", format!("{alpha} is not positive")));
    }
    let (low, high) = (f32::NEG_INFINITY, f32::INFINITY);
    let function = steps(vec![
        Step::Apply(Function::Clamp { low: 0.0, high }, Term::X),
        Step::Apply(Function::Clamp { low, high: 0.0 }, Term::X),
        Step::Div(Term::Step(1), Term::Number(alpha)),
        Step::Apply(Function::Elu { alpha }, Term::Step(2)),
        Step::Add(Term::Step(0), Term::Step(3)),
    ]);
    unary(b, call, function)
}

/// x where it is over alpha, else 0.
pub(super) fn thresholded_relu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let than = call.attributes.float("alpha", 1.0)?;
    let function = steps(vec![
        Step::Apply(Function::Greater { than }, Term::X),
        Step::Where(Term::Step(0), Term::X, Term::Number(0.0)),
    ]);
    unary(b, call, function)
}

/// Nearer to 0 by the bias where x is farther than lambd, else 0.
pub(super) fn shrink(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let than = call.attributes.float("lambd", 0.5)?;
    let bias = Term::Number(call.attributes.float("bias", 0.0)?);
    let function = steps(vec![
        Step::Apply(Function::Greater { than }, Term::X),
        Step::Sub(Term::X, bias),
        Step::Where(Term::Step(0), Term::Step(1), Term::Number(0.0)),
        Step::Apply(Function::Less { than: -than }, Term::X),
        Step::Add(Term::X, bias),
        Step::Where(Term::Step(3), Term::Step(4), Term::Step(2)),
    ]);
    unary(b, call, function)
}

fn steps(steps: Vec<Step>) -> Function {
    Function::Expression(Rc::new(Expression { steps }))
}

/// A slope for what is below 0: one number, or one an element of what broadcasts to x.
pub(super) fn p_relu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let x = call.real(b, 0)?.clone();
    call.real(b, 1)?;
    let slope = call.needed(1, "the slope")?;
    let slopes = slope.finite()?;
    let mut m = Maker::new(b, call);
    let dims = m.dims(&x);
    if super::make::broadcast(&dims, &slope.dims)? != dims {
        return Err(Problem::Shape(format!("a slope {:?} for {dims:?}", slope.dims)));
    }
    if let Some(&alpha) = slopes.first()
        && slopes.iter().all(|&s| s == alpha)
    {
        return m.function(x, Function::LeakyRelu { alpha });
    }
    let slope = Arg::Constant(slope.clone());
    let (low, high) = (f32::NEG_INFINITY, f32::INFINITY);
    let above = m.function(x.clone(), Function::Clamp { low: 0.0, high })?;
    let below = m.function(x, Function::Clamp { low, high: 0.0 })?;
    let below = m.pair(Operator::Mul, below, slope)?;
    m.pair(Operator::Add, above, below)
}

/// An operator with one operand that is a function of one number.
pub(super) fn unary(b: &mut Builder, call: &Call<'_>, function: Function) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = numeric(b, call, 0)?;
    Maker::new(b, call).function(x, function)
}

/// What import computes with is never NaN: integers hold none.
pub(super) fn is_nan(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let dims = b.dims(call.real(b, 0)?).to_vec();
    let elements = dims.iter().map(|&d| d as usize).product();
    b.folds(elements)?;
    let zeros = crate::constant::Constant::new(&call.node.name, dims, Data::I64(vec![0; elements]))?;
    Ok(Arg::Constant(zeros))
}

/// The nearest whole number of real ones is what it is of whole ones.
pub(super) fn rounding(b: &mut Builder, call: &Call<'_>, function: Function) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = numeric(b, call, 0)?;
    let mut m = Maker::new(b, call);
    if m.element(&x) == Element::Int {
        return Ok(x);
    }
    m.function(x, function)
}
