//! libFuzzer over one target; the environment variable `FUZZ_TARGET` names it.

#![no_main]

#[path = "targets.rs"]
mod targets;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<targets::Target> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    // the readers contain panics of their libraries; libFuzzer's own hook would end the process there
    std::panic::set_hook(Box::new(|_| {}));
    let known: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
    match targets::ALL.iter().find(|target| target.name == wanted) {
        Some(target) => *target,
        None => {
            eprintln!("set FUZZ_TARGET to one of {}", known.join(", "));
            std::process::exit(2);
        }
    }
});

fuzz_target!(|bytes: &[u8]| {
    if let Err(panic) = std::panic::catch_unwind(|| (TARGET.run)(bytes)) {
        let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        eprintln!("{}: {}", TARGET.name, message.unwrap_or("a panic"));
        std::process::abort();
    }
});
