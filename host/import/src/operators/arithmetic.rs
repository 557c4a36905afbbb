//! Add, Sub, Mul, Div and Pow, of tensors and of numbers.

use super::make::{Maker, numeric, single};
use super::sign;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};

/// Both operands, real numbers or both whole ones.
pub(super) fn operands(b: &Builder, call: &Call<'_>) -> Result<(Arg, Arg), Problem> {
    call.arity(2, 2, "2")?;
    let (x, y) = (numeric(b, call, 0)?, numeric(b, call, 1)?);
    same_type(b, &x, &y)?;
    Ok((x, y))
}

/// ONNX mixes no types.
pub(super) fn same_type(b: &Builder, x: &Arg, y: &Arg) -> Result<(), Problem> {
    let real = |arg: &Arg| match arg {
        Arg::Value(id) => b.typed_value(*id).element == Element::Real,
        Arg::Constant(c) => c.is_float(),
    };
    if real(x) == real(y) {
        return Ok(());
    }
    Err(Problem::UnsupportedType {
        actual: "FLOAT with whole numbers".to_string(),
        expected: "both operands must be of one type; put a Cast before one",
    })
}

fn finite(arg: &Arg) -> Result<(), Problem> {
    match arg {
        Arg::Constant(c) => c.finite().map(drop),
        Arg::Value(_) => Ok(()),
    }
}

/// A constant may hold infinities: masks of Softmax do, and a pass brings them to where they do no harm.
pub(super) fn add(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, y) = operands(b, call)?;
    Maker::new(b, call).pair(Operator::Add, x, y)
}

pub(super) fn sub(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, y) = operands(b, call)?;
    finite(&x)?;
    finite(&y)?;
    let mut m = Maker::new(b, call);
    match (number_of_rank(&m, &x, &y), number_of_rank(&m, &y, &x)) {
        (_, Some(c)) => affine(&mut m, x, 1.0, -c),
        (Some(c), _) => affine(&mut m, y, -1.0, c),
        _ => match &y {
            // A product takes what is added to it into its bias.
            Arg::Constant(_) if matches!(x, Arg::Value(_)) && m.element(&x) == Element::Real => {
                let minus = m.function(y, Function::Neg)?;
                m.pair(Operator::Add, x, minus)
            }
            _ => m.pair(Operator::Sub, x, y),
        },
    }
}

pub(super) fn mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, y) = operands(b, call)?;
    finite(&x)?;
    finite(&y)?;
    let mut m = Maker::new(b, call);
    match (number_of_rank(&m, &x, &y), number_of_rank(&m, &y, &x)) {
        (_, Some(c)) => affine(&mut m, x, c, 0.0),
        (Some(c), _) => affine(&mut m, y, c, 0.0),
        _ => m.pair(Operator::Mul, x, y),
    }
}

pub(super) fn div(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, y) = operands(b, call)?;
    finite(&x)?;
    finite(&y)?;
    let mut m = Maker::new(b, call);
    if let Arg::Constant(c) = &y
        && c.reals().contains(&0.0)
    {
        return Err(Problem::Unsupported("it divides by zero".to_string()));
    }
    let element = m.element(&x);
    let quotient = match (number_of_rank(&m, &x, &y), number_of_rank(&m, &y, &x)) {
        (_, Some(divisor)) => m.function(x, Function::DivideBy { divisor }),
        (Some(dividend), _) => m.function(y, Function::Divide { dividend }),
        _ => divide(&mut m, x, y),
    }?;
    if element == Element::Int {
        // Whole numbers are divided towards zero.
        let dims = m.dims(&quotient);
        return m.emit(Operator::Cast, vec![quotient], &dims, Element::Int);
    }
    Ok(quotient)
}

/// `x / y`. The operator takes what is not negative; anything else is multiplied by its reciprocal.
pub(super) fn divide(m: &mut Maker<'_>, x: Arg, y: Arg) -> Result<Arg, Problem> {
    let by_operator = match &y {
        Arg::Value(id) => sign::is_nonnegative(&m.b.typed, *id),
        Arg::Constant(_) => matches!(x, Arg::Constant(_)),
    };
    if by_operator {
        return m.pair(Operator::Div, x, y);
    }
    let reciprocal = m.function(y, Function::Divide { dividend: 1.0 })?;
    m.pair(Operator::Mul, x, reciprocal)
}

/// The only element of a constant that does not add dimensions to a computed operand.
pub(super) fn number_of_rank(m: &Maker<'_>, constant: &Arg, value: &Arg) -> Option<f32> {
    let fits = matches!(value, Arg::Value(_)) && m.dims(constant).len() <= m.dims(value).len();
    single(constant).filter(|_| fits)
}

/// `x · scale + offset`, or x where that is the same.
pub(super) fn affine(m: &mut Maker<'_>, x: Arg, scale: f32, offset: f32) -> Result<Arg, Problem> {
    if scale == 1.0 && offset == 0.0 {
        return Ok(x);
    }
    m.function(x, Function::Affine { scale, offset })
}

pub(super) fn pow(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    // The exponent may be of another type than the base.
    let (x, y) = (numeric(b, call, 0)?, numeric(b, call, 1)?);
    let mut m = Maker::new(b, call);
    if let Some(base) = number_of_rank(&m, &x, &y)
        && base > 0.0
        && base.is_finite()
    {
        // c^y = e^(y·ln c).
        let scaled = affine(&mut m, y, f64::from(base).ln() as f32, 0.0)?;
        return m.function(scaled, Function::Exp);
    }
    let Arg::Constant(c) = &y else {
        return Err(Problem::Unsupported(
            "a computed exponent is supported only of a positive constant number".to_string(),
        ));
    };
    let exponents = c.finite()?;
    let exponent = match exponents.first() {
        Some(&first) if exponents.iter().all(|&v| v == first) && c.dims.len() <= m.dims(&x).len() => first,
        _ => {
            return Err(Problem::Unsupported(
                "only one exponent for all elements is supported".to_string(),
            ));
        }
    };
    let dims = m.dims(&x);
    if super::make::broadcast(&dims, &c.dims)? != dims {
        return Err(Problem::Unsupported(
            "an exponent that adds elements is not supported; expand the base".to_string(),
        ));
    }
    power(&mut m, x, exponent)
}

fn power(m: &mut Maker<'_>, x: Arg, exponent: f32) -> Result<Arg, Problem> {
    if exponent == 1.0 {
        return Ok(x);
    }
    let function = if exponent == 0.5 {
        Function::Sqrt
    } else if exponent == -1.0 {
        Function::Divide { dividend: 1.0 }
    } else {
        Function::Power { exponent }
    };
    m.function(x, function)
}
