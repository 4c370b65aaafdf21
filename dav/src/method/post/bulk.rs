//! Many objects in one POST, as Apple Calendar imports them: a stream of iCalendar text that is cut by UID, or a list of
//! what to make, to replace and to remove (calendarserver.org, `bulk-requests`). Each is done by itself and told by
//! itself.

use std::sync::Arc;

use calendar::collection::{CollectionName, EntityTag, ObjectName};
use calendar::feed::Feed;
use calendar::refusal::Refusal;
use http::Response;

use super::add_member;
use crate::backend::Precondition;
use crate::body::Body;
use crate::condition::{Failure, SUPPORTED_CALENDAR_DATA, VALID_CALENDAR_DATA};
use crate::exchange::Exchange;
use crate::headers::Representation;
use crate::lock;
use crate::method::put;
use crate::multistatus;
use crate::path::Resource;
use crate::property::apple::{BULK_OCTETS_MAX, BULK_RESOURCES_MAX};
use crate::property::response::write_propstat;
use crate::xml::name::{caldav, calendar_server, dav, me};
use crate::xml::{Element, Writer};

/// Answers a stream of iCalendar text.
///
/// # Errors
/// CALDAV:valid-calendar-data for a stream that cannot be read, CALDAV:max-resource-size; 403 for too many objects.
pub async fn answer_simple(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Collection(collection) = &exchange.resource else { return Err(Failure::not_found()) };
    check_octets(&exchange)?;
    let sent = crate::media::sent(&exchange.headers, &exchange.body)?;
    let feed = Feed::read(&sent.octets, &exchange.setting.core_limits())
        .map_err(|error| Failure::of(VALID_CALENDAR_DATA, error.to_string()))?;
    check_count(feed.objects.len())?;
    let mut out = multistatus::begin();
    for object in feed.objects {
        let made = add_member::insert(&exchange, collection, object.octets()).await;
        let outcome = made.map(|(name, stored)| (name, stored.tag));
        write(&exchange, outcome, (Resource::Collection(collection.clone()), object.uid()), &mut out).await;
    }
    Ok(multistatus::whole(out))
}

/// Answers a list of changes.
///
/// # Errors
/// 400 for what is none; 403 for too many.
pub async fn answer_crud(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Collection(collection) = &exchange.resource else { return Err(Failure::not_found()) };
    check_octets(&exchange)?;
    let body = exchange.xml()?.ok_or_else(|| Failure::bad_request("a ME:multiput has a body"))?;
    check_count(body.all(me("resource")).count())?;
    let mut out = multistatus::begin();
    for resource in body.all(me("resource")) {
        let href = resource.first(dav("href")).map(Element::trimmed);
        let asked = match &href {
            Some(href) => Resource::of_href(href, &exchange.resource),
            None => Some(exchange.resource.clone()),
        };
        let outcome = one(&exchange, collection, (resource, asked.as_ref())).await;
        let told = asked.unwrap_or_else(|| exchange.resource.clone());
        write(&exchange, outcome, (told, ""), &mut out).await;
    }
    Ok(multistatus::whole(out))
}

/// Does one thing; which object it was about, with its new tag.
async fn one(
    exchange: &Exchange,
    collection: &CollectionName,
    (resource, asked): (&Element, Option<&Resource>),
) -> Result<(ObjectName, Option<EntityTag>), Failure> {
    let condition = resource.first(me("if-match")).and_then(|condition| condition.first(dav("getetag")));
    let tag = condition.map(|tag| EntityTag(tag.trimmed().trim_matches('"').to_owned()));
    let precondition = Precondition { matches: tag.map(|tag| vec![tag]), ..Precondition::default() };
    let name = match asked {
        Some(Resource::Object(name)) if name.collection == *collection => Some(name.clone()),
        Some(Resource::Collection(name)) if name == collection => None,
        _ => return Err(Failure::bad_request("each href is that of an object of this calendar")),
    };
    let is_removed = resource.first(me("delete")).is_some();
    if let Some(name) = &name {
        let method = if is_removed { "DELETE" } else { "PUT" };
        lock::permit_one(exchange, method, &Resource::Object(name.clone())).await?;
    }
    if is_removed {
        let name = name.ok_or_else(|| Failure::bad_request("what is removed has an href"))?;
        exchange.backend.delete(exchange.caller(), &name, &precondition).await?;
        return Ok((name, None));
    }
    let set = resource.first(dav("set")).and_then(|set| set.first(dav("prop")));
    let data = set.and_then(|prop| prop.first(caldav("calendar-data")));
    let data = data.ok_or_else(|| Failure::of(SUPPORTED_CALENDAR_DATA, "there is no calendar-data"))?;
    let octets: Arc<[u8]> = as_calendar(&data.text()).into_bytes().into();
    let Some(name) = name else {
        let (name, stored) = add_member::insert(exchange, collection, &octets).await?;
        return Ok((name, stored.tag));
    };
    let limit = exchange.setting.limits.object_octets_max;
    if octets.len() > limit {
        return Err(Refusal::TooLarge { limit }.into());
    }
    let put = exchange.backend.put(exchange.caller(), &name, Arc::clone(&octets), &precondition).await;
    put.map(|stored| (name, stored.tag)).map_err(|refusal| put::refused(refusal, &octets))
}

/// The line ends of iCalendar, which XML makes line feeds of (XML 1.0 §2.11).
fn as_calendar(text: &str) -> String {
    let text = text.trim_start().replace("\r\n", "\n").replace('\n', "\r\n");
    if text.ends_with("\r\n") { text } else { format!("{text}\r\n") }
}

fn check_octets(exchange: &Exchange) -> Result<(), Failure> {
    if exchange.body.len() > BULK_OCTETS_MAX {
        Err(Refusal::TooLarge { limit: BULK_OCTETS_MAX }.into())
    } else {
        Ok(())
    }
}

fn check_count(count: usize) -> Result<(), Failure> {
    if count <= BULK_RESOURCES_MAX {
        return Ok(());
    }
    let reason = format!("at most {BULK_RESOURCES_MAX} objects are taken at once");
    Err(Failure::new(http::StatusCode::FORBIDDEN, reason))
}

/// Writes what became of one: its tag and its UID, with its data for who would like that, or why not.
async fn write(
    exchange: &Exchange,
    outcome: Result<(ObjectName, Option<EntityTag>), Failure>,
    (asked, uid): (Resource, &str),
    out: &mut Writer,
) {
    let (name, tag) = match outcome {
        Ok(done) => done,
        Err(failure) => {
            let mut inner = Writer::fragment();
            multistatus::write_failed_with(&asked.href(), &failure, uid, &mut inner);
            out.raw(&inner.finish());
            return;
        }
    };
    let href = Resource::Object(name.clone()).href();
    out.open(dav("response"));
    out.text_element(dav("href"), &href);
    // It is done already: what whoever may not read is told is that it is done.
    let found = exchange.backend.object(exchange.caller(), &name).await.ok().flatten();
    match found {
        None => crate::property::response::write_status(http::StatusCode::OK, out),
        Some(found) => {
            let mut properties = Writer::fragment();
            // The tag of what is kept, but only of what was sent: a client must not take the one for the other.
            if tag.as_ref() == Some(&found.facts.tag) {
                properties.text_element(dav("getetag"), &found.facts.tag.quoted());
            }
            if !uid.is_empty() {
                properties.text_element(calendar_server("uid"), uid);
            }
            if exchange.preferences.representation == Representation::Wanted {
                let text = String::from_utf8_lossy(&found.octets);
                properties.text_element(caldav("calendar-data"), &text);
            }
            write_propstat(http::StatusCode::OK, &properties.finish(), out);
        }
    }
    out.close(dav("response"));
}
