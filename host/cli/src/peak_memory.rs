//! How much memory this process has had.

/// The most that it ever had at once, in bytes, where the kernel tells.
pub fn so_far() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn memory_that_is_used_is_seen() {
        let before = super::so_far().expect("Linux tells it");
        let filled = vec![1u8; 64 << 20];
        assert!(std::hint::black_box(&filled).iter().all(|byte| *byte == 1));
        assert!(super::so_far().expect("Linux tells it") >= before.max(64 << 20));
    }
}
