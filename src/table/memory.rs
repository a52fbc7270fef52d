//! How much memory there is, so that what cannot fit is refused before it is begun.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// The user's limit, in bytes; of the whole process, like its memory.
static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

/// Sets the most memory the process may use, in bytes.
pub fn limit_to(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// The user's limit, if there is one.
#[must_use]
pub fn limit() -> Option<u64> {
    Some(LIMIT.load(Ordering::Relaxed)).filter(|limit| *limit < u64::MAX)
}

/// What the process may use in all: the user's limit, or what the system has left, whichever is less.
#[must_use]
pub fn usable() -> Option<u64> {
    match (available(), limit()) {
        (Some(available), Some(limit)) => Some(available.min(limit)),
        (available, limit) => available.or(limit),
    }
}

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

/// The most a table's numbers may take, in bytes: 80 % of what is usable.
pub(super) fn budget() -> u64 {
    const WITHOUT_KNOWING: u64 = 64 << 30;
    usable().map_or(WITHOUT_KNOWING, |bytes| bytes / 5 * 4)
}

/// A number of bytes as people write it: `4GiB`, `500 MB`, `2.5G`, `1000000`.
///
/// # Errors
/// A sentence on what was expected.
pub fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let amount: Option<f64> = text[..digits].parse().ok().filter(|amount: &f64| amount.is_finite());
    let unit: Option<f64> = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1.0),
        "k" | "kib" => Some(1024.0),
        "m" | "mib" => Some(1024.0_f64.powi(2)),
        "g" | "gib" => Some(1024.0_f64.powi(3)),
        "t" | "tib" => Some(1024.0_f64.powi(4)),
        "kb" => Some(1e3),
        "mb" => Some(1e6),
        "gb" => Some(1e9),
        "tb" => Some(1e12),
        _ => None,
    };
    match (amount, unit) {
        (Some(amount), Some(unit)) if amount * unit >= 1.0 => Ok((amount * unit) as u64),
        _ => Err("expected an amount of memory such as `4GiB`, `500MB` or `2.5G`".to_owned()),
    }
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

    #[test]
    fn takes_amounts_as_people_write_them() {
        let amounts = ["4GiB", "4 g", "500MB", "2.5k", "1000000", " 7 b "].map(|text| parse(text).unwrap());
        assert_eq!(amounts, [4 << 30, 4 << 30, 500_000_000, 2560, 1_000_000, 7]);
        for text in ["", "GiB", "4 apples", "-1G", "0", "1e400", "."] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
