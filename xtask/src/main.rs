//! Development tasks: `cargo xtask test | lint | standards | differential | bench | fuzz`.
//!
//! No dependencies, so that the first build of a fresh clone is not spent on its tools.

#![allow(clippy::disallowed_methods, reason = "a development task has no clock to be given")]

mod differential;
mod fuzz;
mod install;
mod run;

use std::process::ExitCode;

use run::{Run, cargo, fail};

const USAGE: &str = "\
cargo xtask test    installs what the tests need, then formats, lints and runs everything
cargo xtask lint    format, clippy, documents with warnings denied, licences (if cargo-deny is there)
cargo xtask standards  writes docs/standards.md from the tables
cargo xtask differential [CASES] [SEED]  generated objects against other implementations, 10000 if no number is named
cargo xtask bench   the benchmarks, and the measurements of a running server
cargo xtask fuzz [TARGET] [MINUTES]     the fuzz targets under libFuzzer, all of them and 5 minutes each if none is named
cargo xtask fuzz properties [MINUTES]   the property tests with many more cases";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let done = match task.as_str() {
        "test" => test(),
        "lint" => lint(),
        "standards" => standards(),
        "bench" => bench(),
        "differential" => differential::differential(&std::env::args().skip(2).collect::<Vec<_>>()),
        "fuzz" => fuzz::fuzz(&std::env::args().skip(2).collect::<Vec<_>>()),
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
    install::evolution()?;
    install::python("venv", "requirements.txt")?;
    install::python("venv-clients", "requirements-clients.txt")?;
    install::suites()?;
    install::node()?;
    format_and_clippy()?;
    units()?;
    cargo(&["build", "--release", "--locked"])?;
    if run::succeeds("cargo", &["nextest", "--version"]) {
        cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])?;
    } else {
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])?;
    }
    differential::differential(&[])?;
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

/// The systemd units are valid and as closed as they say.
fn units() -> Run {
    if !run::succeeds("systemd-analyze", &["--version"]) {
        return fail("systemd-analyze is missing although the package systemd was asked for");
    }
    for unit in ["systemd/kalends.service", "systemd/kalends-drill.service"] {
        run::command(
            "systemd-analyze",
            &["security", "--offline=true", "--threshold=15", "--no-pager", unit],
        )?;
    }
    // The program that the units name is installed later; everything else must be right.
    run::command(
        "sh",
        &[
            "-ec",
            "mkdir -p target/units; for unit in systemd/*; do \
             sed 's|/usr/local/bin/kalends|/bin/true|' \"$unit\" > \"target/units/${unit##*/}\"; done; \
             systemd-analyze verify target/units/*",
        ],
    )
}

/// What the server's own tables say is written to where people read it.
fn standards() -> Run {
    cargo(&["run", "-q", "--locked", "-p", "kalends-dav-suites", "--example", "standards"])
}

fn bench() -> Run {
    cargo(&["bench", "--workspace", "--locked"])?;
    differential::bench()?;
    cargo(&["build", "--release", "--locked"])?;
    install::python("venv", "requirements.txt")?;
    install::python("venv-peers", "requirements-peers.txt")?;
    run::command("target/venv/bin/python", &["tests/acceptance/measure.py"])?;
    run::command("target/venv/bin/python", &["tests/acceptance/measure_dav.py"])
}
