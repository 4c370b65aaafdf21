//! Live properties of scheduling (RFC 6638 §2.4, §9).

use calendar::busy::availability;
use calendar::limits::Limits;
use calendar::refusal::{Barred, Refusal};

use crate::backend::{Collection, CollectionKind, PropertyChange};
use crate::condition::{DEFAULT_CALENDAR_NEEDED, Failure, MAX_RESOURCE_SIZE, VALID_CALENDAR_DATA};
use crate::path::Resource;
use crate::property::{Facets, Kinds, LiveProperty, Value, View};
use crate::xml::Element;
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
        // iOS and macOS name the organizer so.
        let own = Resource::Principal(principal.id.clone());
        let is_among = principal.addresses.iter().any(|address| address.as_str() == own.href());
        if is_among { Some(()) } else { out.href(&own) }
    }),
    // §2.4.2
    LiveProperty::protected(caldav("calendar-user-type"), Kinds::PRINCIPAL, |view, out| {
        out.text(view.principal.as_ref()?.user_type.name())
    }),
    // §2.2.1, §2.1.1: only where the backend has them.
    LiveProperty::protected(caldav("schedule-inbox-URL"), Kinds::PRINCIPAL.or(Kinds::HOME), |view, out| {
        place_of(CollectionKind::Inbox, view, out)
    })
    .needing(Facets::HOME),
    LiveProperty::protected(caldav("schedule-outbox-URL"), Kinds::PRINCIPAL.or(Kinds::HOME), |view, out| {
        place_of(CollectionKind::Outbox, view, out)
    })
    .needing(Facets::HOME),
    // §9.2
    LiveProperty::protected(caldav("schedule-default-calendar-URL"), Kinds::INBOX, |view, out| {
        let calendar = view.collection.as_ref()?.default_calendar.clone()?;
        out.href(&Resource::Collection(calendar))
    })
    .accepting(|set| match set.and_then(|set| set.first(dav("href"))) {
        None if set.is_none() => Err(Failure::of(
            DEFAULT_CALENDAR_NEEDED,
            "invitations need a calendar to go into; another one can be chosen",
        )),
        None => Err(no_calendar()),
        Some(href) => match Resource::of_href(&href.trimmed(), &Resource::Root) {
            Some(Resource::Collection(name)) => Ok(PropertyChange::DefaultCalendar(name)),
            _ => Err(no_calendar()),
        },
    }),
    // §3.2.10
    LiveProperty::protected(caldav("schedule-tag"), Kinds::OBJECT, |view, out| {
        out.text(&view.member.as_ref()?.schedule_tag.as_ref()?.quoted())
    }),
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
    // Of the drafts before RFC 6638: the calendars that count, which schedule-calendar-transp says of each now.
    LiveProperty::protected(caldav("calendar-free-busy-set"), Kinds::INBOX, |view, out| {
        let counts =
            |collection: &&Collection| collection.kind == CollectionKind::Calendar && collection.opaque;
        for collection in view.home.as_ref()?.iter().filter(counts) {
            out.href(&Resource::Collection(collection.name.clone()));
        }
        Some(())
    })
    .needing(Facets::HOME),
    // RFC 7953 §7.2: when the owner can be asked for at all.
    LiveProperty::protected(caldav("calendar-availability"), Kinds::INBOX, |view, out| {
        let text = view.collection.as_ref()?.availability.as_deref()?;
        let given = view.setting.vtimezones.text(text.as_bytes(), &view.setting.core_limits());
        out.text(&String::from_utf8_lossy(&given))
    })
    .accepting(|set| set.map(Element::text).map(availability).transpose().map(PropertyChange::Availability)),
];

fn no_calendar() -> Failure {
    Failure::from(Refusal::Scheduling(Barred::NoDefaultCalendar))
}

/// Octets of `calendar-availability`.
pub const AVAILABILITY_OCTETS_MAX: usize = 256 * 1024;

fn availability(text: String) -> Result<String, Failure> {
    if text.len() > AVAILABILITY_OCTETS_MAX {
        return Err(Failure::of(
            MAX_RESOURCE_SIZE,
            format!("it has at most {AVAILABILITY_OCTETS_MAX} octets"),
        ));
    }
    match availability::read(&text, &Limits::default()) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::of(VALID_CALENDAR_DATA, error.to_string())),
    }
}

fn place_of(kind: CollectionKind, view: &View, out: &mut Value<'_>) -> Option<()> {
    let collection = view.home.as_ref()?.iter().find(|collection| collection.kind == kind)?;
    out.href(&Resource::Collection(collection.name.clone()))
}
