//! DynamicQuantizeLSTM of ONNX Runtime: an LSTM whose constant weights are quantised and stored transposed.

use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::operators::quantisation::sound_scales;
use crate::typed::Arg;

/// Operands 1 and 2 are the weights, 8 to 11 their scales and zero points; the rest is as in LSTM.
pub(crate) fn lstm(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(3, 12, "12")?;
    let mut inputs = call.inputs.clone();
    inputs.truncate(8);
    for (index, scale) in [(1, 8), (2, 10)] {
        let w = weight(b, call, index, scale)?;
        if let Some(place) = inputs.get_mut(index) {
            *place = Some(Arg::Constant(w));
        }
    }
    while inputs.last().is_some_and(Option::is_none) {
        inputs.pop();
    }
    super::lstm(b, &call.with(inputs))
}

/// `[directions, rows, gates]` in integers as `[directions, gates, rows]` in real numbers; scales are one for each
/// direction, or for each of its gates' columns.
fn weight(b: &mut Builder, call: &Call<'_>, index: usize, scale: usize) -> Result<Constant, Problem> {
    let c = call.needed(index, "the weight")?;
    let scale_tensor = call.needed(scale, "the scale")?;
    let zero = call.needed(scale + 1, "the zero point")?;
    let &[directions, rows, gates] = &c.dims[..] else {
        return Err(Problem::Shape(format!("a weight {:?}", c.dims)));
    };
    if c.is_float() || std::mem::discriminant(&*c.data) != std::mem::discriminant(&*zero.data) {
        let why = format!("it is {}, the weight {}", zero.type_name(), c.type_name());
        return Err(Problem::ZeroPoint(why));
    }
    let each = match scale_tensor.dims[..] {
        [d] if d == directions => 1,
        [d, g] if d == directions && g == gates => gates as usize,
        _ => {
            return Err(Problem::Scale(format!(
                "its shape is {:?} for a weight {:?}",
                scale_tensor.dims, c.dims
            )));
        }
    };
    if zero.dims != scale_tensor.dims {
        return Err(Problem::ZeroPoint(format!(
            "its shape {:?} is not the scale's",
            zero.dims
        )));
    }
    b.folds(2 * c.len())?;
    let scales = sound_scales(scale_tensor)?;
    let (rows, gates) = (rows as usize, gates as usize);
    let reals = (0..c.len()).map(|i| {
        let (direction, gate) = (i / gates / rows, i % gates);
        let at = if each == 1 {
            direction
        } else {
            direction * gates + gate
        };
        (c.data.int(i) - zero.data.int(at)) as f32 * scales[at]
    });
    let stored = Constant::new(
        &c.name,
        vec![directions, rows as u32, gates as u32],
        Data::F32(reals.collect()),
    )?;
    Ok(stored.transposed(&[0, 2, 1]))
}
