//! What of a machine's set-up is in the way of using cards, and what mends it: `metisvm device doctor`.

mod files;
mod finding;
mod iommu;
mod kernel;
mod limits;
mod slots;
mod socket;

pub use finding::{Finding, State};

use crate::args::{Card, Roots};
use crate::user_cache;
use files::Files;

/// Looks at everything that a card needs; where none is named, that those on the bus do.
pub fn look(roots: &Roots, card: Option<&Card>) -> Vec<Finding> {
    let named = match card {
        None => None,
        Some(Card::Vfio(bdf)) => Some(*bdf),
        Some(Card::VfioUser(path)) => return vec![socket::socket(path)],
        Some(Card::Functional(_)) => return vec![socket::nothing()],
        Some(Card::Rtl(_)) => return vec![socket::tools(), socket::cache(user_cache::folder().is_some())],
    };
    let files = Files::below(&roots.root);
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
    findings.extend(slots::slots(&roots.kernel(), named));
    findings
}
