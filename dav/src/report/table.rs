//! All reports: what they are called, what answers them.

use std::sync::Arc;

use crate::condition::{Failure, SUPPORTED_REPORT};
use crate::exchange::{Answering, Exchange};
use crate::property::Kinds;
use crate::report::{
    acl_principal_prop_set, calendar_multiget, calendar_query, calendar_server_principal_search,
    expand_property, free_busy_query, principal_match, principal_search, sync_collection,
};
use crate::xml::name::{caldav, calendar_server, dav};
use crate::xml::{Element, Name};

/// A report.
pub struct Report {
    /// The root of its request.
    pub name: Name<'static>,
    /// On which resources.
    pub on: Kinds,
    /// Where it is defined.
    pub rfc: &'static str,
    /// How it is answered.
    pub answer: fn(Arc<Exchange>, Element) -> Answering,
}

/// Collections that a principal may be looked for on: Evolution asks wherever it happens to be.
const SEARCHED: Kinds = Kinds::ROOT
    .or(Kinds::PRINCIPALS)
    .or(Kinds::ANY_PRINCIPAL)
    .or(Kinds::HOMES)
    .or(Kinds::HOME)
    .or(Kinds::COLLECTION);

/// Where calendar objects are found.
const OBJECTS: Kinds = Kinds::HOME.or(Kinds::CALENDAR).or(Kinds::INBOX).or(Kinds::OBJECT);

/// The rows.
pub const REPORTS: &[Report] = &[
    Report {
        name: caldav("calendar-query"),
        on: OBJECTS,
        rfc: "RFC 4791 §7.8",
        answer: |exchange, body| Box::pin(calendar_query::answer(exchange, body)),
    },
    Report {
        name: caldav("calendar-multiget"),
        on: OBJECTS,
        rfc: "RFC 4791 §7.9",
        answer: |exchange, body| Box::pin(calendar_multiget::answer(exchange, body)),
    },
    Report {
        name: caldav("free-busy-query"),
        // Evolution asks the principals that it has found where a server does not schedule.
        on: Kinds::PRINCIPAL.or(Kinds::HOME).or(Kinds::CALENDAR).or(Kinds::INBOX),
        rfc: "RFC 4791 §7.10",
        answer: |exchange, body| Box::pin(free_busy_query::answer(exchange, body)),
    },
    Report {
        name: dav("sync-collection"),
        on: Kinds::CALENDAR.or(Kinds::INBOX).or(Kinds::HOME).or(Kinds::NOTIFICATIONS),
        rfc: "RFC 6578 §3.2",
        answer: |exchange, body| Box::pin(sync_collection::answer(exchange, body)),
    },
    Report {
        name: dav("expand-property"),
        on: Kinds::ANY,
        rfc: "RFC 3253 §3.8",
        answer: |exchange, body| Box::pin(expand_property::answer(exchange, body)),
    },
    Report {
        name: dav("acl-principal-prop-set"),
        on: Kinds::ANY,
        rfc: "RFC 3744 §9.2",
        answer: |exchange, body| Box::pin(acl_principal_prop_set::answer(exchange, body)),
    },
    Report {
        name: dav("principal-match"),
        on: SEARCHED,
        rfc: "RFC 3744 §9.3",
        answer: |exchange, body| Box::pin(principal_match::answer(exchange, body)),
    },
    Report {
        name: calendar_server("calendarserver-principal-search"),
        on: SEARCHED,
        rfc: "calendarserver.org",
        answer: |exchange, body| Box::pin(calendar_server_principal_search::answer(exchange, body)),
    },
    Report {
        name: dav("principal-property-search"),
        on: SEARCHED,
        rfc: "RFC 3744 §9.4",
        answer: |exchange, body| Box::pin(principal_search::answer(exchange, body)),
    },
    Report {
        name: dav("principal-search-property-set"),
        on: SEARCHED,
        rfc: "RFC 3744 §9.5",
        answer: |_, _| Box::pin(std::future::ready(Ok(principal_search::answer_properties()))),
    },
];

/// The names of the reports that a kind of resource answers.
pub fn names(kind: Kinds) -> Vec<Name<'static>> {
    REPORTS.iter().filter(|report| report.on.meets(kind)).map(|report| report.name).collect()
}

/// The report that `root` asks for.
///
/// # Errors
/// DAV:supported-report where `kind` answers no such one.
pub fn find(root: Name<'_>, kind: Kinds) -> Result<&'static Report, Failure> {
    REPORTS
        .iter()
        .find(|report| report.name == root && report.on.meets(kind))
        .ok_or_else(|| Failure::of(SUPPORTED_REPORT, format!("there is no report {root:?} here")))
}
