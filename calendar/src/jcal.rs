//! jCal: calendars as JSON (RFC 7265), from a tree of components and back.
//!
//! Both ways keep the meaning and every property, known or not. A value that is none of its type stands in JSON as the
//! text that it was, and comes back as that.

mod json;
mod recur;
mod shape;
mod text;

use serde_json::Value;

use crate::component::Component;

/// The media type (RFC 7265 §3.1).
pub const MEDIA_TYPE: &str = "application/calendar+json";

/// Why something is no jCal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct JcalError {
    /// The component or property concerned.
    pub place: String,
    /// What is wrong, for a person.
    pub reason: String,
}

impl JcalError {
    fn new(place: &str, reason: impl Into<String>) -> Self {
        Self { place: place.to_owned(), reason: reason.into() }
    }
}

/// A calendar as jCal (RFC 7265 §3).
pub fn write(calendar: &Component) -> String {
    json::component(calendar).to_string()
}

/// Reads one jCal object (RFC 7265 §4). Any octets: no panic; depth and memory are bounded by those of the JSON reader.
///
/// # Errors
/// [`JcalError`] where it is no JSON, no `vcalendar`, or has a name that iCalendar cannot have.
pub fn read(octets: &[u8]) -> Result<Component, JcalError> {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let value: Value =
        serde_json::from_slice(octets).map_err(|error| JcalError::new("vcalendar", error.to_string()))?;
    let calendar = text::component(&value)?;
    if calendar.name == "VCALENDAR" {
        Ok(calendar)
    } else {
        Err(JcalError::new(&calendar.name, "the outermost component of a jCal object is vcalendar"))
    }
}

#[cfg(test)]
mod tests;
