//! `kalends`: everything is in the library; here it begins.

use std::process::ExitCode;

fn main() -> ExitCode {
    kalends::cli::run()
}
