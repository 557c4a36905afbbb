//! Functions of one constant number.

use super::numbers::{Numbers, reals, whole};
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;

fn function(operator: &str) -> Option<Function> {
    Some(match operator {
        "Abs" => Function::Abs,
        "Ceil" => Function::Ceil,
        "Cos" => Function::Cos,
        "Exp" => Function::Exp,
        "Floor" => Function::Floor,
        "Log" => Function::Log,
        "Neg" => Function::Neg,
        "Reciprocal" => Function::Divide { dividend: 1.0 },
        "Round" => Function::Round,
        "Sign" => Function::Sign,
        "Sin" => Function::Sin,
        "Sqrt" => Function::Sqrt,
        _ => return None,
    })
}

pub(super) fn unary(b: &mut Builder, call: &Call<'_>, operator: &str) -> Result<Option<Constant>, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.needed(0, "the operand")?;
    b.folds(x.len())?;
    let name = &call.node.name;
    match Numbers::of(x) {
        Numbers::Reals(data) => {
            let Some(function) = function(operator) else {
                return Ok(None);
            };
            reals(
                name,
                x.dims.clone(),
                data.iter().map(|&v| function.at(v)).collect(),
            )
            .map(Some)
        }
        Numbers::Whole(data) => {
            let of = |v: i64| match operator {
                "Abs" => v.checked_abs(),
                "Neg" => v.checked_neg(),
                "Sign" => Some(v.signum()),
                _ => None,
            };
            let all: Option<Vec<i64>> = data.iter().map(|&v| of(v)).collect();
            let all = all.ok_or_else(|| {
                Problem::Unsupported("there is no such whole number; fold it when exporting".to_string())
            })?;
            whole(name, x.dims.clone(), x, &all).map(Some)
        }
    }
}

pub(super) fn not(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.needed(0, "the operand")?;
    b.folds(x.len())?;
    let data = x.whole("the operand")?.iter().map(|&v| v == 0).collect();
    Constant::new(&call.node.name, x.dims.clone(), Data::Bool(data)).map(Some)
}
