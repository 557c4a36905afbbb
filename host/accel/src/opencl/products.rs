//! Matrix products: operands packed into tiles, constants once, and the product over the tiles.

use super::convolutions::{convolution, convolution_bytes, direct, is_direct};
use super::flight::Run;
use super::operands::element;
use super::sums::{Packed, aligned, bias, form, left_zero, weight_zeros};
use metisvm_model::{Graph, Op};
use metisvm_opencl::ops::{Columns, Form, Product, Rows, Starts, packed_columns_bytes, packed_rows_bytes};
use metisvm_opencl::{Error, Job, Slice, Ticket};

/// A MatMul as matrices of an item. Weights without leading dimensions serve all rows at once.
struct Matrices {
    /// Left matrices of an item.
    lead: u32,
    m: u32,
    n: u32,
    depth: u32,
    /// Right matrices of an item.
    right: u32,
    form: Form,
}

/// Where the pieces of a product's scratch begin, for an item, and where they end.
struct Scratch {
    b: usize,
    start: usize,
    end: usize,
}

fn matrices(graph: &Graph, index: usize) -> Matrices {
    let form = form(graph, index);
    let operands = &graph.nodes()[index].operands;
    let (x, w) = (&graph.ty(operands[0]).shape, &graph.ty(operands[1]).shape);
    let dims = x.dims();
    // Below 2^26 elements, by the limits of tensors.
    let (m, depth) = (dims[dims.len() - 2], dims[dims.len() - 1]);
    let lead: u32 = dims[..dims.len() - 2].iter().product();
    let n = w.dims()[w.rank() - 1];
    if w.rank() == 2 {
        return Matrices {
            lead: 1,
            m: lead * m,
            n,
            depth,
            right: 1,
            form,
        };
    }
    Matrices {
        lead,
        m,
        n,
        depth,
        right: lead,
        form,
    }
}

impl Matrices {
    fn scratch(&self, packed: &Packed, needs_start: bool) -> Result<Scratch, Error> {
        let a = if packed.a.is_some() {
            0
        } else {
            aligned(u64::from(self.lead) * packed_rows_bytes(self.m, self.depth, self.form)?)
        };
        let b = if packed.b.is_some() {
            0
        } else {
            aligned(u64::from(self.right) * packed_columns_bytes(self.n, self.depth)?)
        };
        let start = if needs_start && packed.start.is_none() {
            aligned(u64::from(self.right) * u64::from(self.n) * 4)
        } else {
            0
        };
        Ok(Scratch {
            b: a,
            start: a + b,
            end: a + b + start,
        })
    }
}

/// Packs what is constant of a product; `parameters` are its weights' zero points and its bias.
pub(super) fn pack(
    graph: &Graph,
    index: usize,
    job: &mut Job,
    (parameters, zero, sent): (&[Slice], &Slice, Ticket),
) -> Result<Packed, Error> {
    let node = &graph.nodes()[index];
    let mut packed = Packed::default();
    if is_direct(graph, index) {
        return Ok(packed);
    }
    let zeros = parameters.first().ok_or(Error::Sizes("no zero points"))?;
    let zero_each = zeros.bytes() > 4;
    let device = job.device().clone();
    let raw = |job: &mut Job, place: usize| -> Result<_, Error> {
        let Some(constant) = graph.constant(node.operands[place]) else {
            return Ok(None);
        };
        let memory = device.allocate(constant.bytes.len())?;
        let ticket = job.write(&memory.all(), constant.bytes.clone(), &[])?;
        Ok(Some((memory.all(), element(constant.ty.dtype), ticket)))
    };
    let room = |bytes: u64| Ok::<_, Error>(device.allocate(bytes as usize)?.all());
    if let Op::Conv2d { .. } = node.op {
        let [filters, windows] = convolution_bytes(graph, index)?;
        let w = &graph.ty(node.operands[1]).shape;
        packed.scratch = aligned(windows);
        if let Some((w_raw, ty, ticket)) = raw(job, 1)? {
            let rows = Rows {
                matrices: 1,
                m: w.dims()[0],
                depth: w.dims()[1..].iter().product(),
                zero: 0,
                zero_each,
                form: form(graph, index),
            };
            let y = room(filters)?;
            job.pack_rows(&rows, (&w_raw, ty), [zeros, &y], &[sent, ticket])?;
            packed.a = Some(y);
        } else {
            packed.scratch += aligned(filters);
        }
        return Ok(packed);
    }
    let shape = matrices(graph, index);
    let (x_zero, rest) = left_zero(graph, index)?;
    if let Some((x, ty, ticket)) = raw(job, 0)? {
        let rows = Rows {
            matrices: shape.lead,
            m: shape.m,
            depth: shape.depth,
            zero: x_zero,
            zero_each: false,
            form: shape.form,
        };
        let y = room(u64::from(shape.lead) * packed_rows_bytes(shape.m, shape.depth, shape.form)?)?;
        job.pack_rows(&rows, (&x, ty), [zero, &y], &[sent, ticket])?;
        packed.a = Some(y);
    }
    if let Some((w, ty, ticket)) = raw(job, 1)? {
        let columns = Columns {
            matrices: shape.right,
            depth: shape.depth,
            n: shape.n,
            zero_each,
        };
        let y = room(u64::from(shape.right) * packed_columns_bytes(shape.n, shape.depth)?)?;
        job.pack_columns(&columns, (&w, ty), [zeros, &y], &[sent, ticket])?;
        packed.b = Some(y);
        if rest != 0 {
            let bias = parameters.get(1);
            let starts = Starts {
                columns,
                x_zero: rest,
                bias_each: bias.is_some(),
                lead: shape.right,
                bias_stride: 0,
            };
            let y = room(u64::from(shape.right) * u64::from(shape.n) * 4)?;
            let operands = [zeros, bias.unwrap_or(zero), &y];
            job.column_starts(&starts, (&w, ty), operands, &[sent, ticket])?;
            packed.start = Some(y);
        }
    }
    packed.scratch = shape.scratch(&packed, rest != 0)?.end;
    Ok(packed)
}

/// Enqueues a product.
pub(super) fn enqueue(run: &mut Run<'_>, index: usize) -> Result<(), Error> {
    let graph = run.part.segment.graph().clone();
    match &graph.nodes()[index].op {
        Op::Conv2d { window, groups } if is_direct(&graph, index) => {
            direct(run, &graph, index, window, *groups)
        }
        Op::Conv2d { window, .. } => convolution(run, &graph, index, window),
        _ => product(run, &graph, index),
    }
}

fn product(run: &mut Run<'_>, graph: &Graph, index: usize) -> Result<(), Error> {
    let node = &graph.nodes()[index];
    let part = run.part;
    let packed = part.packed.get(&index).ok_or(Error::Sizes("no such product"))?;
    let shape = matrices(graph, index);
    let items = run.items();
    let (x_zero, rest) = left_zero(graph, index)?;
    let scratch = shape.scratch(packed, rest != 0)?;
    let zeros = weight_zeros(run, index)?;
    let zero_each = zeros.bytes() > 4;
    let (mut start, mut start_item, mut start_column) = bias(run, graph, index)?;
    // Weights that all items share, with rows of their own: one matrix of all their rows.
    let together = packed.a.is_none() && packed.b.is_some() && start_item == 0 && shape.right == 1;
    let (lead, m) = if together {
        (1, items * shape.m)
    } else {
        (shape.lead, shape.m)
    };
    let a = match &packed.a {
        Some(a) => run.shared(a.clone()),
        None => {
            let x = run.operand(node.operands[0])?;
            let rows = Rows {
                matrices: if together { 1 } else { items * lead },
                m,
                depth: shape.depth,
                zero: x_zero,
                zero_each: false,
                form: shape.form,
            };
            let a = run.scratch(0, scratch.b)?;
            run.step(&[&x], &a, |job, zero, after| {
                job.pack_rows(&rows, x.typed(), [zero, &a.slice], after)
            })?;
            a
        }
    };
    let right_items = if packed.b.is_some() { 1 } else { items };
    let columns = Columns {
        matrices: right_items * shape.right,
        depth: shape.depth,
        n: shape.n,
        zero_each,
    };
    let b = match &packed.b {
        Some(b) => run.shared(b.clone()),
        None => {
            let w = run.operand(node.operands[1])?;
            let b = run.scratch(scratch.b, scratch.start - scratch.b)?;
            run.step(&[&w], &b, |job, _, after| {
                job.pack_columns(&columns, w.typed(), [&zeros, &b.slice], after)
            })?;
            b
        }
    };
    let mut start_lead = 0;
    if rest != 0 {
        start_lead = if shape.right == 1 { 0 } else { shape.n };
        start = match &packed.start {
            Some(start) => run.shared(start.clone()),
            None => {
                let w = run.operand(node.operands[1])?;
                let starts = Starts {
                    columns,
                    x_zero: rest,
                    bias_each: start_column == 1,
                    lead: shape.right,
                    bias_stride: start_item,
                };
                let y = run.scratch(scratch.start, scratch.end - scratch.start)?;
                run.step(&[&w, &start], &y, |job, _, after| {
                    job.column_starts(&starts, w.typed(), [&zeros, &start.slice, &y.slice], after)
                })?;
                start_item = shape.right * shape.n;
                y
            }
        };
        start_column = 1;
    }
    let own = |own: bool, matrices: u32| if own && !together { matrices } else { 0 };
    let call = Product {
        m,
        n: shape.n,
        depth: shape.depth,
        form: shape.form,
        extents: if together { [1, 1, 1] } else { [items, 1, lead] },
        a: [own(packed.a.is_none(), lead), 0, 1],
        b: [
            own(packed.b.is_none(), shape.right),
            0,
            u32::from(shape.right > 1),
        ],
        start: [start_item, 0, start_lead],
        start_row: 0,
        start_column,
    };
    let y = run.result(index)?;
    run.step(&[&a, &b, &start], &y, |job, _, after| {
        job.product(&call, [&a.slice, &b.slice, &start.slice, &y.slice], after)
    })
}
