//! DepthToSpace and SpaceToDepth: channels as blocks of an image and the other way round.

use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::{Problem, plain};
use crate::typed::Arg;

/// An image and the side of its blocks.
fn image(b: &Builder, call: &Call<'_>) -> Result<(Arg, [u32; 4], u32), Problem> {
    call.arity(1, 1, "1")?;
    let x = call.arg(0)?.clone();
    let &[n, c, h, w] = b.dims(&x) else {
        return Err(Problem::Shape(format!(
            "{:?} is no image of 4 dimensions",
            b.dims(&x)
        )));
    };
    let side = call.attributes.int("blocksize", 0)?;
    let side = u32::try_from(side)
        .ok()
        .filter(|&side| side > 0 && side.checked_mul(side).is_some())
        .ok_or_else(|| wrong("blocksize", format!("it is {side}")))?;
    Ok((x, [n, c, h, w], side))
}

pub(super) fn depth_to_space(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, [n, c, h, w], side) = image(b, call)?;
    if c % (side * side) != 0 {
        return Err(Problem::Shape(format!(
            "{c} channels are no blocks of {side}×{side}"
        )));
    }
    let depth = c / (side * side);
    let (split, order) = match call.attributes.string("mode", "DCR")? {
        "DCR" => ([n, side, side, depth, h, w], [0, 3, 4, 1, 5, 2]),
        "CRD" => ([n, depth, side, side, h, w], [0, 1, 4, 2, 5, 3]),
        other => return Err(wrong("mode", format!("{} is unknown", plain(other)))),
    };
    let mut m = Maker::new(b, call);
    let x = m.reshape(x, &split)?;
    let x = m.permuted(x, &order)?;
    m.reshape(x, &[n, depth, h * side, w * side])
}

pub(super) fn space_to_depth(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (x, [n, c, h, w], side) = image(b, call)?;
    if h % side != 0 || w % side != 0 {
        return Err(Problem::Shape(format!(
            "{h}×{w} is not made of blocks of {side}×{side}"
        )));
    }
    let mut m = Maker::new(b, call);
    let x = m.reshape(x, &[n, c, h / side, side, w / side, side])?;
    let x = m.permuted(x, &[0, 3, 5, 1, 2, 4])?;
    m.reshape(x, &[n, c * side * side, h / side, w / side])
}
