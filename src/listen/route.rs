//! Which surface a request is for, and how its path is told in the log.

use http::Method;

use crate::config::settings::Surface;

/// The surface that answers `method` at `path`.
pub fn surface_of(method: &Method, path: &str) -> Surface {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
    let is_dav_method = matches!(
        method.as_str(),
        "PROPFIND"
            | "PROPPATCH"
            | "REPORT"
            | "MKCALENDAR"
            | "MKCOL"
            | "ACL"
            | "LOCK"
            | "UNLOCK"
            | "COPY"
            | "MOVE"
            | "OPTIONS"
    );
    match first {
        "healthz" | "readyz" | "metrics" => Surface::Metrics,
        "dav" | "freebusy" | "principals" | "setup" => Surface::CalDav,
        ".well-known" if path.starts_with("/.well-known/caldav") => Surface::CalDav,
        ".well-known" if path.starts_with("/.well-known/timezone") => Surface::CalDav,
        "admin" => Surface::Admin,
        "api" => Surface::Api,
        "agent" => Surface::Agent,
        "" | "*" if is_dav_method => Surface::CalDav,
        _ => Surface::Booking,
    }
}

/// Whether it is the page of an owner's devices, which is signed in to as CalDAV is.
pub fn is_setup(path: &str) -> bool {
    matches!(path, "/setup" | "/setup/")
}

/// Whether a password may come along with a request there. Discovery only points the way, without one.
pub fn wants_password(surface: Surface, path: &str) -> bool {
    surface == Surface::CalDav && !path.starts_with("/.well-known/") && !path.starts_with("/freebusy/")
}

/// The path without what must not be read in a log: of an address that is a secret, only what it is for.
pub fn told(path: &str) -> String {
    // Slashes too many lead nowhere, but what stands behind them is a secret all the same.
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let open = match segments.as_slice() {
        ["b" | "ics", ..] => 1,
        ["dav", "published", ..] => 2,
        // The owner is told, not the file.
        ["dav", "attachments", ..] => 3,
        _ => usize::MAX,
    };
    let told = if segments.len() <= open {
        path.to_owned()
    } else {
        let rest =
            if matches!(segments[0], "b") { segments.get(open + 1..).unwrap_or_default() } else { &[] };
        let shown = segments.iter().take(open).chain(["…"].iter()).chain(rest);
        shown.flat_map(|segment| ["/", segment]).collect()
    };
    told.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_to_their_surface() {
        for (method, path, surface) in [
            ("GET", "/", Surface::Booking),
            ("PROPFIND", "/", Surface::CalDav),
            ("OPTIONS", "/", Surface::CalDav),
            ("OPTIONS", "*", Surface::CalDav),
            ("GET", "/alice/intro", Surface::Booking),
            ("REPORT", "/dav/calendars/alice/unified/", Surface::CalDav),
            ("GET", "/.well-known/caldav", Surface::CalDav),
            ("GET", "/.well-known/timezone", Surface::CalDav),
            ("GET", "/dav/timezones/zones/Europe%2FBerlin", Surface::CalDav),
            ("PROPFIND", "/principals/", Surface::CalDav),
            ("GET", "/healthz", Surface::Metrics),
            ("GET", "/freebusy/alice.ifb", Surface::CalDav),
            ("GET", "/davina", Surface::Booking),
            ("POST", "/setup", Surface::CalDav),
            ("POST", "/b/TOKEN/cancel", Surface::Booking),
        ] {
            assert_eq!(
                surface_of(&Method::from_bytes(method.as_bytes()).unwrap(), path),
                surface,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn the_log_tells_no_capability() {
        assert_eq!(told("/b/SECRET/cancel"), "/b/…/cancel");
        assert_eq!(told("/ics/SECRET.ics"), "/ics/…");
        assert_eq!(told("/dav/published/SECRET.ics"), "/dav/published/…");
        assert_eq!(told("//dav//published/SECRET.ics"), "/dav/published/…");
        assert_eq!(told("/dav/attachments/ada/SECRET/plan.pdf"), "/dav/attachments/ada/…");
        assert_eq!(told("/dav/calendars/ada/published/x.ics"), "/dav/calendars/ada/published/x.ics");
        assert_eq!(told("/alice/intro"), "/alice/intro");
        assert_eq!(told("/a\nb"), "/ab");
    }
}
