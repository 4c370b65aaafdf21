//! Every pre- and postcondition that the standards name.

use dav::xml::Name;
use dav::xml::name::{caldav, dav};

/// A condition of a standard.
pub struct Defined {
    /// Its element.
    pub name: Name<'static>,
    /// Where it is defined.
    pub standard: &'static str,
    /// How it stands here.
    pub standing: Standing,
}

/// How a condition stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is told where it is broken.
    Told,
    /// It belongs to a part that is being built.
    Awaited,
    /// No request can break it; why.
    Never(&'static str),
}

const fn told(name: Name<'static>, standard: &'static str) -> Defined {
    Defined { name, standard, standing: Standing::Told }
}

const fn awaited(name: Name<'static>, standard: &'static str) -> Defined {
    Defined { name, standard, standing: Standing::Awaited }
}

const fn never(name: Name<'static>, standard: &'static str, why: &'static str) -> Defined {
    Defined { name, standard, standing: Standing::Never(why) }
}

/// The list.
pub const DEFINED: &[Defined] = &[
    told(dav("supported-report"), "RFC 3253 §3.6"),
    told(dav("need-privileges"), "RFC 3744 §7.1.1"),
    told(dav("no-ace-conflict"), "RFC 3744 §8.1.1"),
    told(dav("no-protected-ace-conflict"), "RFC 3744 §8.1.1"),
    told(dav("no-inherited-ace-conflict"), "RFC 3744 §8.1.1"),
    told(dav("limited-number-of-aces"), "RFC 3744 §8.1.1"),
    told(dav("deny-before-grant"), "RFC 3744 §8.1.1"),
    never(dav("grant-only"), "RFC 3744 §8.1.1", "entries may deny"),
    told(dav("no-invert"), "RFC 3744 §8.1.1"),
    told(dav("no-abstract"), "RFC 3744 §8.1.1"),
    told(dav("not-supported-privilege"), "RFC 3744 §8.1.1"),
    never(dav("missing-required-principal"), "RFC 3744 §8.1.1", "no principal must stand in a list"),
    told(dav("recognized-principal"), "RFC 3744 §8.1.1"),
    told(dav("allowed-principal"), "RFC 3744 §8.1.1"),
    told(dav("number-of-matches-within-limits"), "RFC 3744 §9.2, RFC 4791 §7.8, RFC 6578 §3.2"),
    awaited(dav("quota-not-exceeded"), "RFC 4331 §6"),
    told(dav("sufficient-disk-space"), "RFC 4331 §6"),
    told(dav("resource-must-be-null"), "RFC 4791 §5.3.1.1"),
    told(caldav("calendar-collection-location-ok"), "RFC 4791 §5.3.1.1, §5.3.2.1"),
    never(
        caldav("initialize-calendar-collection"),
        "RFC 4791 §5.3.1.1",
        "a postcondition: a calendar is made whole or not at all, and the refusal says why",
    ),
    told(caldav("supported-calendar-data"), "RFC 4791 §5.3.2.1, §7.8"),
    told(caldav("valid-calendar-data"), "RFC 4791 §5.3.1.1, §5.3.2.1, §7.8"),
    told(caldav("valid-calendar-object-resource"), "RFC 4791 §5.3.2.1"),
    told(caldav("supported-calendar-component"), "RFC 4791 §5.3.2.1"),
    told(caldav("no-uid-conflict"), "RFC 4791 §5.3.2.1"),
    told(caldav("max-resource-size"), "RFC 4791 §5.3.2.1"),
    told(caldav("min-date-time"), "RFC 4791 §5.3.2.1, §7.8"),
    told(caldav("max-date-time"), "RFC 4791 §5.3.2.1, §7.8"),
    told(caldav("max-instances"), "RFC 4791 §5.3.2.1"),
    told(caldav("max-attendees-per-instance"), "RFC 4791 §5.3.2.1"),
    told(caldav("supported-collation"), "RFC 4791 §7.5.1"),
    told(caldav("valid-filter"), "RFC 4791 §7.8"),
    told(caldav("supported-filter"), "RFC 4791 §7.8"),
    told(dav("cannot-modify-protected-property"), "RFC 4918 §16"),
    told(dav("propfind-finite-depth"), "RFC 4918 §9.1, §16"),
    told(dav("lock-token-matches-request-uri"), "RFC 4918 §9.11.1, §16"),
    told(dav("lock-token-submitted"), "RFC 4918 §7.5, §16"),
    told(dav("no-conflicting-lock"), "RFC 4918 §9.10.6, §16"),
    never(
        dav("no-external-entities"),
        "RFC 4918 §16, §17",
        "a document type with entities is refused before anything in it is read: 400",
    ),
    never(
        dav("preserved-live-properties"),
        "RFC 4918 §9.8.2, §9.9.1, §16",
        "COPY and MOVE keep every live property, or are refused with what stands against them",
    ),
    told(dav("valid-resourcetype"), "RFC 5689 §3.3"),
    never(
        dav("allow-client-defined-URI"),
        "RFC 5995 §3.2.2",
        "clients name members themselves by PUT wherever POST adds them",
    ),
    told(dav("valid-sync-token"), "RFC 6578 §3.2"),
    told(dav("sync-traversal-supported"), "RFC 6578 §3.3"),
    told(caldav("unique-scheduling-object-resource"), "RFC 6638 §3.2.4.1"),
    told(caldav("same-organizer-in-all-components"), "RFC 6638 §3.2.4.2"),
    told(caldav("allowed-organizer-scheduling-object-change"), "RFC 6638 §3.2.4.3"),
    told(caldav("allowed-attendee-scheduling-object-change"), "RFC 6638 §3.2.4.4"),
    told(caldav("default-calendar-needed"), "RFC 6638 §4.3.1.1"),
    told(caldav("valid-scheduling-message"), "RFC 6638 §5.2.1"),
    told(caldav("valid-organizer"), "RFC 6638 §5.2.2"),
    told(caldav("originator-specified"), "draft-desruisseaux-caldav-sched"),
    told(caldav("originator-allowed"), "draft-desruisseaux-caldav-sched"),
    told(caldav("recipient-specified"), "draft-desruisseaux-caldav-sched"),
    told(caldav("valid-schedule-default-calendar-URL"), "RFC 6638 §9.2.1.1"),
    awaited(caldav("supported-rscale"), "RFC 7529 §6.1"),
    told(caldav("valid-timezone"), "RFC 7809 §5.2, §5.6"),
    awaited(caldav("max-attachment-size"), "RFC 8607 §3.11"),
    awaited(caldav("max-attachments-per-resource"), "RFC 8607 §3.11"),
    awaited(caldav("valid-managed-id"), "RFC 8607 §3.11"),
    awaited(caldav("valid-managed-id-parameter"), "RFC 8607 §3.11"),
];
