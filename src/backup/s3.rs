//! Copies in a bucket of a service that speaks S3: put, load, list, remove, each within bounds and a deadline.

mod answer;
mod sign;

use std::sync::Arc;
use std::time::Duration;

use aggregator::ports::Clock;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::{Client, Method, Response, StatusCode, Url, redirect};
use sha2::{Digest, Sha256};
use store::backup::{Vault, VaultError};

use crate::config::settings::Bucket;
use answer::Fault;

/// How often a request is tried.
const ATTEMPTS_MAX: u32 = 5;
/// The first wait between two tries; the next are twice as long each.
const BACK_OFF: Duration = Duration::from_millis(250);
/// From the first try to the last octet.
const TOTAL: Duration = Duration::from_secs(300);
/// To look up and connect.
const CONNECT: Duration = Duration::from_secs(10);
/// Until an answer begins, which is after the last octet went out over a slow line, and between two pieces of it.
const IDLE: Duration = Duration::from_secs(120);
/// Octets of an object; what a snapshot is made of has fewer.
const OBJECT_OCTETS_MAX: usize = 96 << 20;
/// Octets of any other answer.
const ANSWER_OCTETS_MAX: usize = 4 << 20;
/// Pages of a listing, a thousand names each.
const PAGES_MAX: usize = 10_000;

/// A bucket.
pub struct S3Vault {
    bucket: Bucket,
    endpoint: Url,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// One request, before it is signed.
struct Ask<'a> {
    method: Method,
    /// The name of an object, or nothing for the bucket itself.
    object: &'a str,
    query: String,
    body: Bytes,
}

impl S3Vault {
    /// The bucket that the settings name. The TLS provider must have been installed.
    ///
    /// # Errors
    /// If TLS cannot be set up, or the address is none.
    pub fn new(bucket: Bucket, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let endpoint = Self::base(&bucket).ok_or_else(|| format!("`{}` is no address", bucket.endpoint))?;
        let client = Client::builder()
            .user_agent(concat!("Kalends/", env!("CARGO_PKG_VERSION")))
            // A request is signed for one host.
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // What lies there is to come as it lies there.
            .no_gzip()
            .connect_timeout(CONNECT)
            .read_timeout(IDLE)
            .build()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        Ok(Self { bucket, endpoint, client, clock })
    }

    /// The address of the bucket, without a slash at the end of its path.
    fn base(bucket: &Bucket) -> Option<Url> {
        let mut url = Url::parse(&bucket.endpoint).ok()?;
        if bucket.path_style {
            url.set_path(&bucket.name);
        } else {
            let host = format!("{}.{}", bucket.name, url.host_str()?);
            url.set_host(Some(&host)).ok()?;
        }
        Some(url)
    }

    /// Asks until there is an answer that stays; nothing if there is no such object.
    async fn ask(&self, ask: Ask<'_>) -> Result<Option<Vec<u8>>, Fault> {
        let tries = async {
            let mut wait = BACK_OFF;
            for _ in 1..ATTEMPTS_MAX {
                match self.ask_once(&ask).await {
                    Err(fault) if fault.may_pass => tracing::debug!(%fault, "a bucket is asked again"),
                    done => return done,
                }
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            self.ask_once(&ask).await
        };
        let late = || Fault::passing(format!("no end after {} s", TOTAL.as_secs()));
        tokio::time::timeout(TOTAL, tries).await.unwrap_or_else(|_| Err(late()))
    }

    async fn ask_once(&self, ask: &Ask<'_>) -> Result<Option<Vec<u8>>, Fault> {
        let response = self.signed(ask).send().await.map_err(|error| Fault::of_the_way(&error))?;
        let status = response.status();
        let most = if status.is_success() && ask.method == Method::GET && !ask.object.is_empty() {
            OBJECT_OCTETS_MAX
        } else {
            ANSWER_OCTETS_MAX
        };
        let body = read(response, most).await?;
        if status.is_success() {
            return Ok(Some(body));
        }
        let fault = Fault::of_answer(status, &body);
        // A bucket that is not there is another thing than an object that is not.
        let no_object = fault.code.as_deref().is_none_or(|code| code == "NoSuchKey");
        if status == StatusCode::NOT_FOUND && !ask.object.is_empty() && no_object {
            return Ok(None);
        }
        Err(fault)
    }

    fn signed(&self, ask: &Ask<'_>) -> reqwest::RequestBuilder {
        let mut url = self.endpoint.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let path = if ask.object.is_empty() {
            if base.is_empty() { "/".to_owned() } else { base }
        } else {
            format!("{base}{}", sign::path(&format!("/{}{}", self.bucket.prefix, ask.object)))
        };
        url.set_path(&path);
        url.set_query((!ask.query.is_empty()).then_some(ask.query.as_str()));
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let digest = Sha256::digest(&ask.body);
        let body = aggregator::reading::hex(&digest);
        let at = moment(self.clock.now().as_unix());
        let mut fields = vec![("host", host)];
        if ask.method == Method::PUT {
            fields.push(("x-amz-checksum-sha256", STANDARD.encode(digest)));
        }
        fields.extend([("x-amz-content-sha256", body.clone()), ("x-amz-date", at.clone())]);
        let signer = sign::Signer {
            access_key: self.bucket.access_key.reveal(),
            secret_key: self.bucket.secret_key.reveal(),
            region: &self.bucket.region,
            at: &at,
        };
        let authorization = signer.authorization(&sign::Signed {
            method: ask.method.as_str(),
            path: &path,
            query: &ask.query,
            fields: &fields,
            body: &body,
        });
        let mut request = self.client.request(ask.method.clone(), url);
        for (name, text) in fields.into_iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, text);
        }
        request.header("authorization", authorization).body(ask.body.clone())
    }

    async fn page(&self, prefix: &str, token: Option<&str>) -> Result<answer::Page, Fault> {
        let mut parameters = vec![("list-type", "2"), ("prefix", prefix)];
        parameters.extend(token.map(|token| ("continuation-token", token)));
        let query = sign::query(&parameters);
        let body = self.ask(Ask { method: Method::GET, object: "", query, body: Bytes::new() }).await?;
        answer::page(&body.unwrap_or_default()).map_err(Fault::lasting)
    }

    async fn names(&self, prefix: &str) -> Result<Vec<String>, Fault> {
        let prefix = format!("{}{prefix}", self.bucket.prefix);
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(&prefix, token.as_deref()).await?;
            names.extend(
                page.names
                    .iter()
                    .filter_map(|name| name.strip_prefix(&self.bucket.prefix).map(str::to_owned)),
            );
            if page.next.is_some() && page.next == token {
                return Err(Fault::lasting("its listing comes to the same place again"));
            }
            token = page.next;
            if token.is_none() {
                // Not every service lists in order.
                names.sort_unstable();
                return Ok(names);
            }
        }
        Err(Fault::lasting("the listing does not end"))
    }
}

#[async_trait]
impl Vault for S3Vault {
    fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket.name, self.bucket.prefix.trim_end_matches('/'))
            .trim_end_matches('/')
            .to_owned()
    }

    async fn put(&self, name: &str, octets: &[u8]) -> Result<(), VaultError> {
        let body = Bytes::copy_from_slice(octets);
        let put = Ask { method: Method::PUT, object: name, query: String::new(), body };
        match self.ask(put).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(VaultError::Unreachable("the bucket does not take it".to_owned())),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        let load = Ask { method: Method::GET, object: name, query: String::new(), body: Bytes::new() };
        self.ask(load).await.map_err(VaultError::from)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        self.names(prefix).await.map_err(VaultError::from)
    }

    async fn remove(&self, name: &str) -> Result<(), VaultError> {
        let remove = Ask { method: Method::DELETE, object: name, query: String::new(), body: Bytes::new() };
        self.ask(remove).await.map(|_| ()).map_err(VaultError::from)
    }
}

/// The body of an answer, if it is no longer than `most`.
async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, Fault> {
    let announced = response.content_length().and_then(|octets| usize::try_from(octets).ok()).unwrap_or(0);
    let long = || Fault::lasting(format!("the answer is longer than {most} octets"));
    if announced > most {
        return Err(long());
    }
    let mut body = Vec::with_capacity(announced.min(ANSWER_OCTETS_MAX));
    while let Some(piece) = response.chunk().await.map_err(|error| Fault::of_the_way(&error))? {
        if body.len() + piece.len() > most {
            return Err(long());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// `20130524T000000Z`.
fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(path_style: bool) -> Bucket {
        Bucket {
            name: "copies".into(),
            prefix: "home/".into(),
            endpoint: "https://s3.example.com:9000".into(),
            region: "us-east-1".into(),
            access_key: crate::config::value::secret::Secret::new("a"),
            secret_key: crate::config::value::secret::Secret::new("b"),
            path_style,
        }
    }

    #[test]
    fn buckets_stand_in_the_path_or_before_the_host() {
        assert_eq!(S3Vault::base(&bucket(true)).unwrap().as_str(), "https://s3.example.com:9000/copies");
        assert_eq!(S3Vault::base(&bucket(false)).unwrap().as_str(), "https://copies.s3.example.com:9000/");
    }

    #[test]
    fn moments_are_written_as_signatures_want_them() {
        assert_eq!(moment(1_369_353_600), "20130524T000000Z");
        assert_eq!(moment(0), "19700101T000000Z");
    }
}
