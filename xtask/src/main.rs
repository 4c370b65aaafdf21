//! Development tasks: `cargo xtask test | lint | bench | fuzz`.
//!
//! No dependencies, so that the first build of a fresh clone is not spent on its tools.

#![allow(clippy::disallowed_methods, reason = "a development task has no clock to be given")]

mod install;
mod run;

use std::process::ExitCode;

use run::{Run, cargo, fail};

const USAGE: &str = "\
cargo xtask test    installs what the tests need, then formats, lints and runs everything
cargo xtask lint    format, clippy, documents with warnings denied, licences (if cargo-deny is there)
cargo xtask bench   the benchmarks, and the measurements of a running server
cargo xtask fuzz    the property tests with many more cases (KALENDS_FUZZ_MINUTES of them, default 5)";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let done = match task.as_str() {
        "test" => test(),
        "lint" => lint(),
        "bench" => bench(),
        "fuzz" => fuzz(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The runners stand last, and the acceptance tests close with their own summary.
fn test() -> Run {
    install::debian(install::PACKAGES)?;
    install::python("venv", "requirements.txt")?;
    install::python("venv-clients", "requirements-clients.txt")?;
    install::node()?;
    format_and_clippy()?;
    units()?;
    cargo(&["build", "--release", "--locked"])?;
    if run::succeeds("cargo", &["nextest", "--version"]) {
        cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])?;
    } else {
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])?;
    }
    run::command("target/venv/bin/python", &["-m", "pytest", "-q", "-x", "tests/acceptance"])
}

fn lint() -> Run {
    format_and_clippy()?;
    run::command_with(
        "cargo",
        &["doc", "--workspace", "--no-deps", "--locked"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )?;
    if run::succeeds("cargo", &["deny", "--version"]) {
        cargo(&["deny", "check"])?;
    } else {
        eprintln!("xtask: cargo-deny is not installed; licences and advisories are not checked");
    }
    Ok(())
}

fn format_and_clippy() -> Run {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

/// The systemd unit is valid and as closed as it says.
fn units() -> Run {
    if !run::succeeds("systemd-analyze", &["--version"]) {
        return fail("systemd-analyze is missing although the package systemd was asked for");
    }
    run::command(
        "systemd-analyze",
        &["security", "--offline=true", "--threshold=15", "--no-pager", "systemd/kalends.service"],
    )
}

fn bench() -> Run {
    cargo(&["bench", "--workspace", "--locked"])?;
    cargo(&["build", "--release", "--locked"])?;
    install::python("venv", "requirements.txt")?;
    run::command("target/venv/bin/python", &["tests/acceptance/measure.py"])
}

/// Every property test draws until the time is up: each round with other seeds.
fn fuzz() -> Run {
    let minutes =
        std::env::var("KALENDS_FUZZ_MINUTES").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(5);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(minutes * 60);
    let mut rounds = 0;
    while rounds == 0 || std::time::Instant::now() < until {
        run::command_with(
            "cargo",
            &["test", "--workspace", "--release", "--locked"],
            &[("PROPTEST_CASES", "20000"), ("KALENDS_ORACLE_CASES", "100000"), ("KALENDS_KILL_ROUNDS", "50")],
        )?;
        rounds += 1;
    }
    eprintln!("xtask: {rounds} rounds without a finding");
    Ok(())
}
