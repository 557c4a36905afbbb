//! Functions of one number, single ones and those of several steps. On an 8-bit operand each is a table; those that only clamp can also follow
//! an accumulator, because clamping and rounding to a grid commute.

use std::rc::Rc;

/// A function of one real number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Function {
    /// `max(low, min(high, x))`; ReLU is 0 to infinity.
    Clamp {
        low: f32,
        high: f32,
    },
    Sigmoid,
    Tanh,
    LeakyRelu {
        alpha: f32,
    },
    Elu {
        alpha: f32,
    },
    Selu {
        alpha: f32,
        gamma: f32,
    },
    HardSigmoid {
        alpha: f32,
        beta: f32,
    },
    HardSwish,
    Softplus,
    Softsign,
    Erf,
    Gelu {
        tanh: bool,
    },
    Exp,
    Abs,
    Neg,
    Sqrt,
    /// `x · scale + offset`: Mul and Sub by a constant scalar.
    Affine {
        scale: f32,
        offset: f32,
    },
    /// `x / divisor`, which is not `x · (1 / divisor)` in f32.
    DivideBy {
        divisor: f32,
    },
    /// `dividend / x`.
    Divide {
        dividend: f32,
    },
    /// `x` to that power.
    Power {
        exponent: f32,
    },
    Log,
    Sin,
    Cos,
    Tan,
    Atan,
    Sinh,
    Cosh,
    Floor,
    Ceil,
    /// Halves to even.
    Round,
    Sign,
    /// 1 where `x` is that, else 0; so are those below. On whole numbers they are exact.
    Equal {
        to: f32,
    },
    Less {
        than: f32,
    },
    Greater {
        than: f32,
    },
    /// A position in a dimension, counted from its front: one below zero counts from the end.
    FromFront {
        extent: u32,
    },
    /// Several steps that all depend on one number.
    Expression(Rc<Expression>),
}

impl Function {
    pub(crate) const fn is_clamp(&self) -> bool {
        matches!(self, Self::Clamp { .. })
    }

    /// Whether it gives truth values.
    pub(crate) const fn is_truth(&self) -> bool {
        matches!(
            self,
            Self::Equal { .. } | Self::Less { .. } | Self::Greater { .. }
        )
    }

    /// The one function that is this and then `next`, if both are clamps.
    pub(crate) fn clamps(&self, next: &Self) -> Option<Self> {
        match (self, next) {
            (Self::Clamp { low, high }, Self::Clamp { .. }) => Some(Self::Clamp {
                low: next.at(low.min(*high)),
                high: next.at(*high),
            }),
            _ => None,
        }
    }

    /// The value at `x`, computed in f64 and rounded once.
    pub(crate) fn at(&self, x: f32) -> f32 {
        let v = f64::from(x);
        let truth = |holds: bool| f64::from(u8::from(holds));
        let sigmoid = |v: f64| 1.0 / (1.0 + (-v).exp());
        let y = match *self {
            // Not `clamp`, which panics where low > high; ONNX lets the upper bound win.
            Self::Clamp { low, high } => return x.max(low).min(high),
            Self::Sigmoid => sigmoid(v),
            Self::Tanh => v.tanh(),
            Self::LeakyRelu { alpha } if v < 0.0 => f64::from(alpha) * v,
            Self::LeakyRelu { .. } => v,
            Self::Elu { alpha } if v < 0.0 => f64::from(alpha) * v.exp_m1(),
            Self::Elu { .. } => v,
            Self::Selu { alpha, gamma } if v < 0.0 => f64::from(gamma) * f64::from(alpha) * v.exp_m1(),
            Self::Selu { gamma, .. } => f64::from(gamma) * v,
            // In f32 step by step, as runtimes compute them: a tie of a table may hang on it.
            Self::HardSigmoid { alpha, beta } => return (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => return x * (x * (1.0 / 6.0) + 0.5).clamp(0.0, 1.0),
            Self::Softplus if v > 30.0 => v,
            Self::Softplus => v.exp().ln_1p(),
            Self::Softsign => v / (1.0 + v.abs()),
            Self::Erf => erf(v),
            Self::Gelu { tanh: false } => 0.5 * v * (1.0 + erf(v / std::f64::consts::SQRT_2)),
            Self::Gelu { tanh: true } => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (v + 0.044_715 * v * v * v);
                0.5 * v * (1.0 + inner.tanh())
            }
            Self::Exp => v.exp(),
            Self::Abs => v.abs(),
            Self::Neg => -v,
            Self::Sqrt => v.sqrt(),
            Self::Affine { scale, offset } => v * f64::from(scale) + f64::from(offset),
            Self::DivideBy { divisor } => return x / divisor,
            Self::Divide { dividend } => return dividend / x,
            Self::Power { exponent } => v.powf(exponent.into()),
            Self::Log => v.ln(),
            Self::Sin => v.sin(),
            Self::Cos => v.cos(),
            Self::Tan => v.tan(),
            Self::Atan => v.atan(),
            Self::Sinh => v.sinh(),
            Self::Cosh => v.cosh(),
            Self::Floor => v.floor(),
            Self::Ceil => v.ceil(),
            Self::Round => v.round_ties_even(),
            Self::Sign => {
                if v == 0.0 {
                    0.0
                } else {
                    v.signum()
                }
            }
            Self::Equal { to } => truth(x == to),
            Self::Less { than } => truth(x < than),
            Self::Greater { than } => truth(x > than),
            Self::FromFront { extent } if v < 0.0 => v + f64::from(extent),
            Self::FromFront { .. } => v,
            Self::Expression(ref expression) => return expression.at(x),
        };
        y as f32
    }
}

/// The error function, to about 1e-12: its Taylor series near 0, the continued fraction of erfc
/// (Abramowitz and Stegun 7.1.14) beyond.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a > 6.0 {
        return x.signum();
    }
    let square = a * a;
    let y = if a < 2.5 {
        let (mut term, mut sum) = (a, a);
        for n in 1..80 {
            let n = f64::from(n);
            term *= -square / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else {
        let fraction = (1..=80).rev().fold(0.0, |f, n| f64::from(n) / 2.0 / (a + f));
        1.0 - (-square).exp() * std::f64::consts::FRAC_2_SQRT_PI / 2.0 / (a + fraction)
    };
    y.copysign(x)
}

/// Steps in order; the last is the result. A step reads x or steps before it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) steps: Vec<Step>,
}

/// What a step reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Term {
    /// The number that all depends on.
    X,
    /// The result of a step before.
    Step(usize),
    /// A constant.
    Number(f32),
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Apply(Function, Term),
    Add(Term, Term),
    Sub(Term, Term),
    Mul(Term, Term),
    Div(Term, Term),
    /// The second where the first is not 0, the third where it is.
    Where(Term, Term, Term),
}

impl Expression {
    /// The value at `x`, each step rounded to f32 as a runtime rounds it.
    pub(crate) fn at(&self, x: f32) -> f32 {
        let mut results: Vec<f32> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let of = |term: Term| match term {
                Term::X => x,
                Term::Step(at) => results.get(at).copied().unwrap_or(f32::NAN),
                Term::Number(v) => v,
            };
            let result = match step {
                Step::Apply(function, a) => function.at(of(*a)),
                Step::Add(a, b) => of(*a) + of(*b),
                Step::Sub(a, b) => of(*a) - of(*b),
                Step::Mul(a, b) => of(*a) * of(*b),
                Step::Div(a, b) => of(*a) / of(*b),
                Step::Where(c, a, b) => {
                    if of(*c) != 0.0 {
                        of(*a)
                    } else {
                        of(*b)
                    }
                }
            };
            results.push(result);
        }
        results.last().copied().unwrap_or(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_x_numbers_and_steps_before() {
        // x · (x + 1) at 3.
        let expression = Expression {
            steps: vec![
                Step::Add(Term::X, Term::Number(1.0)),
                Step::Mul(Term::X, Term::Step(0)),
            ],
        };
        assert_eq!(expression.at(3.0), 12.0);
    }

    #[test]
    fn two_clamps_are_one() {
        let clamp = |low, high| Function::Clamp { low, high };
        let inf = f32::INFINITY;
        let bounds = [
            (-inf, inf),
            (0.0, inf),
            (0.0, 6.0),
            (-1.0, 1.0),
            (3.0, 2.0),
            (-inf, -2.0),
        ];
        for (a, b) in bounds.iter().flat_map(|a| bounds.iter().map(move |b| (a, b))) {
            let (first, second) = (clamp(a.0, a.1), clamp(b.0, b.1));
            let both = first.clamps(&second).unwrap();
            for x in [-inf, -5.0, -1.5, -0.5, 0.0, 0.5, 2.5, 4.0, 9.0, inf] {
                assert_eq!(both.at(x), second.at(first.at(x)), "{first:?} {second:?} at {x}");
            }
        }
    }

    #[test]
    fn erf_meets_tabulated_values() {
        // Abramowitz and Stegun, table 7.1.
        for (x, y) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (2.0, 0.995_322_265_0),
            (2.6, 0.999_763_966),
            (3.0, 0.999_977_909_5),
        ] {
            assert!((erf(x) - y).abs() < 2e-9, "{x}: {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
    }
}
