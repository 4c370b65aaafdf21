//! `[push]`: devices that are told of changes at once.

use aggregator::push::channel::PushSettings;

use crate::config::reader::Section;
use crate::config::settings::{Mail, Server};

/// How they are told; `None` where they are not.
pub fn push(top: &Section<'_>, server: &Server, mail: Option<&Mail>) -> Option<PushSettings> {
    let section = top.section("push");
    let hosts = section.texts("private_hosts").into_iter().filter_map(|(text, place)| {
        let host = text.trim().trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() || host.contains(['/', ':', '@']) || host.contains(char::is_whitespace) {
            let key = section.key("private_hosts");
            let remedy = "write the host alone, such as \"ntfy.home.arpa\"";
            section.reader.problems.error(place, &key, format!("`{text}` is not a host"), remedy);
            return None;
        }
        Some(host)
    });
    let private_hosts = hosts.collect();
    // Push services want to know whom to ask (RFC 8292 §2.1): a mailto or https address.
    let contact = match mail {
        _ if server.public_url.starts_with("https:") => server.public_url.clone(),
        Some(mail) => format!("mailto:{}", mail.address),
        None => "mailto:kalends@localhost".to_owned(),
    };
    section.flag("enabled").then_some(PushSettings { contact, private_hosts })
}
