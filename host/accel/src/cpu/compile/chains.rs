//! Chains: which nodes run over the same rows, and where what lies between them goes.

use super::Compiler;
use crate::cpu::chain::{Action, At, Chain, Link, Out, Parameter, Parameters, Place};
use crate::cpu::program::{Product, Step};
use crate::cpu::space::{Rows, Space, walk};
use metisvm_model::{DType, Op, Shape, Value};
use metisvm_simd::elements::{Interpolation, RequantiseColumns, Slice, Table256};
use std::collections::{BTreeMap, BTreeSet};

/// The most operators of a chain.
const MOST_LINKS: usize = 48;
/// How far back nodes are taken that a node of the chain needs besides.
const MOST_BACK: usize = 4;
/// A line of fewer elements is not worth a call of its own for each operator.
const SHORTEST_LINE: usize = 16;

mod draft;
mod places;

pub(super) use draft::Open;
use draft::{Draft, Operand};
use places::{Places, copied};

impl Compiler<'_> {
    /// Begins a chain with a node, if it is one of a chain.
    pub(super) fn begin_chain(&mut self, index: usize) -> Option<Open> {
        self.spaces(index).into_iter().find_map(|space| {
            let mut open = Open {
                space,
                product: None,
                inside: BTreeMap::new(),
                refused: BTreeSet::new(),
                waits: BTreeMap::new(),
                path: Vec::new(),
                drafts: Vec::new(),
            };
            self.take(&mut open, index, 0).then_some(open)
        })
    }

    /// Spaces that a node may run over, the best first.
    fn spaces(&self, index: usize) -> Vec<Space> {
        let node = &self.graph.nodes()[index];
        let space = |dims: &[u32], cut: usize| {
            let product = |dims: &[u32]| dims.iter().map(|&d| d as usize).product();
            Space {
                rows: product(&dims[..cut]),
                columns: product(&dims[cut..]),
            }
        };
        match node.op {
            Op::ReduceSum { axis } | Op::ReduceMax { axis } => {
                let dims = self.ty(node.operands[0]).shape.dims();
                vec![space(dims, usize::from(axis))]
            }
            Op::InvNorm { .. } => {
                let dims = self.ty(node.operands[0]).shape.dims();
                vec![space(dims, dims.len() - 1)]
            }
            _ => {
                let dims = self.ty(Value::Node(index as u32)).shape.dims();
                let last = dims.len().saturating_sub(1);
                let long = dims.last().is_some_and(|&d| d as usize >= SHORTEST_LINE);
                // Rows of three dimensions or fewer are mostly what comes to be reduced; images are planes.
                let rows_first = long && dims.len() <= 3;
                let first = rows_first.then_some(last);
                first
                    .into_iter()
                    .chain(0..=last)
                    .map(|cut| space(dims, cut))
                    .collect()
            }
        }
    }

    /// Takes one more node; says whether there was one.
    pub(super) fn grow(&mut self, open: &mut Open) -> bool {
        let roots: Vec<Value> = open.inside.keys().copied().collect();
        for root in roots {
            let readers = self.readers.of(root).to_vec();
            for reader in readers {
                if self.is_done(reader) || self.still_waits(open, reader) {
                    continue;
                }
                open.path.clear();
                if self.take(open, reader, 0) {
                    return true;
                }
                let path = std::mem::take(&mut open.path);
                open.waits.insert(reader, path);
            }
        }
        false
    }

    /// Whether a node that needed too much has been asked already, and nothing of that has joined since.
    fn still_waits(&self, open: &Open, reader: usize) -> bool {
        let path = open.waits.get(&reader);
        path.is_some_and(|path| !path.iter().any(|&node| self.is_done(node)))
    }

    /// Takes a node into a chain, with what it needs besides, if it runs over the same rows.
    fn take(&mut self, open: &mut Open, index: usize, back: usize) -> bool {
        if open.drafts.len() >= MOST_LINKS || back > MOST_BACK || open.refused.contains(&index) {
            return false;
        }
        let Some((action, operands, wide)) = self.draft(open.space, index) else {
            open.refused.insert(index);
            return false;
        };
        // The blocks of a convolution are cut across its rows.
        let cuts_rows = matches!(open.product, Some(Product::Convolution { .. }));
        if cuts_rows && (action.reduces() || !wide) {
            open.refused.insert(index);
            return false;
        }
        for operand in &operands {
            if open.inside.contains_key(&operand.root) || self.is_placed(operand.root) {
                continue;
            }
            match operand.root {
                Value::Node(needed) if self.take(open, needed as usize, back + 1) => {}
                Value::Node(needed) => {
                    open.path.push(needed as usize);
                    if open.refused.contains(&(needed as usize)) {
                        open.refused.insert(index);
                    }
                    return false;
                }
                _ => return false,
            }
        }
        let mut placed = Vec::new();
        for mut operand in operands {
            if let Some(&inside) = open.inside.get(&operand.root) {
                // What the chain computes lies in blocks: row by row, or one element a row.
                let unit = if operand.wide { open.space.columns } else { 1 };
                let fits = operand.map.rows == Rows::Dense(unit);
                if !fits || (inside != operand.wide && open.space.columns != 1) {
                    open.refused.insert(index);
                    return false;
                }
            } else {
                operand.outside = Some(self.spot(operand.root).home);
            }
            placed.push(operand);
        }
        let y = Value::Node(index as u32);
        let mut placed = placed.into_iter();
        let Some(a) = placed.next() else { return false };
        open.drafts.push(Draft {
            action,
            a,
            b: placed.next(),
            y,
            wide,
        });
        open.inside.insert(y, wide);
        self.set_done(index);
        true
    }

    /// A node as a link of a chain over a space: what it does, to which operands, and whether a row has a line
    /// of the result.
    fn draft(&self, space: Space, index: usize) -> Option<(Action, Vec<Operand>, bool)> {
        let node = &self.graph.nodes()[index];
        let action = self.action(space, index)?;
        let x = self.ty(node.operands[0]);
        let result = self.ty(Value::Node(index as u32));
        let (dims, cut, wide) = if action.reduces() {
            let axis = match node.op {
                Op::ReduceSum { axis } | Op::ReduceMax { axis } => usize::from(axis),
                _ => x.shape.rank() - 1,
            };
            let cut = space.cut(x.shape.dims())?;
            (axis >= cut && x.shape.dim(axis) == space.columns).then_some(())?;
            (x.shape.dims(), cut, false)
        } else if result.elements() == space.elements() {
            (result.shape.dims(), space.cut(result.shape.dims())?, true)
        } else {
            (result.elements() == space.rows).then_some(())?;
            (result.shape.dims(), result.shape.rank(), false)
        };
        let read = match action {
            Action::Add | Action::Sub | Action::Mul { .. } => 2,
            _ => 1,
        };
        let mut operands = Vec::with_capacity(read);
        for &value in &node.operands[..read] {
            let ty = self.ty(value);
            let root = self.root(value);
            let per_item = !matches!(root, Value::Constant(_));
            let (map, mut is_wide) = walk(&ty.shape, dims, cut, per_item)?;
            if !wide && !action.reduces() {
                // One element a row: they are the line.
                let line = matches!(map.rows, Rows::Dense(1)) || map.is_constant();
                line.then_some(())?;
                is_wide = false;
            }
            if read == 1 && wide && !is_wide {
                return None;
            }
            operands.push(Operand {
                root,
                dtype: ty.dtype,
                outside: None,
                map,
                wide: is_wide,
            });
        }
        let per_row = matches!(
            action,
            Action::Requantise(Parameters::Rows(..) | Parameters::Columns { .. })
        );
        let constant = |operand: &Operand| operand.map.is_constant();
        if !wide && (per_row || (read == 1 && operands.iter().any(constant) && !action.reduces())) {
            return None;
        }
        // All of one element each: left to the reference kernels.
        if read == 2 && operands.iter().all(constant) {
            return None;
        }
        Some((action, operands, wide))
    }

    fn action(&self, space: Space, index: usize) -> Option<Action> {
        let node = &self.graph.nodes()[index];
        let scalar = |at: usize| self.scalar(node.operands[at]);
        let slice = |at: usize| -> Option<Vec<i32>> { self.elements(node.operands[at]) };
        let result = self.ty(Value::Node(index as u32));
        Some(match &node.op {
            Op::Requantise { axis, .. } => {
                Action::Requantise(self.parameters(space, index, usize::from(*axis))?)
            }
            Op::Clamp => Action::Clamp {
                low: scalar(1)?,
                high: scalar(2)?,
            },
            Op::Table => Action::Table(Box::new(table(&slice(1)?, result.dtype))),
            Op::Interpolate => Action::Interpolate(Box::new(interpolation(&slice(1)?, result.dtype))),
            Op::Add => Action::Add,
            Op::Sub => Action::Sub,
            Op::Mul { shift, .. } => Action::Mul {
                shift: u32::from(*shift),
            },
            Op::Reciprocal { numerator } => Action::Reciprocal {
                numerator: *numerator,
            },
            Op::ReduceSum { .. } => Action::Sum,
            Op::ReduceMax { .. } => Action::Max,
            Op::InvNorm { shift, epsilon } => Action::InvNorm {
                shift: *shift,
                epsilon: *epsilon,
            },
            _ => return None,
        })
    }

    fn parameters(&self, space: Space, index: usize, axis: usize) -> Option<Parameters> {
        let node = &self.graph.nodes()[index];
        let all: Vec<Vec<i32>> = node.operands[1..4]
            .iter()
            .map(|&value| self.elements(value))
            .collect::<Option<_>>()?;
        let count = all.iter().map(Vec::len).max()?;
        let of = |set: usize, channel: usize| all[set][channel.min(all[set].len() - 1)];
        let parameter = |channel: usize| Parameter {
            multiplier: of(0, channel),
            shift: of(1, channel) as u32,
            zero: of(2, channel),
        };
        let first = parameter(0);
        if (1..count).all(|channel| parameter(channel) == first) {
            return Some(Parameters::One(first));
        }
        let shape = &self.ty(Value::Node(index as u32)).shape;
        let cut = space.cut(shape.dims())?;
        let mut dims = vec![1; shape.rank()];
        dims[axis] = count as u32;
        let (map, wide) = walk(&Shape::new(&dims)?, shape.dims(), cut, false)?;
        if !wide || space.columns == 1 {
            return Some(Parameters::Rows(map, (0..count).map(parameter).collect()));
        }
        let set = |number: usize| {
            (0..count)
                .map(|channel| of(number, channel))
                .collect::<Vec<i32>>()
        };
        let shifts: Vec<u32> = set(1).into_iter().map(|shift| shift as u32).collect();
        map.is_constant()
            .then(|| Parameters::Columns(Box::new(RequantiseColumns::new(&set(0), &shifts, &set(2)))))
    }

    /// Gives what a chain computes its places, and makes it a step.
    pub(super) fn close(&mut self, open: Open) {
        let Open {
            space,
            product,
            inside,
            drafts,
            ..
        } = open;
        // The last link that reads each value of the chain.
        let mut last: BTreeMap<Value, usize> = BTreeMap::new();
        for (at, draft) in drafts.iter().enumerate() {
            for operand in std::iter::once(&draft.a).chain(&draft.b) {
                if operand.outside.is_none() {
                    last.insert(operand.root, at);
                }
            }
        }
        let mut places = Places {
            product: None,
            homes: BTreeMap::new(),
            locals: Vec::new(),
            free: Vec::new(),
        };
        let mut links = Vec::with_capacity(drafts.len());
        let mut results = Vec::new();
        if product.is_some() {
            let value = inside
                .iter()
                .find(|(value, _)| !drafts.iter().any(|draft| draft.y == **value));
            places.product = value.map(|(&value, _)| value);
        }
        if let Some(value) = places.product
            && self.is_read_later(value)
        {
            let slot = self.place(value);
            links.push(copied(At::Product, DType::I32, true, space, &mut results, slot));
        }
        for (at, draft) in drafts.into_iter().enumerate() {
            let value = draft.y;
            let dtype = self.ty(value).dtype;
            let is_read_later = self.is_read_later(value);
            let is_read_inside = last.contains_key(&value);
            let slot = is_read_later.then(|| self.place(value));
            let out = |at| Out {
                at,
                dtype,
                wide: draft.wide,
            };
            let y = match slot {
                Some(slot) if !is_read_inside => {
                    results.push((slot, out(Place::Result(results.len()))));
                    Place::Result(results.len() - 1)
                }
                _ => Place::Local(places.take(value, dtype.size())),
            };
            links.push(Link {
                action: draft.action,
                a: places.find(draft.a),
                b: draft.b.map(|b| places.find(b)),
                y: out(y),
            });
            if let (Some(slot), Place::Local(local)) = (slot, y) {
                links.push(copied(
                    At::Local(local),
                    dtype,
                    draft.wide,
                    space,
                    &mut results,
                    slot,
                ));
            }
            places.release(&last, at);
        }
        let whole_rows = links.iter().any(|link| link.action.reduces() || !link.y.wide);
        let chain = Chain {
            space,
            links,
            locals: places.locals,
            results,
            whole_rows,
        };
        self.steps.push(match product {
            Some(product) => Step::Product {
                product: Box::new(product),
                chain,
            },
            None => Step::Chain(chain),
        });
        self.release();
    }
}

/// A table with the element type of its result.
fn table(entries: &[i32], dtype: DType) -> Table256 {
    with_type(entries, dtype, Table256::new)
}

fn interpolation(nodes: &[i32], dtype: DType) -> Interpolation {
    with_type(nodes, dtype, Interpolation::new)
}

fn with_type<T>(entries: &[i32], dtype: DType, make: impl FnOnce(Slice<'_>) -> T) -> T {
    match dtype {
        DType::U8 => make(Slice::U8(&entries.iter().map(|&e| e as u8).collect::<Vec<_>>())),
        DType::I8 => make(Slice::I8(&entries.iter().map(|&e| e as i8).collect::<Vec<_>>())),
        DType::I16 => make(Slice::I16(&entries.iter().map(|&e| e as i16).collect::<Vec<_>>())),
        DType::I32 => make(Slice::I32(entries)),
    }
}
