//! calendar-multiget: objects by their addresses (RFC 4791 §7.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use calendar::collection::{CollectionName, ObjectName};
use http::Response;

use crate::backend::Collection;
use crate::body::{Body, PAGE_OCTETS, Page};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::filter::check_ranges;
use crate::multistatus;
use crate::path::Resource;
use crate::property::Kinds;
use crate::property::response::{self, Wanted};
use crate::report::calendar_query::wanted;
use crate::xml::name::dav;
use crate::xml::{Element, Writer};

/// Objects of one page.
const PAGE_OBJECTS: usize = 128;

struct Cursor {
    exchange: Arc<Exchange>,
    wanted: Arc<Wanted>,
    out: Writer,
    hrefs: std::vec::IntoIter<String>,
    collections: BTreeMap<CollectionName, Option<Arc<Collection>>>,
}

/// Answers the report; `Depth` does not matter.
///
/// # Errors
/// 404 where the resource is not there; whatever is wrong with one address stays in its response.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let wanted = Arc::new(wanted(&body)?);
    check_ranges(&body, exchange.setting.limits.range)?;
    if exchange.kind().meets(Kinds::COLLECTION) {
        exchange.own_collection().await?;
    }
    exchange.load_shared(&exchange.resource, wanted.needs()).await?;
    let hrefs: Vec<String> = body.all(dav("href")).map(Element::trimmed).collect();
    let cursor = Cursor {
        exchange,
        wanted,
        out: multistatus::begin(),
        hrefs: hrefs.into_iter(),
        collections: BTreeMap::new(),
    };
    multistatus::paged(cursor, page).await
}

async fn page(mut cursor: Cursor) -> Result<Page<Cursor>, Failure> {
    for _ in 0..PAGE_OBJECTS {
        let Some(href) = cursor.hrefs.next() else { break };
        cursor.write(&href).await;
        if cursor.out.len() > PAGE_OCTETS {
            break;
        }
    }
    let mut out = std::mem::take(&mut cursor.out);
    if cursor.hrefs.len() == 0 {
        multistatus::end(&mut out);
        return Ok(Page { text: out.finish(), next: None });
    }
    Ok(Page { text: out.finish(), next: Some(cursor) })
}

impl Cursor {
    /// Writes the response of one address, in the form that listings have.
    async fn write(&mut self, href: &str) {
        let named = match Resource::of_href(href, &self.exchange.resource) {
            Some(Resource::Object(name)) if is_within(&name, &self.exchange.resource) => name,
            Some(other) => return multistatus::write_missing(&other.href(), &mut self.out),
            None => return multistatus::write_missing(href, &mut self.out),
        };
        match self.view(&named).await {
            Ok(view) => {
                response::write(&view, &self.wanted, self.exchange.preferences.detail, &mut self.out);
            }
            Err(failure) => {
                multistatus::write_failed(&Resource::Object(named).href(), &failure, &mut self.out);
            }
        }
    }

    async fn view(&mut self, name: &ObjectName) -> Result<crate::property::View, Failure> {
        let collection = if let Some(known) = self.collections.get(&name.collection) {
            known.clone()
        } else {
            let found = match self.exchange.collection(&name.collection).await {
                Ok(found) => Some(found),
                Err(failure) if failure.status == http::StatusCode::NOT_FOUND => None,
                Err(failure) => return Err(failure),
            };
            self.collections.insert(name.collection.clone(), found.clone());
            found
        };
        let collection = collection.ok_or_else(Failure::not_found)?;
        self.exchange.object(&collection, name, self.wanted.needs()).await
    }
}

/// Whether an object lies at or below the resource that was asked.
fn is_within(name: &ObjectName, asked: &Resource) -> bool {
    match asked {
        Resource::Home(owner) => name.collection.owner == *owner,
        Resource::Collection(collection) => name.collection == *collection,
        Resource::Object(object) => name == object,
        _ => false,
    }
}
