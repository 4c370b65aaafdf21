//! One change of a booking as one commit: the record, its place in time, its event, its letters (specification 6.3).

use std::sync::Arc;

use aggregator::gate::{self, Edit};
use aggregator::own;
use aggregator::owner::{Owner, Push};
use aggregator::world::refusal_of;
use calendar::collection::{CollectionName, ObjectName};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use calendar::write;
use store::Change;
use store::engine::Version;

use crate::booking::{Booking, State};
use crate::desk::Desk;
use crate::desk::rows::{self, ACCOUNTS, AccountsRow, BOOKINGS, TIMES, TimesRow, time_part};
use crate::letter::{News, Occasion, event, letters};

/// The collection that holds the events of an owner's bookings.
const COLLECTION: &str = "bookings";

/// A booking before and after.
pub(crate) struct Step<'a> {
    pub(crate) owner: &'a Owner,
    /// What was seen, with its version; `None`: it is new.
    pub(crate) before: Option<(&'a Booking, Version)>,
    pub(crate) after: &'a Booking,
    pub(crate) location: Option<&'a str>,
    pub(crate) news: &'a News,
    pub(crate) token: &'a str,
    pub(crate) now: Instant,
}

/// Adds everything that belongs to the step to `change`.
///
/// # Errors
/// What the gate says to the event; the store's failures.
pub(crate) async fn stage(desk: &Desk, change: &mut Change, step: &Step<'_>) -> Result<(), Refusal> {
    let booking = step.after;
    let seen = step.before.map_or(0, |(_, version)| version);
    change.put_record(BOOKINGS, &[&booking.owner, &booking.uid], booking, seen);
    stage_times(desk, change, step).await?;
    let accounts = stage_accounts(desk, change, step).await?;
    let occasion = Occasion {
        news: step.news,
        booking,
        owner: step.owner,
        location: step.location,
        accounts: &accounts,
        correspondence: &desk.correspondence,
        token: step.token,
        now: step.now,
    };
    stage_event(desk, change, &occasion).await?;
    let letters = letters(&occasion).map_err(|error| Refusal::Unavailable(error.to_string()))?;
    for letter in &letters {
        change.post(letter);
    }
    Ok(())
}

async fn stage_times(desk: &Desk, change: &mut Change, step: &Step<'_>) -> Result<(), Refusal> {
    let booking = step.after;
    let key_of = |booking: &Booking| [booking.owner.clone(), time_part(booking.start), booking.uid.clone()];
    let new_key = (booking.state == State::Confirmed).then(|| key_of(booking));
    let old_key = step.before.map(|(before, _)| key_of(before));
    for (key, is_new) in [(&old_key, false), (&new_key, true)] {
        let Some(key) = key else { continue };
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        let seen =
            rows::record::<TimesRow>(&desk.world, TIMES, &key).await?.map_or(0, |(_, version)| version);
        if is_new {
            change.put_record(TIMES, &key, &TimesRow::of(booking), seen);
        } else if seen != 0 && old_key != new_key {
            change.remove_record(TIMES, &key, seen);
        }
    }
    Ok(())
}

/// The linked accounts that are told: those that were invited before, and those that are linked now, while the
/// booking lives.
async fn stage_accounts(desk: &Desk, change: &mut Change, step: &Step<'_>) -> Result<Vec<String>, Refusal> {
    let booking = step.after;
    let key = [booking.owner.as_str(), booking.uid.as_str()];
    let (before, seen) = rows::record::<AccountsRow>(&desk.world, ACCOUNTS, &key).await?.unwrap_or_default();
    let mut after = before.clone();
    if booking.state == State::Confirmed {
        let invited = step.owner.sources.iter().filter(|source| source.push == Push::Invite);
        for account in invited.filter_map(|source| source.account.as_ref()?.mail()) {
            if !after.accounts.iter().any(|known| known == account) {
                after.accounts.push(account.to_owned());
            }
        }
    }
    if seen == 0 || after != before {
        change.put_record(ACCOUNTS, &key, &after, seen);
    }
    Ok(after.accounts)
}

async fn stage_event(desk: &Desk, change: &mut Change, occasion: &Occasion<'_>) -> Result<(), Refusal> {
    let name = event_name(occasion.booking);
    let octets: Option<Arc<[u8]>> = match occasion.booking.state {
        State::Confirmed => Some(Arc::from(write::event(&event::kept(occasion), None).into_bytes())),
        // A client may have deleted it before; what is not there needs no deletion.
        State::Cancelled if desk.world.store.facts(&name).await.map_err(refusal_of)?.is_none() => {
            return Ok(());
        }
        State::Cancelled => None,
    };
    if occasion.booking.sequence == 0 {
        // Copies that come back through linked calendars are known as this event.
        own::declare(change, &occasion.booking.owner, &occasion.booking.uid);
    }
    gate::stage(&desk.world, change, &[Edit { name, octets }]).await?;
    Ok(())
}

/// Where a booking's event is kept.
pub(crate) fn event_name(booking: &Booking) -> ObjectName {
    let collection = CollectionName::new(&booking.owner, COLLECTION);
    ObjectName::new(&collection, &format!("{}.ics", booking.uid))
}
