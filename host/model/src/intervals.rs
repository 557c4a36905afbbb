//! What the overflow proof knows of a graph: an interval for every value, and for what is computed on the
//! way to it. A prover range-checks by them; the proof itself is docs/inference.md, "Overflow is impossible
//! by proof".

use crate::graph::Value;
use crate::range::Interval;
use alloc::vec::Vec;

/// The intervals of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeIntervals {
    /// Every element of the result.
    pub result: Interval,
    /// The widest number that the operator computes with: of products, Add, Sub and ReduceSum the sum and,
    /// as magnitudes are summed, each of its partial sums in any order; of Requantise
    /// `acc · multiplier + 2^(shift−1)` and of Mul `a·b + 2^(shift−1)`, before the shift; of Interpolate
    /// the step times the low byte, and 128; of InvNorm `epsilon + Σ x²`. `None` where nothing is summed.
    pub accumulator: Option<Interval>,
    /// What is then limited to the result's type: of Requantise the sum of zero point and shifted number, of
    /// Mul the shifted number, of Reciprocal the quotient, of InvNorm the root.
    pub unclamped: Option<Interval>,
}

impl NodeIntervals {
    /// Of an operator that moves or selects elements and computes nothing.
    pub(crate) const fn selected(result: Interval) -> Self {
        Self {
            result,
            accumulator: None,
            unclamped: None,
        }
    }

    /// Of an operator whose result is a number that is not negative, limited to what an i32 holds.
    pub(crate) fn limited(unclamped: Interval) -> Self {
        let most = i64::from(i32::MAX);
        Self {
            result: Interval {
                low: unclamped.low.min(most),
                high: unclamped.high.min(most),
            },
            accumulator: None,
            unclamped: Some(unclamped),
        }
    }

    /// Of an operator whose result is its accumulator.
    pub(crate) const fn summed(accumulator: Interval) -> Self {
        Self {
            result: accumulator,
            accumulator: Some(accumulator),
            unclamped: None,
        }
    }
}

/// Intervals of a result channel by channel; each lies in the one of the whole result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelIntervals {
    /// The dimension of the result that the channels run along.
    pub axis: usize,
    /// One interval for each index of that dimension.
    pub intervals: Vec<Interval>,
}

/// The intervals of a graph: of every input, constant and node, by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    pub(crate) inputs: Vec<Interval>,
    pub(crate) constants: Vec<Interval>,
    pub(crate) nodes: Vec<NodeIntervals>,
}

impl Intervals {
    /// What every element of a value lies in: of an input its type, of a constant its own elements, of a
    /// node what the proof shows.
    ///
    /// # Panics
    /// If the value is not of the graph.
    pub fn of(&self, value: Value) -> Interval {
        match value {
            Value::Input(i) => self.inputs[i as usize],
            Value::Constant(i) => self.constants[i as usize],
            Value::Node(i) => self.nodes[i as usize].result,
        }
    }

    /// All intervals of node `index`.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn node(&self, index: usize) -> &NodeIntervals {
        &self.nodes[index]
    }
}
