//! One node of a file as an operator sees it: its operands and attributes, asked for by what they must be.

use crate::attributes::Attributes;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::error::{NodeName, Problem};
use crate::typed::{Arg, Element};

/// One ONNX node with its operands found.
pub(crate) struct Call<'m> {
    pub(crate) node: NodeName,
    /// `None` where an optional operand is left out; the last is there.
    pub(crate) inputs: Vec<Option<Arg>>,
    pub(crate) attributes: Attributes<'m>,
    /// For each result whether the node names it; the last is named.
    pub(crate) wanted: Vec<bool>,
    pub(crate) opset: i64,
}

impl Call<'_> {
    /// The same node with other operands: an operator that is another one of them.
    pub(crate) fn with(&self, inputs: Vec<Option<Arg>>) -> Self {
        Self {
            node: self.node.clone(),
            inputs,
            attributes: self.attributes.clone(),
            wanted: self.wanted.clone(),
            opset: self.opset,
        }
    }

    /// Checks the number of operands.
    pub(crate) fn arity(&self, least: usize, most: usize, expected: &'static str) -> Result<(), Problem> {
        let actual = self.inputs.len();
        if (least..=most).contains(&actual) && self.inputs[..least].iter().all(Option::is_some) {
            return Ok(());
        }
        Err(Problem::Count {
            what: "operands",
            actual: self.inputs.iter().flatten().count(),
            expected,
        })
    }

    /// Operand `index`, which [`Self::arity`] found to be there.
    pub(crate) fn arg(&self, index: usize) -> Result<&Arg, Problem> {
        self.inputs
            .get(index)
            .and_then(Option::as_ref)
            .ok_or(Problem::Count {
                what: "operands",
                actual: self.inputs.len(),
                expected: "more",
            })
    }

    /// Operand `index`, if it is given.
    pub(crate) fn optional(&self, index: usize) -> Option<&Arg> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    /// Operand `index`, of real numbers.
    pub(crate) fn real(&self, b: &Builder, index: usize) -> Result<&Arg, Problem> {
        let arg = self.arg(index)?;
        let actual = match arg {
            Arg::Constant(c) if c.is_float() => return Ok(arg),
            Arg::Constant(c) => c.type_name().to_string(),
            Arg::Value(id) => match b.typed_value(*id).element {
                Element::Real => return Ok(arg),
                Element::Quantised(dtype) => dtype.to_string(),
                Element::Int => "INT64".to_string(),
            },
        };
        Err(Problem::UnsupportedType {
            actual: format!("{actual} of operand {index}"),
            expected: "it must be FLOAT",
        })
    }

    /// Operand `index`, if given, which must be a constant.
    pub(crate) fn constant(&self, index: usize, what: &'static str) -> Result<Option<&Constant>, Problem> {
        match self.optional(index) {
            Some(Arg::Constant(c)) => Ok(Some(c)),
            Some(Arg::Value(_)) => Err(Problem::NotConstant(what)),
            None => Ok(None),
        }
    }

    /// Operand `index`, which must be a constant and there.
    pub(crate) fn needed(&self, index: usize, what: &'static str) -> Result<&Constant, Problem> {
        self.constant(index, what)?.ok_or(Problem::Count {
            what: "operands",
            actual: self.inputs.len(),
            expected: "more",
        })
    }
}
