//! Comparisons, logic and Where. Truth values are the whole numbers 0 and 1.

use super::arithmetic::{number_of_rank, operands};
use super::make::{Maker, broadcast, numeric};
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};

/// What is asked of two numbers.
#[derive(Clone, Copy)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    /// The same asked the other way round.
    const fn swapped(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// Whether x is so to `number`. There is no f32 between a number and the next.
    fn to(self, number: f32) -> Function {
        match self {
            Self::Equal => Function::Equal { to: number },
            Self::Less => Function::Less { than: number },
            Self::LessOrEqual => Function::Less {
                than: number.next_up(),
            },
            Self::Greater => Function::Greater { than: number },
            Self::GreaterOrEqual => Function::Greater {
                than: number.next_down(),
            },
        }
    }
}

pub(super) fn compare(b: &mut Builder, call: &Call<'_>, relation: Relation) -> Result<Arg, Problem> {
    let (x, y) = operands(b, call)?;
    let mut m = Maker::new(b, call);
    match (number_of_rank(&m, &y, &x), number_of_rank(&m, &x, &y)) {
        (Some(number), _) => m.function(x, relation.to(number)),
        (_, Some(number)) => m.function(y, relation.swapped().to(number)),
        _ => {
            for arg in [&x, &y] {
                if let Arg::Constant(c) = arg {
                    c.finite()?;
                }
            }
            let (x, y) = near(&mut m, x, y)?;
            let difference = m.pair(Operator::Sub, x, y)?;
            m.function(difference, relation.to(0.0))
        }
    }
}

/// Whole numbers whose difference fits 32 bits: beside a constant those that lie further out are just outside it, which
/// changes no comparison; of two computed ones positions and counts are far below the bound.
fn near(m: &mut Maker<'_>, x: Arg, y: Arg) -> Result<(Arg, Arg), Problem> {
    /// Below 2^30, and exact in f32.
    const FAR: f32 = 1_073_741_760.0;
    if m.element(&x) != Element::Int || m.element(&y) != Element::Int {
        return Ok((x, y));
    }
    let bounds = |other: &Arg| match other {
        Arg::Constant(c) => {
            let reals = c.reals();
            let low = reals.iter().copied().fold(FAR, f32::min);
            let high = reals.iter().copied().fold(-FAR, f32::max);
            ((low - 1.0).next_down().max(-FAR), (high + 1.0).next_up().min(FAR))
        }
        Arg::Value(_) => (-FAR, FAR),
    };
    let (of_x, of_y) = (bounds(&y), bounds(&x));
    let mut clamped = |arg: Arg, (low, high): (f32, f32)| match arg {
        Arg::Constant(_) => Ok(arg),
        Arg::Value(_) => m.function(arg, Function::Clamp { low, high }),
    };
    Ok((clamped(x, of_x)?, clamped(y, of_y)?))
}

/// Both operands of And, Or and Xor.
fn truths(b: &Builder, call: &Call<'_>) -> Result<(Arg, Arg), Problem> {
    let (x, y) = operands(b, call)?;
    if Maker::element_of(b, &x) == Element::Real {
        return Err(Problem::UnsupportedType {
            actual: "FLOAT of operand 0".to_string(),
            expected: "it must be BOOL",
        });
    }
    Ok((x, y))
}

pub(super) fn and(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, y) = truths(b, call)?;
    Maker::new(b, call).pair(Operator::Mul, x, y)
}

pub(super) fn or(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, y) = truths(b, call)?;
    let mut m = Maker::new(b, call);
    let sum = m.pair(Operator::Add, x, y)?;
    m.function(sum, Function::Greater { than: 0.0 })
}

pub(super) fn xor(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, y) = truths(b, call)?;
    let mut m = Maker::new(b, call);
    let sum = m.pair(Operator::Add, x, y)?;
    m.function(sum, Function::Equal { to: 1.0 })
}

pub(super) fn not(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = numeric(b, call, 0)?;
    Maker::new(b, call).function(x, Function::Equal { to: 0.0 })
}

pub(super) fn choose(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 3, "3")?;
    let (condition, x, y) = (numeric(b, call, 0)?, numeric(b, call, 1)?, numeric(b, call, 2)?);
    super::arithmetic::same_type(b, &x, &y)?;
    let mut m = Maker::new(b, call);
    if m.element(&condition) == Element::Real {
        return Err(Problem::UnsupportedType {
            actual: "FLOAT of operand 0".to_string(),
            expected: "it must be BOOL",
        });
    }
    if let Arg::Constant(c) = &condition {
        // A condition that is the same everywhere decides, if what it chooses has the whole shape already.
        let truths = c.reals();
        let chosen = match truths.first() {
            Some(&first) if truths.iter().all(|&v| (v != 0.0) == (first != 0.0)) => {
                Some(if first == 0.0 { &y } else { &x })
            }
            _ => None,
        };
        if let Some(chosen) = chosen {
            let dims = broadcast(&m.dims(&condition), &broadcast(&m.dims(&x), &m.dims(&y))?)?;
            if m.dims(chosen) == dims {
                return Ok(chosen.clone());
            }
        }
    }
    m.choose(condition, x, y)
}
