//! Request headers as values: depth, conditions, preferences, credentials (RFC 4918 §10, RFC 9110 §13, RFC 7240).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calendar::by_reference::Vtimezones;
use calendar::collection::EntityTag;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::backend::{Credentials, Precondition, Telling};
use crate::condition::Failure;
use crate::property::response::Detail;

/// How deep a request goes (RFC 4918 §10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The resource itself.
    Zero,
    /// With its members.
    One,
    /// With all below.
    Infinity,
}

/// The `Depth` header, if it is there.
///
/// # Errors
/// 400 where it is none of the three.
pub fn depth(headers: &HeaderMap) -> Result<Option<Depth>, Failure> {
    let Some(value) = headers.get("depth") else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "0" => Ok(Some(Depth::Zero)),
        "1" => Ok(Some(Depth::One)),
        "infinity" => Ok(Some(Depth::Infinity)),
        _ => Err(Failure::bad_request("Depth is 0, 1 or infinity")),
    }
}

/// Whether a page of another site had a browser send this as it sends forms: with the password that the browser knows,
/// unknown to whoever that belongs to. Any other media type the browser asks leave for first, which is not given (Fetch
/// Standard, CORS-safelisted request headers).
pub fn is_of_foreign_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase())
    };
    let media_type = text("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let as_form =
        matches!(media_type, "" | "text/plain" | "application/x-www-form-urlencoded" | "multipart/form-data");
    let host = text("host");
    // A page that hides where it comes from says `null`.
    let is_other =
        |origin: &String| origin.split_once("://").is_none_or(|(_, named)| Some(named) != host.as_deref());
    let foreign = match text("sec-fetch-site") {
        Some(site) => matches!(site.as_str(), "cross-site" | "same-site"),
        None => text("origin").as_ref().is_some_and(is_other),
    };
    as_form && foreign
}

/// What the `Destination` header says (RFC 4918 §10.3), if it is there and is what it may be: a URL of the web, or a path
/// from the root. A path that is relative to the request is neither.
pub fn destination(headers: &HeaderMap) -> Option<&str> {
    let text = std::str::from_utf8(headers.get("destination")?.as_bytes()).ok()?.trim();
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    let is_url = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    (is_url || text.starts_with('/')).then_some(text)
}

/// Whether the resource asked for stands in its own listing (RFC 8144 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Itself {
    /// It does, first.
    Listed,
    /// Only its members.
    LeftOut,
}

/// Whether what was written is to be shown in the answer (RFC 7240 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Representation {
    /// It is not asked for.
    Unasked,
    /// `return=representation`.
    Wanted,
}

/// What a client would like (RFC 7240, RFC 8144; `Brief` is the older word for the same).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// `return=minimal`.
    pub detail: Detail,
    /// `depth-noroot`.
    pub itself: Itself,
    /// `return=representation`.
    pub representation: Representation,
}

impl Preferences {
    /// Reads `Prefer` and `Brief`.
    pub fn of(headers: &HeaderMap) -> Self {
        let preferences: Vec<String> = values(headers, &HeaderName::from_static("prefer"))
            .map(|text| text.replace([' ', '"'], "").to_ascii_lowercase())
            .collect();
        let prefers = |what: &str| preferences.iter().any(|preference| preference == what);
        let brief = headers
            .get("brief")
            .is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"t"));
        // Of two that contradict one another the first holds (RFC 7240 §2).
        let returns = preferences.iter().find(|preference| preference.starts_with("return="));
        let returns = |what: &str| returns.is_some_and(|preference| preference == what);
        Self {
            detail: if brief || returns("return=minimal") { Detail::Minimal } else { Detail::Full },
            representation: if !brief && returns("return=representation") {
                Representation::Wanted
            } else {
                Representation::Unasked
            },
            itself: if prefers("depth-noroot") { Itself::LeftOut } else { Itself::Listed },
        }
    }

    /// What `Preference-Applied` says of them, if anything.
    pub fn applied(self) -> Option<&'static str> {
        match (self.detail, self.itself) {
            (Detail::Minimal, Itself::LeftOut) => Some("return=minimal, depth-noroot"),
            (Detail::Minimal, Itself::Listed) => Some("return=minimal"),
            (Detail::Full, Itself::LeftOut) => Some("depth-noroot"),
            (Detail::Full, Itself::Listed) => None,
        }
    }
}

/// The comma-separated values of a header that may come several times.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

/// How entity tags are compared (RFC 9110 §8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// `If-Match` and `If-None-Match` as a condition on a write.
pub fn precondition(headers: &HeaderMap) -> Precondition {
    Precondition {
        matches: tags(headers, &IF_MATCH, Comparison::Strong),
        none_matches: tags(headers, &IF_NONE_MATCH, Comparison::Weak),
        schedule_tag: schedule_tag(headers),
    }
}

/// The tag of `If-Schedule-Tag-Match` (RFC 6638 §8.3); one that can be no tag matches none.
fn schedule_tag(headers: &HeaderMap) -> Option<EntityTag> {
    let value = headers.get("if-schedule-tag-match")?.to_str().unwrap_or_default().trim();
    Some(EntityTag(one_tag(value).0.to_owned()))
}

/// What `Schedule-Reply` says (RFC 6638 §8.1).
///
/// # Errors
/// 400 where it is neither T nor F.
pub fn telling(headers: &HeaderMap) -> Result<Telling, Failure> {
    match headers.get("schedule-reply").map(|value| value.as_bytes().trim_ascii()) {
        None | Some(b"T" | b"t") => Ok(Telling::Organizer),
        Some(b"F" | b"f") => Ok(Telling::Nobody),
        Some(_) => Err(Failure::bad_request("Schedule-Reply is T or F")),
    }
}

/// Which VTIMEZONEs `CalDAV-Timezones` asks for (RFC 7809 §7.1); what is neither T nor F asks for nothing.
pub fn vtimezones(headers: &HeaderMap) -> Vtimezones {
    match headers.get("caldav-timezones").map(|value| value.as_bytes().trim_ascii()) {
        Some(b"T" | b"t") => Vtimezones::Every,
        Some(b"F" | b"f") => Vtimezones::NotStandard,
        _ => Vtimezones::AsStored,
    }
}

/// The tags of a header; an empty list for `*`.
///
/// A weak tag in a strong comparison is kept with its `W/"…"`, which no tag of ours equals. Tags may contain commas.
fn tags(headers: &HeaderMap, name: &HeaderName, comparison: Comparison) -> Option<Vec<EntityTag>> {
    let mut tags = Vec::new();
    let mut present = false;
    for value in headers.get_all(name) {
        present = true;
        let mut rest = value.to_str().unwrap_or("\"\u{1}\"").trim();
        while !rest.is_empty() {
            if rest.starts_with('*') {
                return Some(Vec::new());
            }
            let weak = rest.starts_with("W/") || rest.starts_with("w/");
            let quoted = if weak { &rest[2..] } else { rest };
            let (tag, after) = one_tag(quoted);
            tags.push(EntityTag(match (weak, comparison) {
                (true, Comparison::Strong) => format!("W/\"{tag}\""),
                _ => tag.to_owned(),
            }));
            rest = after.trim_start_matches([',', ' ', '\t']);
        }
    }
    if present && tags.is_empty() {
        // An empty header names no tag, which is not the same as any.
        tags.push(EntityTag("\"".to_owned()));
    }
    present.then_some(tags)
}

/// The tag at the beginning, without quotes (some clients leave them out), and what follows.
fn one_tag(text: &str) -> (&str, &str) {
    match text.strip_prefix('"') {
        Some(inner) => inner.split_once('"').unwrap_or((inner, "")),
        None => text.find(',').map_or((text.trim_end(), ""), |at| (text[..at].trim_end(), &text[at..])),
    }
}

/// The credentials of `Authorization: Basic` (RFC 7617, UTF-8), if they are there and can be read.
pub fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some(Credentials { user: user.to_owned(), password: password.to_owned(), from: None })
}

/// How this server is called in the request, for a backend that does not know better.
pub fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let is_here = host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
    format!("{}://{host}", if is_here { "http" } else { "https" })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(name, value.parse().unwrap());
        headers
    }

    fn if_match(value: &str) -> Option<Vec<String>> {
        let tags = precondition(&with("if-match", value)).matches?;
        Some(tags.into_iter().map(|tag| tag.0).collect())
    }

    #[test]
    fn tags_are_read_as_they_come() {
        assert_eq!(if_match("*"), Some(vec![]));
        assert_eq!(if_match("\"a\""), Some(vec!["a".to_owned()]));
        assert_eq!(if_match("\"a,b\" , \"c\""), Some(vec!["a,b".to_owned(), "c".to_owned()]));
        assert_eq!(if_match("bare, \"c\""), Some(vec!["bare".to_owned(), "c".to_owned()]));
        assert_eq!(if_match("W/\"a\""), Some(vec!["W/\"a\"".to_owned()]));
        assert_eq!(if_match("").map(|tags| tags.len()), Some(1));
        let weak = precondition(&with("if-none-match", "W/\"a\"")).none_matches;
        assert_eq!(weak, Some(vec![EntityTag("a".to_owned())]));
        assert_eq!(precondition(&HeaderMap::new()), Precondition::default());
    }

    #[test]
    fn destinations_are_whole() {
        let read = |value: &str| destination(&with("destination", value)).map(str::to_owned);
        for text in ["/dav/x", "http://h/dav/x", "HTTPS://h:8443/dav/x", " /dav/x "] {
            assert_eq!(read(text).as_deref(), Some(text.trim()), "{text}");
        }
        for text in ["", "x.ics", "../x.ics", "mailto:x", "ftp://h/x", "://"] {
            assert_eq!(read(text), None, "{text}");
        }
        let mut raw = HeaderMap::new();
        raw.insert("destination", HeaderValue::from_bytes("/dav/ü".as_bytes()).unwrap());
        assert_eq!(destination(&raw), Some("/dav/ü"));
    }

    #[test]
    fn preferences_in_every_spelling() {
        for (name, value) in
            [("brief", "t"), ("prefer", "return=minimal"), ("prefer", "x, Return=\"minimal\"")]
        {
            assert_eq!(Preferences::of(&with(name, value)).detail, Detail::Minimal, "{value}");
        }
        let both = Preferences::of(&with("prefer", "return=minimal, depth-noroot"));
        assert_eq!(both.applied(), Some("return=minimal, depth-noroot"));
        assert_eq!(Preferences::of(&with("brief", "f")).applied(), None);
    }

    #[test]
    fn basic_in_utf8() {
        let read = |value: &str| credentials(&with("authorization", value));
        let ada = read("basic YWRhOnDDpHNzOndvcmQ=").unwrap();
        assert_eq!((ada.user.as_str(), ada.password.as_str()), ("ada", "päss:word"));
        assert!(read("Bearer x").is_none());
        assert!(read("Basic !").is_none());
        assert!(read("Basic").is_none());
    }
}
