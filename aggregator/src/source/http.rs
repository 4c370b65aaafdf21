//! One way to ask a web server for a text: guarded, bounded, redirects followed by hand.
//!
//! Specification 7.3. The addresses of a host are looked up once for a connection, every one of them is checked, and
//! the connection goes to one of those; each redirect is checked anew. Errors name the class of failure and the host,
//! never the path (feeds keep secrets there), the body or the credentials.

mod failure;
pub mod guard;
pub mod headers;
pub mod inflate;
pub mod names;
pub mod post;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use calendar::time::Instant;
use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use self::failure::{failure, innermost, next_hop, refusal};
use self::guard::{Guard, Permissions};
use self::names::{GuardedNames, Names, SystemNames};
use crate::source::{SourceError, reader};

/// What a request may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// Octets of a body, as it comes and after inflation.
    pub octets_max: usize,
    /// From the first look-up to the last octet, over all redirects.
    pub total: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// To look up and connect.
    pub connect: Duration,
    /// Redirects followed.
    pub redirects_max: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            octets_max: 20 * 1024 * 1024,
            total: Duration::from_secs(30),
            idle: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            redirects_max: 5,
        }
    }
}

/// What tells one version of a resource from another (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// The entity tag header, as it came.
    pub tag: Option<String>,
    /// Last-Modified, as it came.
    pub modified: Option<String>,
}

/// A question to a web server.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Where.
    pub url: &'a str,
    /// Basic credentials, for the origin of `url` and no other.
    pub credentials: Option<(&'a str, &'a str)>,
    /// What is held already.
    pub held: Validators,
    /// What the operator permits besides public https addresses.
    pub permissions: Permissions,
}

/// What a web server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What is held is still true (304).
    NotModified,
    /// A body.
    Whole(Whole),
}

/// A whole body, inflated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its octets.
    pub body: Vec<u8>,
    /// What to ask with next.
    pub validators: Validators,
    /// Cache-Control max-age, in seconds, unless the server forbids keeping it.
    pub max_age_seconds: Option<i64>,
}

/// Asks web servers. Cheap to clone; connections are kept and shared.
///
/// The program must have installed the TLS provider before the first one is made.
#[derive(Clone)]
pub struct Fetcher {
    limits: FetchLimits,
    names: Arc<dyn Names>,
    /// One client a host that the operator permits on private addresses; `None`: for all others.
    clients: Arc<Mutex<HashMap<Option<String>, Client>>>,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Fetcher").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Fetcher {
    /// A fetcher with the system's names.
    ///
    /// # Errors
    /// [`SourceError::Misconfigured`] if TLS cannot be set up.
    pub fn new(limits: FetchLimits) -> Result<Self, SourceError> {
        Self::with_names(limits, Arc::new(SystemNames))
    }

    /// A fetcher that looks names up in `names`.
    ///
    /// # Errors
    /// [`SourceError::Misconfigured`] if TLS cannot be set up.
    pub fn with_names(limits: FetchLimits, names: Arc<dyn Names>) -> Result<Self, SourceError> {
        let fetcher = Self { limits, names, clients: Arc::default() };
        fetcher.client(None)?;
        Ok(fetcher)
    }

    /// Asks once.
    ///
    /// # Errors
    /// Named by remedy; see [`SourceError`].
    pub async fn get(&self, ask: &Ask<'_>, now: Instant) -> Result<Answer, SourceError> {
        match tokio::time::timeout(self.limits.total, self.follow(ask, now)).await {
            Ok(answer) => answer,
            Err(_) => {
                Err(SourceError::Unreachable(format!("no whole answer in {} s", self.limits.total.as_secs())))
            }
        }
    }

    async fn follow(&self, ask: &Ask<'_>, now: Instant) -> Result<Answer, SourceError> {
        let mut url = Url::parse(ask.url)
            .map_err(|error| SourceError::Misconfigured(format!("the address is not a URL: {error}")))?;
        let guard = Guard::new(&url, ask.permissions);
        let client = self.client(guard.listed())?;
        let origin = url.origin();
        for _ in 0..=self.limits.redirects_max {
            guard.check(&url)?;
            let mut request = client.get(url.clone());
            // Credentials belong to the scheme, host and port they were given for.
            if let Some((user, password)) = ask.credentials
                && url.origin() == origin
            {
                request = request.basic_auth(user, Some(password));
            }
            if let Some(tag) = &ask.held.tag {
                request = request.header(header::IF_NONE_MATCH, tag);
            }
            if let Some(modified) = &ask.held.modified {
                request = request.header(header::IF_MODIFIED_SINCE, modified);
            }
            let host = url.host_str().unwrap_or_default().to_owned();
            let response = request.send().await.map_err(|error| failure(&host, &error))?;
            match next_hop(&url, &response)? {
                Some(next) => url = next,
                None => return self.answer(ask, &host, (response, now)).await,
            }
        }
        Err(SourceError::NotACalendar(format!("redirects more than {} times", self.limits.redirects_max)))
    }

    async fn answer(
        &self,
        ask: &Ask<'_>,
        host: &str,
        (response, now): (Response, Instant),
    ) -> Result<Answer, SourceError> {
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED {
            return if ask.held == Validators::default() {
                Err(SourceError::NotACalendar("says \"not modified\" although nothing was held".into()))
            } else {
                Ok(Answer::NotModified)
            };
        }
        if status != StatusCode::OK {
            return Err(refusal(status, response.headers(), now));
        }
        let headers = response.headers().clone();
        let body = self.body(host, response).await?;
        let encoding = headers::text(&headers, &header::CONTENT_ENCODING);
        let octets_max = self.limits.octets_max;
        let body = reader::read(move || inflate::inflated(body, encoding.as_deref(), octets_max)).await??;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(SourceError::NotACalendar("the answer is empty".into()));
        }
        let validators = Validators {
            tag: headers::text(&headers, &header::ETAG),
            modified: headers::text(&headers, &header::LAST_MODIFIED),
        };
        Ok(Answer::Whole(Whole { body, validators, max_age_seconds: headers::max_age(&headers) }))
    }

    async fn body(&self, host: &str, mut response: Response) -> Result<Vec<u8>, SourceError> {
        let octets_max = self.limits.octets_max;
        let too_large = || SourceError::NotACalendar(format!("the answer has more than {octets_max} octets"));
        let announced = response.content_length().unwrap_or(0);
        if announced > octets_max as u64 {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| failure(host, &error))? {
            if body.len() + piece.len() > octets_max {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn client(&self, listed: Option<&str>) -> Result<Client, SourceError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = listed.map(str::to_owned);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let mut usual = HeaderMap::new();
        usual.insert(
            header::ACCEPT,
            header::HeaderValue::from_static("text/calendar, text/plain;q=0.5, */*;q=0.1"),
        );
        usual.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("gzip, deflate"));
        let client = Client::builder()
            .user_agent(concat!("Kalends/", env!("CARGO_PKG_VERSION")))
            .default_headers(usual)
            .redirect(redirect::Policy::none())
            .referer(false)
            // A proxy would look names up for itself, past the guard.
            .no_proxy()
            // Inflated here, within bounds.
            .no_gzip()
            .connect_timeout(self.limits.connect)
            .read_timeout(self.limits.idle)
            .dns_resolver(GuardedNames::new(Arc::clone(&self.names), key.clone()))
            .build()
            .map_err(|error| {
                SourceError::Misconfigured(format!("TLS cannot be set up: {}", innermost(&error)))
            })?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}
