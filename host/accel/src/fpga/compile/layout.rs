//! Where every value lies, and which nodes run in another's epilogue.

use super::{Mode, root};
use metisvm_firmware::Space;
use metisvm_model::{DType, Op, Segment, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Alignment of everything in resident memory and workspace, bytes: a burst of a wide memory bus.
pub(super) const ALIGNMENT: u64 = 64;

/// A tensor in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) space: Space,
    pub(super) offset: u64,
}

/// Places of values and results.
pub(super) struct Layout {
    /// Of every root that something in the segment reads.
    places: BTreeMap<Value, Place>,
    /// Where the result of a node goes: workspace, outputs, or both.
    stores: BTreeMap<usize, Vec<Place>>,
    /// A product and the pointwise nodes that run on its accumulators, in order.
    epilogues: BTreeMap<usize, Vec<usize>>,
    fused: BTreeSet<usize>,
    /// Outputs that no node of the segment computes: the value and its offset.
    copies: Vec<(Value, u64)>,
    pub(super) workspace_bytes: u64,
    pub(super) output_bytes: u64,
    /// Product nodes and the output offsets of their accumulators.
    pub(super) products: Vec<(usize, usize)>,
}

impl Layout {
    pub(super) fn new(segment: &Segment, mode: Mode) -> Self {
        let graph = segment.graph();
        let mut readers: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
        for index in segment.nodes() {
            for &value in &graph.nodes()[index].operands {
                // A reshape reads nothing: its own readers read its root.
                if !matches!(graph.nodes()[index].op, Op::Reshape { .. }) {
                    readers.entry(root(segment, value)).or_default().push(index);
                }
            }
        }
        let outputs: Vec<Value> = segment.outputs().iter().map(|&v| root(segment, v)).collect();
        let mut layout = Self {
            places: BTreeMap::new(),
            stores: BTreeMap::new(),
            epilogues: BTreeMap::new(),
            fused: BTreeSet::new(),
            copies: Vec::new(),
            workspace_bytes: 0,
            output_bytes: 0,
            products: Vec::new(),
        };
        layout.fuse(segment, &readers, &outputs.iter().copied().collect());

        let mut offset = 0;
        for &value in segment.inputs() {
            layout.places.insert(
                value,
                Place {
                    space: Space::Input,
                    offset,
                },
            );
            offset += graph.ty(value).bytes() as u64;
        }
        for (&value, &given) in outputs.iter().zip(segment.outputs()) {
            let at = layout.output_bytes;
            layout.output_bytes += graph.ty(given).bytes() as u64;
            match value {
                Value::Node(index) if segment.nodes().contains(&(index as usize)) => {
                    let place = Place {
                        space: Space::Output,
                        offset: at,
                    };
                    layout.stores.entry(index as usize).or_default().push(place);
                }
                other => layout.copies.push((other, at)),
            }
        }
        for index in segment.nodes() {
            let value = Value::Node(index as u32);
            let inside = |at: &usize| layout.fused.contains(at);
            let read = readers.get(&value).is_some_and(|r| !r.iter().all(inside));
            if read && !matches!(graph.nodes()[index].op, Op::Reshape { .. }) {
                let place = Place {
                    space: Space::Workspace,
                    offset: layout.workspace_bytes,
                };
                layout.workspace_bytes += (graph.ty(value).bytes() as u64).next_multiple_of(ALIGNMENT);
                layout.places.insert(value, place);
                layout.stores.entry(index).or_default().push(place);
            }
            if mode == Mode::Checked && matches!(graph.nodes()[index].op, Op::MatMul | Op::Conv2d { .. }) {
                layout.products.push((index, layout.output_bytes as usize));
                layout.output_bytes += (graph.ty(value).elements() * DType::I32.size()) as u64;
            }
        }
        layout
    }

    /// Finds the epilogue of every product: requantisation, clamps and tables, each the only reader
    /// of what comes before it.
    fn fuse(&mut self, segment: &Segment, readers: &BTreeMap<Value, Vec<usize>>, outputs: &BTreeSet<Value>) {
        let graph = segment.graph();
        for product in segment.nodes() {
            let channel_axis = match graph.nodes()[product].op {
                Op::MatMul => graph.ty(Value::Node(product as u32)).shape.rank() - 1,
                Op::Conv2d { .. } => 1,
                _ => continue,
            };
            let mut epilogue = Vec::new();
            let mut last = product;
            // A reshape in between would move the channels to another axis.
            while let Some(&[next]) = readers.get(&Value::Node(last as u32)).map(Vec::as_slice)
                && graph.nodes()[next].operands[0] == Value::Node(last as u32)
                && !outputs.contains(&Value::Node(last as u32))
            {
                let node = &graph.nodes()[next];
                let fits = match node.op {
                    Op::Requantise { axis, .. } => {
                        let scalar = node.operands[1..].iter().all(|&v| graph.ty(v).shape.rank() == 0);
                        scalar || usize::from(axis) == channel_axis
                    }
                    // A computed table could be one that depends on this product.
                    Op::Table => graph.constant(node.operands[1]).is_some(),
                    Op::Clamp => true,
                    _ => false,
                };
                if !fits {
                    break;
                }
                epilogue.push(next);
                self.fused.insert(next);
                last = next;
            }
            self.epilogues.insert(product, epilogue);
        }
    }

    pub(super) fn is_fused(&self, node: usize) -> bool {
        self.fused.contains(&node)
    }

    /// The nodes that run on the accumulators of a product.
    pub(super) fn epilogue(&self, product: usize) -> Vec<usize> {
        self.epilogues.get(&product).cloned().unwrap_or_default()
    }

    /// Where the result of a node goes.
    pub(super) fn stores(&self, node: usize) -> Vec<Place> {
        self.stores.get(&node).cloned().unwrap_or_default()
    }

    /// Where the accumulators of a product go, in checked mode.
    pub(super) fn audit(&self, product: usize) -> Option<Place> {
        // They were found in the order of the nodes.
        let found = self
            .products
            .binary_search_by_key(&product, |&(node, _)| node)
            .ok()?;
        Some(Place {
            space: Space::Output,
            offset: self.products[found].1 as u64,
        })
    }

    pub(super) fn copies(&self) -> Vec<(Value, u64)> {
        self.copies.clone()
    }

    /// The place of a root that is not a constant.
    pub(super) fn place(&self, root: Value) -> Option<Place> {
        self.places.get(&root).copied()
    }
}
