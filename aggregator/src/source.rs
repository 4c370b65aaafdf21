//! A provider: its own words, the pure mapping to objects, the trait.

pub mod http;
pub mod ics;
mod reader;
pub mod stamp;
pub mod table;

use std::sync::Arc;

use async_trait::async_trait;

use calendar::warning::Warning;
use calendar::zone::Zone;

/// The provider's own sync state, opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// One object as the provider has it.
#[derive(Clone, Debug)]
pub struct RemoteObject {
    /// What names it there, stable; becomes the member's name in the mirror (made safe as a path segment).
    pub id: String,
    /// Its version there (for a feed: a hash of its text).
    pub version: String,
    /// Its text, which reads as a calendar object.
    pub octets: Arc<[u8]>,
}

/// What a provider answered.
#[derive(Clone, Debug)]
pub enum Step {
    /// Nothing has changed since the cursor.
    Unchanged,
    /// Everything there is: what is not here is gone.
    Snapshot(Snapshot),
}

/// A complete listing.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// All objects.
    pub objects: Vec<RemoteObject>,
    /// The cursor to ask with next.
    pub cursor: Cursor,
    /// The zone of dates and floating times, if the provider names one.
    pub zone: Option<Zone>,
    /// The provider's name for it.
    pub name: Option<String>,
    /// Not sooner than after so many seconds, as the provider asks.
    pub refresh_seconds: Option<i64>,
    /// What was read around.
    pub warnings: Vec<Warning>,
    /// What could not be read at all, told and skipped.
    pub skipped: Vec<String>,
    /// Ids of objects that are there but could not be read just now: what is held of them stays.
    pub unread: Vec<String>,
}

/// Why a provider gave no answer, named by remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It cannot be reached: try later.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It asks to be left alone.
    #[error("asks to wait ({0} s)")]
    Throttled(u64),
    /// The credentials are wrong: the owner must act.
    #[error("refuses the credentials: {0}")]
    Unauthorized(String),
    /// What came is not what was asked for (an HTML page, half a file, nothing): the last good state stays.
    #[error("{0}")]
    NotACalendar(String),
    /// It is not there: the owner must act.
    #[error("is not there: {0}")]
    Gone(String),
    /// The address is not one that may be asked.
    #[error("may not be asked: {0}")]
    Forbidden(String),
    /// The settings are wrong.
    #[error("{0}")]
    Misconfigured(String),
}

impl SourceError {
    /// What has to happen, for a person.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::Throttled(_) => "it will be tried again; the last good copy stays",
            Self::Unauthorized(_) => "give the right user name and password in the settings of this source",
            Self::NotACalendar(_) => {
                "open the address in a browser and see what it shows; the last good copy stays"
            }
            Self::Gone(_) => {
                "look up the address of the calendar where it is published; the last good copy stays"
            }
            Self::Forbidden(_) => "change the address, or permit it in the settings of this source",
            Self::Misconfigured(_) => "mend the settings of this source",
        }
    }

    /// Whether it may pass by itself.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Throttled(_) | Self::NotACalendar(_))
    }
}

/// A calendar kept by someone else, which we mirror.
///
/// A source only translates. It keeps no state between calls, never retries, never reads the clock.
#[async_trait]
pub trait Source: Send + Sync {
    /// What changed since `cursor`; everything if there is none.
    async fn changes(&self, cursor: Option<&Cursor>) -> Result<Step, SourceError>;
}

/// A text from outside, short enough for a status page, without control characters.
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().filter(|letter| !letter.is_control()).take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_are_shortened() {
        assert_eq!(shortened("a\r\nb"), "ab…");
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ü".repeat(200)).chars().count(), 81);
    }
}
