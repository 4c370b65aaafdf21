//! calendar-query: the objects that match a filter (RFC 4791 §7.8).

use std::collections::VecDeque;
use std::sync::Arc;

use calendar::collection::{MemberName, ObjectName};
use calendar::object::CalendarObject;
use calendar::zone::Zone;
use http::Response;

use crate::backend::{Collection, Member, MemberPage};
use crate::body::{Body, PAGE_OCTETS, Page};
use crate::calendar_data::CalendarData;
use crate::condition::{Failure, VALID_CALENDAR_DATA, VALID_FILTER, VALID_TIMEZONE};
use crate::exchange::Exchange;
use crate::filter::{Filter, Narrowing, Subject, check_ranges};
use crate::headers::{self, Depth};
use crate::multistatus;
use crate::path::Resource;
use crate::property::response::{self, Asker, Wanted};
use crate::property::{Facets, View};
use crate::timezone;
use crate::xml::name::{caldav, dav};
use crate::xml::{Element, Writer};

/// What is asked.
struct Query {
    exchange: Arc<Exchange>,
    filter: Filter,
    narrowing: Narrowing,
    wanted: Wanted,
    zone: Option<Arc<Zone>>,
}

/// How far the answer has come.
struct Cursor {
    query: Arc<Query>,
    out: Writer,
    /// The collections still to be looked through, the current one first.
    collections: VecDeque<Arc<Collection>>,
    /// What is left of the page that the backend gave, and where the next one begins.
    members: std::vec::IntoIter<Member>,
    from: Option<MemberName>,
}

/// Answers the report.
///
/// # Errors
/// CALDAV:valid-filter and its like, 404, those of the backend.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let filter = body
        .first(caldav("filter"))
        .ok_or_else(|| Failure::of(VALID_FILTER, "a calendar-query has a filter"))?;
    let filter = Filter::read(filter)?;
    check_ranges(&body, exchange.setting.limits.range)?;
    let query = Arc::new(Query {
        narrowing: filter.narrowing(),
        filter,
        wanted: wanted(&body)?,
        zone: zone(&body)?.map(Arc::new),
        exchange: Arc::clone(&exchange),
    });
    exchange.load_shared(&exchange.resource, query.wanted.needs()).await?;
    let out = multistatus::begin();
    if let Resource::Object(name) = &exchange.resource {
        return of_object(&query, name, out).await;
    }
    let mut collections: VecDeque<_> = exchange.calendars().await?.into();
    if headers::depth(&exchange.headers)? == Some(Depth::Zero) {
        // The collection itself is no calendar object.
        collections.clear();
    }
    let members = Vec::new().into_iter();
    multistatus::paged(Cursor { query, out, collections, members, from: None }, page).await
}

/// The properties that a report asks for; none where it names none.
///
/// # Errors
/// Those of a CALDAV:calendar-data that makes no sense.
pub fn wanted(body: &Element) -> Result<Wanted, Failure> {
    if let Some(prop) = body.first(dav("prop")) {
        CalendarData::check(prop)?;
        return Wanted::named(prop, Asker::Report);
    }
    if body.first(dav("allprop")).is_some() {
        return Wanted::all(None);
    }
    if body.first(dav("propname")).is_some() {
        return Ok(Wanted::names());
    }
    Wanted::named(&Element::named(dav("prop")), Asker::Report)
}

/// The zone that the query brings for dates and floating times (§9.8; RFC 7809 §6.2).
fn zone(body: &Element) -> Result<Option<Zone>, Failure> {
    if let Some(element) = body.first(caldav("timezone")) {
        let zone = timezone::of_icalendar(&element.text());
        return zone
            .map(Some)
            .ok_or_else(|| Failure::of(VALID_CALENDAR_DATA, "not iCalendar text with one VTIMEZONE"));
    }
    let Some(element) = body.first(caldav("timezone-id")) else { return Ok(None) };
    Zone::named(&element.trimmed())
        .map(Some)
        .ok_or_else(|| Failure::of(VALID_TIMEZONE, "the zone is not known"))
}

/// A query on one object.
async fn of_object(
    query: &Arc<Query>,
    name: &ObjectName,
    mut out: Writer,
) -> Result<Response<Body>, Failure> {
    let collection = query.exchange.collection(&name.collection).await?;
    let view = query.exchange.object(&collection, name, Facets::NONE).await?;
    if let Some(member) = view.member {
        query.write_match(&collection, member, &mut out).await?;
    }
    Ok(multistatus::whole(out))
}

/// One page of the backend, or as much of it as makes a page of text.
async fn page(mut cursor: Cursor) -> Result<Page<Cursor>, Failure> {
    if let Some(collection) = cursor.collections.front().cloned() {
        if cursor.members.len() == 0 {
            let page = cursor.query.candidates(&collection, cursor.from.as_ref()).await?;
            cursor.members = page.members.into_iter();
            cursor.from = page.next;
        }
        while cursor.out.len() < PAGE_OCTETS {
            let Some(member) = cursor.members.next() else { break };
            cursor.query.write_match(&collection, member, &mut cursor.out).await?;
        }
        if cursor.members.len() == 0 && cursor.from.is_none() {
            cursor.collections.pop_front();
        }
    }
    let mut out = std::mem::take(&mut cursor.out);
    if cursor.collections.is_empty() {
        multistatus::end(&mut out);
        return Ok(Page { text: out.finish(), next: None });
    }
    Ok(Page { text: out.finish(), next: Some(cursor) })
}

impl Query {
    /// A page of the members that may match.
    async fn candidates(
        &self,
        collection: &Collection,
        from: Option<&MemberName>,
    ) -> Result<MemberPage, Failure> {
        let Exchange { backend, .. } = &*self.exchange;
        let (caller, name) = (self.exchange.caller(), &collection.name);
        Ok(match self.narrowing.window {
            Some(window) => backend.members_within(caller, name, window, self.narrowing.kind, from).await?,
            None => backend.members(caller, name, from).await?,
        })
    }

    /// Writes the response of a member, if it matches.
    async fn write_match(
        &self,
        collection: &Arc<Collection>,
        member: Member,
        out: &mut Writer,
    ) -> Result<(), Failure> {
        if self.narrowing.kind.is_some_and(|kind| kind != member.kind) {
            return Ok(());
        }
        let exchange = &self.exchange;
        let detail = exchange.preferences.detail;
        if self.narrowing.decided_by_kind && !self.wanted.needs().has(Facets::OCTETS) {
            let view = View::of_member(collection, member, &exchange.setting);
            response::write(&view, &self.wanted, detail, out);
            return Ok(());
        }
        let name = ObjectName { collection: collection.name.clone(), member: member.member };
        let mut view = match exchange.object(collection, &name, Facets::OCTETS).await {
            Ok(view) => view,
            // It went away while we were looking.
            Err(failure) if failure.status == http::StatusCode::NOT_FOUND => return Ok(()),
            Err(failure) => return Err(failure),
        };
        view.zone.clone_from(&self.zone);
        if self.matches(&mut view) {
            response::write(&view, &self.wanted, detail, out);
        }
        Ok(())
    }

    /// Whether an object matches; one that cannot be read matches nothing. Keeps what was read in the view.
    fn matches(&self, view: &mut View) -> bool {
        let (Some(object), Some(collection)) = (&view.object, &view.collection) else { return false };
        if self.narrowing.decided_by_kind {
            return true;
        }
        let limits = view.setting.core_limits();
        let Ok(parsed) = CalendarObject::read(Arc::clone(&object.octets), &limits) else { return false };
        let zone = self.zone.as_deref().unwrap_or(&collection.zone);
        let matches = self.filter.matches(Subject { object: &parsed, zone, limits: &limits });
        view.parsed = Some(Arc::new(parsed));
        matches
    }
}
