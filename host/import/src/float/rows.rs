//! Operators that look at a row: all elements along one dimension.

use super::moves::around;
use crate::typed::Reduction;
use crate::view::View;

pub(super) fn reduce(x: View<'_>, axis: usize, kind: Reduction) -> Vec<f32> {
    let [outer, extent, inner] = around(x.dims, axis);
    let mut y = Vec::with_capacity(outer * inner);
    for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
        let row = (0..extent).map(|e| x.data[(o * extent + e) * inner + i]);
        y.push(match kind {
            Reduction::Sum => row.map(f64::from).sum::<f64>() as f32,
            Reduction::Mean => (row.map(f64::from).sum::<f64>() / extent as f64) as f32,
            Reduction::Max => row.fold(f32::NEG_INFINITY, f32::max),
        });
    }
    y
}

pub(super) fn arg_max(x: View<'_>, axis: usize) -> Vec<f32> {
    let [outer, extent, inner] = around(x.dims, axis);
    let mut y = Vec::with_capacity(outer * inner);
    for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
        let at = |e: usize| x.data[(o * extent + e) * inner + i];
        let first = (0..extent).fold(0, |best, e| if at(e) > at(best) { e } else { best });
        y.push(first as f32);
    }
    y
}

pub(super) fn softmax(x: View<'_>, axis: usize) -> Vec<f32> {
    let [outer, extent, inner] = around(x.dims, axis);
    let mut y = vec![0f32; x.data.len()];
    for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
        let at = |e: usize| (o * extent + e) * inner + i;
        let greatest = (0..extent)
            .map(|e| x.data[at(e)])
            .fold(f32::NEG_INFINITY, f32::max);
        let power = |e: usize| f64::from(x.data[at(e)] - greatest).exp();
        let sum: f64 = (0..extent).map(power).sum();
        for e in 0..extent {
            y[at(e)] = (power(e) / sum) as f32;
        }
    }
    y
}

pub(super) fn normalise(x: View<'_>, epsilon: f64, centred: bool) -> Vec<f32> {
    let width = x.dims.last().map_or(1, |&d| d as usize);
    let mut y = Vec::with_capacity(x.data.len());
    for row in x.data.chunks_exact(width) {
        let sum: f64 = row.iter().copied().map(f64::from).sum();
        let mean = if centred { sum / width as f64 } else { 0.0 };
        let squares: f64 = row.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
        let norm = (squares / width as f64 + epsilon).sqrt();
        y.extend(row.iter().map(|&v| ((f64::from(v) - mean) / norm) as f32));
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_dimension() {
        let x = View {
            dims: &[2, 2],
            data: &[1., 2., 3., 5.],
        };
        assert_eq!(reduce(x, 0, Reduction::Sum), [4., 7.]);
        assert_eq!(reduce(x, 1, Reduction::Mean), [1.5, 4.]);
        assert_eq!(reduce(x, 1, Reduction::Max), [2., 5.]);
        let soft = softmax(x, 0);
        assert!((soft[0] + soft[2] - 1.0).abs() < 1e-6 && soft[2] > soft[0]);
        let normal = normalise(x, 0.0, true);
        assert_eq!(normal, [-1., 1., -1., 1.]);
    }
}
