//! How much memory there is, so that a table that cannot fit is refused before it is read.

/// Memory that this process could take now, in bytes, where the system says: the least of what is free
/// without swapping, what its control group leaves, and what its own limit (`ulimit -v`) leaves.
#[must_use]
pub fn available() -> Option<u64> {
    [free(), left_to_group(), left_to_process()].into_iter().flatten().min()
}

fn free() -> Option<u64> {
    kibibytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// What is left of the limit of a container (control groups, version 2).
fn left_to_group() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let number = |name: &str| -> Option<u64> {
        let path = std::path::Path::new("/sys/fs/cgroup").join(group).join(name);
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    };
    Some(number("memory.max")?.saturating_sub(number("memory.current")?))
}

/// What is left of the address space that the process may have.
fn left_to_process() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
    let taken = kibibytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmSize:")?;
    Some(limit.saturating_sub(taken))
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes.saturating_mul(1024))
}

/// The most a table's numbers may take, in bytes: 80 % of what is available.
pub(super) fn budget() -> u64 {
    const WITHOUT_KNOWING: u64 = 64 << 30;
    available().map_or(WITHOUT_KNOWING, |bytes| bytes / 5 * 4)
}

/// A number of bytes as people say it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn in_words(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB", "TiB"] {
        if amount < 1024.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{amount:.1} {unit}") };
        }
        amount /= 1024.0;
    }
    format!("{amount:.1} PiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_bytes_as_people_do() {
        assert_eq!(in_words(12), "12 bytes");
        assert_eq!(in_words(3 << 29), "1.5 GiB");
    }
}
