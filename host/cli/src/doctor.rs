//! What of a machine's set-up is in the way of using cards, and what mends it: `metisvm device doctor`.

mod files;
mod finding;
mod iommu;
mod kernel;
mod limits;
mod local;
mod slots;
mod socket;
mod unix_sockets;

pub use finding::{Finding, State};

use crate::args::{Card, Roots};
use crate::error::CliError;
use crate::user_cache;
use files::Files;

/// Looks at everything that a card needs; where none is named, that those on the bus do.
///
/// # Errors
/// There is no machine to be looked at.
pub fn look(roots: &Roots, card: Option<&Card>) -> Result<Vec<Finding>, CliError> {
    let named = match card {
        None => None,
        Some(Card::Vfio(bdf)) => Some(*bdf),
        Some(Card::VfioUser(path)) => return Ok(socket::socket(path)),
        Some(Card::Functional(_)) => return Ok(vec![local::nothing()]),
        Some(Card::Rtl(_)) => return Ok(vec![local::tools(), local::cache(user_cache::folder().is_some())]),
    };
    let kernel = roots.kernel()?;
    let files = Files::below(roots.folder());
    let mut findings = vec![
        iommu::iommu(&files),
        iommu::interrupts(&files),
        iommu::no_iommu_mode(&files),
        kernel::vfio_pci(&files),
        kernel::vfio_iommu(&files),
        kernel::lockdown(&files),
        limits::locked_memory(&files),
        limits::huge_pages(&files),
    ];
    findings.extend(slots::slots(&kernel, named));
    Ok(findings)
}
