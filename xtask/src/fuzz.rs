//! Fuzzing: the targets of `tests/fuzz` under libFuzzer, and the property tests with many more cases.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::run::{self, Run, fail, root};

/// The binaries of `tests/fuzz/libfuzzer`.
const TARGETS: [&str; 7] = ["text", "object", "rule", "zone", "itip_mail", "xml", "feed"];

/// Minutes for each target where none are given.
const MINUTES: u64 = 5;

/// Instruments every branch and comparison: what `cargo fuzz` asks of the compiler too, without a sanitizer, which
/// would need a nightly one; there is no unsafe code for it to watch.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// `cargo xtask fuzz [TARGET | properties] [MINUTES]`.
pub(crate) fn fuzz(arguments: &[String]) -> Run {
    let (name, minutes) = match arguments {
        [] => ("all", None),
        [one] if one.parse::<u64>().is_ok() => ("all", Some(one)),
        [name] => (name.as_str(), None),
        [name, minutes] => (name.as_str(), Some(minutes)),
        _ => return fail("fuzz takes a target and minutes"),
    };
    let minutes = match minutes.map(|text| text.parse::<u64>()) {
        Some(Ok(minutes)) => minutes,
        Some(Err(_)) => return fail("the minutes are a number"),
        None => from_environment().unwrap_or(MINUTES),
    };
    match name {
        "properties" => properties(minutes),
        "all" => under_libfuzzer(&TARGETS, minutes),
        name if TARGETS.contains(&name) => under_libfuzzer(&[name], minutes),
        name => fail(&format!("there is no target {name}; there are {}", TARGETS.join(", "))),
    }
}

fn from_environment() -> Option<u64> {
    std::env::var("KALENDS_FUZZ_MINUTES").ok()?.parse().ok()
}

/// Builds the binaries, writes the seeds, and runs one target after another. What breaks one stays in
/// `target/fuzz/found`, and the inputs that reached something new in `target/fuzz/corpus`, for the next run.
fn under_libfuzzer(targets: &[&str], minutes: u64) -> Run {
    let host = host()?;
    // The versions of everything are those that the product is built of.
    let lock = root().join("tests/fuzz/libfuzzer/Cargo.lock");
    std::fs::copy(root().join("Cargo.lock"), lock).map_err(|error| format!("Cargo.lock: {error}"))?;
    run::command_with(
        "cargo",
        &[
            "build",
            "--release",
            "--manifest-path",
            "tests/fuzz/libfuzzer/Cargo.toml",
            "--target",
            &host,
            "--target-dir",
            "target/libfuzzer",
        ],
        &[("RUSTFLAGS", COVERAGE)],
    )?;
    run::cargo(&["run", "--quiet", "--locked", "-p", "kalends-fuzz", "--bin", "seeds", "target/fuzz/seeds"])?;
    let mut broken = Vec::new();
    for target in targets {
        if let Err(why) = one(target, &host, minutes) {
            eprintln!("xtask: {why}");
            broken.push(*target);
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    fail(&format!("something does not hold in {}; the inputs are in target/fuzz/found", broken.join(", ")))
}

fn one(target: &str, host: &str, minutes: u64) -> Run {
    let corpus = format!("target/fuzz/corpus/{target}");
    let found = format!("target/fuzz/found/{target}");
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(root().join(folder)).map_err(|error| format!("{folder}: {error}"))?;
    }
    run::command(
        &root().join(format!("target/libfuzzer/{host}/release/{target}")).display().to_string(),
        &[
            &corpus,
            &format!("target/fuzz/seeds/{target}"),
            &format!("-max_total_time={}", minutes * 60),
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            &format!("-artifact_prefix={found}/"),
        ],
    )
}

/// The triple of this machine; with it named, build scripts are not instrumented.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| "rustc does not say what it builds for".to_owned())
}

/// Every property test draws until the time is up: each round with other seeds.
fn properties(minutes: u64) -> Run {
    let until = Instant::now() + Duration::from_secs(minutes * 60);
    let mut rounds = 0;
    while rounds == 0 || Instant::now() < until {
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
