//! What is answered without sign-in: attachments and published calendars, to whoever knows an address that cannot be
//! guessed, and what robots may read.

use std::sync::Arc;

use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use percent_encoding::percent_decode_str;

use crate::backend::{AttachedFile, Backend, Caller, CollectionKind};
use crate::body::{self, Body};
use crate::condition::Failure;
use crate::feed::{self, Feed, Seen};
use crate::headers;
use crate::method::get::{State, not_modified, put};
use crate::path::encoded;

/// Where attachments are.
const ATTACHMENTS: &str = "/dav/attachments/";
/// Where published calendars are.
pub const PUBLISHED: &str = "/dav/published/";
/// How a published address ends, by which feed readers know what it is.
const ENDING: &str = ".ics";
/// Methods that are answered.
const METHODS: &str = "OPTIONS, GET, HEAD";

/// The address of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Whose it is.
    pub owner: PrincipalId,
    /// Its id, which is its secret.
    pub id: String,
    /// The name of the file, for readers alone.
    pub name: String,
}

impl Attachment {
    /// What a path names.
    pub fn of_path(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix(ATTACHMENTS)?.splitn(3, '/');
        let mut next = || Some(percent_decode_str(parts.next()?).decode_utf8().ok()?.into_owned());
        let (owner, id, name) = (next()?, next()?, next()?);
        Some(Self { owner: PrincipalId::new(owner), id, name })
    }

    /// What an address names; its host is not looked at.
    pub fn of_address(address: &str) -> Option<Self> {
        let (_, rest) = address.split_once("://")?;
        Self::of_path(rest.get(rest.find('/')?..)?)
    }

    /// Its path.
    pub fn path(&self) -> String {
        let (owner, id, name) = (encoded(self.owner.as_str()), encoded(&self.id), encoded(&self.name));
        format!("{ATTACHMENTS}{owner}/{id}/{name}")
    }
}

/// The path of the calendar that is published under `secret`.
pub fn published_path(secret: &str) -> String {
    format!("{PUBLISHED}{}{ENDING}", encoded(secret))
}

/// What is open to all who know its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// An attachment.
    Attachment(Attachment),
    /// A published calendar, by its secret.
    Published(String),
}

impl Open {
    /// What a path names.
    pub fn of_path(path: &str) -> Option<Self> {
        if let Some(secret) = path.strip_prefix(PUBLISHED) {
            let secret = percent_decode_str(secret.strip_suffix(ENDING)?).decode_utf8().ok()?;
            return (!secret.contains('/')).then(|| Self::Published(secret.into_owned()));
        }
        Attachment::of_path(path).map(Self::Attachment)
    }

    /// Answers a request for it.
    pub async fn answer(
        &self,
        backend: &Arc<dyn Backend>,
        feeds: &Arc<Seen>,
        (method, headers): (&str, &HeaderMap),
    ) -> Result<Response<Body>, Failure> {
        match method {
            "OPTIONS" => return Ok(allowing(body::status(StatusCode::OK))),
            "GET" | "HEAD" => {}
            _ => return Ok(allowing(body::status(StatusCode::METHOD_NOT_ALLOWED))),
        }
        let mut response = match self {
            Self::Attachment(named) => {
                let found = backend.attachment(&named.owner, &named.id).await?;
                attachment(&found.ok_or_else(Failure::not_found)?, &named.id, headers)?
            }
            Self::Published(secret) => published(backend, feeds, secret, headers).await?,
        };
        // An address that is a secret is for nobody's index, and not for the next page either.
        put(response.headers_mut(), HeaderName::from_static("x-robots-tag"), "noindex");
        put(response.headers_mut(), HeaderName::from_static("referrer-policy"), "no-referrer");
        Ok(if method == "HEAD" { response.map(|_| body::empty()) } else { response })
    }
}

/// The response with what may be done at an address that is open.
pub(crate) fn allowing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}

/// A file as it was attached: saved and not shown, so that nothing in it runs in this server's name.
fn attachment(file: &AttachedFile, id: &str, headers: &HeaderMap) -> Result<Response<Body>, Failure> {
    let mut answer = HeaderMap::new();
    // What has this id never changes.
    let tag = calendar::collection::EntityTag(id.to_owned());
    put(&mut answer, ETAG, &tag.quoted());
    put(&mut answer, CACHE_CONTROL, "private, max-age=86400");
    if (State { tag: &tag, modified: None }).is_known_to(headers)? {
        return Ok(not_modified(answer));
    }
    answer.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    put(&mut answer, CONTENT_TYPE, &file.media_type);
    put(&mut answer, CONTENT_LENGTH, &file.octets.len().to_string());
    put(&mut answer, CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{}", encoded(&file.name)));
    put(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(&mut answer, CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    let mut response = Response::new(body::full(file.octets.clone()));
    *response.headers_mut() = answer;
    Ok(response)
}

async fn published(
    backend: &Arc<dyn Backend>,
    feeds: &Arc<Seen>,
    secret: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Failure> {
    let (name, detail) = backend.published(secret).await?.ok_or_else(Failure::not_found)?;
    let caller = Caller::of(name.owner.clone());
    let found = backend.collection(&caller, &name).await?;
    let collection = found.filter(|collection| collection.kind == CollectionKind::Calendar);
    let collection = Arc::new(collection.ok_or(Refusal::NotFound)?);
    let limits = calendar::limits::Limits {
        object_octets_max: backend.limits().object_octets_max,
        ..calendar::limits::Limits::default()
    };
    let (now, seen, vtimezones) = (backend.now(), Arc::clone(feeds), headers::vtimezones(headers));
    let backend = Arc::clone(backend);
    let detail = Some(detail);
    feed::answer(Feed { backend, caller, collection, detail, limits, now, seen, vtimezones }, headers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_one_with_what_they_name() {
        let named = Attachment {
            owner: PrincipalId::new("ada"),
            id: "0f".to_owned(),
            name: "a b/\"ü\".txt".to_owned(),
        };
        assert_eq!(Open::of_path(&named.path()), Some(Open::Attachment(named.clone())));
        assert_eq!(Attachment::of_address(&format!("https://x:8443{}", named.path())), Some(named));
        assert_eq!(Open::of_path(&published_path("a/b")), None);
        assert_eq!(Open::of_path(&published_path("ab")), Some(Open::Published("ab".to_owned())));
        for path in ["/dav/attachments/ada/x", "/dav/published/x", "/dav/attachments/ada/x/%ff"] {
            assert_eq!(Open::of_path(path), None, "{path}");
        }
    }
}
