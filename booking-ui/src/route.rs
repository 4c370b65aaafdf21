//! Paths as values: which page an address means, and which first segments can be no owner's id.

use percent_encoding::percent_decode_str;

/// First segments that mean something else than an owner, now or in time (specification 1.5).
const RESERVED: &[&str] = &[
    ".well-known",
    "a",
    "about",
    "admin",
    "agent",
    "api",
    "apple-touch-icon.png",
    "assets",
    "b",
    "book",
    "dav",
    "e",
    "embed",
    "embed.js",
    "favicon.ico",
    "freebusy",
    "healthz",
    "help",
    "hooks",
    "icon.svg",
    "ics",
    "login",
    "logout",
    "metrics",
    "oauth",
    "principals",
    "privacy",
    "readyz",
    "robots.txt",
    "setup",
    "sitemap.xml",
    "static",
];

/// The words (lower case) that cannot be owners' ids, because the pages or another surface answer there.
pub fn routes_reserved() -> &'static [&'static str] {
    RESERVED
}

/// What an address means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/`
    Home,
    /// `/robots.txt`
    Robots,
    /// `/assets/…`
    Asset,
    /// `/{owner}`
    Owner(String),
    /// `/{owner}/{type}`
    EventType(Offered),
    /// `/{owner}/{type}/book`
    Book(Offered),
    /// `/b/{token}`
    Booking(String),
    /// `/b/{token}.ics`
    BookingText(String),
    /// `/b/{token}/reschedule`
    Reschedule(String),
    /// `/b/{token}/cancel`
    Cancel(String),
    /// A slash too many at the end: the path without it.
    Slashed(String),
    /// Nothing.
    Nowhere,
}

/// An owner's event type, as the address names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    /// The owner's id.
    pub(crate) owner: String,
    /// The slug.
    pub(crate) slug: String,
}

impl Route {
    /// What `path` means.
    pub(crate) fn of(path: &str) -> Self {
        if path == "/" {
            return Self::Home;
        }
        let Some(segments) = segments(path) else { return Self::Nowhere };
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            // An empty segment elsewhere would make `//host` of what is sent back as an address.
            [whole @ .., ""] if !whole.is_empty() && whole.iter().all(|one| !one.is_empty()) => {
                Self::Slashed(crate::choice::path(whole))
            }
            some if some.iter().any(|one| one.is_empty()) => Self::Nowhere,
            ["robots.txt"] => Self::Robots,
            ["assets", ..] => Self::Asset,
            ["b", token] => match token.strip_suffix(".ics") {
                Some(token) => Self::BookingText(token.to_owned()),
                None => Self::Booking((*token).to_owned()),
            },
            ["b", token, "reschedule"] => Self::Reschedule((*token).to_owned()),
            ["b", token, "cancel"] => Self::Cancel((*token).to_owned()),
            [word, ..] if RESERVED.contains(word) => Self::Nowhere,
            [owner] => Self::Owner((*owner).to_owned()),
            [owner, slug] => Self::EventType(offered(owner, slug)),
            [owner, slug, "book"] => Self::Book(offered(owner, slug)),
            _ => Self::Nowhere,
        }
    }

    /// Whether a form may be sent there.
    pub(crate) fn takes_forms(&self) -> bool {
        matches!(self, Self::Book(_) | Self::Reschedule(_) | Self::Cancel(_))
    }
}

fn offered(owner: &str, slug: &str) -> Offered {
    Offered { owner: owner.to_owned(), slug: slug.to_owned() }
}

/// The segments, decoded; none where an escape is no UTF-8.
fn segments(path: &str) -> Option<Vec<String>> {
    path.strip_prefix('/')?
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_mean_pages() {
        let ada = offered("ada", "intro");
        for (path, route) in [
            ("/", Route::Home),
            ("/robots.txt", Route::Robots),
            ("/assets/page.0.css", Route::Asset),
            ("/ada", Route::Owner("ada".to_owned())),
            ("/%61da", Route::Owner("ada".to_owned())),
            ("/ada/intro", Route::EventType(ada.clone())),
            ("/ada/intro/book", Route::Book(ada)),
            ("/b/t0k-en_", Route::Booking("t0k-en_".to_owned())),
            ("/b/t0k.ics", Route::BookingText("t0k".to_owned())),
            ("/b/t0k/reschedule", Route::Reschedule("t0k".to_owned())),
            ("/b/t0k/cancel", Route::Cancel("t0k".to_owned())),
            ("/ada/", Route::Slashed("/ada".to_owned())),
            ("/ada/intro/", Route::Slashed("/ada/intro".to_owned())),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn other_addresses_mean_nothing() {
        for path in [
            "",
            "//evil.example/",
            "//",
            "/ada//intro",
            "/ada/intro/book/more",
            "/%ff",
            "/b",
            "/a/x",
            "/dav/ada",
            "/admin",
        ] {
            assert_eq!(Route::of(path), Route::Nowhere, "{path}");
        }
    }

    #[test]
    fn reserved_words_are_sorted_and_in_lower_case() {
        assert!(RESERVED.is_sorted());
        assert!(RESERVED.iter().all(|word| *word == word.to_lowercase()));
        for word in
            ["dav", "api", "admin", "assets", "b", "a", "e", "ics", "freebusy", "agent", "hooks", "healthz"]
        {
            assert!(routes_reserved().contains(&word), "{word}");
        }
    }
}
