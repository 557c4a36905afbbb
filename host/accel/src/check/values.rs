//! Where the values of a check are found: in what an item was given, in what a device claims, in what was computed.

use super::Item;
use metisvm_model::{DType, Graph, Op, Segment, TensorType, Value};
use metisvm_simd::elements::modular::Raw;
use std::ops::Range;

/// The place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the model, as it lies there.
    Constant(u32),
    /// In the item's input.
    Input(Range<usize>),
    /// In the device's answer: accumulators of a product.
    Claimed(Range<usize>),
    /// Among what is computed, by its number.
    Computed(usize),
}

/// A value with its type.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) place: Place,
    pub(super) raw: Raw,
    pub(super) elements: usize,
}

/// Finds places, and notes what has to be computed for them.
pub(super) struct Finder<'a> {
    segment: &'a Segment,
    products: &'a [(usize, usize)],
    /// What is computed.
    pub(super) kept: Vec<Value>,
}

impl<'a> Finder<'a> {
    pub(super) const fn new(segment: &'a Segment, products: &'a [(usize, usize)]) -> Self {
        Self {
            segment,
            products,
            kept: Vec::new(),
        }
    }

    pub(super) fn operand(&mut self, value: Value) -> Operand {
        let ty = self.segment.graph().ty(value);
        Operand {
            raw: raw(ty.dtype),
            elements: ty.elements(),
            place: self.place(value),
        }
    }

    pub(super) fn place(&mut self, value: Value) -> Place {
        let graph = self.segment.graph();
        let value = root(graph, self.segment, value);
        match value {
            Value::Constant(index) => Place::Constant(index),
            Value::Node(index) if self.segment.nodes().contains(&(index as usize)) => {
                let claimed = self.products.iter().find(|(node, _)| *node == index as usize);
                if let Some(&(_, offset)) = claimed {
                    return Place::Claimed(offset..offset + graph.ty(value).bytes());
                }
                let known = self.kept.iter().position(|kept| *kept == value);
                Place::Computed(known.unwrap_or_else(|| {
                    self.kept.push(value);
                    self.kept.len() - 1
                }))
            }
            outside => {
                let mut end = 0;
                let own = self.segment.inputs().iter().find_map(|&input| {
                    let start = end;
                    end += graph.ty(input).bytes();
                    (input == outside).then_some(start..end)
                });
                Place::Input(own.unwrap_or_default())
            }
        }
    }
}

/// What a value is before it was reshaped within the segment.
fn root(graph: &Graph, segment: &Segment, mut value: Value) -> Value {
    while let Value::Node(index) = value
        && segment.nodes().contains(&(index as usize))
        && let Op::Reshape { .. } = graph.nodes()[index as usize].op
    {
        value = graph.nodes()[index as usize].operands[0];
    }
    value
}

fn raw(dtype: DType) -> Raw {
    match dtype {
        DType::U8 => Raw::U8,
        DType::I8 => Raw::I8,
        DType::I16 => Raw::I16,
        DType::I32 => Raw::I32,
    }
}

/// The values of a group of items.
pub(super) struct Values<'a> {
    pub(super) graph: &'a Graph,
    pub(super) items: &'a [Item<'a>],
    /// Each value that was computed, for each item.
    pub(super) computed: &'a [Vec<Vec<u8>>],
}

impl<'a> Values<'a> {
    /// The raw tensor of a value. Lengths of inputs and answers were looked at before.
    pub(super) fn of(&self, place: &Place, item: usize) -> &'a [u8] {
        let (input, answer) = self.items[item];
        match place {
            Place::Constant(index) => &self.graph.constants()[*index as usize].bytes,
            Place::Input(range) => &input[range.clone()],
            Place::Claimed(range) => &answer[range.clone()],
            Place::Computed(number) => &self.computed[*number][item],
        }
    }
}

/// Elements of a raw tensor, widened.
pub(super) fn elements(ty: &TensorType, bytes: &[u8]) -> Vec<i64> {
    let element = |bytes: &[u8]| match *bytes {
        [byte] if ty.dtype == DType::U8 => byte.into(),
        [byte] => i64::from(byte as i8),
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        _ => 0,
    };
    bytes.chunks_exact(ty.dtype.size()).map(element).collect()
}
