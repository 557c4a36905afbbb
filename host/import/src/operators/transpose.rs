//! Transpose: the dimensions in another order.

use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::Arg;

pub(super) fn transpose(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.arg(0)?.clone();
    let rank = b.dims(&x).len();
    let order: Vec<usize> = match call.attributes.ints("perm")? {
        None => (0..rank).rev().collect(),
        Some(perm) => {
            let order: Vec<usize> = perm.iter().filter_map(|&p| usize::try_from(p).ok()).collect();
            let all =
                order.len() == perm.len() && order.len() == rank && (0..rank).all(|i| order.contains(&i));
            if !all {
                return Err(wrong("perm", format!("it is no order of {rank} dimensions")));
            }
            order
        }
    };
    Maker::new(b, call).permuted(x, &order)
}
