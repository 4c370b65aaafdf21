//! Live properties of CalDAV (RFC 4791 §5.2, §6.2, §7.5.1, §9.6; RFC 7809 §5).

use calendar::object::Kind;
use calendar::zone::Zone;
use http::StatusCode;

use crate::backend::{Phrase, PropertyChange};
use crate::calendar_data::{self, Source};
use crate::condition::{Failure, SUPPORTED_CALENDAR_COMPONENT, VALID_CALENDAR_DATA, VALID_TIMEZONE};
use crate::filter::{Collation, KINDS};
use crate::media::Format;
use crate::path::Resource;
use crate::property::{Facets, Kinds, LiveProperty, Read, Shown, Write};
use crate::timezone;
use crate::timezones;
use crate::xml::Element;
use crate::xml::name::{caldav, dav};

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // §6.2.1: on the principal; also on the home itself and where discovery may begin, for clients that skip a step.
    LiveProperty::protected(
        caldav("calendar-home-set"),
        Kinds::PRINCIPAL.or(Kinds::HOME).or(Kinds::ROOT),
        |view, out| {
            let owner = view.resource.owner().unwrap_or(&view.setting.caller.principal);
            out.href(&Resource::Home(owner.clone()))
        },
    ),
    // §5.2.1
    LiveProperty::protected(caldav("calendar-description"), Kinds::CALENDAR, |view, out| {
        let description = view.collection.as_ref()?.description.as_ref()?;
        if let Some(language) = &description.language {
            out.attributes(&[("xml:lang", language)]);
        }
        out.text(&description.text)
    })
    .accepting(|set| {
        let phrase = |element: &Element| Phrase {
            text: element.text(),
            language: element.language.as_deref().map(str::to_owned),
        };
        Ok(PropertyChange::Description(set.map(phrase)))
    }),
    // §5.2.2
    LiveProperty::protected(caldav("calendar-timezone"), Kinds::CALENDAR.or(Kinds::INBOX), |view, out| {
        out.text(view.collection.as_ref()?.timezone.as_deref()?)
    })
    .accepting(|set| match set.map(Element::text) {
        None => Ok(PropertyChange::Timezone(None)),
        Some(text) => match timezone::of_icalendar(&text) {
            Some(_) => Ok(PropertyChange::Timezone(Some(text))),
            None => Err(Failure::of(VALID_CALENDAR_DATA, "not iCalendar text with one VTIMEZONE")),
        },
    }),
    // RFC 7809 §5.2: the zone by its name.
    LiveProperty::protected(caldav("calendar-timezone-id"), Kinds::CALENDAR.or(Kinds::INBOX), |view, out| {
        let collection = view.collection.as_ref()?;
        collection.timezone.as_ref()?;
        out.text(collection.zone.name())
    })
    .accepting(|set| match set.map(Element::trimmed) {
        None => Ok(PropertyChange::Timezone(None)),
        Some(name) => match timezone::icalendar_of(&name) {
            Some(text) => Ok(PropertyChange::Timezone(Some(text))),
            None => Err(Failure::of(VALID_TIMEZONE, format!("the zone {name} is not known"))),
        },
    }),
    // RFC 7809 §5.1
    LiveProperty::protected(caldav("timezone-service-set"), Kinds::HOME, |_, out| {
        out.writer().text_element(dav("href"), timezones::CONTEXT);
        Some(())
    }),
    // §5.2.3
    LiveProperty {
        write: Write::AtCreation(components),
        ..LiveProperty::protected(
            caldav("supported-calendar-component-set"),
            Kinds::COLLECTION,
            |view, out| {
                for kind in &view.collection.as_ref()?.components {
                    out.writer().empty_with(caldav("comp"), &[("name", kind.component_name())]);
                }
                Some(())
            },
        )
    },
    // §5.2.4
    LiveProperty::protected(caldav("supported-calendar-data"), Kinds::COLLECTION, |_, out| {
        for format in Format::ALL {
            let attributes = [("content-type", format.media_type()), ("version", "2.0")];
            out.writer().empty_with(caldav("calendar-data"), &attributes);
        }
        Some(())
    }),
    // RFC 7529 §6.1
    LiveProperty::protected(caldav("supported-rscale-set"), Kinds::HOME.or(Kinds::COLLECTION), |_, out| {
        out.writer().text_element(caldav("supported-rscale"), "GREGORIAN");
        Some(())
    }),
    // §5.2.5: in octets; the same limit that PUT enforces.
    LiveProperty::protected(caldav("max-resource-size"), Kinds::COLLECTION, |view, out| {
        out.number(view.setting.limits.object_octets_max)
    }),
    // §5.2.6, §5.2.7
    LiveProperty::protected(caldav("min-date-time"), Kinds::COLLECTION, |view, out| {
        out.text(&view.setting.limits.range.start.to_ical())
    }),
    LiveProperty::protected(caldav("max-date-time"), Kinds::COLLECTION, |view, out| {
        out.text(&view.setting.limits.range.end.to_ical())
    }),
    // §5.2.8, §5.2.9; Apple Calendar asks for the last on the principal and the home too.
    LiveProperty::protected(caldav("max-instances"), Kinds::COLLECTION, |view, out| {
        out.number(view.setting.limits.instances_max)
    }),
    LiveProperty::protected(
        caldav("max-attendees-per-instance"),
        Kinds::COLLECTION.or(Kinds::PRINCIPAL).or(Kinds::HOME),
        |view, out| out.number(view.setting.limits.attendees_max),
    ),
    // §7.5.1
    LiveProperty::protected(caldav("supported-collation-set"), Kinds::COLLECTION, |_, out| {
        for collation in Collation::ALL {
            out.writer().text_element(caldav("supported-collation"), collation.name());
        }
        Some(())
    }),
    // §9.6: asked for like a property, in reports alone.
    LiveProperty {
        name: caldav("calendar-data"),
        on: Kinds::OBJECT,
        shown: Shown::Reported,
        needs: Facets::OCTETS,
        read: Read::Asked(|view, asked, out| {
            let object = view.object.as_ref().ok_or(StatusCode::NOT_FOUND)?;
            let own = view.collection.as_ref().map_or(Zone::utc(), |collection| &collection.zone);
            let source = Source {
                octets: &object.octets,
                parsed: view.parsed.as_ref(),
                zone: view.zone.as_deref().unwrap_or(own),
                vtimezones: view.setting.vtimezones,
                limits: view.setting.core_limits(),
            };
            let (text, format) = calendar_data::written(source, asked)?;
            if format != Format::Text {
                out.attributes(&[("content-type", format.media_type()), ("version", "2.0")]);
            }
            out.text(&text).ok_or(StatusCode::NOT_FOUND)
        }),
        write: Write::Protected,
    },
];

/// The components that a calendar shall take; those not known here are left out, unless none is left.
fn components(set: Option<&Element>) -> Result<PropertyChange, Failure> {
    let names: Vec<String> = set
        .into_iter()
        .flat_map(|element| element.all(caldav("comp")))
        .filter_map(|comp| comp.attribute("name"))
        .map(str::to_ascii_uppercase)
        .collect();
    let kinds: Vec<Kind> =
        KINDS.iter().copied().filter(|kind| names.iter().any(|name| name == kind.component_name())).collect();
    if kinds.is_empty() && set.is_some() {
        let what = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        return Err(Failure::of(SUPPORTED_CALENDAR_COMPONENT, format!("no calendar takes {what} alone")));
    }
    Ok(PropertyChange::Components(kinds))
}
