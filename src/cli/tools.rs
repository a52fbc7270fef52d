//! Completions, the manual page, and what this machine offers.

use clap::CommandFactory;

use super::arguments::{self, Arguments};
use super::output;
use crate::error::{Error, Result};
use crate::table::memory;

/// `completions SHELL`.
pub(super) fn completions(verb: &arguments::Completions) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(verb.shell, &mut Arguments::command(), "reduce", &mut text);
    output::print(&String::from_utf8_lossy(&text))
}

/// `man`.
pub(super) fn man() -> Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut text)
        .map_err(|error| Error::failure(format!("cannot write the manual page: {error}")))?;
    output::print(&String::from_utf8_lossy(&text))
}

/// `doctor`.
pub(super) fn doctor() -> Result<()> {
    let gibibytes = |bytes: Option<u64>| {
        bytes.map_or_else(|| "unknown".to_owned(), |bytes| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)))
    };
    output::print(&format!(
        "reduce      {}\nprocessor   {}, {}\nvectors     {}\nthreads     {}\nmemory      {} available\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
        vectors(),
        rayon::current_num_threads(),
        gibibytes(memory::usable()),
    ))
}

#[cfg(target_arch = "x86_64")]
fn vectors() -> String {
    let found = [
        ("AVX2", std::is_x86_feature_detected!("avx2")),
        ("FMA", std::is_x86_feature_detected!("fma")),
        ("AVX-512", std::is_x86_feature_detected!("avx512f")),
    ];
    let names: Vec<&str> = found.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    if names.is_empty() { "SSE2 only".to_owned() } else { names.join(", ") }
}

#[cfg(not(target_arch = "x86_64"))]
fn vectors() -> String {
    "those of the target".to_owned()
}
