//! Where every value lies, and which nodes run in another's epilogue.

use super::tiled::{TiledInput, TiledOutput, tiled_values};
use super::{CompileError, Mode};
use metisvm_firmware::{Geometry, Space};
use metisvm_model::{DType, Graph, Op, Schedule, ScheduleOptions, Segment, Value};
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
    schedule: Schedule,
    /// Of every value that enters the segment.
    inputs: BTreeMap<Value, Place>,
    /// Where the result of a node goes: workspace, outputs, or both.
    stores: BTreeMap<usize, Vec<Place>>,
    /// A product and the pointwise nodes that run on its accumulators, in order.
    epilogues: BTreeMap<usize, Vec<usize>>,
    fused: BTreeSet<usize>,
    /// Values that lie as tiles: results in the workspace, and inputs.
    tiled: BTreeSet<Value>,
    /// Results of products that leave as tiles.
    pub(super) tiled_outputs: Vec<TiledOutput>,
    /// Outputs that no node of the segment computes: the value and its offset.
    copies: Vec<(Value, u64)>,
    pub(super) workspace_bytes: u64,
    pub(super) output_bytes: u64,
    /// Product nodes and the output offsets of their accumulators.
    pub(super) products: Vec<(usize, usize)>,
}

impl Layout {
    pub(super) fn new(segment: &Segment, geometry: &Geometry, mode: Mode) -> Result<Self, CompileError> {
        let graph = segment.graph();
        let epilogues = epilogues(segment);
        let fused: BTreeSet<usize> = epilogues.values().flatten().copied().collect();
        let is_step = |&index: &usize| {
            let reshapes = matches!(graph.nodes()[index].op, Op::Reshape { .. });
            !reshapes && !fused.contains(&index)
        };
        let step = |index| std::iter::once(index).chain(epilogues.get(&index).into_iter().flatten().copied());
        let steps = segment.nodes().filter(is_step).map(|index| step(index).collect());
        // Outputs are stored where the host reads them.
        let options = ScheduleOptions {
            alignment: ALIGNMENT as usize,
            outputs_in_arena: false,
        };
        let schedule = Schedule::with_steps(segment, steps.collect(), &options)
            .map_err(|error| CompileError::Schedule(error.to_string()))?;

        let mut layout = Self {
            inputs: BTreeMap::new(),
            stores: BTreeMap::new(),
            tiled: tiled_values(segment, &epilogues, geometry),
            epilogues,
            fused,
            tiled_outputs: Vec::new(),
            copies: Vec::new(),
            workspace_bytes: schedule.arena_bytes() as u64,
            output_bytes: 0,
            products: Vec::new(),
            schedule,
        };
        let mut offset = 0;
        for &value in segment.inputs() {
            let place = Place {
                space: Space::Input,
                offset,
            };
            layout.inputs.insert(value, place);
            // Bursts begin at whole words.
            if offset % 8 != 0 {
                layout.tiled.remove(&value);
            }
            offset += graph.ty(value).bytes() as u64;
        }
        for &given in segment.outputs() {
            let at = layout.output_bytes;
            layout.output_bytes += graph.ty(given).bytes() as u64;
            match layout.schedule.storage(given) {
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
            if layout.schedule.storage(value) == value
                && let Some(place) = layout.workspace(value)
            {
                layout.stores.entry(index).or_default().push(place);
            }
            if mode == Mode::Checked && matches!(graph.nodes()[index].op, Op::MatMul | Op::Conv2d { .. }) {
                layout.products.push((index, layout.output_bytes as usize));
                layout.output_bytes += (graph.ty(value).elements() * DType::I32.size()) as u64;
            }
        }
        layout.tiled_outputs = layout.outputs_as_tiles(graph, geometry);
        Ok(layout)
    }

    /// What products give that can leave as tiles: their results, and what is to be checked.
    fn outputs_as_tiles(&self, graph: &Graph, geometry: &Geometry) -> Vec<TiledOutput> {
        let mut found = Vec::new();
        for (&product, epilogue) in &self.epilogues {
            let node = &graph.nodes()[product];
            // One B for all rows: then the product's rows are those of the value.
            if !matches!(node.op, Op::MatMul) || graph.ty(node.operands[1]).shape.rank() != 2 {
                continue;
            }
            let ty = graph.ty(Value::Node(product as u32));
            let cols = ty.shape.dim(ty.shape.rank() - 1);
            let extent = (ty.elements() / cols, cols);
            let last = epilogue.last().copied().unwrap_or(product);
            let size = graph.ty(Value::Node(last as u32)).dtype.size();
            let results = self.stores(last).into_iter().map(|place| (place, size));
            let audit = self.audit(product).map(|place| (place, DType::I32.size()));
            let outputs = results
                .chain(audit)
                .filter(|(place, _)| place.space == Space::Output);
            found.extend(
                outputs.filter_map(|(place, size)| TiledOutput::new(geometry, place.offset, extent, size)),
            );
        }
        found
    }

    /// How an output leaves, if it leaves as tiles.
    pub(super) fn given_as_tiles(&self, place: Place) -> Option<TiledOutput> {
        let is_there = |output: &&TiledOutput| output.offset as u64 == place.offset;
        let mut outputs = self.tiled_outputs.iter();
        outputs
            .find(is_there)
            .copied()
            .filter(|_| place.space == Space::Output)
    }

    /// Where a result lies between two steps, if another step reads it.
    fn workspace(&self, value: Value) -> Option<Place> {
        let slot = self.schedule.slot(value)?;
        Some(Place {
            space: Space::Workspace,
            offset: slot.start as u64,
        })
    }

    pub(super) fn is_fused(&self, node: usize) -> bool {
        self.fused.contains(&node)
    }

    /// Whether a value lies in the workspace, or in the input, as tiles of A.
    pub(super) fn is_tiled(&self, value: Value) -> bool {
        self.tiled.contains(&value)
    }

    /// The inputs that do.
    pub(super) fn tiled_inputs(&self, graph: &Graph, depth: usize) -> Vec<TiledInput> {
        let tiled = self.inputs.iter().filter(|(value, _)| self.is_tiled(**value));
        let input = |(&value, place): (&Value, &Place)| {
            let shape = &graph.ty(value).shape;
            let cols = shape.dim(shape.rank() - 1);
            TiledInput {
                offset: place.offset as usize,
                rows: graph.ty(value).elements() / cols,
                cols,
                depth,
            }
        };
        tiled.map(input).collect()
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

    /// The value whose bytes are those of this one: reshapes have none of their own.
    pub(super) fn root(&self, value: Value) -> Value {
        self.schedule.storage(value)
    }

    /// The place of a root that is not a constant.
    pub(super) fn place(&self, root: Value) -> Option<Place> {
        self.inputs.get(&root).copied().or_else(|| self.workspace(root))
    }
}

/// The epilogue of every product: requantisation, clamps and tables, each the only reader of what comes
/// before it.
fn epilogues(segment: &Segment) -> BTreeMap<usize, Vec<usize>> {
    let graph = segment.graph();
    let mut readers: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for index in segment.nodes() {
        for &value in &graph.nodes()[index].operands {
            readers.entry(value).or_default().push(index);
        }
    }
    let mut epilogues = BTreeMap::new();
    for product in segment.nodes() {
        let channel_axis = match graph.nodes()[product].op {
            Op::MatMul => graph.ty(Value::Node(product as u32)).shape.rank() - 1,
            Op::Conv2d { .. } => 1,
            _ => continue,
        };
        let mut epilogue = Vec::new();
        let mut last = Value::Node(product as u32);
        // A reshape in between would move the channels to another axis.
        while let Some(&[next]) = readers.get(&last).map(Vec::as_slice)
            && graph.nodes()[next].operands[0] == last
            && !segment.outputs().contains(&last)
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
            last = Value::Node(next as u32);
        }
        epilogues.insert(product, epilogue);
    }
    epilogues
}
