//! Operators of `ai.onnx.ml`: what scikit-learn's converters write. Specification: ONNX's `Operators-ml.md`.
//!
//! A text is no tensor of integers: where an operator gives names of classes, their positions go out, and the names go
//! with them as notes.

pub(super) mod encoders;
pub(super) mod features;
pub(super) mod linear;
mod lists;
pub(super) mod support_vectors;
pub(super) mod trees;

use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};
use std::rc::Rc;

/// Of operators that work on texts and maps alone.
pub(super) fn of_texts(_: &mut Builder, _: &Call<'_>) -> Result<Arg, Problem> {
    Err(Problem::Unsupported(
        "it works on texts or maps, which are no tensors of numbers; do that before the model, and export the rest"
            .to_string(),
    ))
}

/// Operand 0 as a matrix of real or whole numbers, a row each; one row where it is a list.
fn matrix(m: &mut Maker<'_>, call: &Call<'_>) -> Result<(Arg, [u32; 2]), Problem> {
    let x = call.arg(0)?.clone();
    if let Element::Quantised(dtype) = m.element(&x) {
        return Err(Problem::UnsupportedType {
            actual: format!("{dtype} of operand 0"),
            expected: "it must be FLOAT or INT64",
        });
    }
    match m.dims(&x)[..] {
        [rows, columns] => Ok((x, [rows, columns])),
        [columns] => Ok((m.reshape(x, &[1, columns])?, [1, columns])),
        ref dims => Err(Problem::Shape(format!(
            "its operand has {} dimensions; a matrix with a row for each sample is needed",
            dims.len()
        ))),
    }
}

/// The same, as real numbers.
fn real_matrix(m: &mut Maker<'_>, call: &Call<'_>) -> Result<(Arg, [u32; 2]), Problem> {
    let (x, dims) = matrix(m, call)?;
    Ok((real(m, x)?, dims))
}

/// Whole numbers as real ones.
fn real(m: &mut Maker<'_>, x: Arg) -> Result<Arg, Problem> {
    if m.element(&x) == Element::Real {
        return Ok(x);
    }
    let dims = m.dims(&x);
    m.emit(Operator::Cast, vec![x], &dims, Element::Real)
}

/// What is done to scores in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Post {
    None,
    Logistic,
    Softmax,
}

impl Post {
    fn of(name: &str) -> Result<Self, Problem> {
        match name {
            "NONE" | "" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            other => {
                let other: String = other.chars().take(40).collect();
                Err(wrong(
                    "post_transform",
                    format!("{other:?} is not supported; NONE, LOGISTIC and SOFTMAX are"),
                ))
            }
        }
    }

    fn given(call: &Call<'_>) -> Result<Self, Problem> {
        Self::of(call.attributes.string("post_transform", "NONE")?)
    }

    /// Of scores `[rows, outputs]`.
    fn apply(self, m: &mut Maker<'_>, scores: Arg) -> Result<Arg, Problem> {
        match self {
            Self::None => Ok(scores),
            Self::Logistic => m.function(scores, Function::Sigmoid),
            Self::Softmax => {
                let dims = m.dims(&scores);
                m.emit(Operator::Softmax { axis: 1 }, vec![scores], &dims, Element::Real)
            }
        }
    }
}

/// Names of classes.
enum Labels {
    Numbers(Vec<i64>),
    Texts(Vec<String>),
}

impl Labels {
    fn of(call: &Call<'_>, numbers: &'static str, texts: &'static str) -> Result<Option<Self>, Problem> {
        let given = call.attributes.ints(numbers)?.unwrap_or_default();
        let named = call.attributes.strings(texts)?.unwrap_or_default();
        match (given.is_empty(), named.is_empty()) {
            (true, true) => Ok(None),
            (false, true) => Ok(Some(Self::Numbers(given.to_vec()))),
            (true, false) => Ok(Some(Self::Texts(
                named.iter().map(|s| (*s).to_string()).collect(),
            ))),
            (false, false) => Err(wrong(texts, format!("{numbers} are given too"))),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    fn names(&self) -> Rc<[String]> {
        match self {
            Self::Numbers(numbers) => numbers.iter().map(ToString::to_string).collect(),
            Self::Texts(texts) => texts.iter().cloned().collect(),
        }
    }

    /// Positions of classes as what the file calls them: numbers as they are, of texts the positions.
    fn name(&self, m: &mut Maker<'_>, positions: Arg) -> Result<Arg, Problem> {
        match self {
            Self::Numbers(numbers) => {
                if numbers.iter().zip(0..).all(|(&number, at)| number == at) {
                    return Ok(positions);
                }
                let table = Constant::new("", vec![numbers.len() as u32], Data::I64(numbers.clone()))?;
                let dims = m.dims(&positions);
                let op = Operator::Lookup { axis: 0 };
                m.emit(op, vec![Arg::Constant(table), positions], &dims, Element::Int)
            }
            Self::Texts(_) => {
                note(m, &positions, self.names());
                Ok(positions)
            }
        }
    }

    /// Results of a classifier: the class of each row, and its scores.
    fn results(&self, m: &mut Maker<'_>, positions: Arg, scores: Arg) -> Result<Vec<Option<Arg>>, Problem> {
        let label = self.name(m, positions)?;
        note(m, &scores, self.names());
        Ok(vec![Some(label), Some(scores)])
    }
}

/// Remembers what a value's numbers or columns are called.
fn note(m: &mut Maker<'_>, value: &Arg, names: Rc<[String]>) {
    if let Arg::Value(id) = *value {
        m.b.typed.labels.insert(id, names);
    }
}

/// The position of the greatest score in each row of `[rows, outputs]`.
fn greatest(m: &mut Maker<'_>, scores: Arg) -> Result<Arg, Problem> {
    let rows = m.dims(&scores).first().copied().unwrap_or(1);
    m.emit(Operator::ArgMax { axis: 1 }, vec![scores], &[rows], Element::Int)
}

/// 1 in each row whose last score is over a number, else 0: of two classes the second.
fn second(m: &mut Maker<'_>, scores: Arg, than: f32) -> Result<Arg, Problem> {
    let dims = m.dims(&scores);
    let (rows, columns) = (dims[0], dims[1]);
    let op = Operator::Select {
        axis: 1,
        indices: Rc::new([columns - 1]),
    };
    let last = m.emit(op, vec![scores], &[rows, 1], Element::Real)?;
    let over = m.function(last, Function::Greater { than })?;
    m.reshape(over, &[rows])
}

#[cfg(test)]
mod tests {
    use crate::float::cases::check;

    /// Models of scikit-learn and LightGBM, and operators one by one, against what onnxruntime makes of them; in floats,
    /// and as integers.
    #[test]
    fn models_give_what_onnxruntime_gives() {
        check("ml");
    }
}
