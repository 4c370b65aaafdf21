//! The settings as they go into a copy: with every secret that they name if the copy is sealed, without any if not.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use store::backup::Extra;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::environment::Environment;
use crate::config::keys::{KEYS, Shape, declared};
use crate::config::settings::Backup;

/// What stands where a secret was left out: no file has that name, so that settings are refused until one is put there.
const LEFT_OUT: &str = "{ file = \"left-out-of-the-backup\" }";
/// The same for texts that are no secrets by their shape and yet open something; none of them is valid there.
const LEFT_OUT_TEXT: &str = "\"left out of the backup\"";
/// What stands for a comment that was left out.
const COMMENT_LEFT_OUT: &str = "# left out of the backup\n";
/// Texts that open something: whoever knows the address of a feed can read it.
const OPENING: &[&str] = &["owner.password_hash", "owner.source.url"];
/// The one secret that is of no use inside what it seals.
const OWN_KEY: &str = "backup.key";

/// Whether secrets go into a copy.
#[derive(Clone, Debug)]
pub enum Secrets {
    /// They do, since it is sealed; those that the environment holds are found there.
    Sealed(Environment),
    /// They do not.
    LeftOut,
}

impl Secrets {
    /// What the settings of backups come to.
    pub fn of(backup: &Backup) -> Self {
        backup.key.as_ref().map_or(Self::LeftOut, |_| Self::Sealed(Environment::of_process()))
    }
}

/// What goes beside the rows.
#[derive(Debug, Default)]
pub struct SettingsCopy {
    /// Files.
    pub extras: Vec<Extra>,
    /// What could not be, or was not to be, put there; for people.
    pub left_out: Vec<String>,
}

/// Reads the settings' `files` (the main one first) as they are now.
pub async fn of(files: Vec<PathBuf>, secrets: Secrets) -> SettingsCopy {
    tokio::task::spawn_blocking(move || read(&files, &secrets)).await.unwrap_or_default()
}

fn read(files: &[PathBuf], secrets: &Secrets) -> SettingsCopy {
    let mut copy = SettingsCopy::default();
    let folder = files.first().and_then(|main| main.parent()).unwrap_or(Path::new("")).to_owned();
    for file in files {
        let name = name_of(file.strip_prefix(&folder).unwrap_or(file), "included");
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                copy.left_out.push(format!("{}: {error}", file.display()));
                continue;
            }
        };
        let (table, faults) = DeTable::parse_recoverable(&text);
        if !faults.is_empty() {
            copy.left_out.push(format!("{}: it is not valid TOML just now", file.display()));
            continue;
        }
        let mut found = Vec::new();
        search(table.get_ref(), "", &mut found);
        match secrets {
            Secrets::LeftOut => {
                copy.left_out.extend(found.iter().filter(|secret| secret.is_inline()).map(Found::path));
                copy.extras.push(Extra { name, octets: without(&text, &found).into_bytes() });
            }
            Secrets::Sealed(environment) => {
                copy.extras.push(Extra { name, octets: text.clone().into_bytes() });
                for secret in found.iter().filter(|secret| secret.path != OWN_KEY) {
                    fetch(secret, &folder, environment, &mut copy);
                }
            }
        }
    }
    // One password may be named by several.
    copy.extras.sort_by(|one, other| one.name.cmp(&other.name));
    copy.extras.dedup_by(|one, other| one.name == other.name);
    copy
}

/// A secret in a file of settings.
struct Found {
    path: String,
    span: Range<usize>,
    /// Where it is kept instead: `file`, `env` or `credential`, and which.
    elsewhere: Option<(String, String)>,
}

impl Found {
    fn is_inline(&self) -> bool {
        self.elsewhere.is_none()
    }

    fn path(&self) -> String {
        self.path.clone()
    }
}

fn search(table: &DeTable<'_>, path: &str, found: &mut Vec<Found>) {
    for (key, value) in table {
        let name = key.get_ref();
        let full = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        search_value(&full, value, found);
    }
}

fn search_value(path: &str, value: &Spanned<DeValue<'_>>, found: &mut Vec<Found>) {
    let shape = declared(path).map(|key| key.shape);
    let opening = shape == Some(Shape::Secret) || OPENING.contains(&path);
    let mut add = |elsewhere| found.push(Found { path: path.to_owned(), span: value.span(), elsewhere });
    match value.get_ref() {
        DeValue::String(_) if opening => add(None),
        DeValue::Table(table) if opening => {
            let text = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str().map(str::to_owned);
            let place = table.iter().next();
            add(place.and_then(|(key, value)| Some((key.get_ref().to_string(), text(value)?))));
        }
        DeValue::Table(table) => search(table, path, found),
        DeValue::Array(items) => items.iter().for_each(|item| search_value(path, item, found)),
        _ => {}
    }
}

/// `text` without the secrets that stand in it, those of lines that are commented out included.
fn without(text: &str, found: &[Found]) -> String {
    let mut spans: Vec<&Found> = found.iter().filter(|secret| secret.is_inline()).collect();
    spans.sort_by_key(|secret| std::cmp::Reverse(secret.span.start));
    let mut text = text.to_owned();
    for secret in spans {
        let instead = if OPENING.contains(&secret.path.as_str()) { LEFT_OUT_TEXT } else { LEFT_OUT };
        if text.get(secret.span.clone()).is_some() {
            text.replace_range(secret.span.clone(), instead);
        }
    }
    text.split_inclusive('\n').map(|line| if was_secret(line) { COMMENT_LEFT_OUT } else { line }).collect()
}

/// Whether a line of comment sets something that is a secret, by the last part of its name.
fn was_secret(line: &str) -> bool {
    let Some((name, _)) = line.trim_start().strip_prefix('#').and_then(|comment| comment.split_once('='))
    else {
        return false;
    };
    let last =
        |path: &str| path.rsplit('.').next().map(|part| part.trim_matches(['#', ' ', '"', '\'']).to_owned());
    let secrets = KEYS.iter().filter(|key| key.shape == Shape::Secret).map(|key| key.path);
    secrets.chain(OPENING.iter().copied()).any(|path| last(path) == last(name))
}

/// Puts what a secret names beside the settings.
fn fetch(secret: &Found, folder: &Path, environment: &Environment, copy: &mut SettingsCopy) {
    let Some((kind, which)) = &secret.elsewhere else { return };
    let (name, read) = match kind.as_str() {
        "file" => (name_of(Path::new(which), "secrets"), std::fs::read(folder.join(which))),
        "credential" => {
            let folder = environment.credentials().unwrap_or_default();
            (format!("credentials/{}", name_of(Path::new(which), "")), std::fs::read(folder.join(which)))
        }
        "env" => {
            let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
            let found = environment.variables.get(which).map(|text| text.clone().into_bytes());
            (format!("environment/{}", name_of(Path::new(which), "")), found.ok_or_else(missing))
        }
        _ => return,
    };
    match read {
        Ok(octets) => copy.extras.push(Extra { name, octets }),
        Err(error) => copy.left_out.push(format!("{} ({which}): {error}", secret.path)),
    }
}

/// A name below the folder of restored settings: the path itself if it stays below, else below `elsewhere`.
fn name_of(path: &Path, elsewhere: &str) -> String {
    let parts: Vec<String> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    let below = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let joined = parts.join("/");
    if below || elsewhere.is_empty() { joined } else { format!("{elsewhere}/{joined}") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TEXT: &str = r#"
[mail]
smtp = "smtps://a@x.org"
password = "hush # not a comment"
#password = "before"
  # mail.password = 'earlier'
# the password = see above is told by phone
[backup]
to = "b"
key = { env = "KEY" }
[backup.s3]
secret_key = 'apart'
[[owner]]
id = "ada"
password = { file = "ada.password" }
password_hash = "$argon2id$h"
  [[owner.source]]
  url = "https://x.org/private-feed/basic.ics"
"#;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kalends.toml"), TEXT).unwrap();
        fs::write(folder.path().join("ada.password"), "secret\n").unwrap();
        folder
    }

    fn named<'a>(copy: &'a SettingsCopy, name: &str) -> &'a str {
        let extra = copy.extras.iter().find(|extra| extra.name == name).expect(name);
        std::str::from_utf8(&extra.octets).unwrap()
    }

    #[test]
    fn without_a_key_no_secret_goes_along_and_the_rest_is_as_it_was() {
        let folder = folder();
        let copy = read(&[folder.path().join("kalends.toml")], &Secrets::LeftOut);
        assert_eq!(copy.extras.len(), 1);
        let text = named(&copy, "kalends.toml");
        for secret in ["hush", "apart", "argon2id", "private-feed", "before", "earlier"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("smtps://a@x.org") && text.contains("file = \"ada.password\""), "{text}");
        text.parse::<toml::Table>().expect("still TOML");
        assert_eq!(copy.left_out.len(), 4, "{:?}", copy.left_out);
        // What was left out opens nothing when it is used as it is.
        let problems =
            crate::config::load_text("k.toml", text, folder.path(), &Environment::default()).problems;
        assert!(problems.iter().any(|problem| problem.key == "mail.password"), "{problems:?}");
        assert!(problems.iter().any(|problem| problem.key == "owner.source.url"), "{problems:?}");
    }

    #[test]
    fn with_a_key_everything_goes_along_but_the_key() {
        let folder = folder();
        let mut environment = Environment::default();
        environment.variables.insert("KEY".into(), "k".into());
        let copy = read(&[folder.path().join("kalends.toml")], &Secrets::Sealed(environment));
        assert_eq!(named(&copy, "kalends.toml"), TEXT);
        assert_eq!(named(&copy, "ada.password"), "secret\n");
        assert_eq!(copy.extras.len(), 2);
    }

    #[test]
    fn names_stay_below() {
        assert_eq!(name_of(Path::new("owners/a.toml"), "included"), "owners/a.toml");
        assert_eq!(name_of(Path::new("/etc/x.password"), "secrets"), "secrets/etc/x.password");
        assert_eq!(name_of(Path::new("../x"), "secrets"), "secrets/x");
    }
}
