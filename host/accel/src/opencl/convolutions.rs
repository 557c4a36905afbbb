//! Convolutions: the filters are the left operand of a product and the windows of the image its right one, so that the
//! result has the layout of the graph. Groups, and images whose windows would take too much room, are computed element
//! by element.

use super::flight::Run;
use super::sums::{aligned, bias, form, left_zero, weight_zeros};
use metisvm_model::{Graph, Op, Value, Window};
use metisvm_opencl::Error;
use metisvm_opencl::ops::{Convolution, Product, Rows, Windows, packed_columns_bytes, packed_rows_bytes};

/// Bytes of packed windows of an item that are worth it.
const MOST_WINDOWS: u64 = 128 << 20;

/// The windows of a convolution, its channels in and out, and the images of an item.
fn windows(graph: &Graph, index: usize, window: &Window) -> (Windows, [u32; 3]) {
    let operands = &graph.nodes()[index].operands;
    let (x, w) = (
        graph.ty(operands[0]).shape.dims(),
        graph.ty(operands[1]).shape.dims(),
    );
    let kernel = [w[2], w[3]];
    (over(graph, index, window, kernel), [x[0], x[1], w[0]])
}

/// How a window moves over the first operand of a node.
pub(super) fn over(graph: &Graph, index: usize, window: &Window, kernel: [u32; 2]) -> Windows {
    let x = graph.ty(graph.nodes()[index].operands[0]).shape.dims();
    let y = graph.ty(Value::Node(index as u32)).shape.dims();
    let along = |d: usize| [window.stride[d], window.dilation[d], window.before(d)];
    Windows {
        height: x[2],
        width: x[3],
        rows: y[2],
        columns: y[3],
        kernel,
        down: along(0),
        across: along(1),
    }
}

/// Bytes of an item's packed filters and of its packed windows.
pub(super) fn convolution_bytes(graph: &Graph, index: usize) -> Result<[u64; 2], Error> {
    let Op::Conv2d { window, .. } = &graph.nodes()[index].op else {
        return Err(Error::Sizes("no convolution"));
    };
    let (windows, [images, channels, outs]) = windows(graph, index, window);
    let depth = u64::from(channels) * u64::from(windows.kernel[0]) * u64::from(windows.kernel[1]);
    let depth = u32::try_from(depth).map_err(|_| Error::Sizes("a depth beyond 32 bits"))?;
    let pixels = packed_columns_bytes(windows.rows * windows.columns, depth)?;
    Ok([
        packed_rows_bytes(outs, depth, form(graph, index))?,
        u64::from(images) * pixels,
    ])
}

/// Whether a convolution is computed element by element.
pub(super) fn is_direct(graph: &Graph, index: usize) -> bool {
    let Op::Conv2d { groups, .. } = graph.nodes()[index].op else {
        return false;
    };
    groups > 1 || convolution_bytes(graph, index).map_or(true, |[_, windows]| windows > MOST_WINDOWS)
}

/// Enqueues a convolution over packed windows.
pub(super) fn convolution(
    run: &mut Run<'_>,
    graph: &Graph,
    index: usize,
    window: &Window,
) -> Result<(), Error> {
    let node = &graph.nodes()[index];
    let part = run.part;
    let packed = part.packed.get(&index).ok_or(Error::Sizes("no such product"))?;
    let (windows, [images, channels, outs]) = windows(graph, index, window);
    let depth = channels * windows.kernel[0] * windows.kernel[1];
    let [filter_bytes, window_bytes] = convolution_bytes(graph, index)?;
    let items = run.items();
    let (x_zero, _) = left_zero(graph, index)?;
    let zeros = weight_zeros(run, index)?;
    let a = match &packed.a {
        Some(a) => run.shared(a.clone()),
        None => {
            let w = run.operand(node.operands[1])?;
            let rows = Rows {
                matrices: items,
                m: outs,
                depth,
                zero: 0,
                zero_each: zeros.bytes() > 4,
                form: form(graph, index),
            };
            let a = run.scratch(aligned(window_bytes), aligned(filter_bytes))?;
            run.step(&[&w], &a, |job, _, after| {
                job.pack_rows(&rows, w.typed(), [&zeros, &a.slice], after)
            })?;
            a
        }
    };
    let x = run.operand(node.operands[0])?;
    let b = run.scratch(0, aligned(window_bytes))?;
    run.step(&[&x], &b, |job, _, after| {
        job.pack_windows(
            &windows,
            (items * images, channels, x_zero),
            x.typed(),
            &b.slice,
            after,
        )
    })?;
    let (start, start_item, start_row) = bias(run, graph, index)?;
    let call = Product {
        m: outs,
        n: windows.rows * windows.columns,
        depth,
        form: form(graph, index),
        extents: [items, images, 1],
        a: [u32::from(packed.a.is_none()), 0, 0],
        b: [images, 1, 0],
        start: [start_item, 0, 0],
        start_row,
        start_column: 0,
    };
    let y = run.result(index)?;
    run.step(&[&a, &b, &start], &y, |job, _, after| {
        job.product(&call, [&a.slice, &b.slice, &start.slice, &y.slice], after)
    })
}

/// Enqueues a convolution element by element.
pub(super) fn direct(
    run: &mut Run<'_>,
    graph: &Graph,
    index: usize,
    window: &Window,
    groups: u32,
) -> Result<(), Error> {
    let node = &graph.nodes()[index];
    let (windows, [images, channels, outs]) = windows(graph, index, window);
    let (x, w) = (run.operand(node.operands[0])?, run.operand(node.operands[1])?);
    let zeros = weight_zeros(run, index)?;
    let (start, start_item, start_row) = bias(run, graph, index)?;
    let shape = Convolution {
        items: run.items(),
        images,
        groups,
        per_group: channels / groups,
        outs,
        own_filters: w.own,
        zero_each: zeros.bytes() > 4,
        bias_each: start_row == 1,
        own_bias: start_item > 0,
        x_zero: left_zero(graph, index)?.0,
    };
    let y = run.result(index)?;
    run.step(&[&x, &w, &start], &y, |job, _, after| {
        job.convolve(
            &windows,
            &shape,
            [x.typed(), w.typed()],
            [&zeros, &start.slice, &y.slice],
            after,
        )
    })
}
