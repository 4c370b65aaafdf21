//! Power cuts at any moment: what was acknowledged is there, nothing is half there, the store opens and goes on
//! (specification 7.4, acceptance B-10).
//!
//! A child process (this program again) runs under a recorder that is preloaded into it (`record.c`, compiled with gcc)
//! and writes down every write, change of size, flush and change of a name. `disk` makes of that what a disk that
//! honours flushes may leave. `KALENDS_POWER_CUTS` sets the number of cuts for each test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a test that cannot go on fails"
)]

mod bookings;
mod chance;
mod cuts;
mod disk;
mod faults;
mod numbered;
mod record;

use std::time::Duration;

use cuts::{Flushes, Tally, Work, cut, flushes_of_commits};
use store::engine::choice::EngineChoice;

/// How long a child may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

fn cuts_or(count: usize) -> usize {
    record::variable("KALENDS_POWER_CUTS").map_or(count, |count| count.parse().expect("a number of cuts"))
}

fn survives(work: &Work, count: usize) -> Tally {
    let tally = cut(work, cuts_or(count), 7);
    let sample: Vec<&String> = tally.failures.iter().take(12).collect();
    println!(
        "{} {}: {} cuts in {} lives of {} flushes, {} promises, {} failures {sample:#?}",
        work.choice,
        work.child,
        tally.images,
        tally.lives,
        tally.flushes,
        tally.promised,
        tally.failures.len()
    );
    assert!(tally.hung == 0 || work.choice == EngineChoice::Sled, "{} lives hung", tally.hung);
    assert!(tally.flushes > 30 && tally.promised > tally.images as u64, "the children came to commit");
    tally
}

/// Not a test by itself.
#[test]
#[ignore = "run by the other tests, as the process whose power is cut"]
fn numbered_child() {
    cuts::be_child(numbered::write);
}

/// Not a test by itself.
#[test]
#[ignore = "run by the other tests, as the process whose power is cut"]
fn bookings_child() {
    cuts::be_child(|engine, count, teller| bookings::write(engine, count, &teller));
}

fn numbered(choice: EngineChoice) -> Work {
    Work {
        child: "numbered_child",
        choice,
        count: 12,
        flushes: Flushes::Work,
        patience: PATIENCE,
        child_may_fail: false,
        check: numbered::check,
    }
}

fn bookings(choice: EngineChoice) -> Work {
    Work {
        child: "bookings_child",
        choice,
        count: 16,
        flushes: Flushes::Work,
        patience: PATIENCE,
        child_may_fail: false,
        check: bookings::check,
    }
}

/// A cut while sled repairs its log on opening may lose all of it, about one in a thousand of all cuts; a cut at any other
/// moment has lost nothing.
fn nearly_all_whole(tally: &Tally) {
    assert!(tally.failures.len() * 20 <= tally.images, "{tally:?}");
}

#[test]
fn redb_survives_power_cuts() {
    assert_eq!(survives(&numbered(EngineChoice::Redb), 160).failures, Vec::<String>::new());
}

#[test]
fn sled_mostly_survives_power_cuts() {
    nearly_all_whole(&survives(&numbered(EngineChoice::Sled), 160));
}

#[test]
fn bookings_in_redb_are_whole_or_absent() {
    assert_eq!(survives(&bookings(EngineChoice::Redb), 320).failures, Vec::<String>::new());
}

#[test]
fn bookings_in_sled_are_mostly_whole_or_absent() {
    nearly_all_whole(&survives(&bookings(EngineChoice::Sled), 160));
}

#[test]
fn a_commit_costs_one_flush() {
    // redb flushes once more where its file has to grow.
    let (flushes, commits) = flushes_of_commits(&bookings(EngineChoice::Redb));
    assert!(flushes >= commits && flushes <= commits + 1, "{flushes} flushes for {commits} commits");
    // sled flushes once more where a segment of its log ends, and twice a second by itself.
    let (flushes, commits) = flushes_of_commits(&bookings(EngineChoice::Sled));
    assert!(flushes >= commits && flushes <= commits + 8, "{flushes} flushes for {commits} commits");
}

/// The tests can fail: where flushes do nothing, they find what is lost.
#[test]
fn a_disk_that_lies_is_found_out() {
    for choice in [EngineChoice::Redb, EngineChoice::Sled] {
        let tally = cut(&Work { flushes: Flushes::Lie, ..bookings(choice) }, 60, 3);
        assert!(tally.failures.len() > 10, "{choice}: {tally:?}");
    }
}

/// Not a test by itself.
#[test]
#[ignore = "run by the other tests, as the process whose disk fails"]
fn faults_child() {
    cuts::be_child(|engine, _, teller| faults::write(engine, &teller));
}

fn faults(choice: EngineChoice) -> Work {
    Work { child: "faults_child", count: 1, ..numbered(choice) }
}

#[test]
fn redb_survives_failed_writes_and_flushes() {
    assert_eq!(survives(&faults(EngineChoice::Redb), 120).failures, Vec::<String>::new());
}

/// sled does not always find its way back: it drops what it could not write and what stood in its log behind that, and it
/// may stand still, waiting for a flush that nobody makes any more, or bring back a commit that it refused.
#[test]
fn sled_mostly_survives_failed_writes_and_flushes() {
    let work = Work { patience: Duration::from_secs(12), child_may_fail: true, ..faults(EngineChoice::Sled) };
    let tally = survives(&work, 120);
    assert!(tally.failures.len() * 4 < tally.images, "{tally:?}");
    assert!(tally.failed < tally.lives, "{tally:?}");
}
