//! Setting up a device: what it must know, as an address, a link, a code to scan, or a profile.

pub mod code;
pub mod profile;

use aggregator::operation::sign_in::AppPassword;
use aggregator::owner::Owner;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in user information (RFC 3986 §2.3: unreserved).
const USER_INFO: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Where clients begin.
const ROOT: &str = "/dav/";

/// What one device must know. It holds the password, which is known only while it is made: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The host, as public addresses name it.
    pub host: String,
    /// The port, where it is not the usual one.
    pub port: Option<u16>,
    /// Whether TLS is spoken.
    pub secure: bool,
    /// The owner's id.
    pub user: String,
    /// The owner's name.
    pub name: String,
    /// The device's own password.
    pub password: String,
    /// What ends the password.
    pub device: String,
    /// The device, as the owner calls it.
    pub label: String,
}

impl Account {
    /// What a device needs that was given `password`, of which `record` is kept, by the server at `public_url`.
    pub fn new(public_url: &str, owner: &Owner, record: &AppPassword, password: &str) -> Self {
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("https", public_url));
        let authority = rest.split('/').next().unwrap_or(rest);
        // The last colon parts host and port, unless it stands within an IPv6 address.
        let parted = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
        let (host, port) = match parted.map(|(host, port)| (host, port.parse::<u16>())) {
            Some((host, Ok(port))) => (host, Some(port)),
            _ => (authority, None),
        };
        let secure = scheme.eq_ignore_ascii_case("https");
        Self {
            host: host.to_owned(),
            port: port.filter(|port| *port != if secure { 443 } else { 80 }),
            secure,
            user: owner.id.clone(),
            name: owner.name.clone(),
            password: password.to_owned(),
            device: record.id.clone(),
            label: record.label.clone(),
        }
    }

    /// The address that programs ask for.
    pub fn address(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{ROOT}", self.authority())
    }

    /// The link that DAVx5 follows: `caldavs://user:password@host/dav/`.
    pub fn link(&self) -> String {
        let scheme = if self.secure { "caldavs" } else { "caldav" };
        let user = utf8_percent_encode(&self.user, USER_INFO);
        let password = utf8_percent_encode(&self.password, USER_INFO);
        format!("{scheme}://{user}:{password}@{}{ROOT}", self.authority())
    }

    /// The path of the owner's principal.
    pub fn principal(&self) -> String {
        format!("{ROOT}principals/{}/", utf8_percent_encode(&self.user, USER_INFO))
    }

    fn authority(&self) -> String {
        self.port.map_or_else(|| self.host.clone(), |port| format!("{}:{port}", self.host))
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Account({} of {} at {}, …)", self.label, self.user, self.authority())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn account(host: &str, port: Option<u16>, secure: bool) -> Account {
        Account {
            host: host.to_owned(),
            port,
            secure,
            user: "ada".to_owned(),
            name: "Ada <&> Lovelace".to_owned(),
            password: "a:b/c@d é".to_owned(),
            device: "dev1".to_owned(),
            label: "Ada's phone".to_owned(),
        }
    }

    #[test]
    fn links_are_encoded_and_name_the_port_where_it_is_unusual() {
        let usual = account("cal.example.org", None, true);
        assert_eq!(usual.link(), "caldavs://ada:a%3Ab%2Fc%40d%20%C3%A9@cal.example.org/dav/");
        assert_eq!(usual.address(), "https://cal.example.org/dav/");
        let odd = account("[::1]", Some(8080), false);
        assert!(odd.link().starts_with("caldav://ada:") && odd.link().ends_with("@[::1]:8080/dav/"));
        assert_eq!(odd.address(), "http://[::1]:8080/dav/");
        assert!(!format!("{odd:?}").contains("a:b"), "a password is printed");
    }
}
