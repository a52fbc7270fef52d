//! How much memory there is, so that a table that cannot fit is refused before it is read.

/// Memory that could be taken now without swapping, in bytes, where the system says.
#[must_use]
pub fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
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
