//! Why a card cannot be used through the kernel's VFIO: what, where, and what to do.

use super::bdf::Bdf;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why not.
#[derive(Debug, Error)]
pub enum VfioError {
    /// There is nothing at that place.
    #[error("{0}: there is no such PCI function (lspci -D lists those that there are)")]
    NoSuchFunction(Bdf),
    /// Nothing would keep the card's DMA within what it was given.
    #[error(
        "{0}: it is in no IOMMU group, so its DMA could reach all memory: enable the IOMMU (VT-d, AMD-Vi) in the \
         firmware, and on Intel's processors boot with intel_iommu=on"
    )]
    NoIommu(Bdf),
    /// The same, although the kernel would allow it.
    #[error(
        "{0}: VFIO has it in no-IOMMU mode, in which its DMA could reach all memory, so it is not used: enable the \
         IOMMU (VT-d, AMD-Vi; intel_iommu=on), and leave enable_unsafe_noiommu_mode off"
    )]
    NoIommuMode(Bdf),
    /// The kernel, or nobody, drives it.
    #[error(
        "{bdf}: {}, not by vfio-pci: load the module (modprobe vfio-pci), then bind the card to it (metisvm device bind \
         {bdf}, as root)",
        driver.as_ref().map_or_else(|| "it is driven by nothing".to_owned(), |driver| format!("it is driven by {driver}"))
    )]
    NotBound {
        /// The function.
        bdf: Bdf,
        /// What drives it.
        driver: Option<String>,
    },
    /// What shares its group could be reached by its DMA, or reach what is its.
    #[error(
        "{bdf}: its IOMMU group {group} is not viable, as others in it are in use ({}): unbind them from their drivers, \
         or put the card into a slot with a group of its own",
        others.iter().map(|(bdf, driver)| format!("{bdf} by {driver}")).collect::<Vec<_>>().join(", ")
    )]
    NotViable {
        /// The function.
        bdf: Bdf,
        /// The group.
        group: u32,
        /// The others, and their drivers.
        others: Vec<(String, String)>,
    },
    /// The module is not there.
    #[error("{bdf}: {path} is missing: load the kernel's modules (modprobe -a vfio-pci vfio_iommu_type1)", path = path.display())]
    NoNode {
        /// The function.
        bdf: Bdf,
        /// What was to be opened.
        path: PathBuf,
    },
    /// The node is there, and the kernel refuses it for another reason.
    #[error(
        "{bdf}: {path} cannot be opened for reading and writing: {error}; look at the file and its file system (ls -l \
         {path}; findmnt -T {path})",
        path = path.display()
    )]
    Node {
        /// The function.
        bdf: Bdf,
        /// What was to be opened.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// This user may not.
    #[error(
        "{bdf}: this user may not open {path}: give it to a group that the user is in (a udev rule: \
         SUBSYSTEM==\"vfio\", GROUP=\"...\", MODE=\"0660\")",
        path = path.display()
    )]
    NoPermission {
        /// The function.
        bdf: Bdf,
        /// What was to be opened.
        path: PathBuf,
    },
    /// Another process has it.
    #[error("{bdf}: another process uses its group ({path}; fuser -v {path} says which)", path = path.display())]
    InUse {
        /// The function.
        bdf: Bdf,
        /// What was to be opened.
        path: PathBuf,
    },
    /// A card could raise any interrupt of the machine.
    #[error(
        "{0}: the IOMMU does not remap interrupts, so the card could raise any: switch interrupt remapping on in the \
         firmware (x2APIC), and boot without intremap=off"
    )]
    NoInterruptRemapping(Bdf),
    /// It is something else.
    #[error("{bdf}: {problem}, so it is no card")]
    NoCard {
        /// The function.
        bdf: Bdf,
        /// What it lacks.
        problem: String,
    },
    /// The kernel refuses something else.
    #[error("{bdf}: {doing} failed: {error}")]
    Kernel {
        /// The function.
        bdf: Bdf,
        /// What was to be done.
        doing: &'static str,
        /// What the kernel said.
        error: io::Error,
    },
}

impl VfioError {
    /// Why the kernel does not give a function whose nodes can be opened.
    pub(super) fn of_open(bdf: Bdf, node: PathBuf, error: io::Error) -> Self {
        match error.kind() {
            // A group's node lets one process in.
            io::ErrorKind::ResourceBusy => Self::InUse { bdf, path: node },
            // What VFIO says where interrupts are not remapped; a user who may not was told so before.
            io::ErrorKind::PermissionDenied => Self::NoInterruptRemapping(bdf),
            _ => Self::Kernel {
                bdf,
                doing: "opening it",
                error,
            },
        }
    }

    /// Why a node of VFIO's cannot be opened.
    pub(super) fn of_node(bdf: Bdf, path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::NoPermission { bdf, path },
            io::ErrorKind::NotFound => Self::NoNode { bdf, path },
            _ => Self::Node { bdf, path, error },
        }
    }
}
