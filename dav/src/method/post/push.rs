//! WebDAV-Push: subscriptions of devices to calendars (draft-bitfire-webdav-push).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{EXPIRES, HeaderMap, HeaderValue, LOCATION};
use http::{Response, StatusCode};

use crate::backend::{NotRegistered, SubscriptionName, WebPush};
use crate::body::{self, Body};
use crate::condition::{Failure, INVALID_SUBSCRIPTION, NO_SUPPORTED_TRIGGER, PUSH_NOT_AVAILABLE};
use crate::exchange::Exchange;
use crate::path::Resource;
use crate::property::webdav::{http_date, instant_of_http_date};
use crate::xml::Element;
use crate::xml::name::push;

/// Octets of a push resource.
const RESOURCE_OCTETS_MAX: usize = 2048;
/// An uncompressed point of P-256.
const KEY_OCTETS: usize = 65;
/// RFC 8291 §3.2.
const SECRET_OCTETS: usize = 16;
/// Subscriptions that one change may leave out.
const MUTED_MAX: usize = 20;

/// Answers `push-register`: 204 with `Location` and `Expires`.
///
/// # Errors
/// `invalid-subscription`, `no-supported-trigger`, `push-not-available`.
pub async fn register(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Collection(name) = &exchange.resource else { return Err(Failure::not_found()) };
    let root = exchange.xml()?.ok_or_else(|| Failure::bad_request("the body is empty"))?;
    let subscription = subscription(&root)?;
    check_trigger(&root)?;
    let expires = root.first(push("expires")).map(Element::text);
    let expires = match expires.as_deref().map(str::trim) {
        None => None,
        Some(text) => {
            Some(instant_of_http_date(text).ok_or_else(|| Failure::bad_request("expires is no HTTP date"))?)
        }
    };
    let registered =
        exchange.backend.register_push(exchange.caller(), name, (&subscription, expires)).await.map_err(
            |refused| match refused {
                NotRegistered::Invalid(reason) => Failure::of(INVALID_SUBSCRIPTION, reason),
                NotRegistered::NotAvailable(reason) => Failure::of(PUSH_NOT_AVAILABLE, reason),
                NotRegistered::Refused(refusal) => refusal.into(),
            },
        )?;
    let mut response = body::status(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&registered.name.href()) {
        headers.insert(LOCATION, location);
    }
    if let Ok(expires) = HeaderValue::from_str(&http_date(registered.expires)) {
        headers.insert(EXPIRES, expires);
    }
    Ok(response)
}

/// The subscriptions that `Push-Dont-Notify` names: URLs, quoted or not, parted by commas.
pub fn muted(headers: &HeaderMap) -> Vec<SubscriptionName> {
    headers
        .get_all("push-dont-notify")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|url| SubscriptionName::of_url(url.trim().trim_matches('"')))
        .take(MUTED_MAX)
        .collect()
}

fn subscription(root: &Element) -> Result<WebPush, Failure> {
    let invalid = |reason: &str| Failure::of(INVALID_SUBSCRIPTION, reason);
    let found = root.first(push("subscription")).and_then(|one| one.first(push("web-push-subscription")));
    let found = found.ok_or_else(|| invalid("there is no web-push-subscription in it"))?;
    let text = |name| found.first(push(name)).map(|element| element.text().trim().to_owned());
    let resource = text("push-resource").filter(|resource| !resource.is_empty());
    let resource = resource.ok_or_else(|| invalid("there is no push-resource in it"))?;
    if resource.len() > RESOURCE_OCTETS_MAX || resource.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(invalid("the push-resource is no address"));
    }
    // Messages are sealed in this way alone (RFC 8291).
    if text("content-encoding").is_some_and(|encoding| encoding != "aes128gcm") {
        return Err(invalid("messages are sent as aes128gcm"));
    }
    // The element had another name in earlier drafts, which clients still use.
    let key = found.first(push("subscription-public-key")).or_else(|| found.first(push("client-public-key")));
    let key = key.ok_or_else(|| invalid("there is no subscription-public-key in it"))?;
    if key.attribute("type").is_some_and(|kind| kind != "p256dh") {
        return Err(invalid("the key must be of type p256dh"));
    }
    let octets = |text: &str, length| {
        let octets = URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=')).ok();
        octets.filter(|octets| octets.len() == length)
    };
    let public_key = octets(&key.text(), KEY_OCTETS).filter(|octets| octets.first() == Some(&4));
    let public_key = public_key.ok_or_else(|| invalid("the key is no uncompressed point of P-256"))?;
    let secret = text("auth-secret").and_then(|text| octets(&text, SECRET_OCTETS));
    let secret = secret.ok_or_else(|| invalid("the auth-secret has not 16 octets"))?;
    Ok(WebPush { resource, public_key, secret })
}

/// Who names no trigger gets what there is; who names only others gets nothing, and is told.
fn check_trigger(root: &Element) -> Result<(), Failure> {
    let Some(trigger) = root.first(push("trigger")) else { return Ok(()) };
    if trigger.first(push("content-update")).is_some() || trigger.elements().next().is_none() {
        return Ok(());
    }
    Err(Failure::of(NO_SUPPORTED_TRIGGER, "changes of the content are told, and nothing else"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_need_not_be_told_are_read() {
        let mut headers = HeaderMap::new();
        let value =
            "\"https://cal.example/dav/push/ada/work/a-b_c\", /dav/push/ada/work/d, /dav/calendars/ada/work/";
        headers.insert("push-dont-notify", value.parse().unwrap());
        let ids: Vec<String> = muted(&headers).into_iter().map(|name| name.id).collect();
        assert_eq!(ids, ["a-b_c", "d"]);
    }
}
