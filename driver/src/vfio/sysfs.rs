//! What the kernel says of a function before anybody opens it: where it is, who drives it, what shares its group.
//!
//! The kernel refuses what cannot be done as well, but with a number; here it is said what is wrong, and where.

use super::attribute;
use super::bdf::Bdf;
use super::error::VfioError;
use std::fs;
use std::path::{Path, PathBuf};

/// The kernel's file systems.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(super) sys: PathBuf,
    pub(super) dev: PathBuf,
}

impl Default for Kernel {
    fn default() -> Self {
        Self::at(Path::new("/sys"), Path::new("/dev"))
    }
}

/// The driver through which VFIO gives a function to a process.
pub const VFIO_PCI: &str = "vfio-pci";
/// What the kernel names the group of a function that it gives away without an IOMMU.
const NO_IOMMU_GROUP: &str = "vfio-noiommu";
/// Drivers that leave a group viable: those of bridges do no DMA on a function's behalf, and the kernel lets them be.
const HARMLESS: [&str; 3] = [VFIO_PCI, "pci-stub", "pcieport"];

impl Kernel {
    /// File systems that are mounted elsewhere.
    pub fn at(sys: &Path, dev: &Path) -> Self {
        Self {
            sys: sys.to_owned(),
            dev: dev.to_owned(),
        }
    }

    /// The folder of a function.
    pub fn folder(&self, bdf: Bdf) -> PathBuf {
        self.sys.join("bus/pci/devices").join(bdf.to_string())
    }

    /// The driver of a function, if it has one.
    pub fn driver(&self, bdf: Bdf) -> Option<String> {
        name_of_link(&self.folder(bdf).join("driver"))
    }

    /// The IOMMU group of a function.
    ///
    /// # Errors
    /// There is no such function, or none of a group that keeps its DMA where it belongs.
    pub fn group(&self, bdf: Bdf) -> Result<u32, VfioError> {
        let folder = self.folder(bdf);
        if !folder.exists() {
            return Err(VfioError::NoSuchFunction(bdf));
        }
        let link = folder.join("iommu_group");
        let Some(group) = name_of_link(&link).and_then(|name| name.parse().ok()) else {
            // A function gets the group of this mode with its binding.
            return Err(if self.does_without_iommu() {
                VfioError::NoIommuMode(bdf)
            } else {
                VfioError::NoIommu(bdf)
            });
        };
        if attribute::read(&link.join("name")).is_ok_and(|name| name == NO_IOMMU_GROUP) {
            return Err(VfioError::NoIommuMode(bdf));
        }
        Ok(group)
    }

    /// Whether VFIO would give functions away without an IOMMU.
    pub fn does_without_iommu(&self) -> bool {
        let parameter = self.sys.join("module/vfio/parameters/enable_unsafe_noiommu_mode");
        attribute::read(&parameter).is_ok_and(|value| matches!(value.as_str(), "Y" | "1"))
    }

    /// Looks whether a function may be opened, and says which IOMMU group it is in. Nothing is opened: a group's node
    /// lets one process in, and who only looks would keep another out. Whether a process has it now is not seen.
    ///
    /// # Errors
    /// The first thing that is in the way.
    pub fn check(&self, bdf: Bdf) -> Result<u32, VfioError> {
        // Without an IOMMU the function cannot be bound either, so this is said first.
        let group = self.group(bdf)?;
        let driver = self.driver(bdf);
        if driver.as_deref() != Some(VFIO_PCI) {
            return Err(VfioError::NotBound { bdf, driver });
        }
        self.is_viable(bdf, group)?;
        for path in [self.dev.join("vfio/vfio"), self.node(group)] {
            let access = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
            if let Err(error) = rustix::fs::access(&path, access) {
                return Err(VfioError::of_node(bdf, &path, error.into()));
            }
        }
        Ok(group)
    }

    /// The node through which a group is opened.
    pub fn node(&self, group: u32) -> PathBuf {
        self.dev.join(format!("vfio/{group}"))
    }

    /// Looks whether nobody else drives what is in the group of a function.
    ///
    /// # Errors
    /// Those that are in use.
    pub fn is_viable(&self, bdf: Bdf, group: u32) -> Result<(), VfioError> {
        // Of a group that cannot be read it is not known who is in it.
        if let Err(error) = fs::read_dir(self.folder(bdf).join("iommu_group/devices")) {
            let doing = "reading who is in its IOMMU group";
            return Err(VfioError::Kernel { bdf, doing, error });
        }
        let others = self.others(bdf).into_iter();
        let others: Vec<_> = others
            .filter_map(|(other, driver)| driver.map(|driver| (other, driver)))
            .filter(|(_, driver)| !HARMLESS.contains(&driver.as_str()))
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(VfioError::NotViable { bdf, group, others })
    }

    /// The other functions of a group, and what drives each, in the order of their names.
    pub fn others(&self, bdf: Bdf) -> Vec<(String, Option<String>)> {
        let Ok(entries) = fs::read_dir(self.folder(bdf).join("iommu_group/devices")) else {
            return Vec::new();
        };
        let mut others: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy() != bdf.to_string())
            .map(|entry| {
                let driver = name_of_link(&entry.path().join("driver"));
                (entry.file_name().to_string_lossy().into_owned(), driver)
            })
            .collect();
        others.sort();
        others
    }
}

/// The last part of what a link points to.
pub(super) fn name_of_link(link: &Path) -> Option<String> {
    let target = fs::read_link(link).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
