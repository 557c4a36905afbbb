//! Modules, and what the kernel is locked down to.

use super::files::Files;
use super::finding::{Finding, commands};

pub(super) fn vfio_pci(files: &Files) -> Finding {
    const KEY: &str = "vfio_pci";
    if files.exists("sys/bus/pci/drivers/vfio-pci") {
        return Finding::fine(KEY, "the module vfio-pci is there");
    }
    let mend = commands(&[
        "sudo modprobe vfio-pci",
        "echo vfio-pci | sudo tee -a /etc/modules-load.d/metisvm.conf",
    ]);
    Finding::blocks(KEY, "the kernel has no vfio-pci", mend)
}

pub(super) fn vfio_iommu(files: &Files) -> Finding {
    const KEY: &str = "vfio_iommu";
    if files.exists("sys/module/vfio_iommu_type1") && files.exists("dev/vfio/vfio") {
        return Finding::fine(KEY, "the module vfio_iommu_type1 is there");
    }
    let mend = commands(&[
        "sudo modprobe vfio_iommu_type1",
        "echo vfio_iommu_type1 | sudo tee -a /etc/modules-load.d/metisvm.conf",
    ]);
    let what = "the kernel has no vfio_iommu_type1, or no /dev/vfio/vfio: VFIO reaches no IOMMU";
    Finding::blocks(KEY, what, mend)
}

pub(super) fn lockdown(files: &Files) -> Finding {
    const KEY: &str = "lockdown";
    let text = files.text("sys/kernel/security/lockdown");
    let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    match chosen {
        Some((mode @ ("integrity" | "confidentiality"), _)) => Finding::fine(
            KEY,
            format!("the kernel is locked down ({mode}): VFIO works, modules have to be signed"),
        ),
        _ => Finding::fine(KEY, "the kernel is not locked down"),
    }
}
