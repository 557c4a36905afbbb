//! Generated integer graphs: every operator, every element type, ragged shapes, extreme values.

mod later;

use crate::rng::Rng;
use metisvm_model::{DType, Graph, Op, Padding, Parsed, Shape, Tensor, TensorType, Value, Window};

/// A graph of a seed that passes every check, and how many candidates did not. It has any operators.
///
/// A candidate may fail the overflow proof; the seed then goes on to the next one.
pub fn graph(seed: u64) -> (Graph, u32) {
    checked(seed, |builder| builder.grow_any())
}

/// Like [`graph`], of the operators of version 1 of the bundle alone: what every card takes, and what golden
/// numbers are taken from. The graph of a seed never changes.
pub fn of_version_1(seed: u64) -> (Graph, u32) {
    checked(seed, |builder| builder.grow())
}

fn checked(seed: u64, grow: fn(&mut Builder<'_>)) -> (Graph, u32) {
    let mut rng = Rng::new(seed);
    for refused in 0.. {
        if let Ok(graph) = candidate(&mut rng, grow).check() {
            return (graph, refused);
        }
    }
    unreachable!("some candidate passes")
}

/// Input bytes for a graph: random, or extreme in every element.
pub fn input(graph: &Graph, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for port in graph.inputs() {
        let style = rng.below(4);
        tensor_of(rng, &port.ty, style).write_bytes(&mut bytes);
    }
    bytes
}

/// A tensor of a style: 0 the ends of the type, 1 near them and near 0, 2 near 0, others any.
pub(crate) fn tensor_of(rng: &mut Rng, ty: &TensorType, style: u64) -> Tensor {
    let (min, max) = (i64::from(ty.dtype.min()), i64::from(ty.dtype.max()));
    let data = (0..ty.elements())
        .map(|_| match style {
            0 => rng.pick(&[min, max]),
            1 => rng.pick(&[min, min + 1, -1, 0, 1, max - 1, max]).clamp(min, max),
            2 => rng.within(-4, 4).clamp(min, max),
            _ => rng.within(min, max),
        } as i32)
        .collect();
    Tensor::new(ty.clone(), data).expect("the elements are within the type")
}

/// A graph under construction: the types of all values so far.
struct Builder<'a> {
    rng: &'a mut Rng,
    graph: Parsed,
    values: Vec<(Value, TensorType)>,
}

fn candidate(rng: &mut Rng, grow: fn(&mut Builder<'_>)) -> Parsed {
    let mut b = Builder {
        rng,
        graph: Parsed::default(),
        values: Vec::new(),
    };
    for i in 0..b.rng.within(1, 2) {
        let ty = b.input_type();
        let value = b.graph.input(format!("input{i}"), ty.clone());
        b.values.push((value, ty));
    }
    for _ in 0..b.rng.within(2, 12) {
        grow(&mut b);
    }
    // The last value, and at times an earlier one, an input included.
    let last = b.values.len() - 1;
    b.graph.output("last", b.values[last].0);
    if b.rng.one_in(3) {
        let at = b.rng.below(last as u64 + 1) as usize;
        b.graph.output("other", b.values[at].0);
    }
    b.graph
}

impl Builder<'_> {
    /// A small extent, at times one that crosses tiles of every geometry.
    fn extent(&mut self) -> u32 {
        match self.rng.below(8) {
            0 => 1,
            1 => self.rng.within(15, 18) as u32,
            2 => self.rng.within(30, 70) as u32,
            _ => self.rng.within(1, 9) as u32,
        }
    }

    fn input_type(&mut self) -> TensorType {
        let dtype = self
            .rng
            .pick(&[DType::U8, DType::I8, DType::U8, DType::I8, DType::I16, DType::I32]);
        let dims = match self.rng.below(5) {
            0 => vec![self.extent()],
            1 | 2 => vec![self.extent(), self.extent()],
            3 => vec![self.rng.within(1, 3) as u32, self.extent(), self.extent()],
            _ => self.image_dims(),
        };
        TensorType::new(dtype, &dims).expect("small")
    }

    fn image_dims(&mut self) -> Vec<u32> {
        // Now and then one that large windows fit, of few channels, as they take long.
        let (most, channels): (i64, &[u32]) = if self.rng.one_in(12) {
            (20, &[1, 2, 3])
        } else {
            (9, &[1, 2, 3, 4, 6, 17])
        };
        vec![
            self.rng.within(1, 2) as u32,
            self.rng.pick(channels),
            self.rng.within(1, most) as u32,
            self.rng.within(1, most) as u32,
        ]
    }

    fn constant(&mut self, dtype: DType, dims: &[u32], style: u64) -> Value {
        let tensor = tensor_of(self.rng, &TensorType::new(dtype, dims).expect("small"), style);
        self.graph.constant(&tensor)
    }

    fn values_of(&mut self, dtype: DType, dims: &[u32], mut each: impl FnMut(&mut Rng) -> i64) -> Value {
        let ty = TensorType::new(dtype, dims).expect("small");
        let data = (0..ty.elements()).map(|_| each(self.rng) as i32).collect();
        self.graph
            .constant(&Tensor::new(ty, data).expect("within the type"))
    }

    fn find(&mut self, fits: impl Fn(&TensorType) -> bool) -> Option<(Value, TensorType)> {
        let fitting: Vec<_> = self.values.iter().filter(|(_, ty)| fits(ty)).cloned().collect();
        // Later values are likelier, so that graphs grow long as well as wide.
        let n = fitting.len() as u64;
        if n == 0 {
            return None;
        }
        let at = if self.rng.one_in(2) {
            n - 1
        } else {
            self.rng.below(n)
        };
        Some(fitting[at as usize].clone())
    }

    fn add_node(&mut self, op: Op, operands: &[Value], dtype: DType, dims: &[u32]) {
        let Some(ty) = TensorType::new(dtype, dims) else {
            return;
        };
        let value = self.graph.node(op, operands);
        self.values.push((value, ty));
    }

    fn grow(&mut self) {
        match self.rng.below(12) {
            0 | 1 => self.mat_mul(),
            2 | 3 => self.conv2d(),
            4 => self.add(),
            5 | 6 => self.requantise(),
            7 => self.clamp(),
            8 => self.table(),
            9 => self.max_pool(),
            10 => self.reshape(),
            _ => self.arg_max(),
        }
    }

    fn mat_mul(&mut self) {
        let Some((x, xt)) = self.find(|ty| ty.dtype.is_byte() && ty.shape.rank() >= 2) else {
            return;
        };
        let dims = xt.shape.dims().to_vec();
        let (k, n) = (dims[dims.len() - 1], self.extent());
        let mut w_dims = vec![k, n];
        let batched = dims.len() > 2 && self.rng.one_in(2);
        if batched {
            w_dims = [&dims[..dims.len() - 2], &[k, n]].concat();
        }
        let wanted = TensorType::new(DType::I8, &w_dims);
        let computed =
            self.find(|ty| ty.dtype.is_byte() && Some(&ty.shape) == wanted.as_ref().map(|w| &w.shape));
        let (w, w_dtype) = match computed {
            Some((value, ty)) if self.rng.one_in(2) => (value, ty.dtype),
            _ => {
                let dtype = self.rng.pick(&[DType::I8, DType::U8]);
                let style = self.rng.below(4);
                (self.constant(dtype, &w_dims, style), dtype)
            }
        };
        let operands = self.product_operands(x, xt.dtype, w, w_dtype, n);
        let mut out = dims;
        let last = out.len() - 1;
        out[last] = n;
        self.add_node(Op::MatMul, &operands, DType::I32, &out);
        self.epilogue(n, last);
    }

    fn product_operands(&mut self, x: Value, x_dtype: DType, w: Value, w_dtype: DType, n: u32) -> Vec<Value> {
        let style = self.rng.below(4);
        let x_zero = self.constant(x_dtype, &[], style);
        let per_channel = self.rng.one_in(4);
        let style = self.rng.pick(&[1, 2, 3]);
        let w_zero = self.constant(
            w_dtype,
            if per_channel {
                std::slice::from_ref(&n)
            } else {
                &[]
            },
            style,
        );
        let mut operands = vec![x, w, x_zero, w_zero];
        if self.rng.one_in(2) {
            let big = self.rng.one_in(2);
            let bound = if big { 1 << 30 } else { 1 << 12 };
            let bias = self.values_of(DType::I32, &[n], |rng| rng.within(-bound, bound));
            operands.push(bias);
        }
        operands
    }

    /// Often a product is requantised at once, as models do it.
    fn epilogue(&mut self, channels: u32, axis: usize) {
        if self.rng.one_in(3) {
            return;
        }
        let Some((x, ty)) = self.values.last().cloned() else {
            return;
        };
        let per_channel = self.rng.one_in(2);
        self.requantise_by(x, ty, per_channel.then_some((channels, axis)));
        if self.rng.one_in(2) {
            self.clamp();
        }
    }

    fn conv2d(&mut self) {
        let Some((x, xt)) = self.find(|ty| ty.dtype.is_byte() && ty.shape.rank() == 4) else {
            return self.see_as_image();
        };
        let dims: [u32; 4] = xt.shape.dims().try_into().expect("four dimensions");
        let divisors: Vec<u32> = (1..=dims[1]).filter(|g| dims[1].is_multiple_of(*g)).collect();
        let groups = if self.rng.one_in(2) {
            1
        } else {
            self.rng.pick(&divisors)
        };
        let outs = groups * self.rng.pick(&[1, 2, 3, 5]);
        let Some((kernel, window)) = self.window([dims[2], dims[3]], true) else {
            return;
        };
        let w_dtype = self.rng.pick(&[DType::I8, DType::U8]);
        let style = self.rng.below(4);
        let w = self.constant(w_dtype, &[outs, dims[1] / groups, kernel[0], kernel[1]], style);
        let operands = self.product_operands(x, xt.dtype, w, w_dtype, outs);
        let size = |d: usize| window.outputs(d, dims[2 + d], kernel[d]);
        let (Some(h), Some(w)) = (size(0), size(1)) else {
            return;
        };
        self.add_node(
            Op::Conv2d { window, groups },
            &operands,
            DType::I32,
            &[dims[0], outs, h, w],
        );
        self.epilogue(outs, 1);
    }

    /// Any 8-bit value seen as an image, so that convolutions and pools find one.
    fn see_as_image(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.dtype.is_byte()) else {
            return;
        };
        let n = ty.elements() as u32;
        let divisors: Vec<u32> = (1..=n.min(9)).filter(|d| n.is_multiple_of(*d)).collect();
        let h = self.rng.pick(&divisors);
        let rest = n / h;
        let divisors: Vec<u32> = (1..=rest.min(9)).filter(|d| rest.is_multiple_of(*d)).collect();
        let w = self.rng.pick(&divisors);
        let dims = [1, rest / w, h, w];
        let shape = Shape::new(&dims).expect("as many elements");
        self.add_node(Op::Reshape { shape }, &[x], ty.dtype, &dims);
    }

    fn window(&mut self, extents: [u32; 2], padding_alone: bool) -> Option<([u32; 2], Window)> {
        let rng = &mut *self.rng;
        let (kernel_most, step_most, pad_most) = if rng.one_in(12) { (9, 6, 9) } else { (4, 3, 3) };
        let kernel = [
            rng.within(1, kernel_most) as u32,
            rng.within(1, kernel_most) as u32,
        ];
        let small = |rng: &mut Rng| {
            if rng.one_in(3) {
                rng.within(1, step_most) as u32
            } else {
                1
            }
        };
        let stride = [small(rng), small(rng)];
        let dilation = [small(rng), small(rng)];
        let mut pad = |d: usize| {
            let most = if padding_alone {
                pad_most
            } else {
                i64::from((kernel[d] - 1) * dilation[d])
            };
            if rng.one_in(2) {
                rng.within(0, most.min(pad_most)) as u32
            } else {
                0
            }
        };
        let padding = Padding {
            top: pad(0),
            left: pad(1),
            bottom: pad(0),
            right: pad(1),
        };
        let window = Window {
            stride,
            dilation,
            padding,
        };
        window
            .outputs(0, extents[0], kernel[0])
            .and(window.outputs(1, extents[1], kernel[1]))?;
        Some((kernel, window))
    }

    fn add(&mut self) {
        // i32 operands can only be added where their ranges allow it; the proof decides.
        let Some((a, at)) = self.find(|_| true) else {
            return;
        };
        let dims = at.shape.dims().to_vec();
        let (b, bt) = match self.find(|ty| ty.shape == at.shape) {
            Some(found) if self.rng.one_in(2) => found,
            _ => {
                let skip = self.rng.below(dims.len() as u64 + 1) as usize;
                let b_dims: Vec<u32> = dims[skip..]
                    .iter()
                    .map(|&d| if self.rng.one_in(3) { 1 } else { d })
                    .collect();
                let dtype = self.rng.pick(&[DType::U8, DType::I8, DType::I16]);
                let style = self.rng.below(4);
                let ty = TensorType::new(dtype, &b_dims).expect("small");
                (self.constant(dtype, &b_dims, style), ty)
            }
        };
        let swap = self.rng.one_in(2);
        let operands = if swap { [b, a] } else { [a, b] };
        debug_assert!(bt.shape.rank() <= at.shape.rank());
        self.add_node(Op::Add, &operands, DType::I32, &dims);
    }

    fn requantise(&mut self) {
        let Some((x, ty)) = self.find(|_| true) else {
            return;
        };
        let axis = self.rng.below(ty.shape.rank().max(1) as u64) as usize;
        let per_channel = ty
            .shape
            .dims()
            .get(axis)
            .map(|&c| (c, axis))
            .filter(|_| self.rng.one_in(2));
        self.requantise_by(x, ty, per_channel);
    }

    fn requantise_by(&mut self, x: Value, ty: TensorType, per_channel: Option<(u32, usize)>) {
        let to = self
            .rng
            .pick(&[DType::I8, DType::U8, DType::I8, DType::U8, DType::I16, DType::I32]);
        let dims: Vec<u32> = per_channel.iter().map(|c| c.0).collect();
        let m = self.values_of(DType::I16, &dims, |rng| match rng.below(4) {
            0 => rng.pick(&[1, 2, 16384, 32767]),
            _ => rng.within(1, 32767),
        });
        // Mostly shifts that leave something to see.
        let wide = ty.dtype == DType::I32;
        let s = self.values_of(DType::U8, &dims, |rng| match rng.below(6) {
            0 => rng.pick(&[1, 47]),
            1 => rng.within(1, 47),
            _ if wide => rng.within(14, 34),
            _ => rng.within(10, 20),
        });
        let z_dims: Vec<u32> = if self.rng.one_in(2) {
            dims.clone()
        } else {
            Vec::new()
        };
        let style = self.rng.pick(&[1, 2, 3]);
        let z = self.constant(to, &z_dims, style);
        let axis = per_channel.map_or(0, |c| c.1 as u8);
        self.add_node(Op::Requantise { to, axis }, &[x, m, s, z], to, ty.shape.dims());
    }

    fn clamp(&mut self) {
        let Some((x, ty)) = self.find(|_| true) else {
            return;
        };
        let (min, max) = (i64::from(ty.dtype.min()), i64::from(ty.dtype.max()));
        let (a, b) = (self.rng.within(min, max), self.rng.within(min, max));
        let low = self.values_of(ty.dtype, &[], |_| a.min(b));
        let high = self.values_of(ty.dtype, &[], |_| a.max(b));
        self.add_node(Op::Clamp, &[x, low, high], ty.dtype, ty.shape.dims());
    }

    fn table(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.dtype.is_byte()) else {
            return;
        };
        let dtype = self.rng.pick(&[DType::I8, DType::U8, DType::I16, DType::I32]);
        let computed = self.find(|ty| ty.shape.dims() == [256]);
        let style = self.rng.below(4);
        let (table, dtype) = match computed {
            Some((value, ty)) => (value, ty.dtype),
            None => (self.constant(dtype, &[256], style), dtype),
        };
        self.add_node(Op::Table, &[x, table], dtype, ty.shape.dims());
    }

    fn max_pool(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.shape.rank() == 4) else {
            return self.see_as_image();
        };
        let dims: [u32; 4] = ty.shape.dims().try_into().expect("four dimensions");
        let Some((kernel, window)) = self.window([dims[2], dims[3]], false) else {
            return;
        };
        let size = |d: usize| window.outputs(d, dims[2 + d], kernel[d]);
        let (Some(h), Some(w)) = (size(0), size(1)) else {
            return;
        };
        self.add_node(
            Op::MaxPool2d { kernel, window },
            &[x],
            ty.dtype,
            &[dims[0], dims[1], h, w],
        );
    }

    fn reshape(&mut self) {
        let Some((x, ty)) = self.find(|_| true) else {
            return;
        };
        let n = ty.elements() as u32;
        let divisors: Vec<u32> = (1..=n.min(64)).filter(|d| n.is_multiple_of(*d)).collect();
        let d = self.rng.pick(&divisors);
        let dims = self
            .rng
            .pick(&[vec![n], vec![d, n / d], vec![1, d, n / d], vec![n / d, 1, 1, d]]);
        let shape = Shape::new(&dims).expect("as many elements");
        self.add_node(Op::Reshape { shape }, &[x], ty.dtype, &dims);
    }

    fn arg_max(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.shape.rank() > 0) else {
            return;
        };
        let axis = self.rng.below(ty.shape.rank() as u64) as u8;
        let mut dims = ty.shape.dims().to_vec();
        dims.remove(axis.into());
        self.add_node(Op::ArgMax { axis }, &[x], DType::I32, &dims);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_model::{Bundle, OPERATORS, Reference};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    #[test]
    fn generated_graphs_have_every_operator_often_and_are_seldom_refused() {
        let (mut nodes, mut refusals) = (BTreeMap::new(), 0);
        for seed in 0..400 {
            let (graph, refused) = graph(seed);
            refusals += refused;
            for node in graph.nodes() {
                *nodes.entry(node.op.name()).or_insert(0) += 1;
            }
        }
        for operator in OPERATORS {
            let count = nodes.get(operator.name).copied().unwrap_or(0);
            assert!(count >= 10, "{}: {count} of {nodes:?}", operator.name);
        }
        assert!(refusals < 100, "{refusals}");
    }

    #[test]
    fn generated_graphs_survive_their_bundle_and_stay_within_their_proven_ranges() {
        for seed in 0..600 {
            let (graph, _) = if seed % 2 == 0 {
                graph(seed)
            } else {
                of_version_1(seed)
            };
            let (bundle, bytes) = Bundle::encode(graph.clone()).expect("small");
            assert_eq!(Bundle::decode(&bytes).expect("canonical").id, bundle.id);
            let reference = Reference::new(Arc::new(graph));
            let mut rng = Rng::new(seed);
            for _ in 0..4 {
                let input = input(reference.segment().graph(), &mut rng);
                let ranges = |step: metisvm_model::Step<'_>| {
                    let result = step.evaluate();
                    let range = reference.segment().graph().intervals().node(step.node).result;
                    let inside = |&v: &i32| (range.low..=range.high).contains(&v.into());
                    assert!(
                        result.data().iter().all(inside),
                        "seed {seed}, node {}",
                        step.node
                    );
                    result
                };
                reference.run_with(&input, ranges).expect("the right length");
            }
        }
    }
}
