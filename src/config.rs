//! `kalends.toml`: read, checked whole, and turned into values (specification 1.4).
//!
//! Every problem is told at once with its file, line, column, key and remedy. Reading has no effect: the outcome is a
//! [`settings::Settings`] or the list of what is wrong.

pub mod environment;
pub mod keys;
pub mod problem;
pub mod read;
pub mod reader;
pub mod settings;
pub mod tree;
pub mod value;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use environment::Environment;
use problem::{Place, Problem, Problems};
use reader::{Reader, Section};
use settings::Settings;
use tree::{Table, Value};

/// The default settings with every key explained; also what `kalends init` begins with.
pub const EXAMPLE: &str = include_str!("../config/kalends.toml");

/// What came of reading a configuration.
#[derive(Debug)]
pub struct Loaded {
    /// The settings, unless an error forbids them.
    pub settings: Option<Settings>,
    /// Errors and warnings, by place.
    pub problems: Vec<Problem>,
    /// The keys that were asked for.
    pub asked: BTreeSet<&'static str>,
}

/// Reads the file at `path` with what it includes and what the environment overrides.
pub fn load(path: &Path, environment: &Environment) -> Loaded {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            let mut loaded = load_text(&name, &text, folder, environment);
            tell_of_modes(&mut loaded);
            loaded
        }
        Err(error) => {
            let problems = Problems::default();
            let remedy = "name the file with --config, or make one with `kalends init`";
            problems.error(
                &Place { file: name.into(), line: 0, column: 0 },
                "",
                format!("cannot be read: {error}"),
                remedy,
            );
            Loaded { settings: None, problems: problems.into_sorted(), asked: BTreeSet::new() }
        }
    }
}

/// Reads a configuration's text; `name` is what messages call it, relative paths begin at `folder`.
pub fn load_text(name: &str, text: &str, folder: &Path, environment: &Environment) -> Loaded {
    let problems = Problems::default();
    let mut table = tree::parse(name, text, &problems);
    let mut files = vec![PathBuf::from(name)];
    include(&mut table, folder, &mut files, &problems);
    environment.override_in(&mut table, &problems);

    let reader = Reader::new(&problems, environment, folder);
    reader.check_names(&table, "");
    let top_place = Place::top_of(name);
    let top = Section { reader: &reader, table: Some(&table), path: "", place: &top_place };
    let settings = settings_of(&top, files);
    let asked = reader.asked.take();
    let forbidden = problems.forbid();
    Loaded { settings: (!forbidden).then_some(settings), problems: problems.into_sorted(), asked }
}

fn settings_of(top: &Section<'_>, files: Vec<PathBuf>) -> Settings {
    top.texts("include");
    let listen = read::listen::listeners(top);
    let (server, mail) = (read::server::server(top, &listen), read::mail::mail(top));
    let settings = Settings {
        push: read::push::push(top, &server, mail.as_ref()),
        server,
        engine: read::server::engine(top),
        mail,
        backup: read::backup::backup(top),
        access: read::server::access(top),
        log: read::server::log(top),
        limits: read::server::limits(top),
        hosts: read::owner::hosts(top),
        listen,
        files,
    };
    check_together(top, &settings);
    settings
}

/// What no section can see alone.
fn check_together(top: &Section<'_>, settings: &Settings) {
    let bookable = settings.hosts.iter().any(|host| !host.event_types.is_empty());
    if bookable && !top.has("mail") {
        let remedy = "add [mail] with smtp and from, or with folder = \"mail\" to keep letters as files";
        top.error("mail", "is missing, and there are event types: nobody could be invited", remedy);
    }
    let outside = settings.listen.iter().any(|listen| !listen.address.ip().is_loopback());
    let server = top.section("server");
    if bookable && outside && !server.has("public_url") {
        let remedy = "add public_url = \"https://cal.example.org\" as invitees see it";
        server.error("public_url", "is missing, and links in mails need it", remedy);
    }
    let idle = |listen: &settings::Listen| {
        !listen.surfaces.is_empty() && listen.surfaces.iter().all(|surface| !surface.is_served())
    };
    if !settings.listen.is_empty() && settings.listen.iter().all(idle) {
        let remedy = "name booking, caldav or metrics in one [[listen]]";
        top.warning("listen", "serves nothing that this version knows", remedy);
    }
    let redirects =
        settings.listen.iter().any(|listen| listen.surfaces.contains(&settings::Surface::Redirect));
    if redirects && !settings.server.public_url.starts_with("https:") {
        let remedy = "write public_url = \"https://cal.example.org\", or leave the redirect out";
        server.error("public_url", "does not begin with https, and a listener redirects there", remedy);
    }
}

/// Puts the files that `include` names to `table`.
fn include(table: &mut Table, folder: &Path, files: &mut Vec<PathBuf>, problems: &Problems) {
    let Some(entry) = table.entry("include") else { return };
    let patterns: Vec<(String, Place)> = match &entry.node.value {
        Value::Text(text) => vec![(text.clone(), entry.node.place.clone())],
        Value::List(items) => items
            .iter()
            .filter_map(|item| match &item.value {
                Value::Text(text) => Some((text.clone(), item.place.clone())),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    for (pattern, place) in patterns {
        let found = match tree::matching(folder, &pattern) {
            Ok(found) => found,
            Err(error) => {
                let remedy = "make it, or take it out of include";
                problems.error(&place, "include", format!("cannot read `{pattern}`: {error}"), remedy);
                continue;
            }
        };
        for path in found {
            let name = path.display().to_string();
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let mut included = tree::parse(&name, &text, problems);
                    if let Some(nested) = included.entry("include") {
                        let remedy = "name all files in the main configuration";
                        problems.error(&nested.place, "include", "stands in an included file", remedy);
                    }
                    included.entries.retain(|entry| entry.key != "include");
                    table.join(included, problems, "");
                    files.push(path);
                }
                Err(error) => {
                    let remedy = "make it readable for this user";
                    problems.error(&place, "include", format!("cannot read `{name}`: {error}"), remedy);
                }
            }
        }
    }
}

/// Warns of files that everybody may read although a password stands in them.
fn tell_of_modes(loaded: &mut Loaded) {
    use std::os::unix::fs::PermissionsExt;
    let Some(settings) = &loaded.settings else { return };
    for path in &settings.files {
        let open = std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
        let plain = std::fs::read_to_string(path).is_ok_and(|text| {
            text.lines().any(|line| {
                let line = line.trim_start();
                ["password", "key", "access_key", "secret_key"]
                    .iter()
                    .find_map(|key| line.strip_prefix(key).filter(|rest| !rest.starts_with('_')))
                    .map(str::trim_start)
                    .and_then(|rest| rest.strip_prefix('='))
                    .is_some_and(|value| value.trim_start().starts_with(['"', '\'']))
            })
        });
        if open && plain {
            let problems = Problems::default();
            let place = Place { file: path.display().to_string().into(), line: 0, column: 0 };
            let remedy = "chmod 0600 it, or write password = { file = \"…\" }";
            problems.warning(&place, "", "everybody may read it, and it holds a password", remedy);
            loaded.problems.extend(problems.into_sorted());
        }
    }
}
