//! POST of an object to its calendar, which gives it a name (RFC 5995 §3.2).

use std::sync::Arc;

use calendar::collection::{CollectionName, ObjectName};
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use http::Response;

use crate::backend::{Precondition, Stored};
use crate::body::Body;
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::media::Sent;
use crate::method::{outcome, put};
use crate::path::Resource;

/// Names that are tried before the calendar is called too crowded.
const NAMES_MAX: usize = 32;
/// Characters of a UID that becomes a name as it is.
const UID_CHARACTERS_MAX: usize = 120;

/// Answers it: 201 with the address of the new object.
///
/// # Errors
/// Those of PUT.
pub(super) async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Collection(collection) = &exchange.resource else { return Err(Failure::not_found()) };
    let Sent { octets, format } = put::sent(&exchange)?;
    let (name, stored) = insert(&exchange, collection, &octets).await?;
    let mut response = outcome::told(&exchange, &name, stored, format).await?;
    outcome::locate(&mut response, &name);
    Ok(response)
}

/// Puts an object under a name that nothing else has: its UID, if a name can be that, or a number made of it.
///
/// # Errors
/// Those of PUT.
pub(super) async fn insert(
    exchange: &Exchange,
    collection: &CollectionName,
    octets: &Arc<[u8]>,
) -> Result<(ObjectName, Stored), Failure> {
    let read = CalendarObject::read(Arc::clone(octets), &exchange.setting.core_limits());
    let uid = read.map(|object| object.uid().to_owned()).unwrap_or_default();
    let absent = Precondition { none_matches: Some(Vec::new()), ..Precondition::default() };
    for attempt in 0..NAMES_MAX {
        let name = ObjectName::new(collection, &name_of(&uid, attempt));
        let put = exchange.backend.put(exchange.caller(), &name, Arc::clone(octets), &absent).await;
        match put {
            Err(Refusal::TagMismatch) => {}
            Err(refusal) => return Err(put::refused(refusal, octets)),
            Ok(stored) => return Ok((name, stored)),
        }
    }
    Err(Refusal::Contended.into())
}

fn name_of(uid: &str, attempt: usize) -> String {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'@' | b'.');
    let is_name = (1..=UID_CHARACTERS_MAX).contains(&uid.len())
        && uid.bytes().all(is_plain)
        && !uid.starts_with('.')
        && !uid.to_ascii_lowercase().ends_with(".ics");
    let stem = if is_name { uid.to_owned() } else { format!("{:016x}", print_of(uid)) };
    if attempt == 0 { format!("{stem}.ics") } else { format!("{stem}-{attempt}.ics") }
}

/// A number that differs where the text does (FNV-1a).
fn print_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |print, octet| {
        (print ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
