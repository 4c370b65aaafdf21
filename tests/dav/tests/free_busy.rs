//! Whatever makes busy, or does not, is asked for by both ways: by REPORT and through the outbox.

use dav_suites::scenario::{self, Exchange, Step};

/// What must be told, each by a scenario in `free-busy/`.
const CELLS: &[&str] = &[
    "transparency",
    "cancelled",
    "tentative",
    "declined",
    "floating",
    "all-day",
    "stored",
    "availability",
    "recurrence",
    "merged",
    "clipped",
    "several-calendars",
    "privileges",
];

fn answered(exchange: &Exchange, method: &str, said: &str) -> bool {
    let answer = exchange.answer_body.as_deref().unwrap_or_default();
    exchange.method == method
        && exchange.status == 200
        && exchange.body.contains(said)
        && answer.contains("FREEBUSY;FBTYPE=")
}

#[test]
fn each_cell_is_asked_by_report_and_through_the_outbox() {
    for cell in CELLS {
        let scenario = scenario::named(&format!("free-busy/{cell}"));
        let exchanges: Vec<&Exchange> = scenario
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Exchange(exchange) => Some(&**exchange),
                _ => None,
            })
            .collect();
        for (method, said) in [("REPORT", "free-busy-query"), ("POST", "METHOD:REQUEST")] {
            assert!(
                exchanges.iter().any(|exchange| answered(exchange, method, said)),
                "{} asks nothing by {method} that finds somebody busy",
                scenario.name
            );
        }
    }
}
