//! principal-property-search and principal-search-property-set: who is there (RFC 3744 §9.4, §9.5).

use std::sync::Arc;

use http::{Response, StatusCode};

use crate::body::{self, Body, XML_TYPE};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::filter::Collation;
use crate::multistatus;
use crate::path::Resource;
use crate::property::response::{self, Asker, Wanted};
use crate::property::{Facets, View};
use crate::report::calendar_query::wanted;
use crate::xml::name::{caldav, calendar_server, dav};
use crate::xml::{Element, Name, Node, Writer};

/// The properties by which principals are found, and what they are for people.
const SEARCHABLE: &[(Name<'static>, &str)] = &[
    (dav("displayname"), "Name"),
    (caldav("calendar-user-address-set"), "Calendar user address"),
    (caldav("calendar-user-type"), "Calendar user type"),
    (calendar_server("email-address-set"), "Mail address"),
];

/// What the body of a search is made of.
const PARTS: &[Name<'static>] =
    &[dav("prop"), dav("property-search"), dav("apply-to-principal-collection-set")];

/// Properties that one search may look at, in all its parts together: each is looked at for each principal.
const PROPERTIES_MAX: usize = 100;

/// Whether all of several things must match, or one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Test {
    All,
    Any,
}

impl Test {
    fn of(self, mut results: impl Iterator<Item = bool>) -> bool {
        match self {
            Self::All => results.all(|matches| matches),
            Self::Any => results.any(|matches| matches),
        }
    }
}

/// How a text is compared (calendarserver.org, as the Outlook synchronizer asks).
#[derive(Clone, Copy)]
enum MatchType {
    Contains,
    StartsWith,
    EndsWith,
    Equals,
}

/// `DAV:property-search`.
struct Search<'a> {
    properties: Vec<&'a Element>,
    text: String,
    kind: MatchType,
}

/// Answers principal-property-search. A property that is not searched here matches nothing; where nothing is searched
/// for at all (python-caldav lists everybody that way), all that the caller may know of are found.
///
/// # Errors
/// 400 where a search has no property or no text; 404 on what is not there.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let searches: Vec<Search<'_>> =
        body.all(dav("property-search")).map(Search::read).collect::<Result<_, _>>()?;
    if searches.iter().map(|search| search.properties.len()).sum::<usize>() > PROPERTIES_MAX {
        return Err(Failure::bad_request(format!("a search looks at {PROPERTIES_MAX} properties at most")));
    }
    let test = match body.attribute("test") {
        Some("anyof") if !searches.is_empty() => Test::Any,
        _ => Test::All,
    };
    let wanted = asked(&body)?;
    // Wherever it is asked, the search is about the collection of principals: Evolution asks where it happens to be.
    exchange.view(&exchange.resource, Facets::NONE).await?;
    let mut out = multistatus::begin();
    for principal in exchange.backend.principals(exchange.caller()).await? {
        let resource = Resource::Principal(principal.id.clone());
        let view = exchange.view_of_principal(resource, principal, wanted.needs()).await?;
        if test.of(searches.iter().map(|search| search.matches(&view, test))) {
            response::write(&view, &wanted, exchange.preferences.detail, &mut out);
        }
    }
    Ok(multistatus::whole(out))
}

/// The properties that are asked for. python-caldav writes them beside a `DAV:prop` that it leaves empty.
fn asked(body: &Element) -> Result<Wanted, Failure> {
    let empty = body.first(dav("prop")).is_some_and(|prop| prop.elements().next().is_none());
    if !empty {
        return wanted(body);
    }
    let mut prop = Element::named(dav("prop"));
    let beside = body.elements().filter(|child| !PARTS.contains(&child.name()));
    prop.children.extend(beside.cloned().map(Node::Element));
    Wanted::named(&prop, Asker::Report)
}

/// Answers principal-search-property-set.
pub fn answer_properties() -> Response<Body> {
    let root = dav("principal-search-property-set");
    let mut out = Writer::document(root);
    for (name, description) in SEARCHABLE {
        out.open(dav("principal-search-property"));
        out.open(dav("prop"));
        out.empty(*name);
        out.close(dav("prop"));
        out.open_with(dav("description"), &[("xml:lang", "en")]);
        out.text(description);
        out.close(dav("description"));
        out.close(dav("principal-search-property"));
    }
    out.close(root);
    body::typed(StatusCode::OK, XML_TYPE, body::full(out.finish()))
}

impl<'a> Search<'a> {
    fn read(element: &'a Element) -> Result<Self, Failure> {
        let prop = element.first(dav("prop"));
        let text = element.first(dav("match"));
        let (Some(prop), Some(text)) = (prop, text) else {
            return Err(Failure::bad_request("a property-search has a prop and a match"));
        };
        let kind = match text.attribute("match-type") {
            Some("starts-with") => MatchType::StartsWith,
            Some("ends-with") => MatchType::EndsWith,
            Some("equals" | "is") => MatchType::Equals,
            _ => MatchType::Contains,
        };
        let text = Collation::UnicodeCasemap.folded(&text.trimmed());
        Ok(Self { properties: prop.elements().collect(), text, kind })
    }

    fn matches(&self, view: &View, test: Test) -> bool {
        !self.properties.is_empty()
            && test.of(self.properties.iter().map(|name| {
                SEARCHABLE.iter().any(|(known, _)| name.is(*known))
                    && values(view, name).iter().any(|value| self.fits(value))
            }))
    }

    fn fits(&self, value: &str) -> bool {
        let value = Collation::UnicodeCasemap.folded(value);
        // An address is looked for with its scheme or without.
        let bare = value.strip_prefix("mailto:").unwrap_or(&value);
        [value.as_str(), bare].into_iter().any(|value| match self.kind {
            MatchType::Contains => value.contains(&self.text),
            MatchType::StartsWith => value.starts_with(&self.text),
            MatchType::EndsWith => value.ends_with(&self.text),
            MatchType::Equals => value == self.text,
        })
    }
}

/// The texts in a property's value.
fn values(view: &View, name: &Element) -> Vec<String> {
    let Some(xml) = response::property(view, name) else { return Vec::new() };
    let mut document = Writer::document(dav("prop"));
    document.raw(&xml);
    document.close(dav("prop"));
    let mut texts = Vec::new();
    if let Ok(prop) = Element::read(document.finish().as_bytes()) {
        collect(&prop, &mut texts);
    }
    texts
}

fn collect(element: &Element, texts: &mut Vec<String>) {
    for child in &element.children {
        match child {
            Node::Text(text) => texts.push(text.clone()),
            Node::Element(inner) => collect(inner, texts),
        }
    }
}
