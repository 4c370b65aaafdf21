//! `docs/standards.md`, made from the tables.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use calendar::object::Kind;
use dav::condition::CONDITIONS;
use dav::filter::Collation;
use dav::method::options;
use dav::method::post::{POSTS, Recognition};
use dav::method::table::METHODS;
use dav::privilege;
use dav::property::{Kinds, LiveProperty, Shown, Write, table};
use dav::report::table::REPORTS;
use dav::timezones;
use dav::xml::name::{PREFIXES, dav};
use dav::xml::{Element, Name, Writer};

use crate::catalogue::examples::EXAMPLES;
use crate::catalogue::extent::EXTENTS;
use crate::catalogue::{self, Defined, Standing};
use crate::scenario::{self, Scenario};

/// What kinds of resources are called here.
const KINDS: &[(Kinds, &str)] = &[
    (Kinds::ROOT, "root"),
    (Kinds::PRINCIPALS, "principals"),
    (Kinds::PRINCIPAL, "principal"),
    (Kinds::HOMES, "homes"),
    (Kinds::HOME, "home"),
    (Kinds::CALENDAR, "calendar"),
    (Kinds::INBOX, "inbox"),
    (Kinds::OUTBOX, "outbox"),
    (Kinds::OBJECT, "object"),
    (Kinds::FILE, "file"),
    (Kinds::FOLDER, "folder"),
];

/// Where the document stands.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/standards.md")
}

fn kinds(on: Kinds) -> String {
    let names: Vec<&str> = KINDS.iter().filter(|(kind, _)| on.meets(*kind)).map(|(_, name)| *name).collect();
    if names.len() == KINDS.len() { "everything".to_owned() } else { names.join(", ") }
}

fn name(name: Name<'_>) -> String {
    let prefix = PREFIXES.iter().find(|(_, namespace)| *namespace == name.namespace);
    prefix.map_or_else(|| format!("`{name:?}`"), |(prefix, _)| format!("`{prefix}:{}`", name.local))
}

fn table_of(out: &mut String, heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), " --- |".repeat(heads.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
}

/// The document.
pub fn document() -> String {
    let mut out = String::from(
        "# Standards\n\nWhat is spoken here, made by `cargo xtask standards` from the tables that the server itself works \
         by. How it is proven:\nscenarios (`tests/dav/scenarios`) are conversations that are played against the whole server; \
         the number of those that show\na standard stands beside it.\n\nPrefixes: ",
    );
    let prefixes = PREFIXES.iter().map(|(prefix, namespace)| format!("{prefix} = `{namespace}`"));
    out.push_str(&prefixes.collect::<Vec<_>>().join(", "));
    out.push_str(".\n\n## Standards\n\n");
    extents(&mut out);
    let words: Vec<String> = options::DAV.split(", ").map(|word| format!("`{word}`")).collect();
    let _ = writeln!(out, "\n## The DAV header\n\n{}", words.join(", "));
    out.push_str("\n## Methods\n\n");
    let methods =
        METHODS.iter().map(|row| vec![format!("`{}`", row.name), kinds(row.on), row.rfc.to_owned()]);
    table_of(&mut out, &["method", "on", "standard"], methods);
    posts(&mut out);
    out.push_str("\n## Reports\n\n");
    let reports = REPORTS.iter().map(|row| vec![name(row.name), kinds(row.on), row.rfc.to_owned()]);
    table_of(&mut out, &["report", "on", "standard"], reports);
    zones(&mut out);
    properties(&mut out);
    conditions(&mut out);
    privileges(&mut out);
    icalendar(&mut out);
    examples(&mut out);
    scenarios(&mut out);
    out
}

fn posts(out: &mut String) {
    out.push_str("\n## What POST means\n\n");
    let rows = POSTS.iter().map(|row| {
        let by = match row.by {
            Recognition::Query(parameter, None) => format!("`?{parameter}`"),
            Recognition::Query(parameter, Some(value)) => format!("`?{parameter}={value}`"),
            Recognition::Media(kind) => format!("a body of `{kind}`"),
            Recognition::Root(root) => format!("a body of {}", name(root)),
        };
        vec![kinds(row.on), by, row.rfc.to_owned()]
    });
    table_of(out, &["on", "known by", "standard"], rows);
}

fn zones(out: &mut String) {
    let _ = writeln!(
        out,
        "\n## What is told of time zones\n\nBelow `{}`, without sign-in.\n",
        timezones::CONTEXT
    );
    let rows = timezones::ACTIONS
        .iter()
        .map(|row| vec![row.name.to_owned(), format!("`{}`", row.template), row.standard.to_owned()]);
    table_of(out, &["action", "address", "standard"], rows);
}

fn shows(scenario: &Scenario, standard: &str) -> bool {
    scenario.standards.iter().any(|shown| {
        shown.strip_prefix(standard).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

fn extents(out: &mut String) {
    let scenarios = scenario::all();
    let rows = EXTENTS.iter().map(|row| {
        let shown = scenarios.iter().filter(|scenario| shows(scenario, row.standard)).count();
        let shown = if shown == 0 { String::new() } else { shown.to_string() };
        vec![row.standard.to_owned(), row.title.to_owned(), row.extent.to_owned(), shown]
    });
    table_of(out, &["standard", "about", "extent", "scenarios"], rows);
}

fn properties(out: &mut String) {
    out.push_str(
        "\n## Properties\n\nAny other property is a dead one and kept as it was set, where properties are kept.\n\n",
    );
    let row = |row: &LiveProperty| {
        let write = match row.write {
            Write::Protected => "",
            Write::Accepts(_) => "yes",
            Write::AtCreation(_) => "when it is made",
        };
        let shown = match row.shown {
            Shown::Always => "allprop",
            Shown::Asked => "",
            Shown::Reported => "reports",
        };
        let defined = catalogue::properties::DEFINED.iter().find(|defined| defined.name == row.name);
        let standard = defined.map_or("", |defined| defined.standard).to_owned();
        vec![name(row.name), kinds(row.on), write.to_owned(), shown.to_owned(), standard]
    };
    table_of(out, &["property", "on", "settable", "shown in", "standard"], table::all().map(row));
    out.push_str("\nThese are not here:\n\n");
    table_of(out, &["property", "standard", "why"], never(catalogue::properties::DEFINED));
}

fn conditions(out: &mut String) {
    out.push_str("\n## Preconditions\n\nEach is broken in a scenario, and told by its element.\n\n");
    let rows = CONDITIONS
        .iter()
        .map(|row| vec![name(row.name), row.status.as_u16().to_string(), row.rfc.to_owned()]);
    table_of(out, &["condition", "status", "standard"], rows);
    out.push_str("\nThese cannot be broken here:\n\n");
    table_of(out, &["condition", "standard", "why"], never(catalogue::conditions::DEFINED));
}

/// What a standard defines and is not here.
fn never(defined: &[Defined]) -> impl Iterator<Item = Vec<String>> {
    defined.iter().filter_map(|row| match row.standing {
        Standing::Never(why) => Some(vec![name(row.name), row.standard.to_owned(), why.to_owned()]),
        _ => None,
    })
}

fn privileges(out: &mut String) {
    out.push_str("\n## Privileges\n\n");
    let mut set = Writer::document(dav("supported-privilege-set"));
    privilege::write_supported(&mut set, Kinds::ANY);
    set.close(dav("supported-privilege-set"));
    let set = Element::read(set.finish().as_bytes()).unwrap();
    privilege_list(&set, 0, out);
}

fn privilege_list(element: &Element, depth: usize, out: &mut String) {
    for privilege in element.all(dav("supported-privilege")) {
        let own = privilege.first(dav("privilege")).unwrap().elements().next().unwrap();
        let description = privilege.first(dav("description")).map(Element::trimmed).unwrap_or_default();
        let _ = writeln!(out, "{}- {}: {description}", "  ".repeat(depth), name(own.name()));
        privilege_list(privilege, depth + 1, out);
    }
}

fn icalendar(out: &mut String) {
    let kinds: Vec<String> = Kind::ALL.iter().map(|kind| format!("`{}`", kind.component_name())).collect();
    let collations: Vec<String> = Collation::ALL.iter().map(|c| format!("`{}`", c.name())).collect();
    let _ = writeln!(
        out,
        "\n## iCalendar\n\n- kinds of objects: {}\n- collations of text matches: {}\n- anything else in an object is \
         kept as it came",
        kinds.join(", "),
        collations.join(", ")
    );
}

fn examples(out: &mut String) {
    out.push_str("\n## Examples and appendices of the standards\n\n");
    let rows = EXAMPLES.iter().map(|row| {
        let section = format!("{} §{}", row.standard, row.section);
        vec![section, row.about.to_owned(), format!("`{}`", row.scenario)]
    });
    table_of(out, &["example", "about", "scenario"], rows);
}

fn scenarios(out: &mut String) {
    out.push_str("\n## Scenarios\n\n");
    let scenarios = scenario::all();
    let shown = scenarios.iter().filter(|scenario| !scenario.name.starts_with("given/"));
    let rows = shown.map(|scenario| {
        let mut standards = scenario.standards.clone();
        standards.sort();
        vec![format!("`{}`", scenario.name), scenario.title.clone(), standards.join(", ")]
    });
    table_of(out, &["scenario", "shows", "standards"], rows);
    out.push_str("\n## Where answers differ from the standards' examples\n\n");
    for scenario in &scenarios {
        for differs in &scenario.differs {
            let _ = writeln!(out, "- `{}`: {differs}", scenario.name);
        }
    }
}
