//! expand-property: properties, and those of the resources that they point to (RFC 3253 §3.8).

use std::pin::Pin;
use std::sync::Arc;

use http::{Response, StatusCode};

use crate::body::Body;
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::multistatus;
use crate::path::Resource;
use crate::property::response::{self, Asker, Wanted};
use crate::property::{Facets, View};
use crate::xml::name::{DAV, dav};
use crate::xml::{Element, Name, Node, Writer};

/// Resources that one answer follows.
const FOLLOWED_MAX: usize = 500;

/// Answers the report.
///
/// # Errors
/// 400 where a property has no name; 404.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    check(&body)?;
    let mut out = multistatus::begin();
    let mut left = FOLLOWED_MAX;
    let resource = exchange.resource.clone();
    exchange.view(&resource, Facets::NONE).await?;
    let response = expanded(&exchange, resource, &body, &mut left).await?;
    out.raw(&response);
    Ok(multistatus::whole(out))
}

/// Checks the names at every level before anything is looked up.
fn check(asked: &Element) -> Result<(), Failure> {
    asked.all(dav("property")).try_for_each(|property| {
        name_of(property)?;
        check(property)
    })
}

type Expanding<'a> = Pin<Box<dyn Future<Output = Result<String, Failure>> + Send + 'a>>;

/// The response of a resource with the properties that `asked` names in its `DAV:property` children.
fn expanded<'a>(
    exchange: &'a Exchange,
    resource: Resource,
    asked: &'a Element,
    left: &'a mut usize,
) -> Expanding<'a> {
    Box::pin(async move {
        let mut out = Writer::fragment();
        let mut found = Writer::fragment();
        let mut missing = Writer::fragment();
        let view = match view(exchange, &resource, asked).await {
            Ok(view) => view,
            Err(failure) => {
                multistatus::write_failed(&resource.href(), &failure, &mut out);
                return Ok(out.finish());
            }
        };
        for property in asked.all(dav("property")) {
            let name = name_of(property)?;
            match response::property(&view, &Element::named(name)) {
                None => missing.empty(name),
                Some(xml) if property.first(dav("property")).is_none() => found.raw(&xml),
                Some(xml) => followed(exchange, &xml, property, left, &mut found).await?,
            }
        }
        out.open(dav("response"));
        out.text_element(dav("href"), &resource.href());
        if !found.is_empty() || missing.is_empty() {
            response::write_propstat(StatusCode::OK, &found.finish(), &mut out);
        }
        if !missing.is_empty() {
            response::write_propstat(StatusCode::NOT_FOUND, &missing.finish(), &mut out);
        }
        out.close(dav("response"));
        Ok(out.finish())
    })
}

async fn view(exchange: &Exchange, resource: &Resource, asked: &Element) -> Result<View, Failure> {
    let mut prop = Element::named(dav("prop"));
    for property in asked.all(dav("property")) {
        prop.children.push(Node::Element(Element::named(name_of(property)?)));
    }
    exchange.view(resource, Wanted::named(&prop, Asker::Propfind)?.needs()).await
}

fn name_of(property: &Element) -> Result<Name<'_>, Failure> {
    let local = property.attribute("name").filter(|name| crate::xml::name::is_local_name(name));
    let local = local.ok_or_else(|| Failure::bad_request("a property has a name"))?;
    Ok(Name::new(property.attribute("namespace").unwrap_or(DAV), local))
}

/// Writes a property with the response of each resource in the place of its `DAV:href`.
async fn followed(
    exchange: &Exchange,
    xml: &str,
    asked: &Element,
    left: &mut usize,
    out: &mut Writer,
) -> Result<(), Failure> {
    let mut document = Writer::document(dav("prop"));
    document.raw(xml);
    document.close(dav("prop"));
    let prop = Element::read(document.finish().as_bytes())?;
    let Some(value) = prop.elements().next() else { return Ok(()) };
    out.open(value.name());
    for child in value.elements() {
        let target = child.is(dav("href")).then(|| Resource::of_href(&child.text(), &exchange.resource));
        match target.flatten() {
            Some(target) if *left > 0 => {
                *left -= 1;
                let response = expanded(exchange, target, asked, left).await?;
                out.raw(&response);
            }
            _ => out.element(child),
        }
    }
    out.close(value.name());
    Ok(())
}
