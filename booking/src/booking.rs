//! The booking: requested, confirmed, cancelled; kept in the store (table `bookings`).

use serde::{Deserialize, Serialize};

/// Where a booking stands (specification 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It takes place.
    Confirmed,
    /// It was cancelled.
    Cancelled,
}

/// One change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When, UTC seconds.
    pub at: i64,
    /// `invitee`, `owner`, `operator`.
    pub actor: String,
    /// `web`, `cli`, `caldav`.
    pub channel: String,
    /// `booked`, `rescheduled`, `cancelled`.
    pub what: String,
    /// The reason given.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Its UID, stable for life, in every calendar.
    pub uid: String,
    /// The host.
    pub owner: String,
    /// The event type's slug.
    pub event_type: String,
    /// Title at the time of booking.
    pub title: String,
    /// UTC seconds.
    pub start: i64,
    /// UTC seconds.
    pub end: i64,
    /// Seconds kept free before.
    pub buffer_before: i64,
    /// Seconds kept free after.
    pub buffer_after: i64,
    /// Whether buffers add up.
    pub buffer_sum: bool,
    /// The invitee's name.
    pub name: String,
    /// The invitee's mail address.
    pub email: String,
    /// What the invitee wrote.
    pub notes: String,
    /// The invitee's zone (IANA).
    pub time_zone: String,
    /// SEQUENCE of its event.
    pub sequence: u32,
    /// Where it stands.
    pub state: State,
    /// Hex SHA-256 of the token by which the invitee manages it.
    pub token_hash: String,
    /// Key under which the same request is the same booking.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// What happened to it.
    pub history: Vec<Transition>,
}
