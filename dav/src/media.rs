//! The two media types of calendar data, text and JSON, and which of them a message is in (RFC 5545 §8.1, RFC 7265).

use std::sync::Arc;

use calendar::component::Component;
use calendar::jcal;
use calendar::limits::Limits;
use calendar::object::Kind;
use calendar::text;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, HeaderMap};

use crate::condition::{Failure, SUPPORTED_CALENDAR_DATA, VALID_CALENDAR_DATA};
use crate::property::webdav::content_type;

/// How calendar data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// text/calendar, as it is stored.
    Text,
    /// application/calendar+json.
    Json,
}

impl Format {
    /// All of them, the one that is stored first.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// Its media type without parameters.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/calendar",
            Self::Json => jcal::MEDIA_TYPE,
        }
    }

    /// The format with that media type, in any case.
    pub fn of_media_type(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type().eq_ignore_ascii_case(name.trim()))
    }

    /// The value of `Content-Type` for an object of that kind.
    pub fn content_type(self, kind: Kind) -> String {
        match self {
            Self::Text => content_type(kind),
            Self::Json => {
                let component = kind.component_name().to_ascii_lowercase();
                format!("{}; charset=utf-8; component={component}", self.media_type())
            }
        }
    }

    /// What a reader wants most, by `Accept` (RFC 9110 §12.5.1); `usual` where it says nothing that helps.
    pub fn accepted(headers: &HeaderMap, usual: Self) -> Self {
        let weight = |format: Self| weight(headers, format.media_type());
        let other = if usual == Self::Text { Self::Json } else { Self::Text };
        if weight(other) > weight(usual) { other } else { usual }
    }

    /// The same, or nothing where `Accept` names none of them.
    pub fn acceptable(headers: &HeaderMap) -> Option<Self> {
        let says = headers.contains_key(ACCEPT);
        let format = Self::accepted(headers, Self::Text);
        (!says || weight(headers, format.media_type()) > 0).then_some(format)
    }
}

/// How much a media type is wanted, in thousandths; the most exact range that covers it decides.
fn weight(headers: &HeaderMap, media_type: &str) -> u16 {
    let mut best = (0, 0);
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in ranges.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let exactness = match name.as_str() {
            _ if name == media_type => 3,
            "*/*" => 1,
            _ => match name.strip_suffix("/*") {
                Some(class) if media_type.split('/').next() == Some(class) => 2,
                _ => continue,
            },
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
        if exactness > best.0 {
            best = (exactness, quality);
        }
    }
    best.1
}

/// `0.8` as 800.
fn thousandths(quality: &str) -> u16 {
    let quality = quality.trim().parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0);
    // Between 0 and 1000, so that nothing is cut off.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
    let thousandths = (quality * 1000.0).round() as u16;
    thousandths
}

/// Calendar data that a client sent.
pub struct Sent {
    /// The iCalendar text: as it came, or made of JSON.
    pub octets: Arc<[u8]>,
    /// How it came.
    pub format: Format,
}

/// The calendar data of a request: whole, in no content coding, UTF-8 or ASCII; a missing type is taken for
/// text/calendar, as is the one that programs send which know none.
///
/// # Errors
/// CALDAV:supported-calendar-data, CALDAV:valid-calendar-data for JSON that is no jCal; 400, 415.
pub fn sent(headers: &HeaderMap, body: &[u8]) -> Result<Sent, Failure> {
    if headers.contains_key(CONTENT_RANGE) {
        return Err(Failure::bad_request("only whole objects are put"));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "objects are put without content coding",
        ));
    }
    let format = format_of(headers)?;
    let octets: Arc<[u8]> = match format {
        Format::Text => body.into(),
        Format::Json => {
            let read = jcal::read(body)
                .map_err(|error| Failure::of(VALID_CALENDAR_DATA, format!("no jCal: {error}")))?;
            text::serialise(&read).into_bytes().into()
        }
    };
    Ok(Sent { octets, format })
}

fn format_of(headers: &HeaderMap) -> Result<Format, Failure> {
    let Some(media_type) = headers.get(CONTENT_TYPE) else { return Ok(Format::Text) };
    let text = String::from_utf8_lossy(media_type.as_bytes()).to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let format = match kind {
        "application/octet-stream" | "" => Format::Text,
        other => Format::of_media_type(other).ok_or_else(|| {
            Failure::of(SUPPORTED_CALENDAR_DATA, format!("{kind} is neither text/calendar nor jCal"))
        })?,
    };
    let charset =
        parts.find_map(|part| part.strip_prefix("charset=")).map(|name| name.trim_matches(['"', ' ']));
    match charset {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(format),
        Some(other) => Err(Failure::of(SUPPORTED_CALENDAR_DATA, format!("{other} is not UTF-8"))),
    }
}

/// Stored octets as jCal; `None` where they cannot be read.
pub fn json_of(octets: &[u8], limits: &Limits) -> Option<String> {
    let calendar: Component = text::parse(octets, limits).ok()?.calendars.into_iter().next()?;
    Some(jcal::write(&calendar))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str) -> Format {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        Format::accepted(&headers, Format::Text)
    }

    #[test]
    fn json_only_for_who_wants_it_more() {
        for text in [
            "*/*",
            "text/calendar",
            "text/xml",
            "",
            "application/*;q=0.5, text/calendar",
            "x;;q=,=",
            "application/calendar+json;q=0.5, text/*",
            "application/calendar+json, text/calendar",
        ] {
            assert_eq!(accepted(text), Format::Text, "{text}");
        }
        for text in [
            "application/calendar+json",
            "text/calendar;q=0.5, application/calendar+json;q=0.9",
            "application/*, */*;q=0.1",
        ] {
            assert_eq!(accepted(text), Format::Json, "{text}");
        }
    }
}
