//! clap and the terminal: one file per family of verbs, progress, messages, exit codes.
//!
//! Exit codes: 0 done, 1 a failure of ours or the machine's, 2 the request was wrong, 129, 130 and
//! 143 stopped by a signal. stdout is for data, stderr for talk.

mod arguments;
mod inspect;
mod output;
mod pipeline;
mod progress;
mod rows;
mod run;
mod score;
mod tools;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;

use crate::error::{Error, Fault, Result};
use arguments::{Arguments, Verb};
use progress::{Progress, Stop, Voice};

/// Parses the arguments, does what they ask and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    contain_panics();
    survive_large_files();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // nobody listening is no reason to fail otherwise
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let stop = if arguments.verb.listens() { listen() } else { Stop::default() };
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dispatch(arguments, &stop)));
    match done {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            progress::line(&format!("error: {error}"));
            ExitCode::from(match error.fault() {
                Fault::Request => 2,
                Fault::Failure => 1,
                Fault::Interrupted => u8::try_from(128 + stop.load(Ordering::Relaxed)).unwrap_or(130),
            })
        }
        Err(panic) => {
            tell_bug(panic.as_ref());
            ExitCode::from(1)
        }
    }
}

/// More threads than any machine of today can use.
const MOST_THREADS: usize = 1024;

fn dispatch(arguments: Arguments, stop: &Stop) -> Result<()> {
    if let Some(threads) = arguments.threads {
        if threads.get() > MOST_THREADS {
            return Err(Error::request(format!("`--threads {threads}` is more than {MOST_THREADS}"))
                .hint("leave it out: all processors are used then"));
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()
            .map_err(|error| Error::failure(format!("cannot start {threads} threads: {error}")))?;
    }
    if let Some(bytes) = arguments.memory {
        crate::table::memory::limit_to(bytes);
    }
    match arguments.verb {
        Verb::Run(verb) => run::run(&verb, stop),
        Verb::Init(verb) => inspect::init(&verb),
        Verb::Inspect(verb) => inspect::inspect(&verb),
        Verb::Check(verb) => pipeline::check(&verb),
        Verb::Plan(verb) => pipeline::plan(&verb),
        Verb::Encode(verb) => rows::encode(&verb, stop),
        Verb::Reconstruct(verb) => rows::reconstruct(&verb, stop),
        Verb::Denoise(verb) => rows::denoise(&verb, stop),
        Verb::Sample(verb) => rows::sample(&verb),
        Verb::Place(verb) => rows::place(&verb, stop),
        Verb::Export(verb) => rows::export(&verb),
        Verb::Plot(verb) => run::plot(&verb, stop),
        Verb::Report(verb) => run::report(&verb),
        Verb::Score(verb) => score::score(&verb, stop),
        Verb::Verify(verb) => run::verify(&verb),
        Verb::Clean(verb) => run::clean(&verb),
        Verb::Schema => pipeline::schema(),
        Verb::Completions(verb) => tools::completions(&verb),
        Verb::Man => tools::man(),
        Verb::Doctor => tools::doctor(),
    }
}

/// A listener for a verb's progress.
fn listener(quiet: bool, json: bool, stop: &Stop) -> Progress {
    let voice = if json {
        Voice::Json
    } else if quiet {
        Voice::Quiet
    } else {
        Voice::Normal
    };
    Progress::new(voice, Arc::clone(stop))
}

/// The first signal asks the work to stop, the second of any kind ends the program.
fn listen() -> Stop {
    let stop = Arc::new(AtomicUsize::new(0));
    let pressed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in STOPPING {
        // whoever started us asked that it be ignored, as `nohup` does
        if is_ignored(signal) {
            continue;
        }
        // registered in this order: the shutdown looks at a flag that the same signal raises after it;
        // a system that refuses handlers stops the program at the first signal, which is fine
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&pressed));
        let _ = signal_hook::flag::register(signal, Arc::clone(&pressed));
        let _ = signal_hook::flag::register_usize(signal, Arc::clone(&stop), usize::try_from(signal).unwrap_or(2));
    }
    stop
}

#[cfg(unix)]
const STOPPING: [i32; 3] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const STOPPING: [i32; 2] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// Whether a signal was set to be ignored before we began; where the system does not say, it was not.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// A file that grows beyond its allowed size is an error like a full disk, not the end of the program.
fn survive_large_files() {
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Where the last panic was, and how it was reached where `RUST_BACKTRACE` asks for that.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// A panic is a bug of ours, told in one line by [`tell_bug`] once it has come up to [`main`]. Those
/// of the libraries that read files are contained by our readers and say nothing.
fn contain_panics() {
    let wanted = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(String::new, |place| format!("{place}\n"));
        let backtrace = wanted.then(|| std::backtrace::Backtrace::force_capture().to_string());
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = backtrace.map(|backtrace| place + &backtrace);
        }
    }));
}

fn tell_bug(panic: &(dyn std::any::Any + Send)) {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let message = message.and_then(|message| message.lines().next()).unwrap_or("no message");
    // libraries start their threads on first use, and panic where the system gives them none
    if message.contains("ThreadPoolBuildError") || message.contains("failed to spawn thread") {
        progress::line(
            "error: the system gives no more threads\nhint: give `--threads` fewer, or raise the limit (`ulimit -u`, `ulimit -v`)",
        );
        return;
    }
    let backtrace = LAST_PANIC.lock().ok().and_then(|mut last| last.take());
    let hint = match &backtrace {
        Some(backtrace) => format!("hint: report it with these lines\n{backtrace}"),
        None => "hint: run it again with `RUST_BACKTRACE=1` and report what it prints".to_owned(),
    };
    progress::line(&format!("error: a bug in reduce: {message}\n{hint}"));
}
