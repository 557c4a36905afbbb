//! Operators of two or three operands, element by element, broadcast as NumPy does.

use crate::view::View;
use metisvm_model::Shape;

/// Where element `index` of the result lies in an operand, for every index in order.
pub(crate) fn positions(own: &[u32], result: &[u32]) -> Vec<usize> {
    let mut steps = vec![0usize; result.len()];
    let mut stride = 1usize;
    for (d, &extent) in own.iter().enumerate().rev() {
        // An operand's dimensions align with the result's at the end.
        if extent > 1
            && let Some(step) = steps.get_mut((d + result.len()).saturating_sub(own.len()))
        {
            *step = stride;
        }
        stride *= extent as usize;
    }
    let elements = result.iter().map(|&d| d as usize).product();
    let mut positions = Vec::with_capacity(elements);
    let mut coordinates = vec![0u32; result.len()];
    let mut position = 0usize;
    for _ in 0..elements {
        positions.push(position);
        for d in (0..result.len()).rev() {
            coordinates[d] += 1;
            position += steps[d];
            if coordinates[d] < result[d] {
                break;
            }
            coordinates[d] = 0;
            position -= steps[d] * result[d] as usize;
        }
    }
    positions
}

/// The elements of an operand as the result's index has them.
fn spread<'a>(view: View<'a>, result: &Shape) -> Box<dyn Iterator<Item = f32> + 'a> {
    if view.dims == result.dims() {
        return Box::new(view.data.iter().copied());
    }
    if let [one] = *view.data {
        return Box::new(std::iter::repeat_n(one, result.elements()));
    }
    let positions = positions(view.dims, result.dims());
    Box::new(positions.into_iter().map(|at| view.data[at]))
}

pub(super) fn pair(a: View<'_>, b: View<'_>, result: &Shape, f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    let values = spread(a, result).zip(spread(b, result));
    values.map(|(a, b)| f(a, b)).collect()
}

pub(super) fn choose(condition: View<'_>, a: View<'_>, b: View<'_>, result: &Shape) -> Vec<f32> {
    let values = spread(condition, result).zip(spread(a, result).zip(spread(b, result)));
    values.map(|(c, (a, b))| if c != 0.0 { a } else { b }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_broadcast_from_the_end() {
        let shape = Shape::new(&[2, 3]).unwrap();
        let view = |dims, data| View { dims, data };
        let sum = pair(
            view(&[3], &[1., 2., 3.]),
            view(&[2, 1], &[10., 20.]),
            &shape,
            |a, b| a + b,
        );
        assert_eq!(sum, [11., 12., 13., 21., 22., 23.]);
        let chosen = choose(
            view(&[2, 1], &[1., 0.]),
            view(&[], &[5.]),
            view(&[3], &[1., 2., 3.]),
            &shape,
        );
        assert_eq!(chosen, [5., 5., 5., 1., 2., 3.]);
    }
}
