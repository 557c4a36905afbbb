//! BatchNormalization.

use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};
use metisvm_model::Window;

/// In inference it is one factor and one offset a channel: a convolution of 1 × 1 with as many groups as
/// channels.
pub(super) fn batch_normalization(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(5, 5, "5")?;
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    call.attributes.float("momentum", 0.9)?;
    if call.attributes.flag("training_mode", false)? {
        return Err(wrong("training_mode", "export the model for inference"));
    }
    let x = call.real(b, 0)?.clone();
    let from = b.dims(&x).to_vec();
    let [batch, channels, ref rest @ ..] = from[..] else {
        return Err(Problem::Shape(format!("{from:?} has no channels")));
    };
    let parameter = |index, what| {
        call.real(b, index)?;
        let c = call.needed(index, what)?;
        if c.dims == [channels] {
            c.finite()
        } else {
            Err(Problem::Shape(format!(
                "{what} {:?} for {channels} channels",
                c.dims
            )))
        }
    };
    let scale = parameter(1, "the scale")?;
    let offset = parameter(2, "the offset")?;
    let mean = parameter(3, "the mean")?;
    let variance = parameter(4, "the variance")?;
    let mut weights = Vec::new();
    let mut bias = Vec::new();
    for c in 0..channels as usize {
        let factor = f64::from(scale[c]) / f64::from(variance[c] + epsilon).sqrt();
        weights.push(factor as f32);
        bias.push(f64::from(offset[c]) - f64::from(mean[c]) * factor);
    }
    let w = Constant::new(&call.node.name, vec![channels, 1, 1, 1], Data::F32(weights))?;
    w.finite()?;
    let op = Operator::Conv {
        window: Window::default(),
        groups: channels,
        bias: Some(bias),
    };
    let dims = match *rest {
        [height, width] => [batch, channels, height, width],
        _ => [batch, channels, 1, rest.iter().product()],
    };
    let x = Maker::new(b, call).reshape(x, &dims)?;
    let y = b.emit(&call.node, op, vec![x, Arg::Constant(w)], &dims, Element::Real)?;
    Maker::new(b, call).reshape(y, &from)
}
