//! Every example of the standards that is listed is played by a scenario that says so.

use dav_suites::catalogue::examples::EXAMPLES;
use dav_suites::scenario::{self, Step};

#[test]
fn each_is_played_by_the_scenario_that_is_named() {
    let scenarios = scenario::all();
    let mut problems = Vec::new();
    for row in EXAMPLES {
        let Some(found) = scenarios.iter().find(|scenario| scenario.name == row.scenario) else {
            problems.push(format!(
                "{} §{} ({}): there is no {}",
                row.standard, row.section, row.about, row.scenario
            ));
            continue;
        };
        let said = format!("{} §{}", row.standard, row.section);
        if !found.standards.contains(&said) {
            problems.push(format!("{} does not say that it shows {said}", row.scenario));
        }
        if !found.steps.iter().any(|step| matches!(step, Step::Exchange(_))) {
            problems.push(format!("{} plays nothing", row.scenario));
        }
    }
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
}

#[test]
fn the_standards_that_must_be_whole_are_in_the_list() {
    // How many examples each has; to take one away from the list is to say so here.
    for (standard, count) in [("RFC 4791", 30), ("RFC 6578", 8), ("RFC 6638", 21), ("RFC 7953", 10)] {
        let listed = EXAMPLES.iter().filter(|row| row.standard == standard).count();
        assert_eq!(listed, count, "{standard}");
    }
}
