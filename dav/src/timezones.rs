//! The time zone data distribution service, read only, without sign-in (RFC 7808).
//!
//! What is given are the rules that this server itself works by, so that clients may leave them out of what they send
//! and need not be told them (RFC 7809). Every request costs at most the rules of one zone written out, or a share in
//! reading all of them once an hour.

mod catalogue;
mod leap;
mod pattern;
mod problem;
mod request;
mod source;

use std::fmt::Write as _;

use calendar::collection::EntityTag;
use calendar::limits::Limits;
use calendar::time::{Instant, Span};
use calendar::write::PRODID;
use calendar::zone::{Extent, Zone, standard};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LOCATION, VARY,
};
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::body::{self, Body};
use crate::media::{self, Format};
use crate::method::get::{State, not_modified, put};
use catalogue::Listing;
use problem::Problem;
use request::Action;

pub use leap::LeapSeconds;
pub use request::ACTIONS;
pub use source::ZoneData;

/// Where the service is (RFC 7808 §4.2.1: its context path).
pub const CONTEXT: &str = "/dav/timezones";
/// Where clients look for it (§4.2.1.3).
pub const WELL_KNOWN: &str = "/.well-known/timezone";

/// Methods that are answered.
const METHODS: &str = "OPTIONS, GET, HEAD";
/// How long an answer is good, in seconds: rules change within days of being published (§4.1.4).
const FRESH: &str = "public, max-age=3600";
/// Observances of one expansion: five centuries of a zone with two seasons. What is left out is told (§5.4).
const OBSERVANCES_MAX: usize = 1000;

/// The service.
#[derive(Default)]
pub struct TimeZones {
    data: ZoneData,
    listing: Listing,
}

/// What is answered: octets of a type, under a tag.
struct Given {
    media_type: String,
    octets: bytes::Bytes,
    tag: Option<EntityTag>,
}

impl TimeZones {
    /// The service over data from there.
    pub fn new(data: ZoneData) -> Self {
        Self { data, listing: Listing::default() }
    }

    /// Whether a path is this service's.
    pub fn is_here(path: &str) -> bool {
        let well_known = path.strip_suffix('/').unwrap_or(path) == WELL_KNOWN;
        well_known || path.strip_prefix(CONTEXT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Answers a request that [`Self::is_here`].
    pub async fn answer(&self, head: &Parts, now: Instant) -> Response<Body> {
        let path = head.uri.path();
        if !path.starts_with(CONTEXT) {
            return moved();
        }
        let method = head.method.as_str();
        let mut response = match method {
            "OPTIONS" => body::status(StatusCode::OK),
            "GET" | "HEAD" => match self.read(path, head, now).await {
                Ok(response) => response,
                Err(problem) => problem.response(),
            },
            _ => Problem::method().response(),
        };
        if !matches!(method, "GET" | "HEAD") {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
        }
        put(response.headers_mut(), http::header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        if method == "HEAD" { response.map(|_| body::empty()) } else { response }
    }

    async fn read(&self, path: &str, head: &Parts, now: Instant) -> Result<Response<Body>, Problem> {
        let action = Action::read(path, head.uri.query().unwrap_or_default())?;
        let headers = &head.headers;
        let given = match action {
            Action::Capabilities => json_of(&self.capabilities(), None),
            Action::LeapSeconds => json_of(&self.data.leap_seconds.told(), None),
            Action::List { since } => {
                let catalogue = self.listing.catalogue(&self.data, now).await;
                let octets = if since.as_deref() == Some(catalogue.token.as_str()) {
                    catalogue.listed(&[]).to_string().into()
                } else {
                    catalogue.all.clone()
                };
                Given { tag: Some(EntityTag(catalogue.token.clone())), ..json_octets(octets) }
            }
            Action::Find(pattern) => {
                let catalogue = self.listing.catalogue(&self.data, now).await;
                json_of(&catalogue.listed(&catalogue.matching(&pattern)), None)
            }
            Action::Get { tzid, extent } => get(&tzid, extent, headers)?,
            Action::Expand { tzid, span } => expand(&tzid, span)?,
        };
        given.response(headers)
    }

    fn capabilities(&self) -> serde_json::Value {
        let formats = Format::ALL.map(Format::media_type);
        json!({
            "version": 1,
            "info": {
                "primary-source": format!("IANA:{}", self.data.version),
                "formats": formats,
                "truncated": { "any": true, "untruncated": true },
            },
            "actions": ACTIONS.iter().map(request::Declared::told).collect::<Vec<_>>(),
        })
    }
}

impl Given {
    /// 200, or 304 for who has it already.
    fn response(self, headers: &HeaderMap) -> Result<Response<Body>, Problem> {
        let mut answer = HeaderMap::new();
        put(&mut answer, CACHE_CONTROL, FRESH);
        put(&mut answer, VARY, "Accept");
        if let Some(tag) = &self.tag {
            put(&mut answer, ETAG, &tag.quoted());
            let state = State { tag, modified: None };
            if state.is_known_to(headers).map_err(|_| Problem::precondition())? {
                return Ok(not_modified(answer));
            }
        }
        put(&mut answer, CONTENT_TYPE, &self.media_type);
        put(&mut answer, CONTENT_LENGTH, &self.octets.len().to_string());
        let mut response = Response::new(body::full(self.octets));
        *response.headers_mut() = answer;
        Ok(response)
    }
}

fn json_of(value: &serde_json::Value, tag: Option<EntityTag>) -> Given {
    Given { tag, ..json_octets(value.to_string().into()) }
}

fn json_octets(octets: bytes::Bytes) -> Given {
    Given { media_type: "application/json; charset=utf-8".to_owned(), octets, tag: None }
}

/// The rules of a standard zone, by its name or alias.
fn rules(tzid: &str) -> Result<Zone, Problem> {
    if standard::is_standard(tzid) {
        Zone::iana(tzid).ok_or_else(Problem::no_zone)
    } else {
        Err(Problem::no_zone())
    }
}

/// A zone as a calendar, under the name it was asked for by (§5.3).
fn written(tzid: &str, zone: &Zone, extent: Extent) -> String {
    let rules = zone.published(tzid, standard::alias_of(tzid), extent);
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODID}\r\n{rules}END:VCALENDAR\r\n")
}

/// A tag that differs where the text does.
fn tag_of(text: &str) -> EntityTag {
    EntityTag(short(&Sha256::digest(text.as_bytes())))
}

/// The first 96 bits of a digest.
fn short(digest: &[u8]) -> String {
    digest.iter().take(12).fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn get(tzid: &str, extent: Extent, headers: &HeaderMap) -> Result<Given, Problem> {
    let format = Format::acceptable(headers).ok_or_else(Problem::format)?;
    let text = written(tzid, &rules(tzid)?, extent);
    let tag = tag_of(&text);
    let (tag, octets) = match format {
        Format::Text => (tag, text),
        Format::Json => {
            let json = media::json_of(text.as_bytes(), &Limits::default()).ok_or_else(Problem::format)?;
            (EntityTag(format!("{}-json", tag.0)), json)
        }
    };
    let media_type = format!("{}; charset=utf-8", format.media_type());
    Ok(Given { media_type, octets: octets.into(), tag: Some(tag) })
}

fn expand(tzid: &str, span: Span) -> Result<Given, Problem> {
    let zone = rules(tzid)?;
    let (onsets, end) = zone.onsets(span, OBSERVANCES_MAX);
    let observances: Vec<serde_json::Value> = onsets
        .iter()
        .map(|onset| {
            json!({
                "name": if onset.daylight { "Daylight" } else { "Standard" },
                "onset": onset.at.to_string(),
                "utc-offset-from": onset.before,
                "utc-offset-to": onset.after,
            })
        })
        .collect();
    let mut told = json!({ "tzid": tzid, "observances": observances });
    if end != span.end {
        told["end"] = end.to_string().into();
    }
    Ok(json_of(&told, Some(tag_of(&written(tzid, &zone, Extent::default())))))
}

/// The way from the well-known address.
fn moved() -> Response<Body> {
    let mut response = body::status(StatusCode::MOVED_PERMANENTLY);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(CONTEXT));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}
