//! What the cases made by hand have to reach, so that a change of them cannot hollow the suite out.

use super::coverage::Key;
use super::edges::{SIDES, WIDER_SIDES};

/// All of it, whatever a backend takes of it.
pub(super) fn required() -> Vec<Key> {
    const ANY: [&str; 4] = ["of u8", "of i8", "of i16", "of i32"];
    const BYTES: [&str; 2] = ["of u8", "of i8"];
    const TO_ANY: [&str; 4] = ["to u8", "to i8", "to i16", "to i32"];
    const PRODUCT: [&str; 11] = [
        "weights i8",
        "weights u8",
        "computed weights",
        "least zero point of x",
        "greatest zero point of x",
        "least zero point of w",
        "greatest zero point of w",
        "zero points per column",
        "bias",
        "no bias",
        "greatest i32",
    ];
    const WINDOW: [&str; 13] = [
        "kernel over 1",
        "kernel over 4",
        "kernel not square",
        "kernel beyond the image",
        "stride over 1",
        "stride over 3",
        "stride beyond the kernel",
        "dilation over 1",
        "dilation over 3",
        "padding",
        "padding over 3",
        "padding of one side",
        "image over 9",
    ];
    const ENDS: [&str; 2] = ["least i32", "greatest i32"];
    /// An operator, what it has to reach, and the extents that must lie at every edge of tiles.
    type Wanted<'a> = (&'static str, &'a [&'a [&'static str]], &'a [&'static str]);
    let wanted: [Wanted<'_>; 9] = [
        (
            "MatMul",
            &[&BYTES, &PRODUCT, &["weights with batch dimensions"]],
            &["rows", "columns", "depth"],
        ),
        (
            "Conv2d",
            &[&BYTES, &PRODUCT, &WINDOW, &["groups", "depthwise"]],
            &["pixels", "channels in", "channels out", "depth"],
        ),
        (
            "Add",
            &[&ANY, &ENDS, &["broadcast", "broadcast of both operands"]],
            &["last extent"],
        ),
        (
            "Requantise",
            &[
                &ANY,
                &TO_ANY,
                &ENDS,
                &["scalars", "least zero point", "greatest zero point"],
            ],
            &["last extent"],
        ),
        ("Clamp", &[&ANY, &ENDS], &["last extent"]),
        ("Table", &[&BYTES, &TO_ANY, &ENDS], &["last extent"]),
        (
            "MaxPool2d",
            &[&ANY, &ENDS, &WINDOW],
            &["rows", "columns", "channels"],
        ),
        ("Reshape", &[&ANY], &[]),
        ("ArgMax", &[&ANY, &["last axis", "another axis"]], &["extent"]),
    ];
    const BROADCAST: [&str; 2] = ["broadcast", "broadcast of both operands"];
    const AXES: [&str; 3] = ["first axis", "middle axis", "last axis"];
    const GREATEST: [&str; 1] = ["greatest i32"];
    let later: [Wanted<'_>; 10] = [
        ("Sub", &[&ANY, &ENDS, &BROADCAST], &["last extent"]),
        (
            "Mul",
            &[&ANY, &TO_ANY, &ENDS, &BROADCAST, &["no shift"]],
            &["last extent"],
        ),
        (
            "Interpolate",
            &[&["to u8", "to i8", "to i16", "computed table", "constant table"]],
            &["last extent"],
        ),
        ("ReduceSum", &[&ANY, &AXES, &GREATEST], &["extent"]),
        ("ReduceMax", &[&ANY, &AXES, &ENDS], &["extent"]),
        (
            "Reciprocal",
            &[&ANY, &GREATEST, &["least numerator", "greatest numerator"]],
            &["last extent"],
        ),
        (
            "InvNorm",
            &[
                &ANY,
                &GREATEST,
                &["no shift", "least epsilon", "greatest epsilon", "greatest sum"],
            ],
            &["extent"],
        ),
        (
            "Gather",
            &[&ANY, &AXES, &ENDS, &["computed index", "constant index"]],
            &["extent", "indices"],
        ),
        (
            "Transpose",
            &[&ANY, &["last stays", "last moves"]],
            &["last extent"],
        ),
        ("Concat", &[&ANY, &AXES], &["extent"]),
    ];
    let wide: Wanted<'_> = (
        "WideMatMul",
        &[&PRODUCT, &["of i16", "weights with batch dimensions"]],
        &["rows", "columns", "depth"],
    );
    let mut keys: Vec<Key> = vec![
        ("graph", "of several outputs", 0),
        ("Requantise", "multiplier", 1),
        ("Requantise", "multiplier", 32767),
        ("Requantise", "shift", 1),
        ("Requantise", "shift", 47),
        ("Requantise", "per channel, axis", 0),
        ("Requantise", "per channel, axis", 1),
        ("Requantise", "per channel, axis", 3),
        ("Concat", "operands", 2),
        ("Concat", "operands", 64),
    ];
    for shift in [1, 31, 62] {
        keys.extend(["Mul", "InvNorm"].map(|operator| (operator, "shift", shift)));
    }
    keys.extend([1, 2, 3].map(|rank| ("Gather", "index of rank", rank)));
    keys.extend([1, 2, 3, 4, 8].map(|rank| ("Transpose", "rank", rank)));
    let first = wanted
        .into_iter()
        .chain([wide])
        .map(|wanted| (wanted, &SIDES[..]));
    let later = later.into_iter().map(|wanted| (wanted, &WIDER_SIDES[..]));
    for ((operator, groups, extents), all) in first.chain(later) {
        keys.extend(groups.iter().copied().flatten().map(|&what| (operator, what, 0)));
        for &what in extents {
            keys.extend(all.iter().map(|&extent| (operator, what, extent)));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::super::coverage::Coverage;
    use super::*;

    #[test]
    fn cases_that_reach_nothing_miss_everything() {
        let missing = Coverage::default().missing();
        assert_eq!(missing.len(), required().len());
        assert!(missing.contains(&"MatMul: depth 65".into()), "{missing:?}");
    }
}
