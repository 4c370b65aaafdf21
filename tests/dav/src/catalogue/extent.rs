//! The standards that are spoken here, and how far.

/// A standard.
pub struct Extent {
    /// As scenarios and tables name it.
    pub standard: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// How far it is spoken.
    pub extent: &'static str,
}

const fn row(standard: &'static str, title: &'static str, extent: &'static str) -> Extent {
    Extent { standard, title, extent }
}

/// The rows.
pub const EXTENTS: &[Extent] = &[
    row(
        "RFC 4918",
        "WebDAV",
        "classes 1, 2 and 3; dead properties kept with their XML and language; locks on calendars, objects and files",
    ),
    row("RFC 3253", "Versioning (parts)", "REPORT, supported-report-set, expand-property"),
    row(
        "RFC 3744",
        "Access control",
        "principals, privileges, access lists that are set by ACL, searches for principals",
    ),
    row("RFC 4331", "Quota", "what is used and what is left, and the refusal of more"),
    row(
        "RFC 4791",
        "CalDAV",
        "whole: calendars, objects, queries with all filters and collations, multiget, free-busy, every precondition by its element",
    ),
    row("RFC 5397", "Current principal", "current-user-principal wherever discovery may begin"),
    row("RFC 5689", "Extended MKCOL", "calendars and folders, with properties; all or nothing"),
    row("RFC 5842", "Bindings (part)", "resource-id"),
    row("RFC 5995", "Adding by POST", "add-member of every calendar"),
    row(
        "RFC 6578",
        "Synchronisation",
        "sync-collection of calendars and, at both levels, of the home, with limits and tokens that survive restarts and restores",
    ),
    row(
        "RFC 6638",
        "Scheduling",
        "implicit scheduling as organizer and attendee, inbox, outbox with free-busy of others, schedule tags, default calendar",
    ),
    row("RFC 6764", "Discovery", "well-known address; current-user-principal at the root"),
    row("RFC 7240", "Prefer", "return=minimal, depth-noroot; Brief"),
    row("RFC 7617", "Basic sign-in", "UTF-8; every request on its own"),
    row("RFC 7808", "Time zone data", "whole, read only: every action, any truncation, iCalendar and jCal"),
    row(
        "RFC 7809",
        "Time zones by reference",
        "whole: CalDAV-Timezones wherever calendar data is given, timezone-service-set, calendar-timezone-id, timezone-id in queries",
    ),
    row("RFC 8144", "Prefer for WebDAV", "return=representation, depth-noroot"),
    row(
        "RFC 9110",
        "HTTP conditions",
        "strong entity tags; If-Match, If-None-Match, If-Modified-Since; HEAD and GET",
    ),
    row("RFC 5545", "iCalendar", "read leniently, kept octet for octet, written strictly"),
    row("RFC 5546", "iTIP", "REQUEST, REPLY, CANCEL, COUNTER by mail"),
    row("RFC 6047", "iMIP", "mails of iTIP go out; those that come in are read, and not fetched"),
    row("RFC 7265", "jCal", "objects by Accept and Content-Type"),
    row("RFC 7529", "RSCALE", "Gregorian only, others refused by supported-rscale"),
    row(
        "RFC 7953",
        "Availability",
        "calendar-availability of the inbox, and VAVAILABILITY objects, count in free-busy by priority and type",
    ),
    row("RFC 7986", "New properties", "kept; NAME, COLOR and REFRESH-INTERVAL of feeds"),
    row("RFC 8607", "Managed attachments", "attachments added, replaced and removed by POST, within limits"),
    row("RFC 9073", "Event publishing", "kept; filters know PARTICIPANT, VLOCATION and VRESOURCE"),
    row("RFC 9074", "Alarm extensions", "kept"),
    row(
        "draft-bitfire-webdav-push",
        "WebDAV-Push",
        "subscriptions of Web Push to collections; messages are sealed (RFC 8291) and signed (RFC 8292)",
    ),
    row(
        "calendarserver.org",
        "De facto",
        "CTag, delegation by calendar-proxy, principal search, bulk requests, colour and order",
    ),
];
