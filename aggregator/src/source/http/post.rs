//! Sending a message to a web server, under the same guard as asking one.

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::Fetcher;
use super::failure::failure;
use super::guard::{Guard, Permissions};
use crate::source::SourceError;

/// What is sent.
#[derive(Clone)]
pub struct Message {
    /// Header fields, names in lower case.
    pub fields: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Fetcher {
    /// Sends `message` to `url` once; the status of the answer, whose body is not read. Redirects are not followed: who
    /// moves must be subscribed to anew.
    ///
    /// # Errors
    /// Named by remedy; see [`SourceError`].
    pub async fn post(
        &self,
        url: &Url,
        permissions: Permissions,
        message: Message,
    ) -> Result<u16, SourceError> {
        let guard = Guard::new(url, permissions);
        guard.check(url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut headers = HeaderMap::new();
        for (name, value) in message.fields {
            let value = HeaderValue::from_str(&value)
                .map_err(|_| SourceError::Misconfigured(format!("{name} is no field value")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let request = self.client(guard.listed())?.post(url.clone()).headers(headers).body(message.body);
        match tokio::time::timeout(self.limits.total, request.send()).await {
            Ok(answer) => {
                answer.map(|answer| answer.status().as_u16()).map_err(|error| failure(&host, &error))
            }
            Err(_) => {
                Err(SourceError::Unreachable(format!("no answer in {} s", self.limits.total.as_secs())))
            }
        }
    }
}
