//! Qualified names: a namespace and a local name, and the namespaces that are spoken here.

use std::fmt;

/// WebDAV (RFC 4918).
pub const DAV: &str = "DAV:";
/// CalDAV (RFC 4791).
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// The extensions of the calendar server that first had them (CTag and others).
pub const CALENDAR_SERVER: &str = "http://calendarserver.org/ns/";
/// Apple's calendar properties (colour, order).
pub const APPLE: &str = "http://apple.com/ns/ical/";
/// The extensions that Apple's services had before (bulk requests).
pub const ME: &str = "http://me.com/_namespace/";
/// WebDAV-Push (draft-bitfire-webdav-push).
pub const PUSH: &str = "https://bitfire.at/webdav-push";
/// This server's own elements: descriptions in error bodies.
pub const KALENDS: &str = "urn:kalends:ns";
/// The namespace that the prefix `xml` is bound to.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of namespace declarations, which nothing may be bound to.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The prefixes of everything that is written here; all are declared on the root of each document.
pub const PREFIXES: &[(&str, &str)] = &[
    ("D", DAV),
    ("C", CALDAV),
    ("CS", CALENDAR_SERVER),
    ("I", APPLE),
    ("ME", ME),
    ("P", PUSH),
    ("K", KALENDS),
];

/// A qualified name. The empty namespace is that of a name in no namespace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The local name.
    pub local: &'a str,
}

impl<'a> Name<'a> {
    /// The name `local` in `namespace`.
    pub const fn new(namespace: &'a str, local: &'a str) -> Self {
        Self { namespace, local }
    }

    /// Namespace and local name as they are kept with dead properties.
    pub fn to_pair(self) -> (String, String) {
        (self.namespace.to_owned(), self.local.to_owned())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{{{}}}{}", self.namespace, self.local)
    }
}

/// A name of WebDAV.
pub const fn dav(local: &'static str) -> Name<'static> {
    Name::new(DAV, local)
}

/// A name of CalDAV.
pub const fn caldav(local: &'static str) -> Name<'static> {
    Name::new(CALDAV, local)
}

/// A name of calendarserver.org.
pub const fn calendar_server(local: &'static str) -> Name<'static> {
    Name::new(CALENDAR_SERVER, local)
}

/// A name of Apple's services.
pub const fn me(local: &'static str) -> Name<'static> {
    Name::new(ME, local)
}

/// A name of WebDAV-Push.
pub const fn push(local: &'static str) -> Name<'static> {
    Name::new(PUSH, local)
}

/// A name of this server's own.
pub const fn kalends(local: &'static str) -> Name<'static> {
    Name::new(KALENDS, local)
}

/// Whether `text` is a name without colon as XML namespaces know it, in the letters that are in use.
pub fn is_local_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(|next| {
            next == '_' || next == '-' || next == '.' || next == '\u{b7}' || next.is_alphanumeric()
        })
}

/// Whether XML 1.0 can hold the character at all.
pub const fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
