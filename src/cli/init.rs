//! `kalends init`: a commented configuration with the answers filled in, an empty store, and what comes next.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use calendar::zone::Zone;

use super::console::{Console, Stream};
use super::exit::Exit;
use super::parse::Given;
use crate::compose;
use crate::config::environment::Environment;
use crate::config::value::address;
use crate::config::{EXAMPLE, load};

/// What has to be known.
struct Answers {
    name: String,
    email: String,
    zone: String,
    url: String,
}

/// Asks, writes, and says what comes next.
pub async fn run(given: &Given, environment: &Environment, console: &Console) -> Exit {
    let folder = PathBuf::from(given.option("dir").unwrap_or("."));
    let path = folder.join("kalends.toml");
    if path.exists() {
        console.error(format_args!("{} is there already and is left as it is", path.display()));
        return Exit::Refused;
    }
    let answers = match ask(given, environment, console) {
        Ok(answers) => answers,
        Err(what) => {
            console.error(what);
            return Exit::Usage;
        }
    };
    let (id, password) = match write(&folder, &path, &answers) {
        Ok(written) => written,
        Err(error) => {
            console.error(format_args!("{}: {error}", folder.display()));
            return Exit::Failed;
        }
    };
    let loaded = load(&path, environment);
    for problem in &loaded.problems {
        console.note(problem);
    }
    let Some(settings) = loaded.settings else { return Exit::Configuration };
    if !is_system_wide(&folder)
        && let Err(error) = compose::open(settings).await
    {
        console.error(error);
        return Exit::Failed;
    }
    tell(console, &path, (&id, &password), &answers);
    Exit::Done
}

fn ask(given: &Given, environment: &Environment, console: &Console) -> Result<Answers, String> {
    let name = answer(given, console, ("name", "Your name"), None, |_| Ok(()))?;
    let email = answer(given, console, ("email", "Your mail address"), None, |text| {
        address::fault_of_mail(text).map_or(Ok(()), |fault| Err(format!("`{text}` {fault}")))
    })?;
    let here = zone_here(environment);
    let zone = answer(given, console, ("tz", "Your time zone"), Some(&here), |text| {
        Zone::iana(text)
            .map(|_| ())
            .ok_or_else(|| format!("`{text}` is not a time zone; write one such as Europe/Berlin"))
    })?;
    let local = "http://127.0.0.1:8080";
    let url = answer(given, console, ("url", "The public address of the pages"), Some(local), |text| {
        let sound = address::url_parts(text).is_some_and(|(scheme, _, path)| {
            (scheme == "https" || scheme == "http") && path.trim_matches('/').is_empty()
        });
        if sound {
            Ok(())
        } else {
            Err(format!("`{text}` is not an address such as https://cal.example.org"))
        }
    })?;
    Ok(Answers { name, email, zone, url: url.trim_end_matches('/').to_owned() })
}

/// The option, or what is typed; asked again until it is sound.
fn answer(
    given: &Given,
    console: &Console,
    (option, question): (&str, &str),
    usual: Option<&str>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, String> {
    if let Some(text) = given.option(option) {
        check(text)?;
        return Ok(text.trim().to_owned());
    }
    if !std::io::stdin().is_terminal() {
        return usual.map(str::to_owned).ok_or_else(|| {
            format!("{}: --{option} is needed where nobody can be asked", question.to_lowercase())
        });
    }
    loop {
        let hint = usual.map_or_else(String::new, |usual| format!(" [{usual}]"));
        console.say(Stream::Note, &format!("{question}{hint}: "));
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("nothing was written".to_owned());
        }
        let text = match (line.trim(), usual) {
            ("", Some(usual)) => usual,
            ("", None) => continue,
            (text, _) => text,
        };
        match check(text) {
            Ok(()) => return Ok(text.to_owned()),
            Err(what) => console.note(what),
        }
    }
}

/// The zone of this machine, as far as it can be known.
fn zone_here(environment: &Environment) -> String {
    let named = environment.variables.get("TZ").map(|zone| zone.trim_start_matches(':').to_owned());
    let linked = || {
        let target = std::fs::canonicalize("/etc/localtime").ok()?;
        let text = target.to_string_lossy().into_owned();
        text.split_once("/zoneinfo/").map(|(_, name)| name.to_owned())
    };
    named.or_else(linked).filter(|name| Zone::iana(name).is_some()).unwrap_or_else(|| "UTC".to_owned())
}

/// The id that a name suggests: its first word in plain letters.
fn id_of(answers: &Answers) -> String {
    let from = |text: &str| -> String {
        text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(32).collect()
    };
    let first = answers.name.split_whitespace().next().map(from).unwrap_or_default();
    let local = answers.email.split('@').next().map(from).unwrap_or_default();
    let reserved = booking_ui::routes_reserved();
    [first, local]
        .into_iter()
        .find(|id| !id.is_empty() && !reserved.contains(&id.as_str()))
        .unwrap_or_else(|| "me".to_owned())
}

/// Writes the configuration; the owner's id and the password, which stands there as a hash only.
fn write(folder: &Path, path: &Path, answers: &Answers) -> std::io::Result<(String, String)> {
    std::fs::create_dir_all(folder)?;
    let (id, password) = (id_of(answers), password());
    let hash = hash_of(&password).ok_or_else(|| std::io::Error::other("the password could not be hashed"))?;
    let sender = format!("{} <{}>", answers.name.replace(['<', '>', '"'], ""), answers.email);
    let mut values = vec![
        ("server", "public_url", toml_text(&answers.url)),
        ("listen", "address", toml_text("127.0.0.1:8080")),
        ("listen", "surfaces", "[\"booking\", \"caldav\", \"metrics\"]".to_owned()),
        ("mail", "from", toml_text(&sender)),
        ("owner", "id", toml_text(&id)),
        ("owner", "name", toml_text(&answers.name)),
        ("owner", "emails", format!("[{}]", toml_text(&answers.email))),
        ("owner", "time_zone", toml_text(&answers.zone)),
        ("owner", "password_hash", toml_text(&hash)),
        ("owner.event_type", "slug", toml_text("intro")),
        ("owner.event_type", "title", toml_text("Introduction")),
        ("owner.event_type", "durations", "[\"30m\"]".to_owned()),
    ];
    if is_system_wide(folder) {
        values.push(("server", "data_dir", toml_text("/var/lib/kalends")));
        values.push(("mail", "folder", toml_text("/var/lib/kalends/mail")));
    } else {
        values.push(("mail", "folder", toml_text("mail")));
    }
    // The hash of a password of 100 bits is no secret: the service, which runs as a user of its own, may read it.
    create(path, 0o644)?.write_all(fill(EXAMPLE, &values).as_bytes())?;
    Ok((id, password))
}

/// Whether the configuration is the machine's, whose service keeps its data elsewhere.
fn is_system_wide(folder: &Path) -> bool {
    folder.canonicalize().is_ok_and(|folder| folder.starts_with("/etc"))
}

fn hash_of(password: &str) -> Option<String> {
    let hash: PasswordHash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &compose::draw()).ok()?;
    Some(hash.to_string())
}

/// A new file; one that is there is an error.
fn create(path: &Path, mode: u32) -> std::io::Result<std::fs::File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// A password of 100 bits, in letters that are not taken for one another.
pub fn password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let octets = [compose::draw(), compose::draw()].concat();
    let letters: Vec<char> =
        octets.iter().take(20).map(|octet| char::from(LETTERS[usize::from(*octet % 32)])).collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// `text` as a TOML string.
pub fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The example with some of its commented keys given values, and the sections around them opened.
fn fill(example: &str, values: &[(&str, &str, String)]) -> String {
    let mut section = "";
    let mut text = String::new();
    for line in example.lines() {
        let bare = line.trim_start();
        let indent = &line[..line.len() - bare.len()];
        let rest = bare.strip_prefix('#').unwrap_or(bare);
        if let Some(name) = rest.strip_prefix('[') {
            section = name.trim_matches(['[', ']']);
            let used = values.iter().any(|(of, _, _)| *of == section);
            text.push_str(indent);
            text.push_str(if used { rest } else { bare });
        } else {
            let key = rest.split(" = ").next().unwrap_or("");
            match values.iter().find(|(of, name, _)| *of == section && *name == key && rest.contains(" = ")) {
                Some((_, name, value)) => {
                    let _ = write!(text, "{indent}{name} = {value}");
                }
                None => text.push_str(line),
            }
        }
        text.push('\n');
    }
    text
}

fn tell(console: &Console, path: &Path, (id, password): (&str, &str), answers: &Answers) {
    if console.manner.json {
        console
            .json(&serde_json::json!({"configuration": path, "owner": id, "user": id, "password": password}));
        return;
    }
    let file = path.display();
    console.line(format_args!("written: {file}"));
    console.line("");
    console.line(format_args!(
        "Calendar apps sign in as {} with {}",
        console.bold(id),
        console.bold(password)
    ));
    console.line("(only its hash is kept; `kalends owner app-password add` makes one for each device)");
    console.line("");
    console.line("Next:");
    console.line(format_args!(
        "  1. Link your calendars: add an [[owner.source]] each (its ICS address) in {file}"
    ));
    console.line("  2. Let mail go out: write smtp instead of folder in [mail]");
    console.line(format_args!("  3. kalends check --online --config {file}"));
    console.line(format_args!("  4. kalends serve --config {file}"));
    console.line(format_args!("     pages   {}/{id}", answers.url));
    console.line(format_args!("     CalDAV  {}/dav/", answers.url));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_answered_is_filled_in() {
        let example = "#[server]\n# The address.\n#public_url = \"x\"\n#data_dir = \"y\"\n\n#[log]\n#level = \"info\"\n";
        let filled = fill(example, &[("server", "public_url", "\"https://a\"".to_owned())]);
        let expected = "[server]\n# The address.\npublic_url = \"https://a\"\n#data_dir = \"y\"\n\n#[log]\n#level = \"info\"\n";
        assert_eq!(filled, expected);
    }

    #[test]
    fn texts_are_quoted_as_toml_wants_it() {
        let text = "a \"b\" \\ \n\u{1}";
        let table: toml::Table = format!("x = {}", toml_text(text)).parse().unwrap();
        assert_eq!(table["x"].as_str(), Some(text));
    }

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, other) = (password(), password());
        assert_eq!(one.len(), 23);
        assert_ne!(one, other);
    }
}
