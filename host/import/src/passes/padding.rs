//! Entries that a window would see as padding become its padding: zeros put around the operand of a convolution (an
//! average is one), and what is far below every number around that of a MaxPool. Exporters write Pad as a node of its
//! own.

use super::find::Finder;
use crate::constant::Constant;
use crate::typed::{Arg, Operator, Typed, TypedNode, TypedValue, ValueId};
use metisvm_model::limits::MAX_WINDOW;
use metisvm_model::{Shape, Window};

/// Joins in a row that are looked through: one a dimension.
const MOST: usize = 4;
/// Exporters write the least number of a type for what no maximum may see.
const FAR_BELOW: f32 = -1e30;

pub(super) fn absorb(mut typed: Typed) -> Typed {
    let mut nodes = typed.nodes.clone();
    let mut added: Vec<(usize, TypedNode)> = Vec::new();
    let mut values: Vec<TypedValue> = Vec::new();
    let finder = Finder::new(&typed);
    for (at, node) in nodes.iter_mut().enumerate() {
        let Some(Arg::Value(x)) = node.inputs.first().cloned() else {
            continue;
        };
        let weight = match node.inputs.get(1) {
            Some(Arg::Constant(w)) => w.dims.clone(),
            _ => Vec::new(),
        };
        let (window, kernel, low): (&mut Window, [u32; 2], bool) = match (&mut node.op, &weight[..]) {
            (Operator::Conv { window, .. }, &[_, _, kh, kw]) => (window, [kh, kw], false),
            (Operator::MaxPool { window, kernel }, _) => {
                let kernel = *kernel;
                (window, kernel, true)
            }
            _ => continue,
        };
        let mut inside = x;
        for _ in 0..MOST {
            match finder.around(inside, low) {
                Some((next, axis, before, after)) if takes(window, axis, before, after, kernel, low) => {
                    inside = next;
                }
                _ => break,
            }
        }
        if inside != x {
            node.inputs[0] = Arg::Value(inside);
            continue;
        }
        // An image of one dimension is one of height 1.
        let Some((row, before, after)) = finder.around_row(x, low) else {
            continue;
        };
        let dims = finder.dims(row);
        let &[batch, channels, width] = dims else {
            continue;
        };
        let Some(shape) = Shape::new(&[batch, channels, 1, width]) else {
            continue;
        };
        if takes(window, 1, before, after, kernel, low) {
            let image = typed.values.len() + values.len();
            values.push(TypedValue {
                name: String::new(),
                shape,
                element: typed.values[row].element,
            });
            added.push((
                at,
                TypedNode {
                    name: node.name.clone(),
                    op: Operator::Reshape,
                    inputs: vec![Arg::Value(row)],
                    output: image,
                },
            ));
            node.inputs[0] = Arg::Value(image);
        }
    }
    typed.values.append(&mut values);
    let mut added = added.into_iter().peekable();
    typed.nodes = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.into_iter().enumerate() {
        while let Some((_, reshape)) = added.next_if(|(before, _)| *before == at) {
            typed.nodes.push(reshape);
        }
        typed.nodes.push(node);
    }
    typed
}

/// Makes padding of entries beside dimension `d` of an image, if the window can have that much.
fn takes(window: &mut Window, d: usize, before: u32, after: u32, kernel: [u32; 2], low: bool) -> bool {
    let before = window.before(d).saturating_add(before);
    let after = window.after(d).saturating_add(after);
    let reach = kernel[d]
        .saturating_sub(1)
        .saturating_mul(window.dilation[d])
        .saturating_add(1);
    // Of a maximum no window may see the padding alone.
    let most = if low { reach - 1 } else { MAX_WINDOW };
    if before > most || after > most {
        return false;
    }
    let padding = &mut window.padding;
    if d == 0 {
        (padding.top, padding.bottom) = (before, after);
    } else {
        (padding.left, padding.right) = (before, after);
    }
    true
}

impl Finder<'_> {
    /// What is joined with nothing but entries of the kind, the dimension, and how many lie before and after it.
    fn joined(&self, value: ValueId, low: bool) -> Option<(ValueId, usize, u32, u32)> {
        let node = self.node(value)?;
        let Operator::Concat { axis } = node.op else {
            return None;
        };
        let is_padding = |c: &Constant| {
            c.is_float()
                && c.reals()
                    .iter()
                    .all(|&v| if low { v <= FAR_BELOW } else { v == 0.0 })
        };
        let (mut inside, mut around) = (None, [0u32; 2]);
        for arg in &node.inputs {
            match arg {
                Arg::Value(id) if inside.is_none() => inside = Some(*id),
                Arg::Value(_) => return None,
                Arg::Constant(c) => {
                    if !is_padding(c) {
                        return None;
                    }
                    let side = &mut around[usize::from(inside.is_some())];
                    *side = side.checked_add(*c.dims.get(axis)?)?;
                }
            }
        }
        Some((inside?, axis, around[0], around[1]))
    }

    /// The same of an image, with the number of its spatial dimension.
    fn around(&self, value: ValueId, low: bool) -> Option<(ValueId, usize, u32, u32)> {
        let (inside, axis, before, after) = self.joined(value, low)?;
        let d = axis.checked_sub(2)?;
        (self.dims(inside).len() == 4).then_some((inside, d, before, after))
    }

    /// The same of a row that was made an image of height 1.
    fn around_row(&self, value: ValueId, low: bool) -> Option<(ValueId, u32, u32)> {
        let node = self.node(value)?;
        let (Operator::Reshape, [Arg::Value(row)]) = (&node.op, &node.inputs[..]) else {
            return None;
        };
        let &[batch, channels, width] = self.dims(*row) else {
            return None;
        };
        if self.dims(value) != [batch, channels, 1, width] {
            return None;
        }
        let (inside, axis, before, after) = self.joined(*row, low)?;
        (axis == 2).then_some((inside, before, after))
    }
}
