//! A VTIMEZONE becomes observances, onsets and rules (RFC 5545 §3.6.5), within bounds and with a word on what was left out.

use std::sync::Arc;

use super::{Definition, Observance};
use crate::civil::DateTime;
use crate::component::{Component, Property};
use crate::time::{DateOrTime, Instant};
use crate::warning::{Warning, WarningKind};
use crate::zone::onsets::{Cost, OnsetRule};

/// STANDARD and DAYLIGHT in one VTIMEZONE at most, and onsets given one by one in all of them. The longest history of
/// the database has about 300; a definition beyond is not read.
const OBSERVANCES_MAX: usize = 1000;
const ONSETS_MAX: usize = 4000;
/// RRULEs of one VTIMEZONE at most; a history that names each year's rule has some hundreds.
const RULES_MAX: usize = 1000;

impl Definition {
    /// Reads STANDARD and DAYLIGHT; `None` where not one of them can be read, or there are too many. What is left out
    /// is added to `warnings`.
    pub(in crate::zone) fn read(vtimezone: &Component, warnings: &mut Vec<Warning>) -> Option<Self> {
        let mut reader = Reader { warnings, onsets: Vec::new(), rules: 0, cost: Cost::default() };
        let mut observances = Vec::new();
        for part in &vtimezone.components {
            if !matches!(part.name.as_str(), "STANDARD" | "DAYLIGHT") {
                continue;
            }
            match reader.observance(part, observances.len()) {
                Some(observance) => observances.push(observance),
                None => reader.warn(part, &part.name),
            }
            if observances.len() > OBSERVANCES_MAX || reader.onsets.len() > ONSETS_MAX {
                let detail = format!("more than {OBSERVANCES_MAX} parts or {ONSETS_MAX} onsets");
                reader.warn(vtimezone, &detail);
                return None;
            }
        }
        if observances.is_empty() {
            reader.warn(vtimezone, "no STANDARD, no DAYLIGHT");
            return None;
        }
        Some(Self::new(observances, reader.onsets))
    }
}

struct Reader<'a> {
    warnings: &'a mut Vec<Warning>,
    onsets: Vec<(Instant, usize)>,
    /// RRULEs so far.
    rules: usize,
    /// What the rules may still cost.
    cost: Cost,
}

impl Reader<'_> {
    fn warn(&mut self, component: &Component, detail: &str) {
        self.warnings.push(Warning::new(WarningKind::UnreadableZone, component.line, detail));
    }

    fn observance(&mut self, part: &Component, number: usize) -> Option<Observance> {
        let first = local(part.property("DTSTART")?.value.as_str())?;
        let to = offset(&part.property("TZOFFSETTO")?.value)?;
        let from = part.property("TZOFFSETFROM").and_then(|property| offset(&property.value)).unwrap_or(to);
        let rdates = part.properties_named("RDATE").flat_map(rdates);
        let locals = std::iter::once(first).chain(rdates).take(ONSETS_MAX + 1);
        self.onsets.extend(locals.map(|local| (Instant::from_utc(local).plus(-i64::from(from)), number)));
        let mut rules = Vec::new();
        for property in part.properties_named("RRULE") {
            self.rules += 1;
            let room = self.rules <= RULES_MAX;
            let rule = OnsetRule::read(&property.value, first, from, &mut self.cost).filter(|_| room);
            if rule.is_none() {
                self.warnings.push(Warning::new(WarningKind::ZoneRule, property.line, &property.value));
            }
            rules.extend(rule);
        }
        Some(Observance {
            daylight: part.name == "DAYLIGHT",
            from,
            to,
            abbreviation: part.text("TZNAME").filter(|name| !name.trim().is_empty()).map(Arc::from),
            rules,
        })
    }
}

fn rdates(property: &Property) -> Vec<DateTime> {
    // A period begins where its first half says.
    property.value.split(',').filter_map(|each| local(each.split('/').next()?)).collect()
}

fn local(value: &str) -> Option<DateTime> {
    Some(DateOrTime::parse(value)?.local())
}

/// `+0100`, `-053000`, leniently `+1:00` and `0100`.
fn offset(value: &str) -> Option<i32> {
    let value = value.trim();
    let (sign, digits) = match value.as_bytes().first()? {
        b'+' => (1, &value[1..]),
        b'-' => (-1, &value[1..]),
        _ => (1, value),
    };
    let digits: String = digits.chars().filter(|character| *character != ':').collect();
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    (!digits.is_empty() && digits.len() <= 6 && hours <= 24 && minutes < 60 && seconds < 60)
        .then(|| sign * (hours * 3600 + minutes * 60 + seconds))
}
