//! The binary: everything it does is in `reduce::cli`; what only a process can do is in `abort`.

mod abort;

use std::process::ExitCode;

fn main() -> ExitCode {
    abort::explain();
    reduce::cli::main()
}
