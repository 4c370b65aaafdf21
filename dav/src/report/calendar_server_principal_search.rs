//! calendarserver-principal-search: who is meant by what somebody typed (calendarserver.org).

use std::sync::Arc;

use http::Response;

use crate::backend::Principal;
use crate::body::Body;
use crate::condition::{Failure, NUMBER_OF_MATCHES};
use crate::exchange::Exchange;
use crate::filter::Collation;
use crate::multistatus;
use crate::path::Resource;
use crate::property::response;
use crate::report::calendar_query::wanted;
use crate::xml::Element;
use crate::xml::name::{calendar_server, dav};

/// Words that one search may have.
const TOKENS_MAX: usize = 16;
/// Principals in one answer.
const RESULTS_MAX: usize = 200;

/// Answers the report: principals in whose name or addresses every word stands. Groups, rooms and resources are looked
/// for by the contexts of that name, of which there is nobody unless the backend has them.
///
/// # Errors
/// 400 without a word.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let tokens: Vec<String> = body
        .all(calendar_server("search-token"))
        .map(|token| Collation::UnicodeCasemap.folded(&token.trimmed()))
        .filter(|token| !token.is_empty())
        .collect();
    if tokens.is_empty() || tokens.len() > TOKENS_MAX {
        return Err(Failure::bad_request(format!("a search has from 1 to {TOKENS_MAX} words")));
    }
    let limit = limit(&body)?;
    let people = matches!(body.attribute("context"), None | Some("user" | "attendee"));
    let wanted = wanted(&body)?;
    let mut out = multistatus::begin();
    let mut found = 0;
    for principal in exchange.backend.principals(exchange.caller()).await? {
        if !people || !fits(&principal, &tokens) {
            continue;
        }
        if found == limit {
            let failure = Failure::of(NUMBER_OF_MATCHES, "there are more; say more of whom is meant");
            multistatus::write_failed(&exchange.resource.href(), &failure, &mut out);
            break;
        }
        found += 1;
        let resource = Resource::Principal(principal.id.clone());
        let view = exchange.view_of_principal(resource, principal, wanted.needs()).await?;
        response::write(&view, &wanted, exchange.preferences.detail, &mut out);
    }
    Ok(multistatus::whole(out))
}

fn limit(body: &Element) -> Result<usize, Failure> {
    let limit = body.first(calendar_server("limit")).or_else(|| body.first(dav("limit")));
    let number = limit
        .and_then(|limit| limit.first(calendar_server("nresults")).or_else(|| limit.first(dav("nresults"))));
    let Some(number) = number else { return Ok(RESULTS_MAX) };
    match number.trimmed().parse::<usize>() {
        Ok(number) if number > 0 => Ok(number.min(RESULTS_MAX)),
        _ => Err(Failure::bad_request("nresults is a number from 1")),
    }
}

fn fits(principal: &Principal, tokens: &[String]) -> bool {
    let addresses = principal.addresses.iter().filter_map(|address| address.mail());
    let texts: Vec<String> = [principal.display_name.as_str(), principal.id.as_str()]
        .into_iter()
        .chain(addresses)
        .map(|text| Collation::UnicodeCasemap.folded(text))
        .collect();
    tokens.iter().all(|token| texts.iter().any(|text| text.contains(token)))
}
