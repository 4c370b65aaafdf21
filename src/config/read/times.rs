//! Weekly hours, and dates that are different.

use booking::event_type::Interval;
use calendar::civil;

use crate::config::problem::Place;
use crate::config::reader::Section;
use crate::config::tree::{Node, Value};
use crate::config::value::hours;

/// Weekly hours: Monday first.
pub type Weekly = [Vec<Interval>; 7];

/// Monday to Friday, nine to five: where nobody says otherwise.
pub fn usual() -> Weekly {
    let day = || vec![Interval { start: 540, end: 1020 }];
    [day(), day(), day(), day(), day(), vec![], vec![]]
}

/// The weekly hours `name`; nothing where they are not given.
pub fn weekly(section: &Section<'_>, name: &str) -> Option<Weekly> {
    let node = section.node(name)?;
    let entries = entries(section, name, node, "{ mon-fri = [\"09:00-17:00\"] }")?;
    let mut week = Weekly::default();
    let mut seen: [Option<&Place>; 7] = [None; 7];
    for (key, place, value) in entries {
        let times = intervals(section, name, value);
        let days = match hours::weekdays(key) {
            Ok(days) => days,
            Err(what) => {
                let remedy = "use mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri";
                section.reader.problems.error(place, &section.key(name), what, remedy);
                continue;
            }
        };
        for day in days {
            if let Some(first) = seen[day] {
                let what = format!("`{key}` names a day twice, first in {first}");
                section.reader.problems.error(place, &section.key(name), what, "give each day once");
                break;
            }
            seen[day] = Some(place);
            week[day].clone_from(&times);
        }
    }
    Some(week)
}

/// The dates of `name` that have their own hours, sorted.
pub fn overrides(section: &Section<'_>, name: &str) -> Vec<(civil::Date, Vec<Interval>)> {
    let Some(node) = section.node(name) else { return Vec::new() };
    let example = "{ \"2026-12-24\" = [\"09:00-12:00\"], \"2026-12-25\" = [] }";
    let Some(entries) = entries(section, name, node, example) else { return Vec::new() };
    let mut dates: Vec<(civil::Date, Vec<Interval>)> = Vec::new();
    for (key, place, value) in entries {
        let times = intervals(section, name, value);
        match hours::dates(key) {
            Err(what) => {
                let remedy = "write \"2026-12-24\", or \"2026-12-24..2027-01-01\" for several days";
                section.reader.problems.error(place, &section.key(name), what, remedy);
            }
            Ok(days) => {
                if let Some(day) = days.iter().find(|day| dates.iter().any(|(seen, _)| seen == *day)) {
                    let what = format!("{day} is given twice");
                    section.reader.problems.error(place, &section.key(name), what, "give each date once");
                }
                dates.extend(days.into_iter().map(|day| (day, times.clone())));
            }
        }
    }
    dates.sort_by_key(|(date, _)| *date);
    dates
}

fn entries<'a>(
    section: &Section<'a>,
    name: &str,
    node: &'a Node,
    example: &str,
) -> Option<Vec<(&'a str, &'a Place, &'a Node)>> {
    let Value::Table(table) = &node.value else {
        section.error(name, format!("is {}", node.value.noun()), format!("write a table such as {example}"));
        return None;
    };
    Some(table.entries.iter().map(|entry| (entry.key.as_str(), &entry.place, &entry.node)).collect())
}

fn intervals(section: &Section<'_>, name: &str, node: &Node) -> Vec<Interval> {
    let problems = section.reader.problems;
    let key = section.key(name);
    let items = match &node.value {
        Value::Text(_) => std::slice::from_ref(node),
        Value::List(items) => items.as_slice(),
        other => {
            let remedy = "write a list such as [\"09:00-12:00\", \"13:00-17:30\"], or [] for closed";
            problems.error(&node.place, &key, format!("is {}", other.noun()), remedy);
            return Vec::new();
        }
    };
    let mut times = Vec::new();
    for item in items {
        let read = match &item.value {
            Value::Text(text) => hours::interval(text),
            other => Err(format!("is {}", other.noun())),
        };
        match read {
            Ok(interval) => times.push(interval),
            Err(what) => {
                let remedy =
                    "write \"09:00-17:00\"; \"22:00-02:00\" ends the next day, \"24:00\" ends this one";
                problems.error(&item.place, &key, what, remedy);
            }
        }
    }
    times
}
