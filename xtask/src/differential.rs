//! The differential tests: generated calendar objects, expanded here and by independent implementations.
//!
//! The cases and the comparison are an example of the crate `calendar`, the others' answers come from the scripts in
//! `tests/differential`; everything passes through files below `target/differential`.

use std::process::{Child, Command};

use crate::install;
use crate::run::{Run, cargo, command, root};

/// Cases of a run that names no number, and of `cargo xtask test`.
const CASES: &str = "10000";
/// The seed of a run that names none.
const SEED: &str = "1";
/// Cases from which optimising the generator pays for its compilation.
const OPTIMISED_FROM: u64 = 50_000;

const FOLDER: &str = "target/differential";
const DOCUMENT: &str = "docs/differential.md";

/// `cargo xtask differential [CASES] [SEED]`.
pub(crate) fn differential(arguments: &[String]) -> Run {
    let cases = arguments.first().map_or(CASES, String::as_str);
    let seed = arguments.get(1).map_or(SEED, String::as_str);
    let is_large = cases.parse::<u64>().map_err(|_| format!("{cases} is no number"))? >= OPTIMISED_FROM;
    install::differential()?;
    let mut build = vec!["build", "--locked", "--package", "kalends-calendar", "--example", "differential"];
    build.extend(is_large.then_some("--release"));
    cargo(&build)?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let program = format!("{target}/{}/examples/differential", if is_large { "release" } else { "debug" });
    command(&program, &["generate", cases, seed, FOLDER])?;
    oracles()?;
    // The document tells of the run that everyone can repeat.
    let is_standard = (cases, seed) == (CASES, SEED);
    let document = is_standard.then_some(DOCUMENT);
    let compare: Vec<&str> = ["compare", FOLDER].into_iter().chain(document).collect();
    command(&program, &compare)
}

/// The same rules by dateutil and libical, for comparison with the benchmark of `calendar`.
pub(crate) fn bench() -> Run {
    install::differential()?;
    install::debian(&[("gcc", "gcc")])?;
    install::debian_header("libical-dev", "/usr/include/libical/ical.h")?;
    command("target/venv-differential/bin/python", &["tests/differential/bench_dateutil.py"])?;
    let program = "target/bench-libical";
    command("gcc", &["-O2", "-o", program, "tests/differential/bench_libical.c", "-lical"])?;
    command(program, &[])
}

/// Asks every oracle, two processes at once: one implementation for each half of the cases.
fn oracles() -> Run {
    for (name, program, script, rest) in [
        ("python", "target/venv-differential/bin/python", "tests/differential/oracle.py", None),
        ("node", "node", "tests/differential/oracle.mjs", Some("target/npm-differential")),
    ] {
        let mut running = Vec::new();
        for part in 0..2 {
            let file = |kind: &str| format!("{FOLDER}/{kind}-{part}.jsonl");
            let rest = rest.map(|modules| root().join(modules));
            let mut oracle = Command::new(program);
            oracle.arg(script).args([file("cases"), file(name)]).args(rest).current_dir(root());
            running.push(oracle.spawn().map_err(|error| format!("{program}: {error}"))?);
        }
        let ended: Vec<Run> = running.into_iter().map(|child| wait(child, script)).collect();
        ended.into_iter().collect::<Run>()?;
    }
    Ok(())
}

fn wait(mut child: Child, script: &str) -> Run {
    let status = child.wait().map_err(|error| format!("{script}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{script}: {status}")) }
}
