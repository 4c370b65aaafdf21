//! A configuration profile for iPhone, iPad and Mac: an XML property list with one CalDAV account.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::Account;

/// What a profile is served as.
pub const MEDIA_TYPE: &str = "application/x-apple-aspen-config; charset=utf-8";

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
                    \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n";

/// The profile that sets up `account`. A device that is given it twice has one account: its numbers follow from host,
/// owner and device alone.
pub fn profile(account: &Account) -> String {
    let title = format!("Calendars of {}", account.name);
    let reversed: Vec<&str> = account.host.trim_matches(['[', ']']).rsplit('.').collect();
    let identifier = format!("{}.kalends.{}.{}", reversed.join("."), account.user, account.device);
    let mut caldav = Dictionary::new(2);
    caldav.text("CalDAVAccountDescription", &title);
    caldav.text("CalDAVHostName", account.host.trim_matches(['[', ']']));
    caldav.number("CalDAVPort", account.port.unwrap_or(if account.secure { 443 } else { 80 }));
    caldav.text("CalDAVPrincipalURL", &account.principal());
    caldav.flag("CalDAVUseSSL", account.secure);
    caldav.text("CalDAVUsername", &account.user);
    caldav.text("CalDAVPassword", &account.password);
    caldav.text("PayloadDisplayName", &title);
    caldav.text("PayloadIdentifier", &format!("{identifier}.caldav"));
    caldav.text("PayloadType", "com.apple.caldav.account");
    caldav.text("PayloadUUID", &uuid(account, "caldav"));
    caldav.number("PayloadVersion", 1);
    let mut whole = Dictionary::new(0);
    whole.list("PayloadContent", &caldav.end());
    let description = format!("Sets up the calendars of {} on {}.", account.name, account.label);
    whole.text("PayloadDescription", &description);
    whole.text("PayloadDisplayName", &title);
    whole.text("PayloadIdentifier", &identifier);
    whole.text("PayloadOrganization", &account.host);
    whole.flag("PayloadRemovalDisallowed", false);
    whole.text("PayloadType", "Configuration");
    whole.text("PayloadUUID", &uuid(account, "profile"));
    whole.number("PayloadVersion", 1);
    format!("{HEAD}{}</plist>\n", whole.end())
}

/// A dictionary of a property list, being written.
struct Dictionary {
    text: String,
    indent: String,
}

impl Dictionary {
    fn new(depth: usize) -> Self {
        let indent = "\t".repeat(depth);
        Self { text: format!("{indent}<dict>\n"), indent }
    }

    fn text(&mut self, key: &str, value: &str) {
        self.entry(key, &format!("<string>{}</string>", escaped(value)));
    }

    fn number(&mut self, key: &str, value: u16) {
        self.entry(key, &format!("<integer>{value}</integer>"));
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.entry(key, if value { "<true/>" } else { "<false/>" });
    }

    /// A list of one dictionary.
    fn list(&mut self, key: &str, member: &str) {
        let indent = &self.indent;
        let value = format!("<array>\n{member}{indent}\t</array>");
        self.entry(key, &value);
    }

    fn entry(&mut self, key: &str, value: &str) {
        let indent = &self.indent;
        let _ = writeln!(self.text, "{indent}\t<key>{key}</key>\n{indent}\t{value}");
    }

    fn end(self) -> String {
        format!("{}{}</dict>\n", self.text, self.indent)
    }
}

/// Text within XML; characters that XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

/// A UUID of our own making (RFC 9562 §5.8, version 8).
fn uuid(account: &Account, part: &str) -> String {
    let mut hash = Sha256::new();
    for word in [part, &account.host, &account.user, &account.device] {
        hash.update(word);
        hash.update([0]);
    }
    let mut octets: [u8; 16] = [0; 16];
    octets.copy_from_slice(&hash.finalize()[..16]);
    octets[6] = (octets[6] & 0x0f) | 0x80;
    octets[8] = (octets[8] & 0x3f) | 0x80;
    let number = u128::from_be_bytes(octets);
    let digits = format!("{number:032X}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::tests::account;

    #[test]
    fn another_program_reads_what_was_meant() {
        let account = account("cal.example.org", Some(8443), true);
        let text = profile(&account);
        let value = plist::Value::from_reader_xml(text.as_bytes()).expect("a property list");
        let whole = value.as_dictionary().expect("a dictionary");
        assert_eq!(whole["PayloadType"].as_string(), Some("Configuration"));
        assert_eq!(whole["PayloadIdentifier"].as_string(), Some("org.example.cal.kalends.ada.dev1"));
        let content = whole["PayloadContent"].as_array().expect("an array");
        assert_eq!(content.len(), 1);
        let caldav = content[0].as_dictionary().expect("a dictionary");
        for (key, expected) in [
            ("PayloadType", "com.apple.caldav.account"),
            ("CalDAVAccountDescription", "Calendars of Ada <&> Lovelace"),
            ("CalDAVHostName", "cal.example.org"),
            ("CalDAVUsername", "ada"),
            ("CalDAVPassword", "a:b/c@d é"),
            ("CalDAVPrincipalURL", "/dav/principals/ada/"),
        ] {
            assert_eq!(caldav[key].as_string(), Some(expected), "{key}");
        }
        assert_eq!(caldav["CalDAVPort"].as_unsigned_integer(), Some(8443));
        assert_eq!(caldav["CalDAVUseSSL"].as_boolean(), Some(true));
        assert_ne!(caldav["PayloadUUID"], whole["PayloadUUID"]);
    }

    #[test]
    fn numbers_stay_and_belong_to_one_device() {
        let one = account("cal.example.org", None, true);
        assert_eq!(
            uuid(&one, "profile"),
            uuid(&Account { password: "other".into(), ..one.clone() }, "profile")
        );
        let other = Account { device: "dev2".into(), ..one.clone() };
        assert_ne!(uuid(&one, "profile"), uuid(&other, "profile"));
        let number = uuid(&one, "profile");
        assert!(number.len() == 36 && &number[14..15] == "8" && "89AB".contains(&number[19..20]), "{number}");
    }
}
