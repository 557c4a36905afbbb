//! The functions that a recurrent operator names.

use crate::attributes::wrong;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::function::{Expression, Step, Term};
use std::rc::Rc;

/// As many as there are `defaults`, for each direction.
pub(super) fn functions(
    call: &Call<'_>,
    defaults: &[&str],
    directions: usize,
) -> Result<Vec<Function>, Problem> {
    let count = defaults.len() * directions;
    let named = call.attributes.strings("activations")?;
    let names = named.unwrap_or_else(|| defaults.repeat(directions));
    if names.len() != count {
        let why = format!("{} of them, not {count}", names.len());
        return Err(wrong("activations", why));
    }
    // Each function takes the next number, if it needs one.
    let mut alphas = call
        .attributes
        .floats("activation_alpha")?
        .unwrap_or_default()
        .iter();
    let mut betas = call
        .attributes
        .floats("activation_beta")?
        .unwrap_or_default()
        .iter();
    let mut functions = Vec::with_capacity(count);
    for name in names {
        let mut alpha = |default: f32| alphas.next().copied().unwrap_or(default);
        let mut beta = |default: f32| betas.next().copied().unwrap_or(default);
        functions.push(match name.to_ascii_lowercase().as_str() {
            "sigmoid" => Function::Sigmoid,
            "tanh" => Function::Tanh,
            "relu" => Function::Clamp {
                low: 0.0,
                high: f32::INFINITY,
            },
            "softsign" => Function::Softsign,
            "softplus" => Function::Softplus,
            "leakyrelu" => Function::LeakyRelu { alpha: alpha(0.01) },
            "elu" => Function::Elu { alpha: alpha(1.0) },
            "hardsigmoid" => Function::HardSigmoid {
                alpha: alpha(0.2),
                beta: beta(0.5),
            },
            "affine" => Function::Affine {
                scale: alpha(1.0),
                offset: beta(0.0),
            },
            "scaledtanh" => scaled_tanh(alpha(1.0), beta(1.0)),
            _ => {
                let shown: String = name.chars().take(40).collect();
                return Err(wrong("activations", format!("{shown:?} is not supported")));
            }
        });
    }
    Ok(functions)
}

/// `alpha · tanh(beta · x)`.
fn scaled_tanh(alpha: f32, beta: f32) -> Function {
    let steps = vec![
        Step::Mul(Term::X, Term::Number(beta)),
        Step::Apply(Function::Tanh, Term::Step(0)),
        Step::Mul(Term::Step(1), Term::Number(alpha)),
    ];
    Function::Expression(Rc::new(Expression { steps }))
}
