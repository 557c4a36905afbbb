//! Classes of shapes: what engines do at rates of their own.

use metisvm_model::{Graph, Op, Value};

/// What a node is to an engine. Products differ by how often a weight is used again; the rest by what it does
/// to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A product with rows enough to use each weight again.
    Wide,
    /// A product with few rows: a weight is fetched for little work.
    Narrow,
    /// A convolution over several channels.
    Convolution,
    /// A convolution with few pixels: a weight is fetched for little work.
    Pixels,
    /// A convolution over a single channel, or over each by itself.
    Depthwise,
    /// A product with 16-bit operands.
    Words,
    /// One element after the other.
    Elementwise,
    /// Reductions along rows and windows.
    Rows,
    /// Elements that are moved and not computed.
    Moves,
}

/// A product with fewer rows is [`Class::Narrow`], a convolution with fewer pixels [`Class::Pixels`].
const WIDE_ROWS: usize = 8;
impl Class {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Wide,
        Self::Narrow,
        Self::Convolution,
        Self::Pixels,
        Self::Depthwise,
        Self::Words,
        Self::Elementwise,
        Self::Rows,
        Self::Moves,
    ];

    /// Its name in reports and files: no space, no comma.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
            Self::Convolution => "convolution",
            Self::Pixels => "pixels",
            Self::Depthwise => "depthwise",
            Self::Words => "words",
            Self::Elementwise => "elementwise",
            Self::Rows => "rows",
            Self::Moves => "moves",
        }
    }

    /// Whether its units are multiply-accumulates, and not elements.
    pub const fn is_product(self) -> bool {
        match self {
            Self::Wide | Self::Narrow | Self::Convolution | Self::Pixels | Self::Depthwise | Self::Words => {
                true
            }
            Self::Elementwise | Self::Rows | Self::Moves => false,
        }
    }
}

/// What a node asks of an engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Its class; none where there is nothing to do, as for a reshape.
    pub class: Option<Class>,
    /// Multiply-accumulates of one item, or elements that are read or written, whichever are more.
    pub units: f64,
}

impl Load {
    /// What node `index` asks.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn of(graph: &Graph, index: usize) -> Self {
        let node = &graph.nodes()[index];
        let work = graph.node_work(index);
        let dim = |operand: usize, axis: usize| graph.ty(node.operands[operand]).shape.dim(axis);
        let macs = work.macs.saturating_add(work.wide_macs);
        let elements = work.elements.max(work.compares);
        let (class, units) = match node.op {
            Op::MatMul => {
                let rank = graph.ty(node.operands[0]).shape.rank();
                // Rows that share a matrix: all of them, unless there is a matrix for each of a batch.
                let shared = graph.ty(node.operands[1]).shape.rank() < 3;
                let first = if shared { 0 } else { rank - 2 };
                let rows = (first..rank - 1).map(|axis| dim(0, axis)).product::<usize>();
                let wide = rows >= WIDE_ROWS;
                (if wide { Class::Wide } else { Class::Narrow }, macs)
            }
            Op::WideMatMul => (Class::Words, macs),
            Op::Conv2d { .. } if dim(1, 1) == 1 => (Class::Depthwise, macs),
            Op::Conv2d { .. } => {
                let result = &graph.ty(Value::Node(index as u32)).shape;
                let wide = result.dim(2) * result.dim(3) >= WIDE_ROWS;
                (if wide { Class::Convolution } else { Class::Pixels }, macs)
            }
            Op::Reshape { .. } => {
                return Self {
                    class: None,
                    units: 0.0,
                };
            }
            Op::MaxPool2d { .. }
            | Op::ArgMax { .. }
            | Op::ReduceSum { .. }
            | Op::ReduceMax { .. }
            | Op::InvNorm { .. }
            | Op::Reciprocal { .. } => (Class::Rows, elements),
            Op::Gather { .. } | Op::Transpose { .. } | Op::Concat { .. } => (Class::Moves, elements),
            // Operators to come are elementwise until somebody says otherwise: only time depends on it.
            _ => (Class::Elementwise, elements),
        };
        Self {
            class: Some(class),
            units: units as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_model::{DType, Parsed, Tensor, TensorType, Window};

    fn classes(build: impl FnOnce(&mut Parsed)) -> Vec<(Option<&'static str>, f64)> {
        let mut g = Parsed::default();
        build(&mut g);
        let graph = g.check().unwrap();
        let load = |index| Load::of(&graph, index);
        let loads = (0..graph.nodes().len()).map(load);
        loads
            .map(|load| (load.class.map(Class::name), load.units))
            .collect()
    }

    fn weights(g: &mut Parsed, dims: &[u32]) -> metisvm_model::Value {
        let ty = TensorType::new(DType::I8, dims).unwrap();
        let data = vec![1; ty.elements()];
        g.constant(&Tensor::new(ty, data).unwrap())
    }

    fn product(x: &[u32], w: &[u32]) -> Vec<(Option<&'static str>, f64)> {
        classes(|g| {
            let x = g.input("x", TensorType::new(DType::I8, x).unwrap());
            let (w, zero) = (weights(g, w), weights(g, &[]));
            let y = g.node(Op::MatMul, &[x, w, zero, zero]);
            g.output("y", y);
        })
    }

    #[test]
    fn products_are_wide_or_narrow_by_the_rows_that_share_weights() {
        assert_eq!(product(&[8, 3], &[3, 2]), [(Some("wide"), 48.0)]);
        assert_eq!(product(&[7, 3], &[3, 2]), [(Some("narrow"), 42.0)]);
        assert_eq!(product(&[2, 4, 3], &[3, 2]), [(Some("wide"), 48.0)]);
        // Of a matrix for each of a batch, every one has its own rows.
        assert_eq!(product(&[2, 4, 3], &[2, 3, 2]), [(Some("narrow"), 48.0)]);
    }

    #[test]
    fn convolutions_are_told_apart_by_channels_that_mix_and_reshapes_ask_for_nothing() {
        for (groups, side, name) in [(1, 4, "convolution"), (8, 4, "depthwise"), (1, 2, "pixels")] {
            let found = classes(|g| {
                let x = g.input("x", TensorType::new(DType::I8, &[1, 8, side, side]).unwrap());
                let (w, zero) = (weights(g, &[8, 8 / groups, 1, 1]), weights(g, &[]));
                let window = Window::default();
                let y = g.node(Op::Conv2d { window, groups }, &[x, w, zero, zero]);
                let shape = metisvm_model::Shape::new(&[8 * side * side]).unwrap();
                let y = g.node(Op::Reshape { shape }, &[y]);
                g.output("y", y);
            });
            let macs = 8 * side * side * 8 / groups;
            assert_eq!(found, [(Some(name), f64::from(macs)), (None, 0.0)]);
        }
    }
}
