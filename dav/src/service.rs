//! Authenticate, resolve, dispatch: request in, response out.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{ALLOW, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Request, Response, StatusCode};

use crate::backend::{Backend, Caller, ClientAddress, Credentials, SignIn, SubscriptionName};
use crate::body::{self, XML_TYPE};
use crate::condition::Failure;
use crate::conditional;
use crate::exchange::Exchange;
use crate::feed::Seen;
use crate::free_busy_url;
use crate::headers::{self, Preferences};
use crate::lock;
use crate::method::outcome::APPLIED;
use crate::method::post::push;
use crate::method::table::Writes;
use crate::method::{options, table};
use crate::open::Open;
use crate::path::{Resource, WELL_KNOWN};
use crate::property::{Kinds, Setting};
use crate::report;
use crate::timezones::{TimeZones, ZoneData};

/// The body of a response; large ones stream.
pub type Body = body::Body;

/// What a client is asked for that did not say who it is (RFC 7617 §2.1).
const CHALLENGE: &str = "Basic realm=\"Kalends\", charset=\"UTF-8\"";

/// Methods whose answers depend on preferences whatever their status is.
const PREFERRED: [&str; 5] = ["PROPPATCH", "MKCALENDAR", "MKCOL", "PUT", "POST"];

/// CalDAV over a backend.
pub struct Service {
    backend: Arc<dyn Backend>,
    feeds: Arc<Seen>,
    timezones: TimeZones,
}

impl Service {
    /// A service over `backend`.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, feeds: Arc::default(), timezones: TimeZones::default() }
    }

    /// The same, with what is known of the rules of time zones.
    #[must_use]
    pub fn with_zone_data(mut self, data: ZoneData) -> Self {
        self.timezones = TimeZones::new(data);
        self
    }

    /// Answers one request whose body was read (within limits) by the caller. Paths: `/.well-known/caldav`, `/.well-known/timezone`, `/dav/…`,
    /// and PROPFIND and OPTIONS on `/` and `/principals/`.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        if path.strip_suffix('/').unwrap_or(path) == WELL_KNOWN {
            return moved(&Resource::Root);
        }
        if TimeZones::is_here(path) {
            return self.timezones.answer(&head, self.backend.now()).await;
        }
        if let Some(subscription) = SubscriptionName::of_path(path) {
            let answered = self.end_push(&head, &subscription).await;
            return answered.unwrap_or_else(|failure| failed(&failure, None, (head.method.as_str(), path)));
        }
        if let Some(open) = Open::of_path(path) {
            let request = (head.method.as_str(), &head.headers);
            let answered = open.answer(&self.backend, &self.feeds, request).await;
            let name = head.method.as_str();
            return answered.unwrap_or_else(|failure| failed(&failure, None, (name, path)));
        }
        if let Some(owner) = free_busy_url::owner_of(path) {
            let asked = (&head.method, head.uri.query().unwrap_or_default());
            let answered = free_busy_url::answer(&self.backend, &owner, asked).await;
            return answered.unwrap_or_else(|failure| failed(&failure, None, (head.method.as_str(), path)));
        }
        let resource = Resource::of_path(path);
        let name = head.method.as_str();
        let answered = if name == "OPTIONS" {
            // Before sign-in: Apple and DAVx5 look here first for whether there is a service at all.
            Ok(self.options(&table::allowed(resource.as_ref().map_or(Kinds::ANY, Kinds::of))))
        } else {
            let from = head.extensions.get::<ClientAddress>().map(|ClientAddress(address)| *address);
            self.answer(name, resource.as_ref(), (head.uri.query(), head.headers, from), body).await
        };
        let mut response = match answered {
            Ok(response) => response,
            Err(failure) => failed(&failure, resource.as_ref(), (name, path)),
        };
        if name == "HEAD" && !response.status().is_success() {
            response = response.map(|_| body::empty());
        }
        response
    }

    async fn answer(
        &self,
        name: &str,
        resource: Option<&Resource>,
        (query, headers, from): (Option<&str>, HeaderMap, Option<IpAddr>),
        body: Bytes,
    ) -> Result<Response<Body>, Failure> {
        let caller = self.caller(&headers, from).await?;
        let method = table::find(name).ok_or_else(|| table::not_here(resource))?;
        let Some(resource) = resource.filter(|resource| method.on.meets(Kinds::of(resource))) else {
            return Err((method.elsewhere)(resource));
        };
        let preferences = Preferences::of(&headers);
        let setting = Setting {
            caller,
            limits: self.backend.limits(),
            reports: report::table::names,
            now: self.backend.now(),
            vtimezones: headers::vtimezones(&headers),
            attachments: self.backend.attachment_limits(),
            usage: OnceLock::new(),
            resource_ids: OnceLock::new(),
            feeds: Arc::clone(&self.feeds),
            push_key: self.backend.push_key().map(str::to_owned),
            locks: OnceLock::new(),
            object_properties: OnceLock::new(),
        };
        let exchange = Exchange {
            backend: Arc::clone(&self.backend),
            setting: Arc::new(setting),
            resource: resource.clone(),
            query: query.unwrap_or_default().to_owned(),
            headers,
            body,
            preferences,
        };
        if method.writes == Writes::Something || exchange.headers.contains_key("if") {
            lock::permit(&exchange, name).await?;
        }
        if method.writes == Writes::Something {
            conditional::permit(&exchange, name).await?;
        }
        let muted =
            if method.writes == Writes::Something { push::muted(&exchange.headers) } else { Vec::new() };
        let exchange = Arc::new(exchange);
        let mut response = (method.answer)(Arc::clone(&exchange)).await?;
        if let Resource::Object(object) = resource
            && !muted.is_empty()
            && response.status().is_success()
        {
            // It is done already: if this fails, the device is told of what it did itself.
            drop(self.backend.mute_push(exchange.caller(), &object.collection, &muted).await);
        }
        if response.status() == StatusCode::MULTI_STATUS || PREFERRED.contains(&name) {
            tell_preferences(preferences, response.headers_mut());
        }
        Ok(response)
    }

    /// What there is to do with the address of a subscription: to end it.
    async fn end_push(&self, head: &Parts, name: &SubscriptionName) -> Result<Response<Body>, Failure> {
        match head.method.as_str() {
            "OPTIONS" => Ok(self.options("OPTIONS, DELETE")),
            "DELETE" => {
                let caller = self.caller(&head.headers, None).await?;
                self.backend.end_push(&caller, name).await?;
                Ok(body::status(StatusCode::NO_CONTENT))
            }
            _ => {
                let mut response = body::status(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("OPTIONS, DELETE"));
                Ok(response)
            }
        }
    }

    /// OPTIONS, with what depends on the backend.
    fn options(&self, allowed: &str) -> Response<Body> {
        let mut response = options::answer(allowed);
        let mut classes: Vec<&str> = options::DAV.split(", ").collect();
        if !self.backend.reaches_others() {
            classes.retain(|class| *class != options::AUTO_SCHEDULE);
        }
        if self.backend.push_key().is_some() {
            classes.push("webdav-push");
        }
        if let Ok(told) = HeaderValue::from_str(&classes.join(", ")) {
            response.headers_mut().insert("dav", told);
        }
        response
    }

    /// Who asks. Every request is judged on its own.
    async fn caller(&self, headers: &HeaderMap, from: Option<IpAddr>) -> Result<Caller, Failure> {
        let unknown = || Failure::new(StatusCode::UNAUTHORIZED, "sign in with user name and password");
        let credentials = headers::credentials(headers).ok_or_else(unknown)?;
        let credentials = Credentials { from, ..credentials };
        match self.backend.sign_in(&credentials).await? {
            SignIn::As(caller) => Ok(caller),
            SignIn::Refused => Err(unknown()),
            SignIn::TooMany { retry_after_seconds } => Err(Failure {
                retry_after_seconds: Some(retry_after_seconds),
                ..Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong passwords; wait a while")
            }),
        }
    }
}

/// 301, which every client follows with the method it used (RFC 6764 §5; 302 and 308 lose some).
fn moved(to: &Resource) -> Response<Body> {
    let mut response = body::status(StatusCode::MOVED_PERMANENTLY);
    if let Ok(location) = HeaderValue::from_str(&to.href()) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn tell_preferences(preferences: Preferences, headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Brief, Prefer"));
    if let Some(applied) = preferences.applied().filter(|_| !headers.contains_key(APPLIED)) {
        headers.insert(APPLIED, HeaderValue::from_static(applied));
    }
}

/// The response of a failure: its status, what goes with it, and why.
fn failed(failure: &Failure, resource: Option<&Resource>, (method, path): (&str, &str)) -> Response<Body> {
    let href = resource.map_or_else(|| path.to_owned(), Resource::href);
    let mut response = body::typed(failure.status, XML_TYPE, body::full(failure.body(&href)));
    let headers = response.headers_mut();
    if failure.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    }
    if let Some(seconds) = failure.retry_after_seconds {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if failure.status == StatusCode::METHOD_NOT_ALLOWED {
        let kind = resource.map_or(Kinds::ANY, Kinds::of);
        if let Ok(allowed) = HeaderValue::from_str(&table::allowed_but(kind, method)) {
            headers.insert(ALLOW, allowed);
        }
    }
    response
}
