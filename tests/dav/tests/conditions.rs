//! Every condition and property that the standards name is here, or there is a reason why not; and each condition is
//! broken in a scenario.

use std::collections::BTreeSet;

use dav::condition::CONDITIONS;
use dav::property::table;
use dav::xml::Element;
use dav::xml::name::dav;
use dav_suites::catalogue::{conditions, disagreements, properties};
use dav_suites::compare::declared;
use dav_suites::scenario::{self, Step};

/// Names and statuses of conditions that an expected answer tells of.
type Told = BTreeSet<((String, String), u16)>;

fn gather(element: &Element, status: u16, told: &mut Told) {
    let own = element.first(dav("status")).map(Element::trimmed);
    let status = own.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(status);
    if element.is(dav("error")) {
        told.extend(element.elements().map(|condition| (condition.name().to_pair(), status)));
    }
    for child in element.elements() {
        gather(child, status, told);
    }
}

fn told() -> Told {
    let mut told = Told::new();
    for scenario in scenario::all() {
        for step in &scenario.steps {
            let Step::Exchange(exchange) = step else { continue };
            let Some(body) = exchange.answer_body.as_deref().filter(|body| body.starts_with('<')) else {
                continue;
            };
            let xml = Element::read(declared(body).as_bytes())
                .unwrap_or_else(|error| panic!("{}:{}: {error}", scenario.name, exchange.line));
            gather(&xml, exchange.status, &mut told);
        }
    }
    told
}

#[test]
fn each_is_broken_in_a_scenario_with_its_status() {
    let told = told();
    let missing: Vec<_> = CONDITIONS
        .iter()
        .filter(|condition| !told.contains(&(condition.name.to_pair(), condition.status.as_u16())))
        .map(|condition| format!("{:?} with {} ({})", condition.name, condition.status, condition.rfc))
        .collect();
    assert!(missing.is_empty(), "no scenario breaks\n  {}", missing.join("\n  "));
}

#[test]
fn each_that_the_standards_name_is_told_or_there_is_a_reason() {
    let declared: Vec<_> = CONDITIONS.iter().map(|condition| condition.name).collect();
    let mut problems = disagreements(conditions::DEFINED, &declared);
    for name in &declared {
        if !conditions::DEFINED.iter().any(|defined| defined.name == *name) {
            problems.push(format!("{name:?} is in no standard that is listed"));
        }
    }
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
}

#[test]
fn each_property_of_the_standards_is_here_or_there_is_a_reason() {
    let declared: Vec<_> = table::all().map(|property| property.name).collect();
    let problems = disagreements(properties::DEFINED, &declared);
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
}
