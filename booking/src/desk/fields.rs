//! What an invitee wrote, checked: what is kept is what may stand in a mail, a calendar and a page.

use calendar::zone::Zone;

use crate::desk::{NotBooked, Request};

/// Characters of a name.
const NAME_CHARS_MAX: usize = 200;
/// Characters of a note.
const NOTES_CHARS_MAX: usize = 5000;
/// Characters of the reason for a cancellation.
const REASON_CHARS_MAX: usize = 1000;
/// Octets of a mail address and of its local part (RFC 5321 §4.5.3.1).
const EMAIL_OCTETS_MAX: usize = 254;
const LOCAL_OCTETS_MAX: usize = 64;
/// Octets of a domain's label (RFC 1035 §2.3.4).
const LABEL_OCTETS_MAX: usize = 63;
/// Octets of an idempotency key.
const KEY_OCTETS_MAX: usize = 200;

/// An invitee whose fields are sound.
#[derive(Clone, Debug)]
pub(crate) struct Invitee {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) notes: String,
    pub(crate) time_zone: String,
    pub(crate) key: Option<String>,
}

/// Reads the fields of a request.
///
/// # Errors
/// Every field that is wrong, with what to do.
pub(crate) fn read(request: &Request) -> Result<Invitee, NotBooked> {
    let mut faults = Vec::new();
    let mut take = |field: &'static str, value: Result<String, &str>| match value {
        Ok(value) => value,
        Err(fault) => {
            faults.push((field, fault.to_owned()));
            String::new()
        }
    };
    let name = take("name", name(&request.name));
    let email = take("email", email(&request.email));
    let notes = take("notes", text(&request.notes, NOTES_CHARS_MAX).ok_or("Write at most 5,000 characters."));
    let time_zone = take("time_zone", time_zone(&request.time_zone));
    let key = request.idempotency_key.as_deref().map(|key| take("idempotency_key", idempotency_key(key)));
    if faults.is_empty() {
        Ok(Invitee { name, email, notes, time_zone, key })
    } else {
        Err(NotBooked::Invalid(faults))
    }
}

/// The reason for a cancellation; `None` where nothing was written.
pub(crate) fn reason(reason: Option<&str>) -> Result<Option<String>, NotBooked> {
    let Some(reason) = reason else { return Ok(None) };
    let fault = || NotBooked::Invalid(vec![("reason", "Write at most 1,000 characters.".to_owned())]);
    let reason = text(reason, REASON_CHARS_MAX).ok_or_else(fault)?;
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}

fn name(given: &str) -> Result<String, &'static str> {
    let given = given.trim();
    if given.is_empty() {
        Err("Write your name.")
    } else if given.chars().count() > NAME_CHARS_MAX {
        Err("Write at most 200 characters.")
    } else if given.chars().any(|c| c.is_control() || breaks_or_turns(c)) {
        Err("Write the name on one line, without control characters.")
    } else {
        Ok(given.to_owned())
    }
}

/// Line and paragraph separators, and signs that turn the direction of the text around them: in a name they can only
/// make what follows look like something else.
fn breaks_or_turns(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Text of several lines without other control characters; `None` if it is too long.
fn text(given: &str, chars_max: usize) -> Option<String> {
    let lines = given.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let kept = kept.trim();
    (kept.chars().count() <= chars_max).then(|| kept.to_owned())
}

/// A mail address as RFC 5321 §4.1.2 has it, without quoting and address literals.
fn email(given: &str) -> Result<String, &'static str> {
    const FAULT: &str = "Write a mail address such as name@example.org.";
    let given = given.trim();
    if given.is_empty() {
        return Err("Write your mail address.");
    }
    let (local, domain) = given.rsplit_once('@').ok_or(FAULT)?;
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let local_is_sound = local.len() <= LOCAL_OCTETS_MAX
        && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    let label_is_sound = |label: &str| {
        (1..=LABEL_OCTETS_MAX).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let domain_is_sound = domain.contains('.') && domain.split('.').all(label_is_sound);
    if !given.is_ascii() {
        Err("Write the mail address in ASCII letters; a domain in other letters in its xn-- form.")
    } else if given.len() <= EMAIL_OCTETS_MAX && local_is_sound && domain_is_sound {
        Ok(given.to_owned())
    } else {
        Err(FAULT)
    }
}

fn time_zone(given: &str) -> Result<String, &'static str> {
    let given = given.trim();
    let plain = given.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    match Zone::iana(given) {
        Some(zone) if plain && !given.is_empty() => Ok(zone.name().to_owned()),
        _ => Err("Choose a time zone such as Europe/Paris."),
    }
}

fn idempotency_key(given: &str) -> Result<String, &'static str> {
    if given.is_empty() || given.len() > KEY_OCTETS_MAX || given.chars().any(char::is_control) {
        Err("A key has 1 to 200 characters.")
    } else {
        Ok(given.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_mail_reads_them() {
        for good in ["a@b.c", "first.last+tag@sub.example.org", "o'neil@example.com", " x@example.org "] {
            assert_eq!(email(good), Ok(good.trim().to_owned()), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a b@c.d",
            "a@b..c",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "a@-b.c",
            "a@b-.c",
            "a@b.c\r\nBcc: x@y.z",
            "a@b@c.d",
            "<a@b.c>",
            "a@b.c,d@e.f",
            "a;b@c.d",
            "\"a\"@b.c",
            "a@[127.0.0.1]",
            "ä@b.c",
            "a@ä.c",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
        assert!(email(&format!("{}@b.c", "a".repeat(65))).is_err());
        assert!(email(&format!("a@{}.c", "b".repeat(64))).is_err());
    }

    #[test]
    fn names_stand_on_one_line() {
        assert_eq!(name("  Grace Hopper "), Ok("Grace Hopper".to_owned()));
        assert_eq!(name("李; \"小\", 龙 🐉"), Ok("李; \"小\", 龙 🐉".to_owned()));
        for bad in ["", "  ", "a\nb", "a\r\nBcc: x", "a\u{0}b", "a\u{2028}b", "\u{202E}gro"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert!(name(&"x".repeat(200)).is_ok());
        assert!(name(&"x".repeat(201)).is_err());
    }

    #[test]
    fn notes_lose_control_characters_and_keep_lines() {
        assert_eq!(text("a\r\nb\rc\td\u{7}", 10), Some("a\nb\nc\td".to_owned()));
        assert_eq!(text(&"x".repeat(5001), NOTES_CHARS_MAX), None);
    }
}
