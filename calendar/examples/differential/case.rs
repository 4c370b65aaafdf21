//! A case: an object, a window, our answer, and what is noteworthy about both.

use std::collections::BTreeMap;

use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::{instances, reach};
use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Zone;
use serde_json::{Value, json};

use crate::draw::Draw;
use crate::series::{self, Clock};
use crate::zones;

/// The start is a reading that no clock shows.
pub(crate) const GAP: i64 = 1;
/// The start is a reading that clocks show twice.
pub(crate) const FOLD: i64 = 2;
/// The clocks change between start and end.
pub(crate) const CHANGE: i64 = 4;
/// An override describes it.
pub(crate) const OVERRIDE: i64 = 8;
/// Its original start is one of GAP or FOLD.
pub(crate) const ORIGINAL_ODD: i64 = 16;

/// An override for no instance of its series.
pub(crate) const ORPHAN: i64 = 32;

/// Its start on the clock reads as one of EXDATE does in UTC, or the other way round.
pub(crate) const EXDATE_IN_UTC: i64 = 64;

/// Start and end in UTC seconds, and flags.
pub(crate) type Answer = [i64; 3];

pub(crate) struct Case {
    pub(crate) id: u64,
    pub(crate) ics: String,
    /// The calendar's zone.
    pub(crate) zone: String,
    pub(crate) window: Span,
    pub(crate) ours: Vec<Answer>,
    pub(crate) tags: Vec<String>,
    /// VTIMEZONEs for implementations that know no IANA zones.
    zones: BTreeMap<String, String>,
    defined: bool,
    slack: i64,
}

impl Case {
    /// The case with this number. What cannot be asked is drawn again.
    pub(crate) fn drawn(seed: u64, id: u64) -> Self {
        let mut draw = Draw::new(seed, id);
        let series = loop {
            if let Some(series) = series::drawn(&mut draw) {
                break series;
            }
        };
        let zone = if series.zone == "UTC" { Zone::utc().clone() } else { zones::iana(series.zone) };
        let mut tags: Vec<String> = series.tags.iter().map(|tag| (*tag).to_owned()).collect();
        tags.sort_unstable();
        tags.dedup();
        Self {
            id,
            ours: answers(&series.ics, &zone, series.window),
            zone: series.zone.to_owned(),
            window: series.window,
            tags,
            zones: series
                .named
                .iter()
                .map(|name| ((*name).to_owned(), zones::vtimezone(name).to_owned()))
                .collect(),
            defined: matches!(series.clock, Clock::Defined(_)),
            ics: series.ics,
            slack: series.slack,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "ics": self.ics, "zone": self.zone, "zones": self.zones, "defined": self.defined,
            "from": self.window.start.as_unix(), "to": self.window.end.as_unix(),
            "slack": self.slack, "ours": self.ours, "tags": self.tags,
        })
    }
}

/// Our instances in the window, by start and end.
fn answers(ics: &str, zone: &Zone, window: Span) -> Vec<Answer> {
    let limits = Limits::default();
    let object = CalendarObject::read(ics.as_bytes().into(), &limits)
        .unwrap_or_else(|error| panic!("a drawn object is no object: {error}\n{ics}"));
    let found = instances(&object, zone, window, &limits).unwrap_or_else(|error| panic!("{error}\n{ics}"));
    let within = reach(&object, zone, &limits);
    let alone = without_overrides(ics);
    let master = object.master().and_then(|master| object.date_or_time(master.property("DTSTART")?));
    let clock = master.as_ref().map_or(zone, |start| start.zone(zone));
    let excluded: Vec<_> = object
        .components()
        .flat_map(|component| component.properties_named("EXDATE"))
        .flat_map(|property| object.dates_or_times(property))
        .map(|date| (date.to_instant(zone).to_utc(), date.local()))
        .collect();
    let mut answers: Vec<Answer> = found
        .iter()
        .map(|instance| {
            let span = instance.span;
            assert!(
                within.is_some_and(|within| within.start <= span.start && span.end <= within.end),
                "reach\n{ics}"
            );
            let own = instance.start.zone(zone);
            let shown = own.instants_of(instance.start.local()).len();
            let changes = own.offset_at(span.start) != own.offset_at(span.end);
            let original = instance.recurrence_id.unwrap_or(span.start);
            let (shown_here, in_utc) = (clock.local_of(span.start), span.start.to_utc());
            let is_mistaken =
                |(other_in_utc, written): &(_, _)| *other_in_utc == shown_here || *written == in_utc;
            let odd = clock.instants_of(clock.local_of(original)).len() != 1;
            let flags = [
                (GAP, shown == 0 && !matches!(instance.start, DateOrTime::Utc(_))),
                (FOLD, shown == 2),
                (CHANGE, changes),
                (OVERRIDE, instance.component > 0),
                (ORIGINAL_ODD, odd),
                (EXDATE_IN_UTC, excluded.iter().any(is_mistaken)),
                (ORPHAN, instance.component > 0 && !is_original(&alone, zone, original)),
            ];
            let flags = flags.iter().filter(|(_, is_so)| *is_so).map(|(flag, _)| flag).sum();
            [span.start.as_unix(), span.end.as_unix(), flags]
        })
        .collect();
    answers.sort_unstable();
    answers
}

/// The object with its master alone.
fn without_overrides(ics: &str) -> CalendarObject {
    let end = "END:VEVENT\r\n";
    let master = ics.split_inclusive(end).next().unwrap_or_default().to_owned() + "END:VCALENDAR\r\n";
    CalendarObject::read(master.into_bytes().into(), &Limits::default())
        .unwrap_or_else(|error| panic!("a drawn object is no object: {error}\n{ics}"))
}

fn is_original(alone: &CalendarObject, zone: &Zone, at: Instant) -> bool {
    instances(alone, zone, Span::new(at, at.plus(1)), &Limits::default())
        .is_ok_and(|found| found.iter().any(|instance| instance.span.start == at))
}
