//! Which addresses a URL that somebody gave may lead to.
//!
//! https, or http where the setting says so; ports of the web; no address of this machine, of a private network, of
//! the provider's metadata service or of no single host, in any spelling; no name that only a private network knows.
//! The host that the operator lists is exempt, that host alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::source::SourceError;

/// What the operator permits for a URL besides public https addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Plain http.
    pub allow_http: bool,
    /// The host of the URL may be on a private address, at any port.
    pub allow_private: bool,
}

/// An address that may not be asked, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is {reason}; list the host if it is meant (allow_private)")]
pub struct NotAllowed {
    /// The host as it was named.
    pub host: String,
    /// What kind of address it is.
    pub reason: &'static str,
}

/// The rules for one URL and its redirects.
#[derive(Clone, Debug)]
pub struct Guard {
    allow_http: bool,
    listed: Option<String>,
}

impl Guard {
    /// The rules for `url` with what the operator permits for it.
    pub fn new(url: &Url, permissions: Permissions) -> Self {
        let listed = if permissions.allow_private { url.host_str().map(plain) } else { None };
        Self { allow_http: permissions.allow_http, listed }
    }

    /// The host that may be on private addresses.
    pub fn listed(&self) -> Option<&str> {
        self.listed.as_deref()
    }

    /// Whether `url` may be asked, as far as its text tells; its addresses are checked when they are looked up.
    ///
    /// # Errors
    /// [`SourceError::Forbidden`], [`SourceError::Misconfigured`] with the rule.
    pub fn check(&self, url: &Url) -> Result<(), SourceError> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => {
                return Err(SourceError::Forbidden("it is plain http (allow_http permits that)".into()));
            }
            other => return Err(SourceError::Forbidden(format!("\"{other}:\" is not of the web"))),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SourceError::Misconfigured(
                "credentials do not belong into the address but into the settings of the source".into(),
            ));
        }
        let host = url
            .host_str()
            .map(plain)
            .ok_or_else(|| SourceError::Misconfigured("the address names no host".into()))?;
        if self.listed.as_ref() == Some(&host) {
            return Ok(());
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if !port_allowed(port) {
            return Err(SourceError::Forbidden(format!("port {port} is not one of the web")));
        }
        let reason = match host.parse::<IpAddr>() {
            Ok(address) => refused(address),
            Err(_) => refused_name(&host),
        };
        match reason {
            Some(reason) => Err(SourceError::Forbidden(NotAllowed { host, reason }.to_string())),
            None => Ok(()),
        }
    }
}

/// A host in its comparable form: lower case, no brackets, no final dot.
pub fn plain(host: &str) -> String {
    host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase()
}

/// 80, 443, and those that need no privilege: no mail, name, file or login service listens there.
const fn port_allowed(port: u16) -> bool {
    matches!(port, 80 | 443) || port >= 1024
}

fn refused_name(host: &str) -> Option<&'static str> {
    let private = ["localhost", "local", "internal", "home.arpa", "localdomain", "lan", "intranet"];
    private
        .iter()
        .any(|ending| host.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        .then_some("a name of a private network")
}

/// Why an address may not be asked; `None`: it may.
pub fn refused(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refused_v4(address),
        IpAddr::V6(address) => refused_v6(address),
    }
}

fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("an address of no host"),
        (127, ..) => Some("an address of this machine"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("a private address"),
        (100, 64..=127, _) => Some("an address behind a carrier"),
        (169, 254, _) => Some("a link-local or metadata address"),
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (198, 18..=19, _) | (192, 88, 99) => {
            Some("an address kept for special use")
        }
        (224..=239, ..) => Some("a multicast address"),
        (240..=255, ..) => Some("a reserved address"),
        _ => None,
    }
}

fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    let parts = address.segments();
    let last = || {
        let [.., high, low] = parts;
        embedded(high, low)
    };
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an address of no host"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("an address of this machine"),
        // IPv4-mapped, IPv4-compatible, NAT64: what they stand for decides.
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            refused_v4(last())
        }
        [0x2002, high, low, ..] => refused_v4(embedded(high, low)),
        [0x2001, 0, ..] => Some("a tunnel address"),
        [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => Some("an address kept for special use"),
        [0x64, 0xff9b, 1, ..] | [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Some("a private address"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        _ => None,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, permissions: Permissions) -> Result<(), SourceError> {
        let url = Url::parse(text).unwrap();
        Guard::new(&url, permissions).check(&url)
    }

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        let refused = [
            "https://127.0.0.1/a.ics",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://0.0.0.0/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://100.64.0.1/",
            "https://100.127.255.255/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://240.0.0.1/",
            "https://198.18.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2002:c0a8:101::1]/",
            "https://[fc00::1]/",
            "https://[fd12:3456::1]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://app.localhost/",
        ];
        for text in refused {
            assert!(
                matches!(check(text, Permissions::default()), Err(SourceError::Forbidden(_))),
                "{text} must be refused"
            );
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        let allowed = [
            "https://calendar.example.org/a.ics",
            "https://93.184.216.34/",
            "https://93.184.216.34:8443/",
            "https://172.32.0.1/",
            "https://100.128.0.1/",
            "https://[2606:2800:220:1::1]/",
            "https://[::ffff:93.184.216.34]/",
            "https://[2002:5db8:d822::1]/",
            "https://notlocal.example/",
            "https://mylocalhost/",
        ];
        for text in allowed {
            assert_eq!(check(text, Permissions::default()), Ok(()), "{text}");
        }
    }

    #[test]
    fn schemes_ports_and_credentials_are_checked() {
        let strict = Permissions::default();
        let with_http = Permissions { allow_http: true, ..strict };
        assert!(matches!(check("http://example.org/", strict), Err(SourceError::Forbidden(_))));
        assert_eq!(check("http://example.org/", with_http), Ok(()));
        assert!(matches!(check("ftp://example.org/", with_http), Err(SourceError::Forbidden(_))));
        assert!(matches!(check("https://example.org:25/", strict), Err(SourceError::Forbidden(_))));
        assert!(matches!(check("https://a:b@example.org/", strict), Err(SourceError::Misconfigured(_))));
    }

    #[test]
    fn the_listed_host_alone_is_exempt() {
        let permissions = Permissions { allow_http: true, allow_private: true };
        let url = Url::parse("http://nas.local:81/feed.ics").unwrap();
        let guard = Guard::new(&url, permissions);
        assert_eq!(guard.check(&url), Ok(()));
        assert_eq!(guard.check(&Url::parse("http://NAS.local./other").unwrap()), Ok(()));
        for elsewhere in ["http://router.local/", "http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/"] {
            let elsewhere = Url::parse(elsewhere).unwrap();
            assert!(matches!(guard.check(&elsewhere), Err(SourceError::Forbidden(_))), "{elsewhere}");
        }
    }
}
