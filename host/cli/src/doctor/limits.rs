//! What this process may have.

use super::files::Files;
use super::finding::{Finding, commands};
use metisvm_driver::device::MAX_TRANSFER_BYTES;

/// What the driver keeps mapped from job to job, and as much again for jobs that are under way.
const LEAST_LOCKED: u64 = 128 << 20;
/// The largest job, its inputs or its outputs.
const AMPLE_LOCKED: u64 = MAX_TRANSFER_BYTES;
/// The capability that takes the limit away (`CAP_IPC_LOCK` of `linux/capability.h`).
const CAP_IPC_LOCK: u32 = 14;

const MENDS: [&str; 2] = [
    "printf '@metisvm - memlock unlimited\\n' | sudo tee /etc/security/limits.d/metisvm.conf  # then log in anew",
    "# for a service: LimitMEMLOCK=infinity in its unit",
];

/// Memory that is mapped for a card in a slot stays in place, and counts as locked.
pub(super) fn locked_memory(files: &Files) -> Finding {
    const KEY: &str = "locked_memory";
    let capabilities = files.text("proc/self/status");
    let effective = capabilities.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    if effective.is_some_and(|bits| bits >> CAP_IPC_LOCK & 1 == 1) {
        return Finding::fine(KEY, "this user may lock all memory (CAP_IPC_LOCK)");
    }
    let limits = files.text("proc/self/limits");
    let soft = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max locked memory"));
    let soft = soft.and_then(|line| line.split_whitespace().next().map(str::to_owned));
    let mib = |bytes: u64| bytes >> 20;
    match soft.as_deref() {
        None => Finding::warning(
            KEY,
            "the limit on locked memory is not known",
            commands(&["ulimit -l"]),
        ),
        Some("unlimited") => Finding::fine(KEY, "there is no limit on locked memory"),
        Some(bytes) => match bytes.parse::<u64>() {
            Ok(bytes) if bytes < LEAST_LOCKED => Finding::blocks(
                KEY,
                format!(
                    "this user may lock {:.1} MiB of memory, and the driver of a card in a slot maps {} MiB and more",
                    bytes as f64 / f64::from(1 << 20),
                    mib(LEAST_LOCKED)
                ),
                commands(&MENDS),
            ),
            Ok(bytes) if bytes < AMPLE_LOCKED => Finding::warning(
                KEY,
                format!(
                    "this user may lock {} MiB of memory: jobs of more, of which the largest has {} MiB, go to other \
                     backends",
                    mib(bytes),
                    mib(AMPLE_LOCKED)
                ),
                commands(&MENDS),
            ),
            Ok(bytes) => Finding::fine(KEY, format!("this user may lock {} MiB of memory", mib(bytes))),
            Err(_) => Finding::warning(
                KEY,
                "the limit on locked memory is not known",
                commands(&["ulimit -l"]),
            ),
        },
    }
}

pub(super) fn huge_pages(files: &Files) -> Finding {
    const KEY: &str = "huge_pages";
    let pages = "sys/kernel/mm/hugepages/hugepages-2048kB/";
    let count = |name: &str| files.text(&format!("{pages}{name}")).parse::<u64>().unwrap_or(0);
    let (all, free) = (count("nr_hugepages"), count("free_hugepages"));
    if all > 0 && free > 0 {
        return Finding::fine(KEY, format!("{all} huge pages of 2 MiB, {free} of them free"));
    }
    let mend = commands(&[
        "echo 128 | sudo tee /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
        "echo vm.nr_hugepages=128 | sudo tee /etc/sysctl.d/60-metisvm.conf",
    ]);
    Finding::warning(
        KEY,
        if all > 0 {
            format!("of {all} huge pages of 2 MiB none is free: the IOMMU needs an entry for every 4 KiB")
        } else {
            "no huge pages are reserved: the IOMMU needs an entry for every 4 KiB".to_owned()
        },
        mend,
    )
}
