//! What the kernel says of a function before anybody opens it: where it is, who drives it, what shares its group.
//!
//! The kernel refuses what cannot be done as well, but with a number; here it is said what is wrong, and where.

use super::bdf::Bdf;
use super::error::VfioError;
use std::fs;
use std::path::{Path, PathBuf};

/// The kernel's file systems.
#[derive(Clone, Debug)]
pub struct Kernel {
    sys: PathBuf,
    dev: PathBuf,
}

impl Default for Kernel {
    fn default() -> Self {
        Self::at(Path::new("/sys"), Path::new("/dev"))
    }
}

/// The driver through which VFIO gives a function to a process.
const VFIO_PCI: &str = "vfio-pci";
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

    /// Looks whether a function may be opened, and says which IOMMU group it is in.
    ///
    /// # Errors
    /// The first thing that is in the way.
    pub fn check(&self, bdf: Bdf) -> Result<u32, VfioError> {
        let folder = self.folder(bdf);
        if !folder.exists() {
            return Err(VfioError::NoSuchFunction(bdf));
        }
        // Without an IOMMU the function cannot be bound either, so this is said first.
        let link = folder.join("iommu_group");
        let group: u32 = name_of_link(&link)
            .and_then(|name| name.parse().ok())
            .ok_or(VfioError::NoIommu(bdf))?;
        let name = fs::read_to_string(link.join("name")).unwrap_or_default();
        if name.trim_end() == NO_IOMMU_GROUP {
            return Err(VfioError::NoIommuMode(bdf));
        }
        let driver = self.driver(bdf);
        if driver.as_deref() != Some(VFIO_PCI) {
            return Err(VfioError::NotBound { bdf, driver });
        }
        let others = self.others(bdf, &link);
        if !others.is_empty() {
            return Err(VfioError::NotViable { bdf, group, others });
        }
        for path in [self.dev.join("vfio/vfio"), self.dev.join(format!("vfio/{group}"))] {
            if let Err(error) = fs::OpenOptions::new().read(true).write(true).open(&path) {
                return Err(VfioError::of_node(bdf, &path, &error));
            }
        }
        Ok(group)
    }

    /// Functions of a group that something else drives.
    fn others(&self, bdf: Bdf, group: &Path) -> Vec<(String, String)> {
        let Ok(entries) = fs::read_dir(group.join("devices")) else {
            return Vec::new();
        };
        let mut others: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy() != bdf.to_string())
            .filter_map(|entry| {
                let driver = name_of_link(&entry.path().join("driver"))?;
                let harmless = HARMLESS.contains(&driver.as_str());
                (!harmless).then(|| (entry.file_name().to_string_lossy().into_owned(), driver))
            })
            .collect();
        others.sort();
        others
    }
}

/// The last part of what a link points to.
fn name_of_link(link: &Path) -> Option<String> {
    let target = fs::read_link(link).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
