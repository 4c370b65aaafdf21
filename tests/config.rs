//! Wrong configurations name their fault: file, line, key and remedy; right ones become values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aggregator::owner::{IcsLocation, SourceKind};
use kalends::config::environment::Environment;
use kalends::config::keys::{KEYS, Shape};
use kalends::config::settings::{MailRoute, Surface};
use kalends::config::value::duration;
use kalends::config::value::secret::Secret;
use kalends::config::{EXAMPLE, Loaded, load, load_text};
use store::engine::choice::EngineChoice;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Environment { variables: variables.iter().map(own).collect() }
}

fn loaded(text: &str, variables: &[(&str, &str)]) -> Loaded {
    load_text("kalends.toml", text, &folder(), &environment(variables))
}

fn told(loaded: &Loaded) -> String {
    let lines: Vec<String> = loaded.problems.iter().map(|problem| problem.to_string() + "\n").collect();
    lines.concat()
}

/// Each file in `tests/config` ends in comment lines `#! …`: what must be told, in order.
#[test]
fn wrong_configurations_name_line_key_and_remedy() {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("tests/config is there")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    names.sort();
    assert!(names.len() >= 40, "only {} wrong configurations", names.len());
    let mut wrong = Vec::new();
    for path in names {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("readable");
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#! ")).collect();
        assert!(!expected.is_empty(), "{name} says nothing of what it expects");
        let outcome = load_text(&name, &text, &folder(), &Environment::default());
        let prefix = format!("{}/", folder().display());
        let seen: Vec<String> =
            outcome.problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect();
        if seen != expected {
            wrong.push(format!("{name}:\n  expected {expected:#?}\n  told {seen:#?}"));
        }
        let only_warnings = expected.iter().all(|line| line.contains(": warning: "));
        assert_eq!(outcome.settings.is_some(), only_warnings, "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The example with every commented key taken in, section by section.
fn uncommented(example: &str) -> String {
    let mut text = String::new();
    for line in example.lines() {
        let bare = line.trim_start();
        match bare.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '[') => {
                text.push_str(rest);
            }
            Some(_) => {}
            None => text.push_str(bare),
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_example_loads_as_it_is_and_means_the_defaults() {
    let outcome = loaded(EXAMPLE, &[]);
    assert_eq!(told(&outcome), "");
    let settings = outcome.settings.expect("no problem");
    let nothing = loaded("", &[]).settings.expect("an empty file is a configuration");
    assert_eq!(settings.listen, nothing.listen);
    assert_eq!(settings.limits, nothing.limits);
    assert_eq!(settings.server.public_url, "http://127.0.0.1:8080");
    assert!(settings.hosts.is_empty());
}

#[test]
fn the_example_names_every_key_with_its_default() {
    let text = uncommented(EXAMPLE);
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut shown = BTreeMap::new();
    collect("", &toml::Value::Table(table), &mut shown);
    let known: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    let named: BTreeSet<String> = shown.keys().cloned().collect();
    assert_eq!(known.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the example");
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "unknown to the program");
    for key in KEYS {
        let Some(default) = key.default else { continue };
        let value = &shown[key.path];
        let written = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(items) if items.len() == 1 => items[0].as_str().unwrap_or("").to_owned(),
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Integer(number) => number.to_string(),
            other => panic!("{} is {}", key.path, other.type_str()),
        };
        assert_eq!(written, default, "the default of {}", key.path);
    }
}

fn collect(path: &str, value: &toml::Value, shown: &mut BTreeMap<String, toml::Value>) {
    let shape = KEYS.iter().find(|key| key.path == path).map(|key| key.shape);
    match value {
        toml::Value::Table(table)
            if path.is_empty() || matches!(shape, Some(Shape::Section | Shape::Sections)) =>
        {
            for (name, value) in table {
                let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&full, value, shown);
            }
        }
        toml::Value::Array(items) if shape == Some(Shape::Sections) => {
            for item in items {
                collect(path, item, shown);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        shown.insert(path.to_owned(), value.clone());
    }
}

#[test]
fn every_declared_key_is_read_and_no_other() {
    let outcome = loaded(&uncommented(EXAMPLE), &[]);
    let declared: BTreeSet<&str> = KEYS.iter().map(|key| key.path).collect();
    assert_eq!(outcome.asked, declared);
}

#[test]
fn the_configuration_of_the_specification_becomes_values() {
    let text = r#"
        [server]
        public_url = "https://cal.example.org/"
        data_dir   = "/var/lib/kalends"
        trusted_proxies = ["10.0.0.0/8"]

        [[listen]]
        address  = "0.0.0.0:8443"
        surfaces = ["booking", "caldav"]
        tls      = "off"

        [[listen]]
        address  = "127.0.0.1:8080"
        surfaces = ["metrics"]

        [store]
        engine = "sled"

        [mail]
        smtp = "smtps://calendar@smtp.example.org"
        from = "Alice <calendar@example.org>"
        password = { env = "SMTP" }

        [[owner]]
        id = "alice"
        name = "Alice Example"
        emails = ["alice@example.org", "Alice@Corp.example"]
        time_zone = "Europe/Berlin"
        working_hours = { mon-fri = ["09:00-12:00", "13:00-17:30"], sat = "22:00-02:00" }
        password = "secret"

          [[owner.source]]
          id = "university"
          kind = "ics"
          url = "webcal://uni.example/feeds/alice.ics"
          push = "off"

          [[owner.source]]
          id = "work"
          kind = "ics"
          url = "https://corp.example/alice.ics"
          account = "alice@corp.example"
          poll = "5m"

          [[owner.event_type]]
          slug = "intro"
          title = "Introduction"
          durations = ["15m", "30m"]
          buffer_after = "10m"
          minimum_notice = "4h"
          horizon = "60d"
          limit = { day = 3 }
          overrides = { "2026-12-24..2026-12-26" = [] }
          visibility = "unlisted"
    "#;
    let outcome = loaded(text, &[("SMTP", "hush\n")]);
    assert_eq!(told(&outcome), "");
    let settings = outcome.settings.expect("no problem");
    assert_eq!(settings.server.public_url, "https://cal.example.org");
    assert_eq!(settings.engine, EngineChoice::Sled);
    assert_eq!(settings.listen[0].surfaces, BTreeSet::from([Surface::Booking, Surface::CalDav]));
    let mail = settings.mail.as_ref().expect("mail");
    let MailRoute::Smtp(smtp) = &mail.route else { panic!("a mail server") };
    assert_eq!(smtp.url, "smtps://smtp.example.org");
    assert_eq!(smtp.user.as_deref(), Some("calendar"));
    assert_eq!(smtp.password.as_ref().map(Secret::reveal), Some("hush"));
    assert!(!format!("{settings:?}").contains("hush"), "a secret is printed");
    assert!(!format!("{settings:?}").contains("\"secret\""), "a password is printed");

    let host = settings.host("alice").expect("alice");
    assert_eq!(host.owner.addresses.len(), 2);
    assert_eq!(host.owner.addresses[1].as_str(), "mailto:alice@corp.example");
    let [university, work] = host.owner.sources.as_slice() else { panic!("two sources") };
    let SourceKind::Ics(feed) = &university.kind;
    assert_eq!(feed.location, IcsLocation::Url("https://uni.example/feeds/alice.ics".into()));
    // The address of a feed is often its only lock.
    assert!(!format!("{settings:?}").contains("/feeds/alice"), "an address is printed");
    assert_eq!((university.push, work.push), (aggregator::owner::Push::Off, aggregator::owner::Push::Invite));
    assert_eq!((university.poll_seconds, work.poll_seconds), (900, 300));

    let [intro] = host.event_types.as_slice() else { panic!("one event type") };
    assert_eq!(intro.durations, [900, 1800]);
    assert_eq!((intro.buffer.before, intro.buffer.after), (0, 600));
    assert_eq!((intro.notice, intro.horizon_days, intro.limit.day), (14_400, 60, Some(3)));
    assert_eq!(intro.hours.weekly[0].len(), 2);
    assert_eq!((intro.hours.weekly[5][0].start, intro.hours.weekly[5][0].end), (1320, 1560));
    assert!(intro.hours.weekly[6].is_empty());
    assert_eq!(intro.hours.overrides.len(), 3);
    assert!(!intro.listed && intro.active);
}

#[test]
fn the_environment_overrides_every_shape_of_key() {
    let text = "[[owner]]\nid = \"bob-b\"\nemails = [\"b@x.org\"]\ntime_zone = \"Europe/Paris\"\n";
    let outcome = loaded(
        text,
        &[
            ("KALENDS__SERVER__PUBLIC_URL", "https://b.example"),
            ("KALENDS__LISTEN__0__ADDRESS", "127.0.0.1:9090"),
            ("KALENDS__LISTEN__0__SURFACES", "booking, metrics"),
            ("KALENDS__OWNER__BOB_B__NAME", "Bob"),
            ("KALENDS__OWNER__0__EMAILS", "[\"bob@x.org\"]"),
            ("KALENDS__OWNER__0__WORKING_HOURS__MON_FRI", "[\"10:00-11:00\"]"),
            ("KALENDS__OWNER__0__EVENT_TYPE__0__SLUG", "a"),
            ("KALENDS__OWNER__0__EVENT_TYPE__0__DURATIONS", "45m"),
            ("KALENDS__OWNER__0__EVENT_TYPE__0__ACTIVE", "false"),
            ("KALENDS__MAIL__FOLDER", "mail"),
            ("KALENDS__MAIL__FROM", "c@x.org"),
            ("KALENDS__LIMITS__CONNECTIONS", "7"),
            ("PATH", "/bin"),
        ],
    );
    assert_eq!(told(&outcome), "");
    let settings = outcome.settings.expect("no problem");
    assert_eq!(settings.server.public_url, "https://b.example");
    assert_eq!(settings.listen[0].address.port(), 9090);
    assert_eq!(settings.limits.connections, 7);
    let host = settings.host("bob-b").expect("bob");
    assert_eq!(host.owner.name, "Bob");
    assert_eq!(host.owner.addresses[0].mail(), Some("bob@x.org"));
    assert_eq!(host.event_types[0].hours.weekly[2][0].start, 600);
    assert_eq!(host.event_types[0].durations, [2700]);
    assert!(!host.event_types[0].active);
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    let outcome = loaded(
        "",
        &[
            ("KALENDS__SERVER__PUBLIK_URL", "https://b.example"),
            ("KALENDS__LOG__FORMAT", "xml"),
            ("KALENDS__OWNER__EVE__NAME", "Eve"),
        ],
    );
    let told = told(&outcome);
    let expected = "\
environment KALENDS__LOG__FORMAT: log.format: `xml` is not one of its words; allowed: `text` or `json`
environment KALENDS__OWNER__EVE__NAME: owner: has no member `eve`; number them from 0 (there are 0), or name one by its id
environment KALENDS__SERVER__PUBLIK_URL: server.public_url: is not a known key; did you mean `public_url`?
"
    .replace("server.public_url: is not", "server.publik_url: is not");
    assert_eq!(told, expected);
}

#[test]
fn secrets_come_from_files_variables_and_credentials() {
    let place = tempfile::tempdir().expect("a folder");
    std::fs::write(place.path().join("smtp"), "from-credential\n").expect("written");
    std::fs::write(place.path().join("pw"), "from-file\r\n").expect("written");
    let text = "[mail]\nsmtp=\"smtp://a@mail.x.org\"\nfrom=\"a@x.org\"\npassword={credential=\"smtp\"}\n\
                [[owner]]\nid=\"ann\"\nemails=\"a@x.org\"\ntime_zone=\"UTC\"\npassword={file=\"pw\"}\n";
    let credentials = place.path().to_string_lossy().into_owned();
    let variables = environment(&[("CREDENTIALS_DIRECTORY", &credentials)]);
    let outcome = load_text("k.toml", text, place.path(), &variables);
    assert_eq!(told(&outcome), "");
    let settings = outcome.settings.expect("no problem");
    let Some(MailRoute::Smtp(smtp)) = settings.mail.map(|mail| mail.route) else { panic!("smtp") };
    assert_eq!(
        smtp.password.map(|password| password.reveal().to_owned()).as_deref(),
        Some("from-credential")
    );
    assert_eq!(smtp.url, "smtp://mail.x.org");
    let aggregator::owner::PasswordCheck::Plain(text) = &settings.hosts[0].owner.passwords[0] else {
        panic!("plain")
    };
    assert_eq!(text, "from-file");
}

#[test]
fn included_files_are_read_and_their_mistakes_are_placed() {
    let place = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(place.path().join("owners")).expect("a folder");
    let owner = |id: &str| format!("[[owner]]\nid=\"{id}\"\nemails=\"{id}@x.org\"\ntime_zone=\"UTC\"\n");
    std::fs::write(place.path().join("owners/a.toml"), owner("ann")).expect("written");
    std::fs::write(place.path().join("owners/b.toml"), owner("bea")).expect("written");
    std::fs::write(place.path().join("owners/c.txt"), "nonsense").expect("written");
    let main = place.path().join("kalends.toml");
    std::fs::write(&main, "include = [\"owners/*.toml\"]\n").expect("written");
    let outcome = load(&main, &Environment::default());
    assert_eq!(told(&outcome), "");
    let settings = outcome.settings.expect("no problem");
    assert_eq!(settings.hosts.len(), 2);
    assert_eq!(settings.files.len(), 3);

    std::fs::write(place.path().join("owners/b.toml"), owner("ann")).expect("written");
    let outcome = load(&main, &Environment::default());
    let told = told(&outcome);
    assert!(told.contains("owners/b.toml:2:4: owner.id: `ann` is another owner's id"), "{told}");
}

#[test]
fn a_missing_file_is_told_with_the_way_out() {
    let outcome = load(Path::new("/nowhere/kalends.toml"), &Environment::default());
    let told = told(&outcome);
    assert!(told.starts_with("/nowhere/kalends.toml: cannot be read: "), "{told}");
    assert!(told.contains("kalends init"), "{told}");
}

#[test]
fn the_engines_of_the_table_are_those_of_the_store() {
    let Some(Shape::Choice(words)) = KEYS.iter().find(|key| key.path == "store.engine").map(|key| key.shape)
    else {
        panic!("a choice")
    };
    assert_eq!(words, EngineChoice::ALL.map(EngineChoice::name));
}

#[test]
fn durations_of_the_table_are_sound() {
    for key in KEYS.iter().filter(|key| matches!(key.shape, Shape::Duration | Shape::Durations)) {
        if let Some(default) = key.default {
            assert!(duration::parse(default).is_ok(), "{}", key.path);
        }
    }
}

#[test]
fn a_readable_file_with_a_password_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().expect("a folder");
    let main = place.path().join("kalends.toml");
    let text = "[[owner]]\nid=\"ann\"\nemails=\"a@x.org\"\ntime_zone=\"UTC\"\npassword = \"pw\"\n";
    std::fs::write(&main, text).expect("written");
    std::fs::set_permissions(&main, std::fs::Permissions::from_mode(0o644)).expect("mode");
    let outcome = load(&main, &Environment::default());
    assert!(outcome.settings.is_some());
    assert!(told(&outcome).contains("everybody may read it"), "{}", told(&outcome));
    std::fs::set_permissions(&main, std::fs::Permissions::from_mode(0o600)).expect("mode");
    assert_eq!(told(&load(&main, &Environment::default())), "");
}
