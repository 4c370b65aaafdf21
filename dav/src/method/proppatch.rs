//! PROPPATCH: properties are set and removed, all or none (RFC 4918 §9.2).

use std::sync::Arc;

use calendar::refusal::Refusal;
use http::{Response, StatusCode};

use crate::backend::PropertyChange;
use crate::body::{self, Body};
use crate::condition::{CANNOT_MODIFY_PROTECTED_PROPERTY, Failure, RECOGNIZED_PRINCIPAL};
use crate::exchange::Exchange;
use crate::multistatus;
use crate::path::Resource;
use crate::property::change::{self, Instruction, Moment};
use crate::property::response::{Detail, write_status};
use crate::property::{Facets, table};
use crate::xml::name::dav;
use crate::xml::{Element, Writer};

/// One property and what becomes of it.
struct Outcome<'a> {
    element: &'a Element,
    change: Result<PropertyChange, Failure>,
}

/// Answers the method with 207, also where everything is refused: macOS gives up on anything else.
///
/// # Errors
/// 400, 404, 503.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let body = exchange.xml()?.ok_or_else(|| Failure::bad_request("a PROPPATCH has a body"))?;
    if !body.is(dav("propertyupdate")) {
        return Err(Failure::bad_request("the body of a PROPPATCH is a DAV:propertyupdate"));
    }
    let instructions = instructions(&body);
    if instructions.is_empty() {
        return Err(Failure::bad_request("a DAV:propertyupdate sets or removes something"));
    }
    let own = exchange.own_view(Facets::NONE).await?;
    let mut outcomes: Vec<Outcome<'_>> = instructions
        .into_iter()
        .map(|(element, instruction)| Outcome {
            element,
            change: match &exchange.resource {
                Resource::Collection(_) => kept_here(change::of(element, instruction, Moment::Update)),
                Resource::Group(_) if element.is(dav("group-member-set")) => {
                    change::of(element, instruction, Moment::Update)
                }
                Resource::File(_) if element.is(dav("displayname")) => {
                    change::of(element, instruction, Moment::Update)
                }
                Resource::Home(_) | Resource::Object(_) | Resource::File(_)
                    if table::find(element.name()).is_none() =>
                {
                    change::of(element, instruction, Moment::Update)
                }
                _ => Err(kept_nowhere(element)),
            },
        })
        .collect();
    apply(&exchange, &mut outcomes).await?;
    let succeeded = outcomes.iter().all(|outcome| outcome.change.is_ok());
    if succeeded && exchange.preferences.detail == Detail::Minimal {
        return Ok(body::status(StatusCode::NO_CONTENT));
    }
    Ok(multistatus::whole(written(&own.href(), &outcomes)))
}

/// The properties in the order in which they are named.
fn instructions(body: &Element) -> Vec<(&Element, Instruction)> {
    let mut instructions = Vec::new();
    for part in body.elements() {
        let instruction = match part.name() {
            name if name == dav("set") => Instruction::Set,
            name if name == dav("remove") => Instruction::Remove,
            _ => continue,
        };
        for prop in part.all(dav("prop")) {
            instructions.extend(prop.elements().map(|element| (element, instruction)));
        }
    }
    instructions
}

/// What belongs to a group is none of a collection's.
fn kept_here(change: Result<PropertyChange, Failure>) -> Result<PropertyChange, Failure> {
    match change {
        Ok(PropertyChange::GroupMembers(_)) => {
            Err(Failure::of(CANNOT_MODIFY_PROTECTED_PROPERTY, "only groups have members that are set"))
        }
        other => other,
    }
}

/// Principals and what is above the homes keep nothing.
fn kept_nowhere(element: &Element) -> Failure {
    if table::find(element.name()).is_some() {
        return Failure::of(CANNOT_MODIFY_PROTECTED_PROPERTY, "it is set by the server");
    }
    Failure::new(StatusCode::FORBIDDEN, "this resource keeps no properties of clients")
}

/// Hands the changes to the backend if all make sense; a refusal is that of each property.
async fn apply(exchange: &Exchange, outcomes: &mut [Outcome<'_>]) -> Result<(), Failure> {
    let changes: Vec<PropertyChange> =
        outcomes.iter().filter_map(|outcome| outcome.change.as_ref().ok().cloned()).collect();
    if changes.len() < outcomes.len() {
        return Ok(());
    }
    let changed = match &exchange.resource {
        Resource::Collection(name) => {
            exchange.backend.change_collection(exchange.caller(), name, &changes).await
        }
        Resource::Object(name) => exchange.backend.change_object(exchange.caller(), name, &changes).await,
        Resource::File(name) => exchange.backend.change_file(exchange.caller(), name, &changes).await,
        Resource::Home(owner) => exchange.backend.change_home(exchange.caller(), owner, &changes).await,
        Resource::Group(group) => match changes.last() {
            Some(PropertyChange::GroupMembers(members)) => {
                exchange.backend.change_group(exchange.caller(), group, members).await
            }
            _ => return Ok(()),
        },
        // All was refused above.
        _ => return Ok(()),
    };
    match changed {
        Ok(()) => Ok(()),
        Err(Refusal::NotFound) if matches!(exchange.resource, Resource::Group(_)) => {
            for outcome in outcomes {
                outcome.change = Err(Failure::of(RECOGNIZED_PRINCIPAL, "one of them is nobody here"));
            }
            Ok(())
        }
        Err(
            refusal @ (Refusal::NotPermitted(_)
            | Refusal::Protected(_)
            | Refusal::Scheduling(_)
            | Refusal::Full),
        ) => {
            let failure = Failure::from(refusal);
            for outcome in outcomes {
                outcome.change = Err(failure.clone());
            }
            Ok(())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn written(href: &str, outcomes: &[Outcome<'_>]) -> Writer {
    let failed = outcomes.iter().any(|outcome| outcome.change.is_err());
    let mut out = multistatus::begin();
    out.open(dav("response"));
    out.text_element(dav("href"), href);
    for outcome in outcomes {
        out.open(dav("propstat"));
        out.open(dav("prop"));
        out.empty(outcome.element.name());
        out.close(dav("prop"));
        match &outcome.change {
            Ok(_) if failed => write_status(StatusCode::FAILED_DEPENDENCY, &mut out),
            Ok(_) => write_status(StatusCode::OK, &mut out),
            Err(failure) => {
                write_status(failure.status, &mut out);
                if failure.condition.is_some() {
                    out.open(dav("error"));
                    failure.write_condition(&mut out, href);
                    out.close(dav("error"));
                }
                out.text_element(dav("responsedescription"), &failure.description);
            }
        }
        out.close(dav("propstat"));
    }
    out.close(dav("response"));
    out
}
