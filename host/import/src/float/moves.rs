//! Operators that move elements.

use crate::view::View;

/// Extents before, of and after a dimension.
pub(super) fn around(dims: &[u32], axis: usize) -> [usize; 3] {
    let product = |part: &[u32]| part.iter().map(|&d| d as usize).product::<usize>();
    let (before, rest) = dims.split_at(axis.min(dims.len()));
    [
        product(before),
        rest.first().map_or(1, |&d| d as usize),
        product(rest.get(1..).unwrap_or_default()),
    ]
}

pub(super) fn transpose(x: View<'_>, perm: &[usize]) -> Vec<f32> {
    let mut strides = vec![1usize; x.dims.len()];
    for d in (1..x.dims.len()).rev() {
        strides[d - 1] = strides[d] * x.dims[d] as usize;
    }
    let dims: Vec<usize> = perm.iter().map(|&p| x.dims[p] as usize).collect();
    let steps: Vec<usize> = perm.iter().map(|&p| strides[p]).collect();
    let mut y = Vec::with_capacity(x.data.len());
    let mut coordinates = vec![0usize; dims.len()];
    let mut position = 0usize;
    for _ in 0..x.data.len() {
        y.push(x.data[position]);
        for d in (0..dims.len()).rev() {
            coordinates[d] += 1;
            position += steps[d];
            if coordinates[d] < dims[d] {
                break;
            }
            coordinates[d] = 0;
            position -= steps[d] * dims[d];
        }
    }
    y
}

pub(super) fn concat(parts: &[View<'_>], axis: usize) -> Vec<f32> {
    let outer = parts.first().map_or(0, |part| around(part.dims, axis)[0]);
    let mut y = Vec::with_capacity(parts.iter().map(|part| part.data.len()).sum());
    for row in 0..outer {
        for part in parts {
            let [_, extent, inner] = around(part.dims, axis);
            y.extend_from_slice(&part.data[row * extent * inner..][..extent * inner]);
        }
    }
    y
}

/// Entries of a dimension; one that does not exist gives NaN, which calibration reports.
pub(super) fn entries(x: View<'_>, axis: usize, indices: impl Iterator<Item = usize> + Clone) -> Vec<f32> {
    let [outer, extent, inner] = around(x.dims, axis);
    let mut y = Vec::new();
    for row in 0..outer {
        for index in indices.clone() {
            if index < extent {
                y.extend_from_slice(&x.data[(row * extent + index) * inner..][..inner]);
            } else {
                y.extend(std::iter::repeat_n(f32::NAN, inner));
            }
        }
    }
    y
}

/// An index that was computed; one below zero names nothing.
pub(super) fn index(value: f32) -> usize {
    usize::try_from(value as i64).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_go_where_onnx_puts_them() {
        let data: Vec<f32> = (0..6u8).map(f32::from).collect();
        let x = View {
            dims: &[2, 3],
            data: &data,
        };
        assert_eq!(transpose(x, &[1, 0]), [0., 3., 1., 4., 2., 5.]);
        assert_eq!(
            concat(&[x, x], 1),
            [0., 1., 2., 0., 1., 2., 3., 4., 5., 3., 4., 5.]
        );
        assert_eq!(entries(x, 1, [2, 0].into_iter()), [2., 0., 5., 3.]);
        assert!(entries(x, 0, [2].into_iter()).iter().all(|v| v.is_nan()));
        assert_eq!(index(2.0), 2);
        assert!(index(-1.0) > 3);
    }
}
