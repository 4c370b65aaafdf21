//! What the headers of an answer say: Retry-After and Cache-Control (RFC 9110 §10.2.3, RFC 9111 §5.2.2).

use std::time::UNIX_EPOCH;

use calendar::time::Instant;
use reqwest::header::{self, HeaderMap, HeaderName};

/// Nobody is waited for longer than a day.
const DAY: i64 = 86_400;

/// The value of a header as text, without the space around it; `None` where it is missing, empty or not text.
pub fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Seconds to wait: a number, or until an HTTP date seen from `now`; at most a day.
pub fn retry_after(headers: &HeaderMap, now: Instant) -> Option<u64> {
    let value = text(headers, &header::RETRY_AFTER)?;
    let seconds = if let Ok(seconds) = value.parse::<u64>() {
        i64::try_from(seconds).unwrap_or(DAY)
    } else {
        let date = httpdate::parse_http_date(&value).ok()?;
        let date = i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
        date - now.as_unix()
    };
    u64::try_from(seconds.clamp(0, DAY)).ok()
}

/// Cache-Control max-age in seconds; `None` where there is none or where nothing may be kept.
pub fn max_age(headers: &HeaderMap) -> Option<i64> {
    let value = text(headers, &header::CACHE_CONTROL)?.to_ascii_lowercase();
    let mut directives = value.split(',').map(str::trim);
    if directives.clone().any(|directive| matches!(directive, "no-store" | "no-cache")) {
        return None;
    }
    let seconds: i64 =
        directives.find_map(|one| one.strip_prefix("max-age="))?.trim_matches('"').parse().ok()?;
    (seconds > 0).then(|| seconds.min(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // 1994-11-06T08:49:37Z
        let now = Instant::from_unix(784_111_777 - 90);
        let wait = |value: &str| retry_after(&with(header::RETRY_AFTER, value), now);
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(90));
        assert_eq!(wait("Sunday, 06-Nov-94 08:49:37 GMT"), Some(90));
        assert_eq!(wait("Sat, 06 Nov 1993 08:49:37 GMT"), Some(0));
        assert_eq!(wait("999999999999"), Some(86_400));
        assert_eq!(wait("99999999999999999999999"), None);
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn max_age_counts_unless_nothing_may_be_kept() {
        let age = |value: &str| max_age(&with(header::CACHE_CONTROL, value));
        assert_eq!(age("public, max-age=3600"), Some(3600));
        assert_eq!(age("Max-Age=99999999"), Some(86_400));
        assert_eq!(age("no-cache, max-age=3600"), None);
        assert_eq!(age("no-cache, no-store, max-age=0, must-revalidate"), None);
        assert_eq!(age("max-age=0"), None);
        assert_eq!(age("max-age=-5"), None);
        assert_eq!(age("private"), None);
    }
}
