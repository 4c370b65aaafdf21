//! `[backup]`: where copies go, how often, and how long they are kept.

use crate::config::reader::Section;
use crate::config::settings::{Backup, BackupPlace, Bucket};
use crate::config::value::{address, secret};
use store::backup::BackupKey;

/// Where copies go, if anywhere.
pub fn backup(top: &Section<'_>) -> Option<Backup> {
    let section = top.section("backup");
    let s3 = account(&section.section("s3"));
    let every_seconds = section.seconds_between("every", "5s", "7d");
    let keep_seconds = section.seconds_between("keep", "5s", "3650d");
    let keep_daily_seconds = section.seconds_between("keep_daily", "0s", "3650d");
    let keep_monthly_seconds = section.seconds_between("keep_monthly", "0s", "36500d");
    let key = secret::read(&section, "key");
    section.table?;
    if let Some(key) = &key
        && BackupKey::parse(key.reveal()).is_none()
    {
        let remedy = "make one with `openssl rand -base64 32`, and keep it somewhere else too";
        section.error("key", "is no key: it must be 32 octets in base64 or hexadecimal digits", remedy);
    }
    if every_seconds > 0 && keep_seconds > 0 && keep_seconds < every_seconds {
        let remedy = "keep copies at least as long as it takes until the next";
        section.error("keep", "is shorter than every", remedy);
    }
    let to = section.needed("to", "\"/mnt/backup/kalends\"")?;
    let place = place(&section, &to, s3)?;
    Some(Backup { place, every_seconds, keep_seconds, keep_daily_seconds, keep_monthly_seconds, key })
}

/// What `text` names: a folder, or a bucket of the service in `[backup.s3]`.
fn place(section: &Section<'_>, text: &str, s3: Option<Account>) -> Option<BackupPlace> {
    let Some(rest) = text.trim().strip_prefix("s3://") else {
        if let Some((scheme, ..)) = address::url_parts(text) {
            let remedy = "write a folder, or \"s3://bucket/prefix\"";
            section.error("to", format!("begins with `{scheme}:`"), remedy);
            return None;
        }
        return Some(BackupPlace::Folder(section.reader.path(text.trim())));
    };
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if !is_bucket(name) {
        let remedy = "write \"s3://bucket/prefix\"; buckets have small letters, digits, dots and hyphens";
        section.error("to", format!("`{name}` is no name of a bucket"), remedy);
        return None;
    }
    let prefix = prefix.trim_matches('/');
    if prefix.split('/').any(|part| matches!(part, "." | ".."))
        || prefix.chars().any(|letter| letter.is_control() || "?#\\".contains(letter))
    {
        section.error(
            "to",
            format!("`{prefix}` cannot begin the names of objects"),
            "use letters, digits and -",
        );
        return None;
    }
    let Some(account) = s3 else {
        if section.has("s3") {
            // What is wrong there has been told.
            return None;
        }
        let remedy = "add [backup.s3] with access_key and secret_key, and endpoint unless it is AWS";
        section.error("s3", "is missing, and `to` is a bucket", remedy);
        return None;
    };
    Some(BackupPlace::S3(account.bucket(name, prefix)))
}

/// The account of `[backup.s3]`.
struct Account {
    endpoint: String,
    region: String,
    access_key: secret::Secret,
    secret_key: secret::Secret,
    path_style: bool,
}

impl Account {
    fn bucket(self, name: &str, prefix: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            endpoint: self.endpoint,
            region: self.region,
            access_key: self.access_key,
            secret_key: self.secret_key,
            path_style: self.path_style,
        }
    }
}

fn account(section: &Section<'_>) -> Option<Account> {
    let region = section.text("region").unwrap_or_default();
    let endpoint = section.text("endpoint");
    let access_key = secret::read(section, "access_key");
    let secret_key = secret::read(section, "secret_key");
    let path_style = section.flag("path_style");
    section.table?;
    for (name, found) in [("access_key", &access_key), ("secret_key", &secret_key)] {
        if found.is_none() && !section.has(name) {
            section.error(
                name,
                "is missing",
                format!("add {name} = {{ credential = \"backup-s3\" }}, or {{ file = \"…\" }}"),
            );
        }
    }
    if region.is_empty() || !region.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-') {
        section.error(
            "region",
            format!("`{region}` is no region"),
            "write it as the service calls it, such as \"eu-central-1\"",
        );
        return None;
    }
    let endpoint = match endpoint {
        None => format!("https://s3.{region}.amazonaws.com"),
        Some(text) => service(section, &text)?,
    };
    Some(Account { endpoint, region, access_key: access_key?, secret_key: secret_key?, path_style })
}

fn service(section: &Section<'_>, text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let remedy = "write it as the service gives it, such as \"https://s3.example.com\"";
    let what = match address::url_parts(text) {
        None => format!("`{text}` is not an address of the web"),
        Some((scheme, ..)) if scheme != "https" && scheme != "http" => format!("begins with `{scheme}:`"),
        Some((_, authority, _)) if authority.contains('@') => "holds a user name".to_owned(),
        Some((_, _, path)) if !path.is_empty() => format!("has a path, `{path}`"),
        Some(_) => return Some(text.to_owned()),
    };
    section.error("endpoint", what, remedy);
    None
}

/// Whether `name` may be a bucket's.
fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b".-".contains(&octet))
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && name.ends_with(|letter: char| letter.is_ascii_alphanumeric())
        && !name.contains("..")
}
