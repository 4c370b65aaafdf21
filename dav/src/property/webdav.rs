//! Live properties of WebDAV (RFC 4918 §15, RFC 3253 §3.1.5).

use std::time::{Duration, UNIX_EPOCH};

use calendar::collection::Privilege;
use calendar::time::Instant;

use crate::backend::PropertyChange;
use crate::notification;
use crate::path::Resource;
use crate::property::{Facets, Kinds, LiveProperty, View};
use crate::xml::Element;
use crate::xml::name::{CALENDAR_SERVER, caldav, calendar_server, dav};

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // §15.9. In every response: clients tell collections from objects by it.
    LiveProperty::protected(dav("resourcetype"), Kinds::ANY, |view, out| {
        if view.kind.meets(Kinds::OBJECT.or(Kinds::FILE).or(Kinds::NOTIFICATION)) {
            return Some(());
        }
        out.empty(dav("collection"));
        match view.kind {
            Kinds::PRINCIPAL => out.empty(dav("principal")),
            Kinds::GROUP => {
                out.empty(dav("principal"));
                match &view.resource {
                    Resource::Group(group) => out.empty(calendar_server(group.delegation.segment())),
                    _ => Some(()),
                }
            }
            // One that clients fetch themselves is offered as that, and is no place for events.
            Kinds::CALENDAR if is_subscribed(view) => out.empty(calendar_server("subscribed")),
            Kinds::NOTIFICATIONS => out.empty(calendar_server("notification")),
            Kinds::CALENDAR => {
                out.empty(caldav("calendar"));
                if view.collection.as_ref().is_some_and(|collection| collection.borrowed.is_some()) {
                    return out.empty(calendar_server("shared"));
                }
                let is_lent = view.invitations.as_ref().is_some_and(|sent| !sent.invitees.is_empty());
                if is_lent { out.empty(calendar_server("shared-owner")) } else { Some(()) }
            }
            Kinds::INBOX => out.empty(caldav("schedule-inbox")),
            Kinds::OUTBOX => out.empty(caldav("schedule-outbox")),
            _ => Some(()),
        }
    })
    .in_allprop()
    .needing(Facets::SHARING),
    // §15.2
    LiveProperty::protected(
        dav("displayname"),
        Kinds::COLLECTION.or(Kinds::ANY_PRINCIPAL).or(Kinds::HOME).or(Kinds::FILES),
        |view, out| match (&view.collection, &view.principal) {
            (Some(collection), _) => out.text(&collection.display_name),
            (None, Some(principal)) if view.kind == Kinds::GROUP => {
                let Resource::Group(group) = &view.resource else { return None };
                out.text(&format!("{}: {}", principal.display_name, group.delegation.segment()))
            }
            (None, Some(principal)) => out.text(&principal.display_name),
            (None, None) => out.text(view.file.as_ref()?.display_name.as_ref()?),
        },
    )
    .in_allprop()
    .accepting(|set| Ok(PropertyChange::DisplayName(set.map(Element::text).unwrap_or_default()))),
    // §15.1
    LiveProperty::protected(
        dav("creationdate"),
        Kinds::COLLECTION.or(Kinds::OBJECT).or(Kinds::FILES),
        |view, out| {
            let made = view.file.as_ref().map(|node| node.created);
            let made = made.or_else(|| Some(view.member.as_ref()?.created));
            let made = made.or_else(|| Some(view.collection.as_ref()?.created))?;
            out.text(&made.to_string())
        },
    )
    .in_allprop(),
    // §15.7
    LiveProperty::protected(
        dav("getlastmodified"),
        Kinds::OBJECT.or(Kinds::FILES).or(Kinds::NOTIFICATION),
        |view, out| out.text(&http_date(view.modified()?)),
    )
    .in_allprop(),
    // §15.6: quoted as in the ETag header, strong.
    LiveProperty::protected(
        dav("getetag"),
        Kinds::OBJECT.or(Kinds::FILE).or(Kinds::NOTIFICATION),
        |view, out| out.text(&view.tag()?.quoted()),
    )
    .in_allprop(),
    // §15.5: what GET would say; vdirsyncer takes only what is text/calendar for an object.
    LiveProperty::protected(
        dav("getcontenttype"),
        Kinds::OBJECT.or(Kinds::CALENDAR).or(Kinds::FILE).or(Kinds::NOTIFICATION),
        |view, out| match (&view.member, &view.file) {
            (Some(member), _) => out.text(&content_type(member.kind)),
            _ if view.notification.is_some() => out.text(notification::MEDIA_TYPE),
            (None, Some(node)) => out.text(&node.file.as_ref()?.media_type),
            (None, None) => out.text(CALENDAR_TYPE),
        },
    )
    .in_allprop(),
    // §15.4
    LiveProperty::protected(dav("getcontentlength"), Kinds::OBJECT.or(Kinds::FILE), |view, out| {
        let octets = view.file.as_ref().and_then(|node| node.file.as_ref()).map(|facts| facts.octets);
        out.number(octets.or_else(|| Some(view.member.as_ref()?.octets))?)
    })
    .in_allprop(),
    // RFC 5995 §3.1
    LiveProperty::protected(dav("add-member"), Kinds::CALENDAR, |view, out| {
        view.privileges().contains(&Privilege::Bind).then_some(())?;
        out.writer().text_element(dav("href"), &format!("{}?add-member", view.href()));
        Some(())
    }),
    // RFC 3253 §3.1.5: from the table of reports.
    LiveProperty::protected(dav("supported-report-set"), Kinds::ANY, |view, out| {
        let out = out.writer();
        for name in (view.setting.reports)(view.kind) {
            out.open(dav("supported-report"));
            out.open(dav("report"));
            out.empty(name);
            out.close(dav("report"));
            out.close(dav("supported-report"));
        }
        Some(())
    }),
    // RFC 3744 §4.2 and RFC 5397 stand in `acl`; this one is asked for by name on anything (RFC 3744 §5.8).
    LiveProperty::protected(dav("principal-collection-set"), Kinds::ANY, |_, out| {
        out.href(&Resource::Principals)
    }),
];

/// Whether it was made as a subscribed calendar (calendarserver.org).
fn is_subscribed(view: &View) -> bool {
    let key = (CALENDAR_SERVER.to_owned(), "subscribed".to_owned());
    view.collection.as_ref().is_some_and(|collection| collection.dead_properties.contains_key(&key))
}

/// The media type of a whole calendar.
pub const CALENDAR_TYPE: &str = "text/calendar; charset=utf-8";

/// The media type of an object (RFC 4791 §5.2.4, RFC 5545 §8.1).
pub fn content_type(kind: calendar::object::Kind) -> String {
    format!("{CALENDAR_TYPE}; component={}", kind.component_name().to_ascii_lowercase())
}

/// An HTTP date (RFC 9110 §5.6.7); nothing lies before 1970.
pub fn http_date(instant: Instant) -> String {
    let seconds = u64::try_from(instant.as_unix()).unwrap_or(0);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The instant of an HTTP date, in any of its three forms.
pub fn instant_of_http_date(text: &str) -> Option<Instant> {
    let moment = httpdate::parse_http_date(text.trim()).ok()?;
    let seconds = moment.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Instant::from_unix(i64::try_from(seconds).ok()?))
}
