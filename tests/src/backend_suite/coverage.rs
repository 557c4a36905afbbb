//! What cases reach: operators, types, shapes, edges of tiles, extremes.

mod later;

use super::case::Case;
use super::edges::WIDER_SIDES;
use super::required::required;
use metisvm_model::{DType, Graph, Node, Op, Value};
use std::collections::BTreeMap;
use std::fmt;

/// One thing to reach: of which operator, what, and the number that tells it from its like.
pub(super) type Key = (&'static str, &'static str, u32);

/// How often each thing was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<Key, u64>);

impl Coverage {
    /// What the nodes of a case reach that `counts` names.
    pub(super) fn of(case: &Case, counts: impl Fn(usize) -> bool) -> Self {
        let mut coverage = Self::default();
        let graph = &case.graph;
        for (index, node) in graph
            .nodes()
            .iter()
            .enumerate()
            .filter(|(index, _)| counts(*index))
        {
            coverage.note_node(graph, index, node);
            // Results of whole runs are only looked at where cases are made to be extreme.
            if case.depth > super::case::Depth::Once {
                coverage.note_results(case, index, node.op.name());
            }
        }
        if graph.outputs().len() > 1 {
            coverage.note("graph", "of several outputs", 0);
        }
        coverage
    }

    /// How often something was reached; `operator` is "graph" for what is of a whole graph.
    pub fn count(&self, operator: &str, what: &str, number: u32) -> u64 {
        let same = |key: &Key| key.0 == operator && key.1 == what && key.2 == number;
        self.0.iter().filter(|(key, _)| same(key)).map(|(_, n)| n).sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (key, count) in &other.0 {
            *self.0.entry(*key).or_default() += count;
        }
    }

    /// What has to be reached and is not.
    pub(super) fn missing(&self) -> Vec<String> {
        let missing = |key: &Key| (!self.0.contains_key(key)).then(|| show(key));
        required().iter().filter_map(missing).collect()
    }

    fn note(&mut self, operator: &'static str, what: &'static str, number: u32) {
        *self.0.entry((operator, what, number)).or_default() += 1;
    }

    /// Notes an extent if it lies at the edge of a tile.
    fn side(&mut self, operator: &'static str, what: &'static str, extent: usize) {
        if let Ok(extent) = u32::try_from(extent)
            && WIDER_SIDES.contains(&extent)
        {
            self.note(operator, what, extent);
        }
    }

    fn note_node(&mut self, graph: &Graph, index: usize, node: &Node) {
        let name = node.op.name();
        let ty = |operand: usize| graph.ty(node.operands[operand]);
        let result = graph.ty(Value::Node(index as u32));
        self.note(name, "nodes", 0);
        self.note(name, of_type(ty(0).dtype), 0);
        self.note(name, to_type(result.dtype), 0);
        self.note(name, "rank", ty(0).shape.rank() as u32);
        match &node.op {
            Op::MatMul => {
                let (x, w) = (ty(0).shape.dims(), ty(1).shape.dims());
                let [.., rows, depth] = *x else { return };
                self.side(name, "rows", rows as usize);
                self.side(name, "depth", depth as usize);
                self.side(name, "columns", w[w.len() - 1] as usize);
                if w.len() > 2 {
                    self.note(name, "weights with batch dimensions", 0);
                }
                self.note_product(graph, node, name);
            }
            Op::Conv2d { groups, .. } => {
                let (x, w) = (ty(0).shape.dims(), ty(1).shape.dims());
                let out = result.shape.dims();
                self.side(name, "pixels", out[2] as usize * out[3] as usize);
                self.side(name, "channels in", x[1] as usize);
                self.side(name, "channels out", w[0] as usize);
                self.side(name, "depth", w[1..].iter().product::<u32>() as usize);
                if *groups > 1 {
                    let depthwise = *groups == x[1];
                    self.note(name, if depthwise { "depthwise" } else { "groups" }, 0);
                }
                self.note_product(graph, node, name);
                self.note_window(graph, node, name);
            }
            Op::Add => {
                if ty(0).shape != ty(1).shape {
                    self.note(name, "broadcast", 0);
                }
                if ty(0).shape != result.shape && ty(1).shape != result.shape {
                    self.note(name, "broadcast of both operands", 0);
                }
                self.note(name, of_type(ty(1).dtype), 0);
                self.note_last_side(graph, index, name);
            }
            Op::Requantise { to, axis } => {
                let parameter = |operand: usize| graph.constant(node.operands[operand]).map(|c| c.tensor());
                if let Some(multiplier) = parameter(1) {
                    let per_channel = multiplier.data().len() > 1;
                    self.note(
                        name,
                        if per_channel {
                            "per channel, axis"
                        } else {
                            "scalars"
                        },
                        (*axis).into(),
                    );
                    for &end in &[1, 32767] {
                        self.note_value(name, "multiplier", multiplier.data(), end);
                    }
                }
                for &end in &[1, 47] {
                    let shift = parameter(2);
                    self.note_value(name, "shift", shift.as_ref().map_or(&[], |s| s.data()), end);
                }
                if let Some(zero) = parameter(3) {
                    self.note_ends(
                        name,
                        ("least zero point", "greatest zero point"),
                        zero.data(),
                        *to,
                    );
                }
                self.note_last_side(graph, index, name);
            }
            Op::Clamp | Op::Table => self.note_last_side(graph, index, name),
            Op::MaxPool2d { .. } => {
                let out = result.shape.dims();
                self.side(name, "rows", out[2] as usize);
                self.side(name, "columns", out[3] as usize);
                self.side(name, "channels", out[1] as usize);
                self.note_window(graph, node, name);
            }
            Op::Reshape { .. } => {}
            Op::ArgMax { axis } => {
                let dims = ty(0).shape.dims();
                self.side(name, "extent", dims[usize::from(*axis)] as usize);
                let last = usize::from(*axis) + 1 == dims.len();
                self.note(name, if last { "last axis" } else { "another axis" }, 0);
            }
            _ => self.note_later(graph, index, node),
        }
    }

    fn note_last_side(&mut self, graph: &Graph, index: usize, name: &'static str) {
        let dims = graph.ty(Value::Node(index as u32)).shape.dims();
        self.side(name, "last extent", dims.last().map_or(1, |&d| d as usize));
    }

    fn note_value(&mut self, name: &'static str, what: &'static str, values: &[i32], wanted: i32) {
        if values.contains(&wanted) {
            self.note(name, what, wanted.unsigned_abs());
        }
    }

    fn note_ends(
        &mut self,
        name: &'static str,
        (least, greatest): (&'static str, &'static str),
        values: &[i32],
        dtype: DType,
    ) {
        if values.contains(&dtype.min()) {
            self.note(name, least, 0);
        }
        if values.contains(&dtype.max()) {
            self.note(name, greatest, 0);
        }
    }

    fn note_product(&mut self, graph: &Graph, node: &Node, name: &'static str) {
        let value = |operand: usize| graph.constant(*node.operands.get(operand)?).map(|c| c.tensor());
        let weights = graph.ty(node.operands[1]).dtype;
        self.note(
            name,
            if weights == DType::I8 {
                "weights i8"
            } else {
                "weights u8"
            },
            0,
        );
        if graph.constant(node.operands[1]).is_none() {
            self.note(name, "computed weights", 0);
        }
        if let Some(zero) = value(2) {
            let ends = ("least zero point of x", "greatest zero point of x");
            self.note_ends(name, ends, zero.data(), zero.ty().dtype);
        }
        if let Some(zero) = value(3) {
            let ends = ("least zero point of w", "greatest zero point of w");
            self.note_ends(name, ends, zero.data(), weights);
            if zero.data().len() > 1 {
                self.note(name, "zero points per column", 0);
            }
        }
        self.note(
            name,
            if node.operands.len() > 4 {
                "bias"
            } else {
                "no bias"
            },
            0,
        );
    }

    fn note_window(&mut self, graph: &Graph, node: &Node, name: &'static str) {
        let (kernel, window) = match &node.op {
            Op::Conv2d { window, .. } => {
                let dims = graph.ty(node.operands[1]).shape.dims();
                ([dims[2], dims[3]], window)
            }
            Op::MaxPool2d { kernel, window } => (*kernel, window),
            _ => return,
        };
        let p = window.padding;
        let paddings = [p.top, p.left, p.bottom, p.right];
        let image = &graph.ty(node.operands[0]).shape.dims()[2..];
        let beyond = |most: u32, values: &[u32]| values.iter().any(|&v| v > most);
        for (what, reached) in [
            ("kernel over 1", beyond(1, &kernel)),
            ("kernel over 4", beyond(4, &kernel)),
            ("kernel not square", kernel[0] != kernel[1]),
            (
                "kernel beyond the image",
                kernel[0] > image[0] || kernel[1] > image[1],
            ),
            ("stride over 1", beyond(1, &window.stride)),
            ("stride over 3", beyond(3, &window.stride)),
            ("stride beyond the kernel", window.stride[0] > kernel[0]),
            ("dilation over 1", beyond(1, &window.dilation)),
            ("dilation over 3", beyond(3, &window.dilation)),
            ("padding", beyond(0, &paddings)),
            ("padding over 3", beyond(3, &paddings)),
            ("padding of one side", p.top != p.bottom || p.left != p.right),
            ("image over 9", beyond(9, image)),
        ] {
            if reached {
                self.note(name, what, 0);
            }
        }
    }

    fn note_results(&mut self, case: &Case, node: usize, name: &'static str) {
        for result in case.results(node) {
            if result.ty().dtype == DType::I32 {
                self.note_ends(name, ("least i32", "greatest i32"), result.data(), DType::I32);
            }
        }
    }
}

const fn of_type(dtype: DType) -> &'static str {
    match dtype {
        DType::U8 => "of u8",
        DType::I8 => "of i8",
        DType::I16 => "of i16",
        DType::I32 => "of i32",
    }
}

const fn to_type(dtype: DType) -> &'static str {
    match dtype {
        DType::U8 => "to u8",
        DType::I8 => "to i8",
        DType::I16 => "to i16",
        DType::I32 => "to i32",
    }
}

fn show((operator, what, number): &Key) -> String {
    if *number == 0 {
        format!("{operator}: {what}")
    } else {
        format!("{operator}: {what} {number}")
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, count) in &self.0 {
            writeln!(f, "  {}: {count}", show(key))?;
        }
        Ok(())
    }
}
