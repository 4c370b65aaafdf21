//! What type the value of a property has, and how many values there are (RFC 7265 §3.4, §3.6; RFC 5545 §8.3.2).

/// How the value of a property is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One value.
    Single,
    /// Values between commas (RFC 7265 §3.4.1.2).
    List,
    /// One value of parts between semicolons (RFC 7265 §3.4.1.3).
    Structured,
}

/// The type that is written where a property's type is not known (RFC 7265 §5).
pub(super) const UNKNOWN: &str = "unknown";

/// The type that the property `name` (upper case) has where it names none, lower case.
///
/// Those that must always name one (IMAGE, CONFERENCE, STRUCTURED-DATA and others) have none.
pub(super) fn default_type(name: &str) -> &'static str {
    match name {
        "CALSCALE" | "METHOD" | "PRODID" | "VERSION" | "CATEGORIES" | "CLASS" | "COMMENT" | "DESCRIPTION"
        | "LOCATION" | "RESOURCES" | "STATUS" | "SUMMARY" | "TRANSP" | "TZID" | "TZNAME" | "CONTACT"
        | "RELATED-TO" | "UID" | "ACTION" | "REQUEST-STATUS" | "NAME" | "COLOR" | "BUSYTYPE"
        | "LOCATION-TYPE" | "PARTICIPANT-TYPE" | "RESOURCE-TYPE" | "PROXIMITY" | "REFID"
        | "TZID-ALIAS-OF" => "text",
        "COMPLETED" | "DTEND" | "DUE" | "DTSTART" | "RECURRENCE-ID" | "EXDATE" | "RDATE" | "CREATED"
        | "DTSTAMP" | "LAST-MODIFIED" | "ACKNOWLEDGED" | "TZUNTIL" => "date-time",
        "ATTACH" | "URL" | "TZURL" | "SOURCE" | "CONCEPT" => "uri",
        "PERCENT-COMPLETE" | "PRIORITY" | "SEQUENCE" | "REPEAT" => "integer",
        "DURATION" | "TRIGGER" => "duration",
        "ATTENDEE" | "ORGANIZER" | "CALENDAR-ADDRESS" => "cal-address",
        "RRULE" | "EXRULE" => "recur",
        "TZOFFSETFROM" | "TZOFFSETTO" => "utc-offset",
        "FREEBUSY" => "period",
        "GEO" => "float",
        _ => UNKNOWN,
    }
}

/// How the value of the property `name` (upper case) of type `kind` is laid out.
pub(super) fn layout(name: &str, kind: &str) -> Layout {
    match (name, kind) {
        ("CATEGORIES" | "RESOURCES", "text")
        | ("EXDATE" | "RDATE", "date" | "date-time" | "period")
        | ("FREEBUSY", "period") => Layout::List,
        ("GEO", "float") | ("REQUEST-STATUS", "text") => Layout::Structured,
        _ => Layout::Single,
    }
}

/// Where `separator` stands in a TEXT value outside an escape, the value is cut.
pub(super) fn split(value: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, character) in value.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == separator => {
                pieces.push(&value[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&value[start..]);
    pieces
}
