//! Support vector machines.

use super::lists::floats;
use super::real_matrix;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::operators::make::Maker;
use crate::typed::{Arg, Element, Operator, Reduction};

/// How like two rows are.
struct Kernel {
    kind: Kind,
    gamma: f32,
    coef0: f32,
    degree: f32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    Polynomial,
    Radial,
    Sigmoid,
}

impl Kernel {
    fn of(call: &Call<'_>) -> Result<Self, Problem> {
        let kind = match call.attributes.string("kernel_type", "LINEAR")? {
            "LINEAR" => Kind::Linear,
            "POLY" => Kind::Polynomial,
            "RBF" => Kind::Radial,
            "SIGMOID" => Kind::Sigmoid,
            _ => {
                return Err(wrong(
                    "kernel_type",
                    "it is none of LINEAR, POLY, RBF and SIGMOID",
                ));
            }
        };
        let given = floats(call, "kernel_params")?.unwrap_or_default();
        let (gamma, coef0, degree) = match given[..] {
            [] => (1.0, 0.0, 3.0),
            [gamma, coef0, degree] => (gamma, coef0, degree),
            _ => {
                return Err(wrong(
                    "kernel_params",
                    "there must be three: gamma, coef0 and degree",
                ));
            }
        };
        Ok(Self {
            kind,
            gamma,
            coef0,
            degree,
        })
    }

    /// `[rows, vectors]`: of each row with each vector.
    fn apply(
        &self,
        m: &mut Maker<'_>,
        x: Arg,
        [rows, columns]: [u32; 2],
        vectors: &[f32],
    ) -> Result<Arg, Problem> {
        let k = columns as usize;
        let count = vectors.len() / k.max(1);
        m.b.folds(vectors.len())?;
        let mut turned = Vec::with_capacity(vectors.len());
        for column in 0..k {
            turned.extend(vectors.iter().skip(column).step_by(k).take(count));
        }
        let of_vectors = m.constant(vec![columns, count as u32], turned)?;
        let dims = [rows, count as u32];
        let op = Operator::MatMul { bias: None };
        if self.kind == Kind::Radial {
            // γ·|x − v|² = γ·(x·x − 2·x·v + v·v), and exp of its negative. It is never below 0.
            let product = m.emit(op, vec![x.clone(), of_vectors], &dims, Element::Real)?;
            let twice = m.function(product, affine(-2.0))?;
            let lengths = vectors.chunks_exact(k.max(1));
            let lengths: Vec<f32> = lengths
                .map(|v| v.iter().map(|&c| f64::from(c).powi(2)).sum::<f64>() as f32)
                .collect();
            let lengths = m.constant(vec![1, count as u32], lengths)?;
            let own = m.pair(Operator::Mul, x.clone(), x)?;
            let own = m.reduce(own, Reduction::Sum, 1)?;
            let square = m.pair(Operator::Add, twice, lengths)?;
            let square = m.pair(Operator::Add, square, own)?;
            let low = 0.0;
            let high = f32::INFINITY;
            let square = m.function(square, Function::Clamp { low, high })?;
            let exponent = m.function(square, affine(-self.gamma))?;
            return m.function(exponent, Function::Exp);
        }
        let product = m.emit(op, vec![x, of_vectors], &dims, Element::Real)?;
        if self.kind == Kind::Linear {
            return Ok(product);
        }
        let scaled = Function::Affine {
            scale: self.gamma,
            offset: self.coef0,
        };
        let y = m.function(product, scaled)?;
        m.function(
            y,
            match self.kind {
                Kind::Polynomial => Function::Power {
                    exponent: self.degree,
                },
                _ => Function::Tanh,
            },
        )
    }
}

const fn affine(scale: f32) -> Function {
    Function::Affine { scale, offset: 0.0 }
}

pub(crate) fn regressor(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let kernel = Kernel::of(call)?;
    if call.attributes.string("post_transform", "NONE")? != "NONE" {
        return Err(wrong("post_transform", "only NONE is supported"));
    }
    let one_class = call.attributes.flag("one_class", false)?;
    let rho = floats(call, "rho")?.unwrap_or_else(|| vec![0.0]);
    let [rho] = rho[..] else {
        return Err(wrong("rho", "there must be one"));
    };
    let vectors = floats(call, "support_vectors")?.unwrap_or_default();
    let coefficients = floats(call, "coefficients")?.unwrap_or_default();
    let supports = call.attributes.int("n_supports", 0)?;
    let mut m = Maker::new(b, call);
    let (x, [rows, columns]) = real_matrix(&mut m, call)?;
    let k = columns as usize;
    let weights = |m: &Maker<'_>, list: Vec<f32>| {
        let count = list.len() as u32;
        m.constant(vec![count, 1], list)
    };
    // Without vectors the coefficients are those of a linear model.
    let (y, coefficients) = if supports == 0 {
        if kernel.kind != Kind::Linear || coefficients.len() != k {
            return Err(wrong(
                "n_supports",
                "without support vectors the kernel is LINEAR, with a coefficient a column",
            ));
        }
        (x, coefficients)
    } else {
        let fits = usize::try_from(supports).is_ok_and(|s| s == coefficients.len());
        if !fits || coefficients.len().checked_mul(k) != Some(vectors.len()) {
            return Err(wrong(
                "support_vectors",
                format!(
                    "{} numbers for {supports} vectors of {columns} columns",
                    vectors.len()
                ),
            ));
        }
        (kernel.apply(&mut m, x, [rows, columns], &vectors)?, coefficients)
    };
    let weights = weights(&m, coefficients)?;
    let op = Operator::MatMul {
        bias: Some(vec![rho.into()]),
    };
    let y = m.emit(op, vec![y, weights], &[rows, 1], Element::Real)?;
    if !one_class {
        return Ok(y);
    }
    // 1 where it is over 0, else −1.
    let over = m.function(y, Function::Greater { than: 0.0 })?;
    let over = super::real(&mut m, over)?;
    m.function(
        over,
        Function::Affine {
            scale: 2.0,
            offset: -1.0,
        },
    )
}

pub(crate) fn classifier(_: &mut Builder, _: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    Err(Problem::Unsupported(
        "classes are voted for pair by pair, which has no integer form yet; export decision_function of each class, or \
         another model"
            .to_string(),
    ))
}
