//! How many elements lie within what a kernel indexes.

use crate::error::Error;
use crate::job::MOST;
use crate::kernels::Type;

/// The product of counts, if it is one that kernels can index.
pub(super) fn count(factors: &[u32]) -> Result<u64, Error> {
    let product = factors
        .iter()
        .try_fold(1u64, |product, &factor| product.checked_mul(factor.into()));
    product
        .filter(|&product| product < MOST)
        .ok_or(Error::Sizes("more elements than a kernel can index"))
}

/// How many elements lie up to the last of a walk: the extents of dimensions and their strides.
pub(super) fn reach(dimensions: &[(u32, u32)]) -> Result<u64, Error> {
    let mut last = 0u64;
    for &(extent, stride) in dimensions {
        let steps = extent.checked_sub(1).ok_or(Error::Sizes("an empty dimension"))?;
        // Below 2^64 by far: at most a dozen terms below 2^63 that are refused as soon as they leave 2^31.
        last = last.saturating_add(u64::from(steps) * u64::from(stride));
        if last >= MOST {
            return Err(Error::Sizes("more elements than a kernel can index"));
        }
    }
    Ok(last + 1)
}

pub(super) const fn bytes(elements: u64, ty: Type) -> u64 {
    elements * ty.size() as u64
}
