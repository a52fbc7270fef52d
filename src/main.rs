//! The binary: everything it does is in `reduce::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    reduce::cli::main()
}
