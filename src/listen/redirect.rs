//! A plain listener beside TLS: it leads to the pages' own address, and takes nothing.

use http::header::{AUTHORIZATION, HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode, Uri};

use super::answer::{self, Body};

/// Octets of an address that is led to.
const TARGET_OCTETS_MAX: usize = 4096;

/// The way from `request` to the same path below `public_url`.
///
/// A password that came along has been in the open already: it is refused, so that somebody notices, instead of being
/// helped on its way each time.
pub fn answer<B>(request: &Request<B>, public_url: &str) -> Response<Body> {
    if request.headers().contains_key(AUTHORIZATION) {
        return answer::and_close(answer::not_in_the_open());
    }
    let Some(target) = target(request.uri(), public_url) else {
        return answer::and_close(answer::not_here());
    };
    // 308 keeps the method; discovery is followed by every client on 301 with the method that it used (RFC 6764 §5).
    let discovers = request.uri().path().starts_with("/.well-known/");
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let status =
        if reads || discovers { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let mut response = answer::page(status, "Moved", "This address has moved to HTTPS.");
    response.headers_mut().insert(LOCATION, target);
    answer::and_close(response)
}

/// Never to another host, whatever the request says of one.
fn target(uri: &Uri, public_url: &str) -> Option<HeaderValue> {
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let path = if path.starts_with('/') { path } else { "/" };
    if path.len() > TARGET_OCTETS_MAX {
        return None;
    }
    HeaderValue::from_str(&format!("{public_url}{path}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, uri: &str) -> (u16, Option<String>) {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let response = answer(&request, "https://cal.example.org");
        let location = response.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    }

    #[test]
    fn the_way_keeps_path_and_query_and_leads_to_no_other_host() {
        let there = |path: &str| Some(format!("https://cal.example.org{path}"));
        assert_eq!(asked("GET", "/ada/intro?day=2"), (301, there("/ada/intro?day=2")));
        assert_eq!(asked("POST", "/ada/intro/book"), (308, there("/ada/intro/book")));
        assert_eq!(asked("PROPFIND", "/.well-known/caldav"), (301, there("/.well-known/caldav")));
        assert_eq!(asked("PROPFIND", "/dav/"), (308, there("/dav/")));
        assert_eq!(asked("GET", "http://evil.example/a"), (301, there("/a")));
        assert_eq!(asked("GET", "//evil.example/a"), (301, there("//evil.example/a")));
        assert_eq!(asked("OPTIONS", "*"), (308, there("/")));
    }

    #[test]
    fn a_password_is_not_helped_on_its_way() {
        let request = Request::builder().uri("/dav/").header(AUTHORIZATION, "Basic YTpi").body(()).unwrap();
        let response = answer(&request, "https://cal.example.org");
        assert_eq!((response.status().as_u16(), response.headers().get(LOCATION)), (403, None));
    }
}
