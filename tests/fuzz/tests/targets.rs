//! A fixed number of inputs for each target, the same ones in every run, and everything that was ever found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz::{Chance, Mutator, TARGETS, Target, seeds};

/// Seconds that one input may take, in a build that is not optimised and on a machine that does other things too.
const SECONDS_MAX: u64 = 10;

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target {name}"))
}

/// Runs one input, and says which it was if something does not hold.
fn run(target: &Target, input: &[u8], what: &str) {
    #[allow(clippy::disallowed_methods, reason = "how long an input takes is what is asked")]
    let begun = std::time::Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    assert!(outcome.is_ok(), "{}: {what}:\n{}", target.name, input.escape_ascii());
    let seconds = begun.elapsed().as_secs();
    assert!(seconds < SECONDS_MAX, "{}: {what} took {seconds} s:\n{}", target.name, input.escape_ascii());
}

/// Runs the seeds, and `count` inputs made of them.
fn holds(name: &str, count: usize) {
    let target = target(name);
    let seeds = seeds::of(target).unwrap_or_else(|why| panic!("{why}"));
    assert!(seeds.len() >= 10, "{name} has only {} seeds", seeds.len());
    for (at, seed) in seeds.iter().enumerate() {
        run(target, seed, &format!("seed {at}"));
    }
    let mutator = Mutator::new(name, target.octets_max);
    let mut chance = Chance::new(20_261_121);
    for number in 0..count {
        let seed = &seeds[chance.below(seeds.len())];
        let input = mutator.mutated(seed, &seeds, &mut chance);
        run(target, &input, &format!("input {number}"));
    }
}

#[test]
fn text() {
    holds("text", 4_000);
}

#[test]
fn object() {
    holds("object", 2_000);
}

#[test]
fn rule() {
    holds("rule", 1_500);
}

#[test]
fn zone() {
    holds("zone", 1_000);
}

#[test]
fn itip_mail() {
    holds("itip_mail", 4_000);
}

#[test]
fn xml() {
    holds("xml", 20_000);
}

#[test]
fn feed() {
    holds("feed", 2_000);
}

#[test]
fn what_was_found_stays_mended() {
    let mut count = 0;
    for target in TARGETS {
        for finding in seeds::files(&seeds::findings(target.name)).expect("findings") {
            run(target, &finding, "finding");
            count += 1;
        }
    }
    assert!(count > 0, "there are findings");
}

#[test]
fn mutation_is_the_same_every_time() {
    let inputs = || {
        let mut chance = Chance::new(1);
        let seeds = vec![b"BEGIN:VCALENDAR\r\nSUMMARY:x\r\n".to_vec(), b"END:VCALENDAR\r\n".to_vec()];
        let mutator = Mutator::new("text", 100);
        (0..200).map(|_| mutator.mutated(&seeds[0], &seeds, &mut chance)).collect::<Vec<_>>()
    };
    assert_eq!(inputs(), inputs());
    assert!(inputs().iter().all(|input| input.len() <= 100));
    assert!(inputs().iter().collect::<std::collections::BTreeSet<_>>().len() > 150, "they differ");
}
