//! A calendar as one stream of text or JSON, for GET and for whoever holds a published address (RFC 9110 §9.3; RFC 7986).

mod colour;
mod seen;

use std::collections::BTreeSet;
use std::sync::Arc;

use calendar::by_reference::Vtimezones;
use calendar::collection::{EntityTag, MemberName, ObjectName};
use calendar::component::{Component, Property};
use calendar::detail::{self, Detail};
use calendar::jcal;
use calendar::object::CalendarObject;
use calendar::text::{escape, serialise};
use calendar::time::Instant;
use calendar::write::PRODID;
use http::Response;
use http::header::{CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED, VARY};

use crate::backend::{Backend, Caller, Collection, Member, ctag};
use crate::body::{self, Body, PAGE_OCTETS, Page};
use crate::condition::Failure;
use crate::media::Format;
use crate::method::get::{State, VARIES, not_modified, put};
use crate::property::webdav::http_date;
use crate::xml::Element;
use crate::xml::name::APPLE;

pub use seen::Seen;

/// How often a reader should look again where nobody said (RFC 7986 §5.7).
const REFRESH: &str = "PT1H";

/// Somebody asks for a calendar as one stream.
pub struct Feed {
    /// Whoever keeps the calendars.
    pub backend: Arc<dyn Backend>,
    /// Who may read the calendar: who asks, or, of a published address, its owner.
    pub caller: Caller,
    /// The calendar.
    pub collection: Arc<Collection>,
    /// How much of it is shown to whoever has its address; `None`: whatever the caller sees of it.
    pub detail: Option<Detail>,
    /// The bounds of reading objects.
    pub limits: calendar::limits::Limits,
    /// The moment of the request.
    pub now: Instant,
    /// Since when feeds are as they are.
    pub seen: Arc<Seen>,
    /// Which VTIMEZONEs it shall come with: all, or those of the zones that are not standard.
    pub vtimezones: Vtimezones,
}

/// Answers with the whole calendar: the same octets for everybody until something changes, and an honest 304.
///
/// # Errors
/// 412; those of the backend.
pub async fn answer(feed: Feed, headers: &HeaderMap) -> Result<Response<Body>, Failure> {
    let format = Format::accepted(headers, Format::Text);
    let head = head(&feed.collection);
    // Weak: objects that change while it is sent may stand in it in either state.
    let word = feed.detail.map_or("own", Detail::word);
    // Who may do other things may see other things.
    let seen_as = format!("{}{:?}", serialise(&head), feed.collection.privileges);
    let state = format!("{}-{word}-{:x}", ctag(feed.collection.token), print_of(&seen_as));
    let zones = if feed.vtimezones == Vtimezones::NotStandard { "-own-zones" } else { "" };
    let tag = EntityTag(match format {
        Format::Text => format!("{state}{zones}"),
        Format::Json => format!("{state}{zones}-json"),
    });
    let place = format!("{} {word} {}", feed.collection.name, feed.caller.principal);
    let modified = feed.seen.since(&place, &state, feed.now);
    let mut answer = HeaderMap::new();
    put(&mut answer, ETAG, &format!("W/{}", tag.quoted()));
    put(&mut answer, VARY, VARIES);
    if let Some(modified) = modified {
        put(&mut answer, LAST_MODIFIED, &http_date(modified));
    }
    if (State { tag: &tag, modified }).is_known_to(headers)? {
        return Ok(not_modified(answer));
    }
    put(&mut answer, CONTENT_TYPE, &format!("{}; charset=utf-8", format.media_type()));
    let merging = Merging {
        text: begin(&head, format),
        feed,
        format,
        is_first: true,
        zones: BTreeSet::new(),
        members: Vec::new().into_iter(),
        from: None,
    };
    let mut response = Response::new(body::paged(merging, page).await?);
    *response.headers_mut() = answer;
    Ok(response)
}

/// The calendar's own properties. Where a subscribed one comes from is not said: such addresses are secrets of their own.
fn head(collection: &Collection) -> Component {
    let mut calendar = Component { name: "VCALENDAR".to_owned(), ..Component::default() };
    let mut add = |name: &str, value: String| {
        calendar.properties.push(Property { name: name.to_owned(), value, ..Property::default() });
    };
    add("VERSION", "2.0".to_owned());
    add("PRODID", PRODID.to_owned());
    add("CALSCALE", "GREGORIAN".to_owned());
    if !collection.display_name.is_empty() {
        add("NAME", escape(&collection.display_name));
        add("X-WR-CALNAME", escape(&collection.display_name));
    }
    let description = collection.description.as_ref().map(|phrase| phrase.text.as_str());
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        add("DESCRIPTION", escape(description));
        add("X-WR-CALDESC", escape(description));
    }
    if let Some(colour) = dead_text(collection, APPLE, "calendar-color") {
        if let Some(name) = colour::name(&colour) {
            add("COLOR", name.to_owned());
        }
        add("X-APPLE-CALENDAR-COLOR", escape(&colour));
    }
    add("X-WR-TIMEZONE", escape(collection.zone.name()));
    add("X-PUBLISHED-TTL", REFRESH.to_owned());
    let parameter =
        calendar::component::Parameter { name: "VALUE".to_owned(), values: vec!["DURATION".to_owned()] };
    calendar.properties.push(Property {
        name: "REFRESH-INTERVAL".to_owned(),
        parameters: vec![parameter],
        value: REFRESH.to_owned(),
        ..Property::default()
    });
    calendar
}

fn dead_text(collection: &Collection, namespace: &str, local: &str) -> Option<String> {
    let xml = collection.dead_properties.get(&(namespace.to_owned(), local.to_owned()))?;
    let text = Element::read(xml.as_bytes()).ok()?.trimmed();
    (!text.is_empty()).then_some(text)
}

/// A number that differs where the text does (FNV-1a).
fn print_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |print, octet| {
        (print ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What stands before the components.
fn begin(head: &Component, format: Format) -> String {
    let (whole, end) = match format {
        Format::Text => (serialise(head), "END:VCALENDAR\r\n"),
        Format::Json => (jcal::write(head), "]]"),
    };
    whole.strip_suffix(end).unwrap_or(&whole).to_owned()
}

/// The stream while it is made, page by page.
struct Merging {
    feed: Feed,
    format: Format,
    text: String,
    is_first: bool,
    /// The zones that stand in it already.
    zones: BTreeSet<String>,
    members: std::vec::IntoIter<Member>,
    from: Option<MemberName>,
}

async fn page(mut merging: Merging) -> Result<Page<Merging>, Failure> {
    let backend = Arc::clone(&merging.feed.backend);
    let (caller, limits) = (merging.feed.caller.clone(), merging.feed.limits);
    let collection = Arc::clone(&merging.feed.collection);
    if merging.members.len() == 0 {
        let page = backend.members(&caller, &collection.name, merging.from.as_ref()).await?;
        merging.members = page.members.into_iter();
        merging.from = page.next;
    }
    while merging.text.len() < PAGE_OCTETS {
        let Some(member) = merging.members.next() else { break };
        let name = ObjectName { collection: collection.name.clone(), member: member.member };
        if let Some(object) = backend.object(&caller, &name).await? {
            // One that cannot be read has no place in a stream that others must read.
            if let Ok(object) = CalendarObject::read(object.octets, &limits) {
                merging.push(object.calendar());
            }
        }
    }
    let mut text = std::mem::take(&mut merging.text);
    if merging.members.len() > 0 || merging.from.is_some() {
        return Ok(Page { text, next: Some(merging) });
    }
    text.push_str(match merging.format {
        Format::Text => "END:VCALENDAR\r\n",
        Format::Json => "]]",
    });
    Ok(Page { text, next: None })
}

impl Merging {
    fn push(&mut self, calendar: &Component) {
        let shown: Vec<Component> = match self.feed.detail {
            None => calendar.components.clone(),
            Some(detail) => {
                let detail = detail::of_object(calendar, detail);
                let components = calendar.components.iter();
                components.filter_map(|component| detail::reduced(component, detail)).collect()
            }
        };
        if shown.iter().all(|component| component.name == "VTIMEZONE") {
            return;
        }
        let mut calendar = Component { components: shown, ..Component::default() };
        // Readers of feeds may know no zone by its name (RFC 5545 §3.6.5).
        match self.feed.vtimezones {
            Vtimezones::NotStandard => Vtimezones::NotStandard.apply(&mut calendar),
            Vtimezones::Every | Vtimezones::AsStored => Vtimezones::Every.apply(&mut calendar),
        }
        for component in calendar.components {
            if component.name == "VTIMEZONE" {
                let name = component.property("TZID").map(|tzid| tzid.value.clone()).unwrap_or_default();
                if !self.zones.insert(name) {
                    continue;
                }
            }
            match self.format {
                Format::Text => crate::calendar_data::write::push(&mut self.text, &component),
                Format::Json => {
                    if !self.is_first {
                        self.text.push(',');
                    }
                    self.text.push_str(&jcal::write(&component));
                }
            }
            self.is_first = false;
        }
    }
}
