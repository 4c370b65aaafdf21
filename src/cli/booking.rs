//! `kalends book` and `kalends booking …`: booking without a browser.

use booking::booking::{Booking, State};
use booking::desk::{NotBooked, Request};
use calendar::time::Instant;
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

/// How bookings of this door are told in their history.
const CHANNEL: &str = "cli";

/// A time to be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    owner: String,
    event_type: String,
    time: String,
    name: String,
    email: String,
    notes: String,
    tz: Option<String>,
    duration: Option<String>,
    key: Option<String>,
}

impl Book {
    /// As it was typed.
    ///
    /// # Errors
    /// If the event type is not one.
    pub fn of(given: &Given) -> Result<Self, String> {
        let (owner, event_type) = common::pair(given.place(0), "OWNER/EVENT_TYPE")?;
        let text = |name| given.option(name).unwrap_or_default().to_owned();
        for needed in ["name", "email"] {
            if text(needed).trim().is_empty() {
                return Err(format!("the invitee's {needed} is needed: --{needed} …"));
            }
        }
        Ok(Self {
            owner,
            event_type,
            time: given.place(1).to_owned(),
            name: text("name"),
            email: text("email"),
            notes: text("notes"),
            tz: given.option("tz").map(str::to_owned),
            duration: given.option("duration").map(str::to_owned),
            key: given.option("key").map(str::to_owned),
        })
    }

    /// Books and prints.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let (host, event_type) = common::event_type(house, &self.owner, &self.event_type)?;
        let zone = common::zone(self.tz.as_deref(), &host.owner.zone)?;
        let request = Request {
            owner: host.owner.id.clone(),
            event_type: event_type.slug.clone(),
            start: common::time(&self.time, &zone, house.world.now())?,
            duration: common::length(self.duration.as_deref(), event_type)?,
            name: self.name,
            email: self.email,
            notes: self.notes,
            time_zone: zone.name().to_owned(),
            idempotency_key: self.key,
            channel: CHANNEL.to_owned(),
        };
        let booked = house.desk.book(&request).await.map_err(|not| Failure::of_desk(not, &zone))?;
        let link = format!("{}/b/{}", house.settings.server.public_url, booked.token);
        if console.manner.json {
            let mut value = value_of(&booked.booking);
            value["manage"] = json!(link);
            console.json(&value);
        } else {
            console.line(console.bold("booked"));
            facts(console, &booked.booking, &zone);
            console.line(format_args!("manage     {link}"));
        }
        Ok(())
    }
}

/// What is booked?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    owner: Option<String>,
    from: Option<String>,
    limit: usize,
}

impl List {
    /// As it was typed.
    ///
    /// # Errors
    /// If the limit is no number.
    pub fn of(given: &Given) -> Result<Self, String> {
        let limit = match given.option("limit") {
            None => 100,
            Some(text) => text.parse().map_err(|_| format!("`{text}` is not a number"))?,
        };
        let option = |name| given.option(name).map(str::to_owned);
        Ok(Self { owner: option("owner"), from: option("from"), limit })
    }

    /// Prints.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let hosts: Vec<_> = match &self.owner {
            Some(owner) => vec![common::host(house, owner)?],
            None => house.settings.hosts.iter().collect(),
        };
        let now = house.world.now();
        let mut found: Vec<(Booking, Zone)> = Vec::new();
        for host in hosts {
            let zone = &host.owner.zone;
            let from = self.from.as_deref().map_or(Ok(now), |text| common::time(text, zone, now))?;
            let bookings = house
                .desk
                .bookings(&host.owner.id, from, self.limit)
                .await
                .map_err(|not| Failure::of_desk(not, zone))?;
            found.extend(bookings.into_iter().map(|booking| (booking, zone.clone())));
        }
        found.sort_by_key(|(booking, _)| booking.start);
        found.truncate(self.limit);
        if console.manner.json {
            let list: Vec<_> = found.iter().map(|(booking, _)| value_of(booking)).collect();
            console.json(&list);
            return Ok(());
        }
        if found.is_empty() {
            console.line("nothing is booked");
            return Ok(());
        }
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|(booking, zone)| {
                vec![
                    moment::at(Instant::from_unix(booking.start), zone),
                    duration::to_text(booking.end - booking.start),
                    format!("{}/{}", booking.owner, booking.event_type),
                    format!("{} <{}>", booking.name, booking.email),
                    booking.uid.clone(),
                ]
            })
            .collect();
        console.table(&["WHEN", "LONG", "WHAT", "WHO", "UID"], &rows);
        Ok(())
    }
}

/// One booking, by its UID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    uid: String,
}

impl Which {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self { uid: given.place(0).to_owned() }
    }

    /// Prints it.
    pub async fn show(self, house: &House, console: &Console) -> Outcome {
        let (booking, zone) = find(house, &self.uid).await?;
        if console.manner.json {
            console.json(&value_of(&booking));
            return Ok(());
        }
        facts(console, &booking, &zone);
        for step in &booking.history {
            let reason = step.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
            let when = moment::at(Instant::from_unix(step.at), &zone);
            console.line(
                console.faint(format!("{when}  {} by {} ({}){reason}", step.what, step.actor, step.channel)),
            );
        }
        Ok(())
    }
}

/// A booking to be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reschedule {
    uid: String,
    time: String,
    tz: Option<String>,
}

impl Reschedule {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self {
            uid: given.place(0).to_owned(),
            time: given.place(1).to_owned(),
            tz: given.option("tz").map(str::to_owned),
        }
    }

    /// Moves it and prints.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let (booking, zone) = find(house, &self.uid).await?;
        let zone = common::zone(self.tz.as_deref(), &zone)?;
        let start = common::time(&self.time, &zone, house.world.now())?;
        let moved = house
            .desk
            .reschedule_uid(&booking.owner, &booking.uid, start, CHANNEL)
            .await
            .map_err(|not| Failure::of_desk(not, &zone))?;
        outcome(console, "rescheduled", &moved, &zone);
        Ok(())
    }
}

/// A booking to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    uid: String,
    reason: Option<String>,
}

impl Cancel {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self { uid: given.place(0).to_owned(), reason: given.option("reason").map(str::to_owned) }
    }

    /// Cancels it and prints.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let (booking, zone) = find(house, &self.uid).await?;
        let cancelled = house
            .desk
            .cancel_uid(&booking.owner, &booking.uid, self.reason.as_deref(), CHANNEL)
            .await
            .map_err(|not| Failure::of_desk(not, &zone))?;
        outcome(console, "cancelled", &cancelled, &zone);
        Ok(())
    }
}

/// The booking with this UID, whoever's it is, with its host's zone.
async fn find(house: &House, uid: &str) -> Result<(Booking, Zone), Failure> {
    for host in &house.settings.hosts {
        match house.desk.booking(&host.owner.id, uid).await {
            Ok(booking) => return Ok((booking, host.owner.zone.clone())),
            Err(NotBooked::NotFound) => {}
            Err(other) => return Err(Failure::of_desk(other, &host.owner.zone)),
        }
    }
    Err(Failure::refused(format!("there is no booking `{uid}`; `kalends booking list` shows their UIDs")))
}

fn outcome(console: &Console, what: &str, booking: &Booking, zone: &Zone) {
    if console.manner.json {
        console.json(&value_of(booking));
    } else {
        console.line(console.bold(what));
        facts(console, booking, zone);
    }
}

fn facts(console: &Console, booking: &Booking, zone: &Zone) {
    let start = Instant::from_unix(booking.start);
    let state = match booking.state {
        State::Confirmed => "confirmed",
        State::Cancelled => "cancelled",
    };
    console.line(format_args!("what       {} ({}/{})", booking.title, booking.owner, booking.event_type));
    console.line(format_args!(
        "when       {}, {} ({}, {})",
        moment::at(start, zone),
        duration::to_text(booking.end - booking.start),
        zone.name(),
        moment::offset(start, zone)
    ));
    console.line(format_args!("who        {} <{}>", booking.name, booking.email));
    if !booking.notes.is_empty() {
        console.line(format_args!("notes      {}", booking.notes.replace('\n', "\n           ")));
    }
    console.line(format_args!("state      {state}"));
    console.line(format_args!("uid        {}", booking.uid));
}

/// A booking for programs: instants as RFC 3339, and nothing that manages it.
fn value_of(booking: &Booking) -> serde_json::Value {
    let instant = |seconds| Instant::from_unix(seconds).to_string();
    json!({
        "uid": booking.uid,
        "owner": booking.owner,
        "event_type": booking.event_type,
        "title": booking.title,
        "start": instant(booking.start),
        "end": instant(booking.end),
        "name": booking.name,
        "email": booking.email,
        "notes": booking.notes,
        "time_zone": booking.time_zone,
        "state": booking.state,
        "sequence": booking.sequence,
        "history": booking.history.iter().map(|step| json!({
            "at": instant(step.at),
            "what": step.what,
            "actor": step.actor,
            "channel": step.channel,
            "reason": step.reason,
        })).collect::<Vec<_>>(),
    })
}
