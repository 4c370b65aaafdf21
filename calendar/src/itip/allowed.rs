//! Which edits an attendee may make to a scheduling object (RFC 6638 §3.2.2.1).
//!
//! Their own line, TRANSP, progress of a task, alarms, bookkeeping, X- properties; instances may be taken out, or get a
//! component of their own. Everything else belongs to the organizer. Further than the list of the standard: STATUS of a
//! task, which clients set with COMPLETED, and categories and colour, by which people find their way in a calendar.

use std::collections::BTreeSet;

use super::compare::{Of, organizers_difference};
use super::instance::{dates_named, has_date};
use super::ledger::About;
use super::parts::Parts;
use super::property::{address_of, addresses_in, attendee_among};
use super::send::TAKEN_OUT_MAX;
use crate::address::Address;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::time::Instant;

/// What an attendee may not change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{property} belongs to the organizer")]
pub struct NotAllowed {
    /// In which component.
    pub about: About,
    /// The property, or the component, that must stay.
    pub property: String,
}

/// Whether an attendee with the addresses of `owner` may make `after` of `before`.
///
/// Times count by what they mean, texts by what they say: a client may write them otherwise.
///
/// # Errors
/// [`NotAllowed`] with the first property that must stay.
pub fn attendee_may(
    before: &CalendarObject,
    after: &CalendarObject,
    owner: &[Address],
) -> Result<(), NotAllowed> {
    let (old, new) = (Parts::of(Some(before)), Parts::of(Some(after)));
    let limits = Limits::default();
    if let (Some(known), Some(master)) = (old.master(), new.master()) {
        let known: BTreeSet<Instant> = dates_named(&known.component, before, "EXDATE").into_iter().collect();
        let taken =
            dates_named(&master.component, after, "EXDATE").into_iter().filter(|at| !known.contains(at));
        if taken.collect::<BTreeSet<_>>().len() > TAKEN_OUT_MAX {
            return Err(stays(None, "EXDATE"));
        }
    }
    for part in new.list.values() {
        let known = old.described(part.at, &limits).ok_or_else(|| stays(part.at, "RECURRENCE-ID"))?;
        check((&known, before), (&part.component, after), owner).map_err(|name| stays(part.at, &name))?;
    }
    for part in old.list.values().filter(|part| new.find(part.at).is_none()) {
        let master = new.master().ok_or_else(|| stays(part.at, &part.component.name))?;
        let at = part.at.ok_or_else(|| stays(part.at, &part.component.name))?;
        // Taken out, or like the others again as far as the organizer is concerned.
        if has_date(&master.component, after, "EXDATE", at) {
            continue;
        }
        let reverted = new.derived(at, &limits).ok_or_else(|| stays(part.at, "RECURRENCE-ID"))?;
        check((&part.component, before), (&reverted, after), owner).map_err(|name| stays(part.at, &name))?;
    }
    Ok(())
}

fn stays(at: Option<Instant>, property: &str) -> NotAllowed {
    NotAllowed { about: at.map_or(About::Whole, About::Instance), property: property.to_owned() }
}

/// The first name that differs though it belongs to the organizer.
fn check(before: Of<'_>, after: Of<'_>, owner: &[Address]) -> Result<(), String> {
    if let Some(name) = organizers_difference(before, after) {
        return Err(name);
    }
    let delegates = attendee_among(after.0, owner).map(|own| addresses_in(own, "DELEGATED-TO"));
    let mut personal: Vec<Address> = owner.to_vec();
    personal.extend(delegates.unwrap_or_default());
    // Whom they delegated to before is theirs to take back.
    personal.extend(
        attendee_among(before.0, owner).map(|own| addresses_in(own, "DELEGATED-TO")).unwrap_or_default(),
    );
    if attendee_among(before.0, owner).is_some() && attendee_among(after.0, owner).is_none() {
        return Err("ATTENDEE".to_owned());
    }
    let others = |component: &Component| -> BTreeSet<(Address, Vec<String>)> {
        let lines = component.properties_named("ATTENDEE").map(|line| (address_of(line), standing(line)));
        lines.filter(|(who, _)| !personal.contains(who)).collect()
    };
    if others(before.0) == others(after.0) { Ok(()) } else { Err("ATTENDEE".to_owned()) }
}

/// What an ATTENDEE line says that matters to others.
fn standing(line: &Property) -> Vec<String> {
    let said = ["PARTSTAT", "ROLE", "CUTYPE", "DELEGATED-TO", "DELEGATED-FROM"].map(|name| {
        let default = match name {
            "PARTSTAT" => "NEEDS-ACTION",
            "ROLE" => "REQ-PARTICIPANT",
            "CUTYPE" => "INDIVIDUAL",
            _ => "",
        };
        let people = addresses_in(line, name);
        let text = match name {
            "DELEGATED-TO" | "DELEGATED-FROM" => {
                people.iter().map(Address::as_str).collect::<Vec<_>>().join(",")
            }
            _ => line.parameter(name).unwrap_or(default).trim().to_ascii_uppercase(),
        };
        format!("{name}={text}")
    });
    said.to_vec()
}
