//! PROPFIND: the properties of a resource and of its members (RFC 4918 §9.1).

use std::sync::Arc;

use calendar::collection::MemberName;
use http::Response;

use crate::backend::{Collection, CollectionKind, Delegation, Group};
use crate::body::{Body, Page};
use crate::condition::{Failure, PROPFIND_FINITE_DEPTH};
use crate::exchange::Exchange;
use crate::headers::{self, Depth, Itself};
use crate::multistatus;
use crate::path::Resource;
use crate::property::response::{self, Asker, Wanted};
use crate::property::{Kinds, View};
use crate::xml::Writer;
use crate::xml::name::dav;

/// A listing while it is written.
struct Listing {
    exchange: Arc<Exchange>,
    wanted: Arc<Wanted>,
    out: Writer,
    collection: Arc<Collection>,
    from: Option<MemberName>,
}

/// Answers the method. Without `Depth` the resource alone is meant, which is what tsdav expects.
///
/// # Errors
/// 400, 404, DAV:propfind-finite-depth.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let depth = headers::depth(&exchange.headers)?.unwrap_or(Depth::Zero);
    let wanted = Arc::new(wanted(&exchange)?);
    let own = exchange.own_view(wanted.needs()).await?;
    let is_object = own.kind.meets(Kinds::OBJECT.or(Kinds::FILE).or(Kinds::NOTIFICATION));
    if depth == Depth::Infinity && !is_object {
        return Err(Failure::of(PROPFIND_FINITE_DEPTH, "only Depth 0 and 1 are answered"));
    }
    let detail = exchange.preferences.detail;
    let mut out = multistatus::begin();
    let is_deep = depth != Depth::Zero && !is_object;
    if !is_deep || exchange.preferences.itself == Itself::Listed {
        // First, as clients take the first response for the resource they asked for.
        response::write(&own, &wanted, detail, &mut out);
    }
    if !is_deep {
        return Ok(multistatus::whole(out));
    }
    match &own.collection {
        Some(collection) if collection.kind != CollectionKind::Outbox => {
            let collection = Arc::clone(collection);
            let listing = Listing { exchange, wanted, out, collection, from: None };
            multistatus::paged(listing, page).await
        }
        _ => {
            for view in children(&exchange, &wanted, &own).await? {
                response::write(&view, &wanted, detail, &mut out);
            }
            Ok(multistatus::whole(out))
        }
    }
}

/// What is asked for; everything, where the body is empty.
fn wanted(exchange: &Exchange) -> Result<Wanted, Failure> {
    let Some(body) = exchange.xml()? else { return Wanted::all(None) };
    if !body.is(dav("propfind")) {
        return Err(Failure::bad_request("the body of a PROPFIND is a DAV:propfind"));
    }
    let kinds = [dav("prop"), dav("allprop"), dav("propname")];
    let mut asked = body.elements().filter(|child| kinds.contains(&child.name()));
    let (Some(first), None) = (asked.next(), asked.next()) else {
        return Err(Failure::bad_request("one of prop, allprop and propname is asked for"));
    };
    match first.name().local {
        "prop" => Wanted::named(first, Asker::Propfind),
        "allprop" => Wanted::all(body.first(dav("include"))),
        _ => Ok(Wanted::names()),
    }
}

/// One page of the members of a calendar.
async fn page(mut listing: Listing) -> Result<Page<Listing>, Failure> {
    let exchange = &listing.exchange;
    let name = &listing.collection.name;
    let members = exchange.backend.members(exchange.caller(), name, listing.from.as_ref()).await?;
    for member in members.members {
        let view = View::of_member(&listing.collection, member, &exchange.setting);
        let view = exchange.with_access(view, listing.wanted.needs()).await?;
        response::write(&view, &listing.wanted, exchange.preferences.detail, &mut listing.out);
    }
    let mut out = std::mem::take(&mut listing.out);
    listing.from = members.next;
    if listing.from.is_some() {
        return Ok(Page { text: out.finish(), next: Some(listing) });
    }
    multistatus::end(&mut out);
    Ok(Page { text: out.finish(), next: None })
}

/// What lies one level below anything but a calendar.
async fn children(exchange: &Exchange, wanted: &Wanted, own: &View) -> Result<Vec<View>, Failure> {
    let bare = |resource| View::bare(resource, &exchange.setting);
    let mut views = Vec::new();
    match &exchange.resource {
        Resource::Root => views.extend([bare(Resource::Principals), bare(Resource::Homes)]),
        Resource::Host => views.push(bare(Resource::Root)),
        Resource::Principals => {
            for principal in exchange.backend.principals(exchange.caller()).await? {
                let resource = Resource::Principal(principal.id.clone());
                views.push(exchange.view_of_principal(resource, principal, wanted.needs()).await?);
            }
        }
        Resource::Homes => {
            let own = Resource::Home(exchange.caller().principal.clone());
            views.push(exchange.view(&own, wanted.needs()).await?);
        }
        Resource::Home(owner) => {
            let all = match &own.home {
                Some(loaded) => Arc::clone(loaded),
                None => Arc::new(exchange.backend.collections(exchange.caller(), owner).await?),
            };
            for collection in all.iter() {
                let mut view = View::of_collection(&Arc::new(collection.clone()), &exchange.setting);
                view.home = Some(Arc::clone(&all)).filter(|_| view.kind == Kinds::INBOX);
                views.push(exchange.with_access(view, wanted.needs()).await?);
            }
        }
        Resource::Notifications(owner) => {
            for notification in own.notifications.iter().flat_map(|all| all.iter()) {
                views.push(View::of_notification(owner, notification.clone(), &exchange.setting));
            }
        }
        Resource::File(folder) => {
            for node in exchange.backend.files(exchange.caller(), folder).await? {
                views.push(View::of_file(node, &exchange.setting));
            }
        }
        Resource::Principal(owner) => {
            for delegation in Delegation::ALL {
                let group = Resource::Group(Group { owner: owner.clone(), delegation });
                views.push(exchange.view(&group, wanted.needs()).await?);
            }
        }
        Resource::HostPrincipals
        | Resource::Group(_)
        | Resource::Collection(_)
        | Resource::Object(_)
        | Resource::Notification(..) => {}
    }
    Ok(views)
}
