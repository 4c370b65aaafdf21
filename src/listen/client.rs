//! Who asks, when a proxy stands between: `Forwarded` (RFC 7239) and `X-Forwarded-For` are believed from trusted peers
//! only, and only as far as trusted ones wrote them.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::config::settings::Network;

/// Whether a peer may pass on what others asked: this machine itself, and what the settings list.
pub fn is_trusted(address: IpAddr, proxies: &[Network]) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || proxies.iter().any(|network| network.contains(address))
}

/// Whoever asks; `None` where a trusted peer asks on its own behalf, or does not say for whom.
///
/// Of a chain of addresses the last that no trusted proxy has is the one that a trusted proxy saw; what stands before
/// it could have been made up.
pub fn client(headers: &HeaderMap, peer: IpAddr, proxies: &[Network]) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !is_trusted(peer, proxies) {
        return Some(peer);
    }
    let chain = chain(headers);
    for entry in chain.iter().rev() {
        // Something unreadable ends what can be believed.
        let address = (*entry)?;
        if !is_trusted(address, proxies) {
            return Some(address);
        }
    }
    None
}

/// The addresses that were passed on, first to last; `None` for what is none (`unknown`, `_hidden`).
fn chain(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name: &str| {
        let all: Vec<String> =
            headers.get_all(name).iter().filter_map(|value| Some(value.to_str().ok()?.to_owned())).collect();
        all.join(",")
    };
    let forwarded = values("forwarded");
    if forwarded.is_empty() {
        let others = values("x-forwarded-for");
        return others.split(',').filter(|part| !part.trim().is_empty()).map(address).collect();
    }
    let of_element = |element: &str| {
        element
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
            .and_then(|(_, value)| address(value))
    };
    forwarded.split(',').map(of_element).collect()
}

/// `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`, quoted or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(inner, _)| inner);
    let parsed = bare.parse::<IpAddr>().ok();
    parsed
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|found| found.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(peer: &str, name: &'static str, value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let proxies = [Network::parse("10.0.0.0/8").unwrap()];
        client(&headers, peer.parse().unwrap(), &proxies).map(|address| address.to_string())
    }

    #[test]
    fn only_trusted_peers_are_believed_and_only_their_own_words() {
        for (peer, name, value, expected) in [
            ("203.0.113.9", "x-forwarded-for", "192.0.2.1", Some("203.0.113.9")),
            ("10.0.0.7", "x-forwarded-for", "192.0.2.1", Some("192.0.2.1")),
            ("10.0.0.7", "x-forwarded-for", "192.0.2.66, 192.0.2.1", Some("192.0.2.1")),
            ("10.0.0.7", "x-forwarded-for", "192.0.2.1, 10.0.0.8", Some("192.0.2.1")),
            ("127.0.0.1", "x-forwarded-for", "192.0.2.1:4711", Some("192.0.2.1")),
            ("127.0.0.1", "forwarded", "for=192.0.2.1;proto=https", Some("192.0.2.1")),
            ("127.0.0.1", "forwarded", "for=192.0.2.66, for=\"[2001:db8::1]:80\"", Some("2001:db8::1")),
            ("127.0.0.1", "forwarded", "for=192.0.2.1, for=unknown", None),
            ("127.0.0.1", "x-forwarded-for", "", None),
            ("127.0.0.1", "accept", "*/*", None),
        ] {
            assert_eq!(asks(peer, name, value).as_deref(), expected, "{peer} {name}: {value}");
        }
    }
}
