//! `[mail]`: how invitations go out.

use crate::config::reader::Section;
use crate::config::settings::{Mail, MailRoute, Smtp};
use crate::config::value::{address, secret};

/// The way mail goes out, if one is given.
pub fn mail(top: &Section<'_>) -> Option<Mail> {
    let section = top.section("mail");
    let password = secret::read(&section, "password");
    section.table?;
    let from = section.needed("from", "\"Alice <calendar@example.org>\"");
    let sender = from.and_then(|text| match address::mailbox(&text) {
        Ok(sender) => Some(sender),
        Err(fault) => {
            let remedy = "write \"calendar@example.org\" or \"Alice <calendar@example.org>\"";
            section.error("from", format!("`{text}` {fault}"), remedy);
            None
        }
    });
    let route = match (section.text("smtp"), section.text("folder")) {
        (Some(_), Some(_)) => {
            section.error("folder", "stands beside smtp", "keep one of the two");
            None
        }
        (None, None) => {
            if !section.has("smtp") && !section.has("folder") {
                let remedy = "add smtp = \"smtps://user@smtp.example.org\", or folder = \"mail\" to keep letters as files";
                section.error("smtp", "is missing", remedy);
            }
            None
        }
        (Some(smtp), None) => {
            let server = server(&section, &smtp);
            if let Some(server) = &server
                && server.user.is_some() != password.is_some()
            {
                lonely(&section, server);
            }
            server.map(|server| MailRoute::Smtp(Smtp { password, ..server }))
        }
        (None, Some(folder)) => Some(MailRoute::Folder(section.reader.path(&folder))),
    };
    let (name, address) = sender?;
    Some(Mail { route: route?, name, address })
}

fn lonely(section: &Section<'_>, server: &Smtp) {
    if server.user.is_some() && !section.has("password") {
        let remedy = "add password = { credential = \"smtp\" } or { file = \"…\" }";
        section.error("password", "is missing for the user in smtp", remedy);
    } else if server.user.is_none() {
        let remedy = "name the user in smtp: \"smtps://user@host\"";
        section.error("password", "has no user to go with", remedy);
    }
}

fn server(section: &Section<'_>, text: &str) -> Option<Smtp> {
    let remedy = "write \"smtps://user@smtp.example.org\" (port 465) or \"smtp://user@smtp.example.org:587\"";
    let wrong = |what: String| {
        section.error("smtp", what, remedy);
        None
    };
    let Some((scheme, authority, path)) = address::url_parts(text) else {
        return wrong("is not the address of a mail server".to_owned());
    };
    let path = path.trim_matches('/');
    if !path.is_empty() && path != "?tls=none" {
        return wrong(format!("has a path, `{path}`"));
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user.replace("%40", "@")), host),
        None => (None, authority),
    };
    if user.as_ref().is_some_and(|user| user.contains(':')) {
        let remedy = "take it out and write password = { file = \"…\" } beside it";
        section.error("smtp", "holds a password", remedy);
        return None;
    }
    if scheme != "smtps" && scheme != "smtp" {
        return wrong(format!("begins with `{scheme}:`"));
    }
    Some(Smtp { url: format!("{scheme}://{host}{path}"), user, password: None })
}
