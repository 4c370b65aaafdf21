//! `kalends export`: a calendar as iCalendar text.

use std::collections::BTreeMap;

use aggregator::world::refusal_of;
use calendar::collection::{CollectionName, ObjectName, PrincipalId};
use calendar::component::Component;
use calendar::text::{fold, parse, serialise};
use calendar::write::PRODID;
use serde::{Deserialize, Serialize};
use store::collections::Role;

use super::common;
use super::console::{Console, Stream};
use super::exit::{Failure, Outcome};
use super::parse::Given;
use crate::house::House;

/// Members read at a time.
const PAGE: usize = 200;

/// What is to be exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    owner: Option<String>,
    calendar: Option<String>,
}

impl Export {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        let option = |name| given.option(name).map(str::to_owned);
        Self { owner: option("owner"), calendar: option("calendar") }
    }

    /// Prints it.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let owner = common::owner_or_only(house, self.owner.as_deref())?;
        let store = &house.world.store;
        let all = store.collections(&PrincipalId::new(&owner.id)).await?;
        let chosen: Vec<CollectionName> = match &self.calendar {
            Some(id) => {
                let found = all.into_iter().find(|(name, _)| name.id.as_str() == id);
                vec![found.ok_or_else(|| Failure::refused(format!("{} has no calendar `{id}`", owner.id)))?.0]
            }
            None => all
                .into_iter()
                .filter(|(_, record)| matches!(record.role, Role::Personal | Role::Bookings | Role::Made))
                .map(|(name, _)| name)
                .collect(),
        };
        let mut book = Book::default();
        for name in &chosen {
            let mut after = None;
            loop {
                let page = store.members(name, after.as_ref(), PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.member.clone());
                for facts in &page {
                    let shown = facts.shows.clone();
                    let object = shown.unwrap_or_else(|| ObjectName::new(name, facts.member.as_str()));
                    let Some(stored) = store.object(&object).await.map_err(refusal_of)? else { continue };
                    let parsed = parse(&stored.octets, &house.world.limits)
                        .map_err(|error| Failure::failed(format!("{object}: {error}")))?;
                    for calendar in &parsed.calendars {
                        book.add(calendar, console);
                    }
                }
            }
        }
        book.end(console);
        Ok(())
    }
}

/// The text as it is written: one VCALENDAR, or another one where a zone's name means something else.
#[derive(Default)]
struct Book {
    open: bool,
    zones: BTreeMap<String, String>,
}

impl Book {
    fn add(&mut self, calendar: &Component, console: &Console) {
        let zones: Vec<(String, String)> = calendar
            .components_named("VTIMEZONE")
            .map(|zone| (zone.text("TZID").unwrap_or_default(), serialise(zone)))
            .collect();
        let clash = |(id, text): &(String, String)| self.zones.get(id).is_some_and(|known| known != text);
        if self.open && zones.iter().any(clash) {
            console.say(Stream::Out, &fold("END:VCALENDAR"));
            *self = Self::default();
        }
        if !self.open {
            self.begin(console);
        }
        for (id, text) in zones {
            if self.zones.insert(id, text.clone()).is_none() {
                console.say(Stream::Out, &text);
            }
        }
        for component in calendar.components.iter().filter(|component| component.name != "VTIMEZONE") {
            console.say(Stream::Out, &serialise(component));
        }
    }

    fn begin(&mut self, console: &Console) {
        self.open = true;
        let head = ["BEGIN:VCALENDAR", "VERSION:2.0", &format!("PRODID:{PRODID}")].map(fold).concat();
        console.say(Stream::Out, &head);
    }

    fn end(mut self, console: &Console) {
        if !self.open {
            self.begin(console);
        }
        console.say(Stream::Out, &fold("END:VCALENDAR"));
    }
}
