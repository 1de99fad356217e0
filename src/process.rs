//! What the system says of this process.

/// The most memory that was ever resident, in bytes; 0 where the system doesn't tell (outside Linux).
#[must_use]
pub fn peak_rss_bytes() -> u64 {
    status("VmHWM:").unwrap_or(0)
}

/// The memory that is resident now, in bytes; 0 where the system doesn't tell.
#[must_use]
pub fn rss_bytes() -> u64 {
    status("VmRSS:").unwrap_or(0)
}

/// A line of `/proc/self/status` that is given in kB, in bytes.
fn status(key: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}
