//! principal-match: what in a collection is the caller, or says so of itself (RFC 3744 §9.3).

use std::sync::Arc;

use http::Response;

use crate::backend::{Delegation, Group};
use crate::body::Body;
use crate::condition::{Failure, NUMBER_OF_MATCHES};
use crate::exchange::Exchange;
use crate::multistatus;
use crate::path::Resource;
use crate::property::response::{self, Asker, Wanted};
use crate::property::{Facets, View};
use crate::xml::name::dav;
use crate::xml::{Element, Name, Node, Writer};

/// Resources that one answer looks at.
const LOOKED_AT_MAX: usize = 5_000;

/// What makes a resource match.
enum Criterion<'a> {
    /// It is the caller, or a group that the caller is in.
    Itself,
    /// This property of it holds the address of such a one.
    Property(&'a Element),
}

/// Answers the report about what lies below the resource, at any depth.
///
/// # Errors
/// 400 without exactly one of self and principal-property; 404; DAV:number-of-matches-within-limits.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let criterion = match (body.first(dav("self")), body.first(dav("principal-property"))) {
        (Some(_), None) => Criterion::Itself,
        (None, Some(property)) => {
            let mut named = property.elements();
            match (named.next(), named.next()) {
                (Some(name), None) => Criterion::Property(name),
                _ => return Err(Failure::bad_request("a principal-property names one property")),
            }
        }
        _ => return Err(Failure::bad_request("either self or a principal-property is asked for")),
    };
    let prop = body.first(dav("prop")).cloned().unwrap_or_else(|| Element::named(dav("prop")));
    let wanted = Wanted::named(&prop, Asker::Report)?;
    let mut asked = prop;
    if let Criterion::Property(name) = criterion {
        asked.children.push(Node::Element(name.clone()));
    }
    let needs = Wanted::named(&asked, Asker::Report)?.needs();
    exchange.view(&exchange.resource, Facets::NONE).await?;
    let own = own_addresses(&exchange).await?;
    let mut out = multistatus::begin();
    for view in below(&exchange, needs).await? {
        let matches = match criterion {
            Criterion::Itself => own.contains(&view.resource),
            Criterion::Property(name) => addresses(&view, name).iter().any(|address| own.contains(address)),
        };
        if matches {
            response::write(&view, &wanted, exchange.preferences.detail, &mut out);
        }
    }
    Ok(multistatus::whole(out))
}

/// The caller's principal, and the groups it is in.
async fn own_addresses(exchange: &Exchange) -> Result<Vec<Resource>, Failure> {
    let id = &exchange.caller().principal;
    let groups = exchange.backend.memberships(exchange.caller(), id).await?;
    let mut own = vec![Resource::Principal(id.clone())];
    own.extend(groups.into_iter().map(Resource::Group));
    Ok(own)
}

/// The resources that a property of a resource holds the addresses of.
fn addresses(view: &View, name: &Element) -> Vec<Resource> {
    let Some(xml) = response::property(view, name) else { return Vec::new() };
    let mut document = Writer::document(dav("prop"));
    document.raw(&xml);
    document.close(dav("prop"));
    let Ok(prop) = Element::read(document.finish().as_bytes()) else { return Vec::new() };
    let hrefs = prop.elements().flat_map(|value| value.all(HREF));
    hrefs.filter_map(|href| Resource::of_href(&href.trimmed(), &view.resource)).collect()
}

const HREF: Name<'static> = dav("href");

/// What lies below the resource that was asked.
async fn below(exchange: &Exchange, needs: Facets) -> Result<Vec<View>, Failure> {
    match &exchange.resource {
        Resource::Host | Resource::HostPrincipals | Resource::Root | Resource::Principals => {
            principals(exchange, needs).await
        }
        Resource::Principal(owner) => {
            let mut views = vec![exchange.view(&exchange.resource, needs).await?];
            for delegation in Delegation::ALL {
                let group = Resource::Group(Group { owner: owner.clone(), delegation });
                views.push(exchange.view(&group, needs).await?);
            }
            Ok(views)
        }
        Resource::Group(_) => Ok(vec![exchange.view(&exchange.resource, needs).await?]),
        Resource::Homes => {
            let home = Resource::Home(exchange.caller().principal.clone());
            Ok(vec![exchange.view(&home, needs).await?])
        }
        Resource::Home(owner) => {
            let mut views = Vec::new();
            for collection in exchange.backend.collections(exchange.caller(), owner).await? {
                let view = View::of_collection(&Arc::new(collection), &exchange.setting);
                views.push(exchange.with_access(view, needs).await?);
            }
            Ok(views)
        }
        Resource::Collection(name) => {
            let collection = exchange.collection(name).await?;
            let (mut views, mut from) = (Vec::new(), None);
            loop {
                let page = exchange.backend.members(exchange.caller(), name, from.as_ref()).await?;
                for member in page.members {
                    let view = View::of_member(&collection, member, &exchange.setting);
                    views.push(exchange.with_access(view, needs).await?);
                }
                if views.len() > LOOKED_AT_MAX {
                    return Err(Failure::of(NUMBER_OF_MATCHES, "there is too much below to look at"));
                }
                from = page.next;
                if from.is_none() {
                    return Ok(views);
                }
            }
        }
        _ => Ok(Vec::new()),
    }
}

async fn principals(exchange: &Exchange, needs: Facets) -> Result<Vec<View>, Failure> {
    let mut views = Vec::new();
    for principal in exchange.backend.principals(exchange.caller()).await? {
        let owner = principal.id.clone();
        let groups = Delegation::ALL.map(|delegation| Group { owner: owner.clone(), delegation });
        let resources = [Resource::Principal(owner)].into_iter().chain(groups.map(Resource::Group));
        for resource in resources {
            views.push(exchange.view_of_principal(resource, principal.clone(), needs).await?);
        }
        if views.len() > LOOKED_AT_MAX {
            return Err(Failure::of(NUMBER_OF_MATCHES, "there are too many principals to look at"));
        }
    }
    Ok(views)
}
