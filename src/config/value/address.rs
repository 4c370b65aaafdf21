//! Identifiers, mail addresses, mailboxes and URLs, as far as a configuration can judge them.

/// What is wrong with `id` as a path segment and name; `None` if it may be one.
pub fn fault_of_id(id: &str) -> Option<&'static str> {
    if id.is_empty() {
        return Some("is empty");
    }
    if id.len() > 64 {
        return Some("is longer than 64 characters");
    }
    if !id.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-_".contains(&octet))
    {
        return Some("may hold small letters, digits, `-` and `_` only");
    }
    if id.starts_with(['-', '_']) {
        return Some("must begin with a letter or digit");
    }
    None
}

/// What is wrong with `address` as a mail address; `None` if mail could be sent there.
pub fn fault_of_mail(address: &str) -> Option<&'static str> {
    let Some((local, host)) = address.rsplit_once('@') else { return Some("has no `@`") };
    if local.is_empty() || host.is_empty() {
        return Some("has nothing before or after the `@`");
    }
    if address.len() > 254 {
        return Some("is longer than 254 characters");
    }
    if address.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\".contains(c))
        || local.contains('@')
    {
        return Some("holds a character that no mail address has");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Some("has a dot where none may stand");
    }
    if !is_host(host) {
        return Some("names no sound host after the `@`");
    }
    None
}

/// Whether `host` could be a host's name.
pub fn is_host(host: &str) -> bool {
    host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii())
        })
}

/// A mailbox `Ada <ada@example.org>` or `ada@example.org` as name and address.
///
/// # Errors
/// What is wrong with the address.
pub fn mailbox(text: &str) -> Result<(Option<String>, String), &'static str> {
    let text = text.trim();
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => {
            let address = rest.strip_suffix('>').ok_or("has no `>` after the address")?;
            let name = name.trim().trim_matches('"').trim();
            ((!name.is_empty()).then(|| name.to_owned()), address.trim())
        }
        None => (None, text),
    };
    match fault_of_mail(address) {
        Some(fault) => Err(fault),
        None => Ok((name, address.to_owned())),
    }
}

/// A URL as scheme, authority (user included) and the rest; `None` if it is not one.
pub fn url_parts(text: &str) -> Option<(String, &str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let plain =
        !scheme.is_empty() && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'+');
    if !plain || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or("");
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let sound = bracketed.map_or_else(|| is_host(name), |inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
    let port_sound = port.is_none_or(|port| port.parse::<u16>().is_ok());
    (sound && port_sound).then(|| (scheme.to_ascii_lowercase(), authority, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_addresses_pass_and_others_name_their_fault() {
        for sound in ["ada@example.org", "a.b+c@sub.example.co.uk", "ü@exämple.de", "x@localhost"] {
            assert_eq!(fault_of_mail(sound), None, "{sound}");
        }
        for wrong in
            ["ada", "@x.org", "a@", "a b@x.org", "a@x..org", "a@-x.org", ".a@x.org", "a@b@c.org", "a@x,y"]
        {
            assert!(fault_of_mail(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn mailboxes_have_names() {
        assert_eq!(mailbox("Ada L <a@x.org>"), Ok((Some("Ada L".into()), "a@x.org".into())));
        assert_eq!(mailbox("a@x.org"), Ok((None, "a@x.org".into())));
        assert!(mailbox("Ada <a@x.org").is_err());
    }

    #[test]
    fn urls_have_a_scheme_and_a_host() {
        assert_eq!(url_parts("https://x.org/a?b").unwrap().2, "/a?b");
        assert!(url_parts("http://127.0.0.1:8080").is_some());
        assert!(url_parts("http://[::1]:8080/").is_some());
        for wrong in ["x.org", "https://", "https:///a", "https://x y/", "://x", "https://x:99999/"] {
            assert!(url_parts(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn ids_are_path_segments() {
        assert_eq!(fault_of_id("ada-2_b"), None);
        for wrong in ["", "Ada", "a/b", "a b", "-a", "é", &"a".repeat(65)] {
            assert!(fault_of_id(wrong).is_some(), "{wrong}");
        }
    }
}
