//! What is said of a tensor or a dimension by its name, `NAME=…`, and other options of several parts.

use metisvm_import::Grid;
use metisvm_model::DType;
use metisvm_model::limits::MAX_RANK;

/// Splits at the last `=`: names of tensors may have one, what is said of them has none.
fn named<'a>(text: &'a str, form: &str) -> Result<(String, &'a str), String> {
    match text.rsplit_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value)),
        _ => Err(format!("it is written {form}")),
    }
}

fn extent(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(n @ 1..) => Ok(n),
        _ => Err(format!("{text:?} is not a number of at least 1")),
    }
}

pub(super) fn dim(text: &str) -> Result<(String, u32), String> {
    let (name, value) = named(text, "NAME=N, such as sequence=128")?;
    Ok((name, extent(value)?))
}

pub(super) fn shape(text: &str) -> Result<(String, Vec<u32>), String> {
    let (name, value) = named(text, "INPUT=N,N,…, such as images=1,3,224,224")?;
    let dims: Vec<u32> = value.split(',').map(extent).collect::<Result<_, _>>()?;
    if dims.len() > MAX_RANK {
        return Err(format!("a tensor has at most {MAX_RANK} dimensions"));
    }
    Ok((name, dims))
}

pub(super) fn step(text: &str) -> Result<(u32, u32), String> {
    match text.split_once(',') {
        Some((tokens, context)) => Ok((extent(tokens)?, extent(context)?)),
        None => Err("it is written TOKENS,CONTEXT, such as 1,64".to_owned()),
    }
}

pub(super) fn grid(text: &str) -> Result<(String, Grid), String> {
    let form = "INPUT=SCALE,ZERO or INPUT=SCALE,ZERO,DTYPE, such as pixels=1,0,u8";
    let (name, value) = named(text, form)?;
    let mut parts = value.split(',').map(str::trim);
    let (Some(scale), Some(zero), dtype, None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(format!("it is written {form}"));
    };
    let dtype = match dtype.unwrap_or("u8") {
        "u8" => DType::U8,
        "i8" => DType::I8,
        other => return Err(format!("the type {other:?} is none of u8 and i8")),
    };
    let scale: f32 = scale
        .parse()
        .ok()
        .filter(|scale: &f32| scale.is_normal() && *scale > 0.0)
        .ok_or_else(|| format!("the scale {scale:?} is not a positive number"))?;
    let zero_point: i32 = zero
        .parse()
        .ok()
        .filter(|zero| (dtype.min()..=dtype.max()).contains(zero))
        .ok_or_else(|| {
            let (low, high) = (dtype.min(), dtype.max());
            format!("the zero point {zero:?} is not a number from {low} to {high}")
        })?;
    Ok((
        name,
        Grid {
            scale,
            zero_point,
            dtype,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_name_follows_the_last_equals_sign() {
        assert_eq!(dim("a=b=3"), Ok(("a=b".to_owned(), 3)));
        assert_eq!(shape("x:0=1, 3,4"), Ok(("x:0".to_owned(), vec![1, 3, 4])));
        let (name, grid) = grid("x=0.5,-3,i8").unwrap();
        assert_eq!(
            (name.as_str(), grid.scale, grid.zero_point, grid.dtype),
            ("x", 0.5, -3, DType::I8)
        );
        for bad in ["", "x", "x=", "=3", "x=0", "x=-1", "x=1.5", "x=4294967296"] {
            assert!(dim(bad).is_err(), "{bad}");
        }
        for bad in ["x=", "x=1,", "x=1,0", "x=1,2,3,4,5,6,7,8,9"] {
            assert!(shape(bad).is_err(), "{bad}");
        }
        for bad in [
            "x=1",
            "x=0,0",
            "x=inf,0",
            "x=NaN,0",
            "x=1e-45,0",
            "x=-1,0",
            "x=1,256",
            "x=1,-1",
            "x=1,0,i16",
            "x=1,0,u8,1",
        ] {
            assert!(super::grid(bad).is_err(), "{bad}");
        }
    }
}
