//! Forms: where they may come from, and what they hold.

use aggregator::reading::hex;
use booking::desk;
use http::header::{self, HeaderMap};
use http::uri::Authority;
use sha2::{Digest, Sha256};

/// Octets of a form beyond which nothing is read.
pub(crate) const FORM_OCTETS_MAX: usize = 64 * 1024;

/// Why a form is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// It is no `application/x-www-form-urlencoded`.
    MediaType,
    /// It is longer than [`FORM_OCTETS_MAX`].
    TooLong,
    /// Another site's page sent it.
    ForeignSite,
}

/// Whether a form with these header fields, sent to `hosts`, may be read.
///
/// `Sec-Fetch-Site` is believed first. Browsers leave it away on plain http, and our own `no-referrer` makes them say
/// `Origin: null` there, so `null` passes: nothing is done by cookie, only by what the form and its address hold.
///
/// # Errors
/// The reason, if not.
pub(crate) fn check(headers: &HeaderMap, octets: usize, hosts: &[String]) -> Result<(), NotRead> {
    let field = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let media_type =
        field(header::CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(NotRead::MediaType);
    }
    if octets > FORM_OCTETS_MAX {
        return Err(NotRead::TooLong);
    }
    let own = match headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default()) {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => match headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or_default()) {
            None | Some("null") => true,
            Some(origin) => origin
                .split_once("://")
                .is_some_and(|(_, host)| hosts.iter().any(|own| own.eq_ignore_ascii_case(host))),
        },
    };
    if own { Ok(()) } else { Err(NotRead::ForeignSite) }
}

/// The names under which this request says it reached us, and the public one.
pub(crate) fn own_hosts(headers: &HeaderMap, uri: Option<&Authority>, public_url: &str) -> Vec<String> {
    let named = headers.get(header::HOST).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let public =
        public_url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest).to_owned());
    let asked = uri.map(|authority| authority.as_str().to_owned());
    [named, public, asked].into_iter().flatten().filter(|host| !host.is_empty()).collect()
}

/// What an invitee wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    /// Name.
    pub(crate) name: String,
    /// Mail address.
    pub(crate) email: String,
    /// Notes.
    pub(crate) notes: String,
    /// The form's own number.
    pub(crate) nonce: String,
    /// A field that people do not see and machines fill in.
    trap: String,
}

impl Details {
    /// An empty form with a number of its own, drawn from chance.
    pub(crate) fn numbered(chance: [u8; 16]) -> Self {
        Self { nonce: hex(&chance), ..Self::default() }
    }

    /// Reads the body of a form.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let mut details = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match &*name {
                "name" => &mut details.name,
                "email" => &mut details.email,
                "notes" => &mut details.notes,
                "nonce" => &mut details.nonce,
                "website" => &mut details.trap,
                _ => continue,
            };
            *field = value.into_owned();
        }
        // A line of a text field ends with CRLF on the wire; inside there is one kind of line end.
        details.notes = details.notes.replace("\r\n", "\n");
        details
    }

    /// Whether a machine filled it in.
    pub(crate) fn is_trapped(&self) -> bool {
        !self.trap.is_empty()
    }

    /// The key by which a second press of the button is the same booking: the form's number, and what was asked with
    /// it, so that a form corrected by going back is a booking of its own.
    pub(crate) fn idempotency_key(&self, request: &desk::Request) -> Option<String> {
        let numbered = self.nonce.len() == 32 && self.nonce.bytes().all(|octet| octet.is_ascii_hexdigit());
        numbered.then(|| {
            let mut hash = Sha256::new();
            let start = request.start.to_ical();
            let duration = request.duration.to_string();
            let parts = [
                &self.nonce,
                &request.owner,
                &request.event_type,
                &start,
                &duration,
                &request.name,
                &request.email,
            ];
            for part in parts {
                hash.update(part.len().to_be_bytes());
                hash.update(part.as_bytes());
            }
            hex(&hash.finalize())
        })
    }
}

/// The reason for a cancellation, as it was written.
pub(crate) fn reason(body: &[u8]) -> String {
    let given = form_urlencoded::parse(body).filter(|(name, _)| name == "reason").last();
    given.map(|(_, reason)| reason.replace("\r\n", "\n")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use calendar::time::Instant;
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        for (name, value) in fields {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn checked(fields: &[(&'static str, &'static str)]) -> Result<(), NotRead> {
        check(&headers(fields), 100, &["cal.example.org".to_owned(), "127.0.0.1:8080".to_owned()])
    }

    #[test]
    fn forms_of_other_sites_are_not_read() {
        assert_eq!(checked(&[]), Ok(()));
        assert_eq!(checked(&[("sec-fetch-site", "same-origin"), ("origin", "null")]), Ok(()));
        assert_eq!(checked(&[("sec-fetch-site", "none")]), Ok(()));
        assert_eq!(checked(&[("sec-fetch-site", "cross-site")]), Err(NotRead::ForeignSite));
        assert_eq!(checked(&[("sec-fetch-site", "same-site")]), Err(NotRead::ForeignSite));
        assert_eq!(checked(&[("origin", "https://cal.example.org")]), Ok(()));
        assert_eq!(checked(&[("origin", "http://127.0.0.1:8080")]), Ok(()));
        assert_eq!(checked(&[("origin", "null")]), Ok(()));
        assert_eq!(checked(&[("origin", "https://evil.example")]), Err(NotRead::ForeignSite));
        assert_eq!(checked(&[("origin", "http://127.0.0.1:9090")]), Err(NotRead::ForeignSite));
        assert_eq!(checked(&[("origin", "cal.example.org")]), Err(NotRead::ForeignSite));
    }

    #[test]
    fn only_forms_are_read() {
        assert_eq!(checked(&[("content-type", "text/plain")]), Err(NotRead::MediaType));
        assert_eq!(checked(&[("content-type", "multipart/form-data; boundary=x")]), Err(NotRead::MediaType));
        let typed = headers(&[("content-type", "Application/X-WWW-Form-Urlencoded; charset=utf-8")]);
        assert_eq!(check(&typed, 1, &[]), Ok(()));
        assert_eq!(check(&typed, FORM_OCTETS_MAX + 1, &[]), Err(NotRead::TooLong));
        assert_eq!(check(&HeaderMap::new(), 1, &[]), Err(NotRead::MediaType));
    }

    #[test]
    fn hosts_are_those_of_the_request_and_the_public_one() {
        let hosts = own_hosts(&headers(&[("host", "a:1")]), None, "https://cal.example.org/booking");
        assert_eq!(hosts, ["a:1", "cal.example.org"]);
    }

    #[test]
    fn a_form_is_read_whole() {
        let details = Details::parse(b"name=Gr%C3%A4ce+%3Cb%3E&email=g%40x.org&notes=a%0D%0Ab&nonce=1&x=y");
        assert_eq!(details.name, "Gräce <b>");
        assert_eq!(details.email, "g@x.org");
        assert_eq!(details.notes, "a\nb");
        assert!(!details.is_trapped());
        assert!(Details::parse(b"website=http").is_trapped());
    }

    #[test]
    fn the_same_form_twice_has_one_key() {
        let request = desk::Request {
            owner: "ada".to_owned(),
            event_type: "intro".to_owned(),
            start: Instant::from_unix(0),
            duration: 1800,
            name: "Grace".to_owned(),
            email: "g@x.org".to_owned(),
            notes: String::new(),
            time_zone: "UTC".to_owned(),
            idempotency_key: None,
            channel: "web".to_owned(),
        };
        let with = |nonce: &str| Details { nonce: nonce.to_owned(), ..Details::default() };
        let nonce = "0123456789abcdef0123456789abcdef";
        let key = with(nonce).idempotency_key(&request);
        assert!(key.is_some());
        assert_eq!(with(nonce).idempotency_key(&request), key);
        let later = desk::Request { start: Instant::from_unix(1800), ..request.clone() };
        assert_ne!(with(nonce).idempotency_key(&later), key);
        for nonce in ["", "short", "0123456789abcdef0123456789abcdeg"] {
            assert_eq!(with(nonce).idempotency_key(&request), None, "{nonce}");
        }
    }

    #[test]
    fn a_reason_is_read_as_it_was_written() {
        assert_eq!(reason(b""), "");
        assert_eq!(reason(b"reason=ill+today%0D%0A%3Cb%3E"), "ill today\n<b>");
    }
}
