//! Running programs: what they are called, what they print, and whether they were content.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Done, or why not.
pub(crate) type Run = Result<(), String>;

/// A task's end, with the reason.
pub(crate) fn fail(why: &str) -> Run {
    Err(why.to_owned())
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a program at the root and shows what it prints.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Run {
    command_with(program, arguments, &[])
}

/// The same with some environment.
pub(crate) fn command_with(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    eprintln!("$ {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| format!("{program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} {}: {status}", arguments.join(" "))) }
}

/// Runs cargo.
pub(crate) fn cargo(arguments: &[&str]) -> Run {
    command("cargo", arguments)
}

/// Whether a program is there and content.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
