//! What keeps a card's DMA and interrupts where they belong.

use super::files::Files;
use super::finding::{Finding, commands};

/// Adds a word to the kernel's command line, where GRUB starts it, if it is not there.
fn start_with(word: &str) -> Vec<String> {
    vec![
        format!("sudo sed -i '/{word}/!s/^GRUB_CMDLINE_LINUX=\"/&{word} /' /etc/default/grub"),
        "sudo update-grub && sudo reboot".to_owned(),
    ]
}

/// Takes one away.
fn start_without(word: &str) -> Vec<String> {
    vec![
        format!("sudo sed -i '/^GRUB_CMDLINE_LINUX/s/{word} *//' /etc/default/grub"),
        "sudo update-grub && sudo reboot".to_owned(),
    ]
}

pub(super) fn iommu(files: &Files) -> Finding {
    const KEY: &str = "iommu";
    let groups = files.entries("sys/kernel/iommu_groups");
    if groups > 0 {
        return Finding::fine(KEY, format!("the IOMMU is on: {groups} groups"));
    }
    let off = ["intel_iommu=off", "amd_iommu=off", "iommu=off"];
    if let Some(word) = off.iter().find(|word| files.was_started_with(word)) {
        let what = format!("there is no IOMMU: the kernel was started with {word}");
        return Finding::blocks(KEY, what, start_without(word));
    }
    let processor = files.text("proc/cpuinfo");
    if processor.contains("hypervisor") {
        let mut mend = commands(&[
            "# give this virtual machine an IOMMU (QEMU: -M q35,kernel-irqchip=split -device intel-iommu,intremap=on)",
        ]);
        mend.extend(start_with("intel_iommu=on"));
        return Finding::blocks(KEY, "this virtual machine has no IOMMU, or does not use it", mend);
    }
    let mut mend =
        commands(&["# switch the IOMMU on in the firmware's set-up (Intel: VT-d; AMD: IOMMU, AMD-Vi)"]);
    if processor.contains("GenuineIntel") && !files.was_started_with("intel_iommu=on") {
        mend.extend(start_with("intel_iommu=on"));
    }
    Finding::blocks(
        KEY,
        "there is no IOMMU: a card's DMA could reach all memory",
        mend,
    )
}

pub(super) fn interrupts(files: &Files) -> Finding {
    const KEY: &str = "interrupt_remapping";
    let unsafe_allowed = "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";
    if files.is_on(unsafe_allowed) {
        let mend = commands(&[
            "echo N | sudo tee /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
            "grep -rl allow_unsafe_interrupts /etc/modprobe.d  # and take it out there",
        ]);
        let what = "VFIO gives cards away whose interrupts are not remapped, so they could raise any";
        return Finding::warning(KEY, what, mend);
    }
    if files.was_started_with("intremap=off") {
        let what = "interrupts are not remapped, and VFIO refuses cards then: the kernel was started with intremap=off";
        return Finding::blocks(KEY, what, start_without("intremap=off"));
    }
    Finding::fine(KEY, "interrupt remapping is not switched off")
}

pub(super) fn no_iommu_mode(files: &Files) -> Finding {
    const KEY: &str = "no_iommu_mode";
    if files.is_on("sys/module/vfio/parameters/enable_unsafe_noiommu_mode") {
        let mend = commands(&[
            "echo N | sudo tee /sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
            "grep -rl enable_unsafe_noiommu_mode /etc/modprobe.d  # and take it out there",
        ]);
        return Finding::warning(KEY, "VFIO may do without an IOMMU; cards are never used so", mend);
    }
    Finding::fine(KEY, "VFIO does not do without an IOMMU")
}
