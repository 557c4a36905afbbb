//! One operator of a chain, compiled: what it does, and where its operands and its result lie.

use crate::cpu::space::RowMap;
use metisvm_model::DType;
use metisvm_simd::elements::{Interpolation, RequantiseColumns, Table256};

/// Where an operand lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cpu) enum At {
    /// The product that feeds the chain.
    Product,
    /// A value of the chain itself.
    Local(usize),
    Constant(usize),
    Slot(usize),
}

/// An operand of one operator of a chain.
#[derive(Clone, Debug)]
pub(in crate::cpu) struct In {
    pub(in crate::cpu) at: At,
    pub(in crate::cpu) dtype: DType,
    /// Where its rows lie; of what the chain computes itself they are one after the other.
    pub(in crate::cpu) map: RowMap,
    /// Whether a row has a line of it, or one element.
    pub(in crate::cpu) wide: bool,
}

/// Where a result goes.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Out {
    pub(in crate::cpu) at: Place,
    pub(in crate::cpu) dtype: DType,
    /// Whether a row has a line of it, or one element.
    pub(in crate::cpu) wide: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cpu) enum Place {
    Local(usize),
    /// One of the chain's results: a position in its list.
    Result(usize),
}

/// Requantisation's parameters.
#[derive(Debug)]
pub(in crate::cpu) enum Parameters {
    One(Parameter),
    /// One set a row.
    Rows(RowMap, Vec<Parameter>),
    /// One set a column.
    Columns(Box<RequantiseColumns>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cpu) struct Parameter {
    pub(in crate::cpu) multiplier: i32,
    pub(in crate::cpu) shift: u32,
    pub(in crate::cpu) zero: i32,
}

/// What a chain does to its operands.
#[derive(Debug)]
pub(in crate::cpu) enum Action {
    Requantise(Parameters),
    Clamp {
        low: i32,
        high: i32,
    },
    Table(Box<Table256>),
    Interpolate(Box<Interpolation>),
    Add,
    Sub,
    Mul {
        shift: u32,
    },
    Reciprocal {
        numerator: u64,
    },
    /// The same elements, to a slot.
    Copy,
    Sum,
    Max,
    InvNorm {
        shift: u8,
        epsilon: u64,
    },
}

impl Action {
    /// What it is called, with how its parameters run.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Requantise(Parameters::One(_)) => "Requantise",
            Self::Requantise(Parameters::Rows(..)) => "Requantise(rows)",
            Self::Requantise(Parameters::Columns(_)) => "Requantise(columns)",
            Self::Clamp { .. } => "Clamp",
            Self::Table(_) => "Table",
            Self::Interpolate(_) => "Interpolate",
            Self::Add => "Add",
            Self::Sub => "Sub",
            Self::Mul { .. } => "Mul",
            Self::Reciprocal { .. } => "Reciprocal",
            Self::Copy => "Copy",
            Self::Sum => "ReduceSum",
            Self::Max => "ReduceMax",
            Self::InvNorm { .. } => "InvNorm",
        }
    }

    /// Whether it makes one element of each row.
    pub(in crate::cpu) const fn reduces(&self) -> bool {
        matches!(self, Self::Sum | Self::Max | Self::InvNorm { .. })
    }
}

/// One operator of a chain.
#[derive(Debug)]
pub(in crate::cpu) struct Link {
    pub(in crate::cpu) action: Action,
    pub(in crate::cpu) a: In,
    pub(in crate::cpu) b: Option<In>,
    pub(in crate::cpu) y: Out,
}
