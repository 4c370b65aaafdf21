//! What the desk keeps: its tables, their keys and rows.
//!
//! | table | key | row |
//! | --- | --- | --- |
//! | `bookings` | owner, uid | the booking, live or cancelled |
//! | `booking-times` | owner, start (12 digits), uid | when a live booking is and what it keeps free |
//! | `booking-tokens` | SHA-256 of the token | whose booking the token manages |
//! | `booking-keys` | owner, idempotency key | the booking that the key made |
//! | `booking-heads` | owner | expected and moved by every change of the owner's bookings |
//! | `booking-accounts` | owner, uid | the linked accounts that were invited |
//! | `booking-secrets` | `manage` | what tokens are derived from |

use aggregator::world::{World, refusal_of};
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::engine::Version;
use store::records::{Key, Table};

use crate::booking::{Booking, State};
use crate::event_type::{Buffer, Combine};
use crate::slot::Taken;

pub(crate) const BOOKINGS: Table = Table("bookings");
pub(crate) const TIMES: Table = Table("booking-times");
pub(crate) const TOKENS: Table = Table("booking-tokens");
pub(crate) const KEYS: Table = Table("booking-keys");
pub(crate) const HEADS: Table = Table("booking-heads");
pub(crate) const ACCOUNTS: Table = Table("booking-accounts");
pub(crate) const SECRETS: Table = Table("booking-secrets");

/// Rows read at a time.
const PAGE: usize = 500;

/// When a live booking is, UTC seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimesRow {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) before: i64,
    pub(crate) after: i64,
    pub(crate) sum: bool,
    pub(crate) event_type: String,
}

/// Whose booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Whose {
    pub(crate) owner: String,
    pub(crate) uid: String,
}

/// How far an owner's bookings are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeadRow {
    /// Changes so far.
    pub(crate) changes: u64,
    /// Seconds of the longest booking ever made, with its buffers: no booking reaches further from its start.
    pub(crate) longest: i64,
}

/// Mail addresses of linked accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountsRow {
    pub(crate) accounts: Vec<String>,
}

impl TimesRow {
    pub(crate) fn of(booking: &Booking) -> Self {
        Self {
            start: booking.start,
            end: booking.end,
            before: booking.buffer_before,
            after: booking.buffer_after,
            sum: booking.buffer_sum,
            event_type: booking.event_type.clone(),
        }
    }

    /// Seconds from the first moment kept free to the last.
    pub(crate) fn seconds(&self) -> i64 {
        (self.end - self.start).saturating_add(self.before.max(0)).saturating_add(self.after.max(0))
    }

    /// The booking as the rules see it when `event_type` is asked for.
    pub(crate) fn taken(&self, event_type: &str) -> Taken {
        Taken {
            span: Span::new(Instant::from_unix(self.start), Instant::from_unix(self.end)),
            buffer: Buffer {
                before: self.before,
                after: self.after,
                combine: if self.sum { Combine::Sum } else { Combine::Max },
            },
            same_type: self.event_type == event_type,
        }
    }
}

/// The part of a key that orders by time; instants end before the year 10000, so twelve digits hold them.
pub(crate) fn time_part(seconds: i64) -> String {
    format!("{:012}", seconds.max(0))
}

/// A record with its version.
pub(crate) async fn record<T: DeserializeOwned>(
    world: &World,
    table: Table,
    key: Key<'_>,
) -> Result<Option<(T, Version)>, Refusal> {
    world.store.record(table, key).await.map_err(refusal_of)
}

/// The booking, live or cancelled.
pub(crate) async fn booking(
    world: &World,
    owner: &str,
    uid: &str,
) -> Result<Option<(Booking, Version)>, Refusal> {
    record(world, BOOKINGS, &[owner, uid]).await
}

/// The live bookings that start within `starts`, with their UIDs, by start.
pub(crate) async fn times_within(
    world: &World,
    owner: &str,
    starts: Span,
) -> Result<Vec<(String, TimesRow)>, Refusal> {
    let mut after = vec![owner.to_owned(), time_part(starts.start.as_unix()), String::new()];
    let mut found = Vec::new();
    loop {
        let parts: Vec<&str> = after.iter().map(String::as_str).collect();
        let page =
            world.store.records::<TimesRow>(TIMES, &[owner], Some(&parts), PAGE).await.map_err(refusal_of)?;
        let full = page.len() == PAGE;
        for row in page {
            if row.record.start >= starts.end.as_unix() {
                return Ok(found);
            }
            if let Some(uid) = row.key.last() {
                found.push((uid.clone(), row.record));
            }
            after = row.key;
        }
        if !full {
            return Ok(found);
        }
    }
}

/// Up to `limit` live bookings that start at or after `from`, by start.
pub(crate) async fn bookings_from(
    world: &World,
    owner: &str,
    from: Instant,
    limit: usize,
) -> Result<Vec<Booking>, Refusal> {
    let after = time_part(from.as_unix());
    let page = world
        .store
        .records::<TimesRow>(TIMES, &[owner], Some(&[owner, &after, ""]), limit)
        .await
        .map_err(refusal_of)?;
    let mut found = Vec::with_capacity(page.len());
    for row in page {
        let Some(uid) = row.key.last() else { continue };
        if let Some((booking, _)) = booking(world, owner, uid).await?
            && booking.state == State::Confirmed
        {
            found.push(booking);
        }
    }
    Ok(found)
}
