//! `kalends slots` and `kalends why`.

use booking::slot::Slot;
use calendar::time::Span;
use calendar::zone::Zone;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::common;
use super::console::Console;
use super::exit::{Failure, Outcome};
use super::moment;
use super::parse::Given;
use crate::config::value::duration;
use crate::house::House;

/// Which times can be booked?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    owner: String,
    event_type: String,
    from: Option<String>,
    to: Option<String>,
    tz: Option<String>,
    duration: Option<String>,
}

impl Slots {
    /// As it was typed.
    ///
    /// # Errors
    /// If the event type is not one.
    pub fn of(given: &Given) -> Result<Self, String> {
        let (owner, event_type) = common::pair(given.place(0), "OWNER/EVENT_TYPE")?;
        let option = |name| given.option(name).map(str::to_owned);
        Ok(Self {
            owner,
            event_type,
            from: option("from"),
            to: option("to"),
            tz: option("tz"),
            duration: option("duration"),
        })
    }

    /// Asks and prints.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let (host, event_type) = common::event_type(house, &self.owner, &self.event_type)?;
        let zone = common::zone(self.tz.as_deref(), &host.owner.zone)?;
        let now = house.world.now();
        let from = self.from.as_deref().map_or(Ok(now), |text| common::time(text, &zone, now))?;
        let to = match self.to.as_deref() {
            Some(text) => common::time(text, &zone, now)?,
            None => from.plus(7 * 86_400),
        };
        if to <= from {
            return Err(Failure::usage("--to must be later than --from"));
        }
        let seconds = common::length(self.duration.as_deref(), event_type)?;
        let slots = house
            .desk
            .open_slots(&host.owner.id, &event_type.slug, seconds, Span::new(from, to))
            .await
            .map_err(|not| Failure::of_desk(not, &zone))?;
        if console.manner.json {
            let list: Vec<_> = slots.iter().map(|slot| value_of(*slot, &zone)).collect();
            console.json(&json!({
                "owner": host.owner.id,
                "event_type": event_type.slug,
                "duration": duration::to_text(seconds),
                "time_zone": zone.name(),
                "slots": list,
            }));
            return Ok(());
        }
        console.line(format_args!(
            "{} with {}, {}; times in {}",
            console.bold(&event_type.title),
            host.owner.name,
            duration::to_text(seconds),
            zone.name()
        ));
        if slots.is_empty() {
            let range = format!("between {} and {}", moment::at(from, &zone), moment::at(to, &zone));
            console.line(format_args!("nothing is open {range}; `kalends why` says why"));
        }
        list_by_day(console, &slots, &zone);
        Ok(())
    }
}

fn value_of(slot: Slot, zone: &Zone) -> serde_json::Value {
    json!({
        "start": slot.span.start.to_string(),
        "end": slot.span.end.to_string(),
        "local": moment::rfc3339(slot.span.start, zone),
    })
}

/// A heading a day, twelve times a line.
fn list_by_day(console: &Console, slots: &[Slot], zone: &Zone) {
    let date_of = |slot: &Slot| zone.local_of(slot.span.start).date();
    for day in slots.chunk_by(|a, b| date_of(a) == date_of(b)) {
        let times: Vec<String> =
            day.iter().map(|slot| moment::clock(zone.local_of(slot.span.start))).collect();
        for (row, times) in times.chunks(12).enumerate() {
            let heading = if row == 0 { moment::day(date_of(&day[0])) } else { String::new() };
            console.line(format_args!("{heading:16} {}", times.join(" ")));
        }
    }
}

/// Why can a time be booked, or not?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    owner: String,
    event_type: String,
    time: String,
    tz: Option<String>,
    duration: Option<String>,
}

impl Why {
    /// As it was typed.
    ///
    /// # Errors
    /// If the event type is not one.
    pub fn of(given: &Given) -> Result<Self, String> {
        let (owner, event_type) = common::pair(given.place(0), "OWNER/EVENT_TYPE")?;
        Ok(Self {
            owner,
            event_type,
            time: given.place(1).to_owned(),
            tz: given.option("tz").map(str::to_owned),
            duration: given.option("duration").map(str::to_owned),
        })
    }

    /// Asks and prints; a time that cannot be booked is an answer, not a failure.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let (host, event_type) = common::event_type(house, &self.owner, &self.event_type)?;
        let zone = common::zone(self.tz.as_deref(), &host.owner.zone)?;
        let start = common::time(&self.time, &zone, house.world.now())?;
        let seconds = common::length(self.duration.as_deref(), event_type)?;
        let verdicts = house
            .desk
            .why(&host.owner.id, &event_type.slug, seconds, start)
            .await
            .map_err(|not| Failure::of_desk(not, &zone))?;
        let open = verdicts.iter().all(|verdict| verdict.passes);
        if console.manner.json {
            let list: Vec<_> = verdicts
                .iter()
                .map(|verdict| json!({"rule": verdict.rule, "passes": verdict.passes, "detail": verdict.detail}))
                .collect();
            console.json(&json!({"start": start.to_string(), "bookable": open, "rules": list}));
            return Ok(());
        }
        let can = if open { "can be booked" } else { "cannot be booked" };
        let when = format!("{} ({})", moment::at(start, &zone), zone.name());
        console.line(format_args!("{} {}", console.bold(when), console.bold(can)));
        for verdict in &verdicts {
            let sign = if verdict.passes { "✓" } else { "✗" };
            console.line(format_args!("  {sign} {:16} {}", verdict.rule, verdict.detail));
        }
        Ok(())
    }
}
