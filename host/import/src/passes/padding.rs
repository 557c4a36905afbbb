//! Zeros that are put around an image go into the padding of the convolution that reads it, where they are not computed.

use super::find::Finder;
use crate::typed::{Arg, Operator, Typed, ValueId};
use metisvm_model::Window;
use metisvm_model::limits::MAX_WINDOW;

/// Pads in a row that are looked through: one before and one after each dimension.
const MOST: usize = 4;

pub(super) fn absorb(mut typed: Typed) -> Typed {
    let finder = Finder::new(&typed);
    let mut changes: Vec<(usize, ValueId, Window)> = Vec::new();
    for (at, node) in typed.nodes.iter().enumerate() {
        let (Operator::Conv { window, .. }, Some(Arg::Value(x))) = (&node.op, node.inputs.first()) else {
            continue;
        };
        let (mut image, mut window) = (*x, *window);
        for _ in 0..MOST {
            let Some((inner, wider)) = finder.unpadded(image, &window) else {
                break;
            };
            (image, window) = (inner, wider);
        }
        if image != *x {
            changes.push((at, image, window));
        }
    }
    for (at, image, wider) in changes {
        let node = &mut typed.nodes[at];
        if let (Operator::Conv { window, .. }, Some(x)) = (&mut node.op, node.inputs.first_mut()) {
            *window = wider;
            *x = Arg::Value(image);
        }
    }
    typed
}

impl Finder<'_> {
    /// The image within zeros along one dimension, and the window with these as padding.
    fn unpadded(&self, image: ValueId, window: &Window) -> Option<(ValueId, Window)> {
        let node = self.node(image)?;
        let Operator::Concat { axis } = node.op else {
            return None;
        };
        let (mut inner, mut before, mut after) = (None, 0u32, 0u32);
        for part in &node.inputs {
            match part {
                Arg::Value(value) if inner.is_none() => inner = Some(*value),
                Arg::Constant(c) if c.reals().iter().all(|&v| v == 0.0) => {
                    let so_far = if inner.is_none() { &mut before } else { &mut after };
                    *so_far = so_far.checked_add(*c.dims.get(axis)?)?;
                }
                _ => return None,
            }
        }
        let mut wider = *window;
        let padding = &mut wider.padding;
        let (first, last) = match axis {
            2 => (&mut padding.top, &mut padding.bottom),
            3 => (&mut padding.left, &mut padding.right),
            _ => return None,
        };
        *first = first.checked_add(before)?;
        *last = last.checked_add(after)?;
        (*first).max(*last).le(&MAX_WINDOW).then_some((inner?, wider))
    }
}
