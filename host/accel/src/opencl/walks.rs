//! How elements of operands and results belong together, as the launches say it.

use metisvm_model::Shape;
use metisvm_opencl::ops::{Axis, Walk};

/// A walk over dimensions given as (extent, stride of x, stride of b), the outermost first, into a result without gaps.
pub(super) fn walk(dimensions: impl IntoIterator<Item = Axis>) -> Walk {
    let mut rows: Vec<Axis> = Vec::new();
    for axis in dimensions {
        if axis.extent == 1 {
            continue;
        }
        // Neighbours that are one run for both operands are one dimension.
        let joins = |outer: &Axis| {
            let whole =
                |outer: u32, inner: u32| u64::from(outer) == u64::from(inner) * u64::from(axis.extent);
            whole(outer.x, axis.x) && whole(outer.b, axis.b)
        };
        match rows.last_mut() {
            Some(outer) if joins(outer) && outer.extent.checked_mul(axis.extent).is_some() => {
                *outer = Axis {
                    extent: outer.extent * axis.extent,
                    ..axis
                };
            }
            _ => rows.push(axis),
        }
    }
    let columns = rows.pop().unwrap_or(Axis {
        extent: 1,
        x: 0,
        b: 0,
    });
    Walk {
        rows,
        columns: columns.extent,
        x_step: columns.x,
        b_step: columns.b,
        y_stride: columns.extent,
        y_first: 0,
    }
}

/// For each dimension of `dims`, how far a tensor's elements lie apart; 0 where it is stretched.
pub(super) fn strides(shape: &Shape, dims: &[u32]) -> Vec<u32> {
    let mut strides = vec![0; dims.len()];
    let mut stride = 1;
    for (own, &extent) in strides.iter_mut().rev().zip(shape.dims().iter().rev()) {
        if extent != 1 {
            *own = stride;
        }
        stride *= extent;
    }
    strides
}
