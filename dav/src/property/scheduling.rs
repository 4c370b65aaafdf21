//! Live properties of scheduling (RFC 6638 §2.4, §9).

use crate::backend::{CollectionKind, PropertyChange};
use crate::condition::Failure;
use crate::path::Resource;
use crate::property::{Facets, Kinds, LiveProperty, Value, View};
use crate::xml::name::{caldav, dav};

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // §2.4.1: mailto first, as Thunderbird makes the first one the organizer.
    LiveProperty::protected(caldav("calendar-user-address-set"), Kinds::PRINCIPAL, |view, out| {
        let principal = view.principal.as_ref()?;
        let (mails, others): (Vec<_>, Vec<_>) =
            principal.addresses.iter().partition(|address| address.mail().is_some());
        for address in mails.into_iter().chain(others) {
            out.writer().text_element(dav("href"), address.as_str());
        }
        Some(())
    }),
    // §2.4.2
    LiveProperty::protected(caldav("calendar-user-type"), Kinds::PRINCIPAL, |_, out| out.text("INDIVIDUAL")),
    // §2.2.1, §2.1.1: only where the backend has them.
    LiveProperty::protected(caldav("schedule-inbox-URL"), Kinds::PRINCIPAL.or(Kinds::HOME), |view, out| {
        place_of(CollectionKind::Inbox, view, out)
    })
    .needing(Facets::HOME),
    LiveProperty::protected(caldav("schedule-outbox-URL"), Kinds::PRINCIPAL.or(Kinds::HOME), |view, out| {
        place_of(CollectionKind::Outbox, view, out)
    })
    .needing(Facets::HOME),
    // §9.1
    LiveProperty::protected(caldav("schedule-calendar-transp"), Kinds::CALENDAR, |view, out| {
        let opaque = view.collection.as_ref()?.opaque;
        out.empty(if opaque { caldav("opaque") } else { caldav("transparent") })
    })
    .accepting(|set| match set {
        None => Ok(PropertyChange::Opaque(true)),
        Some(element) if element.first(caldav("opaque")).is_some() => Ok(PropertyChange::Opaque(true)),
        Some(element) if element.first(caldav("transparent")).is_some() => Ok(PropertyChange::Opaque(false)),
        Some(_) => Err(Failure::new(http::StatusCode::CONFLICT, "neither opaque nor transparent")),
    }),
];

fn place_of(kind: CollectionKind, view: &View, out: &mut Value<'_>) -> Option<()> {
    let collection = view.home.as_ref()?.iter().find(|collection| collection.kind == kind)?;
    out.href(&Resource::Collection(collection.name.clone()))
}
