//! Live properties of calendarserver.org and Apple.
//!
//! Colour and order have no row: they are dead properties, kept with their attributes as they were set.

use crate::backend::{Delegation, ctag};
use crate::path::Resource;
use crate::property::{Facets, Kinds, LiveProperty, Value, View};
use crate::xml::name::{caldav, calendar_server, me};

/// What calendars are made for.
const MADE_FOR: [&str; 3] = ["VEVENT", "VTODO", "VJOURNAL"];

/// Objects of one bulk request.
pub const BULK_RESOURCES_MAX: usize = 1_000;
/// Octets of one bulk request.
pub const BULK_OCTETS_MAX: usize = 10 * 1024 * 1024;

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // The CTag moves whenever the sync-token does.
    LiveProperty::protected(calendar_server("getctag"), Kinds::CALENDAR.or(Kinds::INBOX), |view, out| {
        out.text(&ctag(view.collection.as_ref()?.token))
    }),
    // For whom a principal may act (caldav-proxy §4): Apple Calendar expands it, DAVx5 looks for homes there.
    LiveProperty::protected(calendar_server("calendar-proxy-read-for"), Kinds::PRINCIPAL, |view, out| {
        delegators(view, Delegation::Read, out)
    })
    .needing(Facets::MEMBERSHIP),
    LiveProperty::protected(calendar_server("calendar-proxy-write-for"), Kinds::PRINCIPAL, |view, out| {
        delegators(view, Delegation::Write, out)
    })
    .needing(Facets::MEMBERSHIP),
    // Which kinds a new calendar may take together (Apple Calendar: on the home): any alone, or all.
    LiveProperty::protected(caldav("supported-calendar-component-sets"), Kinds::HOME, |_, out| {
        let out = out.writer();
        for set in [&["VEVENT"][..], &["VTODO"], &["VJOURNAL"], &MADE_FOR] {
            out.open(caldav("supported-calendar-component-set"));
            for name in set {
                out.empty_with(caldav("comp"), &[("name", name)]);
            }
            out.close(caldav("supported-calendar-component-set"));
        }
        Some(())
    }),
    LiveProperty::protected(
        calendar_server("allowed-calendar-component-set"),
        Kinds::PRINCIPAL.or(Kinds::HOME),
        |_, out| {
            for name in MADE_FOR {
                out.writer().empty_with(caldav("comp"), &[("name", name)]);
            }
            Some(())
        },
    ),
    // What an import sends in one request; also on the home, where Apple Calendar looks.
    LiveProperty::protected(me("bulk-requests"), Kinds::CALENDAR.or(Kinds::HOME), |_, out| {
        let out = out.writer();
        for kind in ["simple", "crud"] {
            out.open(me(kind));
            out.text_element(me("max-resources"), &BULK_RESOURCES_MAX.to_string());
            out.text_element(me("max-bytes"), &BULK_OCTETS_MAX.to_string());
            out.close(me(kind));
        }
        Some(())
    }),
    // What Apple Calendar shows of a principal.
    LiveProperty::protected(calendar_server("email-address-set"), Kinds::PRINCIPAL, |view, out| {
        for address in &view.principal.as_ref()?.addresses {
            if let Some(mail) = address.mail() {
                out.writer().text_element(calendar_server("email-address"), mail);
            }
        }
        Some(())
    }),
];

/// The owners for whom a principal may act so far.
fn delegators(view: &View, delegation: Delegation, out: &mut Value<'_>) -> Option<()> {
    let groups = view.memberships.as_ref()?.iter();
    for group in groups.filter(|group| group.delegation == delegation) {
        out.href(&Resource::Principal(group.owner.clone()));
    }
    Some(())
}
