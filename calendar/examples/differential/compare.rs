//! Reads what the others answered, classes every difference, and tells what nothing explains.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;

use serde_json::Value;

use crate::case::Answer;
use crate::explain::{Difference, EXPLANATIONS, Oracle, Seen, Witness};
use crate::show_instant;

/// Unexplained cases that are shown in full.
const SHOWN_MAX: usize = 12;
/// Cases of a hundred that no implementation but ours answers alike, at most.
const ALONE_PERCENT_MAX: f64 = 2.0;
/// Seconds that two starts may differ by and still be one instance.
const NEARBY_SECONDS: i64 = 3 * 3600;

#[derive(Default)]
struct Tally {
    cases: usize,
    instances: usize,
    /// Cases in which each agrees.
    same: BTreeMap<Oracle, usize>,
    /// Cases in which neither recurring-ical-events nor ical.js agrees.
    by_civil_alone: usize,
    /// Cases in which none agrees.
    alone: usize,
    /// Cases by explanation.
    explained: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
    /// By oracle, features and kind of difference, for a first look.
    groups: BTreeMap<String, usize>,
}

/// Compares the answers in `folder`; fails on an unexplained difference.
pub(crate) fn compare(folder: &Path, parts: u64, document: Option<&Path>) -> Result<(), String> {
    let mut tally = Tally::default();
    for part in 0..parts {
        let open = |name: &str| {
            let path = folder.join(format!("{name}-{part}.jsonl"));
            let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok::<Lines<BufReader<File>>, String>(BufReader::new(file).lines())
        };
        let (mut python, mut node) = (open("python")?, open("node")?);
        for case in open("cases")? {
            let parse = |line: Option<std::io::Result<String>>| {
                let line = line.ok_or("an oracle ended early")?.map_err(|error| error.to_string())?;
                serde_json::from_str::<Value>(&line).map_err(|error| error.to_string())
            };
            let (case, python, node) = (parse(Some(case))?, parse(python.next())?, parse(node.next())?);
            if case["id"] != python["id"] || case["id"] != node["id"] {
                return Err(format!("the answers are out of step at case {}", case["id"]));
            }
            tally.add(&case, &python, &node);
        }
    }
    tally.print();
    if let Some(path) = document {
        crate::document::write(path, &tally.explained, tally.cases)?;
    }
    tally.verdict()
}

fn answers(value: &Value) -> Option<Vec<Answer>> {
    let number = |value: &Value| value.as_i64();
    value
        .as_array()?
        .iter()
        .map(|span| Some([number(&span[0])?, number(&span[1])?, number(&span[2]).unwrap_or(0)]))
        .collect()
}

/// What stands in one alone, put together where it is about one instance.
fn differences(ours: &[Answer], theirs: &Value, nearby: i64) -> Vec<Difference> {
    let Some(theirs) = answers(theirs) else {
        return vec![Difference::Failed(theirs["error"].as_str().unwrap_or_default().to_owned())];
    };
    let mut extra: Vec<[i64; 2]> = theirs.iter().map(|[start, end, _]| [*start, *end]).collect();
    let mut missing = Vec::new();
    for own in ours {
        match extra.iter().position(|other| other[..] == own[..2]) {
            Some(at) => drop(extra.remove(at)),
            None => missing.push(*own),
        }
    }
    let mut found = Vec::new();
    missing.retain(|own| {
        let at = extra.iter().position(|other| other[0] == own[0]);
        at.inspect(|at| found.push(Difference::End(*own, extra.remove(*at)))).is_none()
    });
    missing.retain(|own| {
        let nearest = extra.iter().enumerate().min_by_key(|(_, other)| (other[0] - own[0]).abs());
        let at = nearest.filter(|(_, other)| (other[0] - own[0]).abs() <= nearby).map(|(at, _)| at);
        at.inspect(|at| found.push(Difference::Moved(*own, extra.remove(*at)))).is_none()
    });
    found.extend(missing.into_iter().map(Difference::Missing));
    found.extend(extra.into_iter().map(Difference::Extra));
    found
}

impl Tally {
    fn add(&mut self, case: &Value, python: &Value, node: &Value) {
        let ours = answers(&case["ours"]).unwrap_or_default();
        let tags: Vec<String> = case["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|tag| Some(tag.as_str()?.to_owned()))
            .collect();
        let seen = Seen { tags: &tags, ours: &ours, window_start: case["from"].as_i64().unwrap_or(0) };
        self.cases += 1;
        self.instances += ours.len();
        let theirs = |oracle: Oracle| match oracle {
            Oracle::Ical => &node["ical"],
            other => &python[other.name()],
        };
        // Where instances follow each other closely the nearest is mostly another.
        let is_fine = tags.iter().any(|tag| ["HOURLY", "MINUTELY", "SECONDLY"].contains(&tag.as_str()));
        let nearby = if is_fine { -1 } else { NEARBY_SECONDS };
        let found = Oracle::ALL.map(|oracle| (oracle, differences(&ours, theirs(oracle), nearby)));
        for (oracle, _) in found.iter().filter(|(_, differences)| differences.is_empty()) {
            *self.same.entry(*oracle).or_default() += 1;
        }
        let [recurring, ical, civil] = found.each_ref().map(|(_, differences)| differences.is_empty());
        self.by_civil_alone += usize::from(!recurring && !ical && civil);
        self.alone += usize::from(!recurring && !ical && !civil);
        for (oracle, differences) in &found {
            // Whoever differs must stand against a second witness.
            let witnessed = |witness: Witness| match witness {
                Witness::Civil => civil,
                Witness::Both => {
                    [(Oracle::Recurring, recurring), (Oracle::Ical, ical), (Oracle::Civil, civil)]
                        .into_iter()
                        .all(|(other, agrees)| other == *oracle || agrees)
                }
            };
            let mut ids = Vec::new();
            for difference in differences {
                let known = EXPLANATIONS.iter().find(|explanation| {
                    explanation.oracle == *oracle
                        && witnessed(explanation.witness)
                        && (explanation.applies)(&seen, difference)
                });
                let Some(explanation) = known else {
                    self.tell(case, *oracle, difference, civil);
                    break;
                };
                ids.push(explanation.id);
            }
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                *self.explained.entry(id).or_default() += 1;
            }
        }
    }

    fn tell(&mut self, case: &Value, oracle: Oracle, difference: &Difference, witnessed: bool) {
        let kind = match difference {
            Difference::End(own, _) => format!("end {:05b}", own[2]),
            Difference::Moved(own, _) => format!("moved {:05b}", own[2]),
            Difference::Missing(own) => format!("missing {:05b}", own[2]),
            Difference::Extra(_) => "extra".to_owned(),
            Difference::Failed(error) => format!("failed {}", error.chars().take(60).collect::<String>()),
        };
        *self.groups.entry(format!("{} {kind} {witnessed}", oracle.name())).or_default() += 1;
        let show = |span: &[i64]| format!("{}-{}", show_instant(span[0]), show_instant(span[1]));
        let what = match difference {
            Difference::End(own, other) | Difference::Moved(own, other) => {
                format!("ours {} flags {:05b}, theirs {}", show(own), own[2], show(other))
            }
            Difference::Missing(own) => format!("ours alone {} flags {:05b}", show(own), own[2]),
            Difference::Extra(other) => format!("theirs alone {}", show(other)),
            Difference::Failed(error) => error.clone(),
        };
        let mut text = String::new();
        let _ = write!(
            text,
            "case {}: {} {kind} witnessed {witnessed}\n  {what}\n  {}\n",
            case["id"],
            oracle.name(),
            case["tags"]
        );
        for line in case["ics"].as_str().unwrap_or_default().lines() {
            if ["DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EX", "RECUR", "STATUS"]
                .iter()
                .any(|head| line.starts_with(head))
            {
                let _ = writeln!(text, "    {line}");
            }
        }
        let _ = writeln!(
            text,
            "    calendar {} window {}",
            case["zone"],
            show(&[case["from"].as_i64().unwrap_or(0), case["to"].as_i64().unwrap_or(0)])
        );
        self.unexplained.push(text);
    }

    fn print(&self) {
        let same = |oracle| self.same.get(&oracle).copied().unwrap_or(0);
        println!("{} objects, {} instances", self.cases, self.instances);
        for oracle in Oracle::ALL {
            println!("  {} agrees in {}", oracle.name(), same(oracle));
        }
        println!("  only the civil oracle agrees in {}, none in {}", self.by_civil_alone, self.alone);
        for (id, count) in &self.explained {
            println!("  explained: {id}: {count}");
        }
        for (group, count) in &self.groups {
            println!("  unexplained: {group}: {count}");
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a development tool has no settings but what its caller says"
    )]
    fn verdict(&self) -> Result<(), String> {
        let shown =
            std::env::var("KALENDS_DIFFERENCES").ok().and_then(|text| text.parse().ok()).unwrap_or(SHOWN_MAX);
        for text in self.unexplained.iter().take(shown) {
            println!("{text}");
        }
        if !self.unexplained.is_empty() {
            return Err(format!("{} unexplained differences", self.unexplained.len()));
        }
        let share = |count: usize| {
            100.0 * f64::from(u32::try_from(count).unwrap_or(u32::MAX))
                / f64::from(u32::try_from(self.cases.max(1)).unwrap_or(u32::MAX))
        };
        if share(self.alone) > ALONE_PERCENT_MAX {
            return Err(format!("{} cases that no other implementation answers alike", self.alone));
        }
        Ok(())
    }
}
