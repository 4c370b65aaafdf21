//! POST of a file to an object: an attachment comes, is replaced, or goes (RFC 8607 §3.3).

use std::sync::Arc;

use calendar::itip::attachment::Instances;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use percent_encoding::percent_decode_str;

use crate::backend::{AttachedFile, AttachmentDeed};
use crate::body::Body;
use crate::condition::{Failure, VALID_ACTION, VALID_MANAGED_ID, VALID_RID};
use crate::exchange::Exchange;
use crate::headers;
use crate::method::outcome;
use crate::method::post::parameters;
use crate::path::Resource;

/// The header that names a new attachment (RFC 8607 §5.1).
const CAL_MANAGED_ID: HeaderName = HeaderName::from_static("cal-managed-id");
/// Octets of the name of a file.
const NAME_OCTETS_MAX: usize = 255;
/// What a file is called that has no name.
const NAMELESS: &str = "attachment";

/// Answers it: 201 for a new attachment, else 204; with the object for who would like it.
///
/// # Errors
/// CALDAV:valid-action, CALDAV:valid-rid, CALDAV:valid-managed-id, CALDAV:max-attachment-size,
/// CALDAV:max-attachments-per-resource; 412, 404.
pub(super) async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Object(name) = &exchange.resource else { return Err(Failure::not_found()) };
    let deed = deed(&exchange)?;
    let status = match &deed {
        AttachmentDeed::Add(..) => StatusCode::CREATED,
        _ => StatusCode::NO_CONTENT,
    };
    let precondition = headers::precondition(&exchange.headers);
    let origin = headers::origin(&exchange.headers);
    let attached = exchange.backend.attach(exchange.caller(), name, deed, (&origin, &precondition)).await;
    let managed_id = match attached.map_err(Failure::from) {
        Ok(managed_id) => managed_id,
        Err(failure) => return outcome::mismatched(&exchange, name, failure).await,
    };
    let mut response = outcome::after(&exchange, name, status).await?;
    if let Some(id) = managed_id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        response.headers_mut().insert(CAL_MANAGED_ID, id);
    }
    Ok(response)
}

/// What the query asks for.
fn deed(exchange: &Exchange) -> Result<AttachmentDeed, Failure> {
    let parameters = parameters(&exchange.query);
    let of = |name: &str| parameters.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let instances = match of("rid") {
        None => Instances::All,
        Some(rid) => Instances::parse(rid)
            .ok_or_else(|| Failure::of(VALID_RID, "rid is M, a RECURRENCE-ID, or several with commas"))?,
    };
    let managed_id = of("managed-id").map(str::to_owned);
    let lacking = || Failure::of(VALID_MANAGED_ID, "managed-id says which attachment");
    match of("action") {
        Some("attachment-add") if managed_id.is_some() => {
            Err(Failure::of(VALID_MANAGED_ID, "a new attachment has no managed-id yet"))
        }
        Some("attachment-add") => Ok(AttachmentDeed::Add(instances, file(exchange))),
        Some("attachment-update") if of("rid").is_some() => {
            Err(Failure::of(VALID_RID, "an attachment is replaced wherever it is"))
        }
        Some("attachment-update") => {
            Ok(AttachmentDeed::Update(managed_id.ok_or_else(lacking)?, file(exchange)))
        }
        Some("attachment-remove") => Ok(AttachmentDeed::Remove(instances, managed_id.ok_or_else(lacking)?)),
        _ => {
            Err(Failure::of(VALID_ACTION, "action is attachment-add, attachment-update or attachment-remove"))
        }
    }
}

fn file(exchange: &Exchange) -> AttachedFile {
    let media_type = exchange.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let disposition = exchange.headers.get(CONTENT_DISPOSITION);
    let disposition = disposition.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    AttachedFile {
        media_type: media_type
            .filter(|kind| kind.contains('/'))
            .unwrap_or("application/octet-stream")
            .to_owned(),
        name: disposition.as_deref().and_then(file_name).unwrap_or_else(|| NAMELESS.to_owned()),
        octets: exchange.body.to_vec(),
    }
}

/// The name that `Content-Disposition` gives (RFC 6266 §4.3, RFC 8187), without a path.
fn file_name(disposition: &str) -> Option<String> {
    let mut plain = None;
    let mut extended = None;
    for part in split(disposition).into_iter().skip(1) {
        let Some((name, value)) = part.split_once('=') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "filename" => plain = Some(value.trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\")),
            "filename*" => {
                let (charset, rest) = value.split_once('\'')?;
                let (_, encoded) = rest.split_once('\'')?;
                let decoded = percent_decode_str(encoded);
                extended = if charset.eq_ignore_ascii_case("utf-8") {
                    decoded.decode_utf8().ok().map(std::borrow::Cow::into_owned)
                } else {
                    Some(decoded.map(char::from).collect())
                };
            }
            _ => {}
        }
    }
    let name = extended.or(plain)?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|character| !character.is_control()).collect();
    let end = (0..=name.len().min(NAME_OCTETS_MAX)).rev().find(|at| name.is_char_boundary(*at))?;
    let name = name[..end].trim().to_owned();
    (!name.is_empty() && name != "." && name != "..").then_some(name)
}

/// The parts between semicolons outside quotes.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (text, expected) in [
            ("attachment; filename=a.txt", Some("a.txt")),
            ("attachment;filename=\"a;b \\\"c\\\".txt\"", Some("a;b \"c\".txt")),
            ("attachment; filename=x; filename*=UTF-8''%C3%BC%2Ftxt", Some("txt")),
            ("attachment; filename*=iso-8859-1'de'%FC.txt", Some("ü.txt")),
            ("attachment; filename=\"C:\\\\x\\\\evil.exe\"", Some("evil.exe")),
            ("attachment; filename=\"../..\"", None),
            ("attachment", None),
            ("inline; filename*=x", None),
        ] {
            assert_eq!(file_name(text).as_deref(), expected, "{text}");
        }
        assert_eq!(file_name(&format!("a;filename={}", "ü".repeat(300))).map(|name| name.len()), Some(254));
    }
}
