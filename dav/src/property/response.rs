//! What was asked of a resource's properties, and the response that answers (RFC 4918 §9.1, §14.22, §14.24).

use std::collections::BTreeMap;

use http::StatusCode;

use crate::condition::Failure;
use crate::property::{Facets, LiveProperty, Read, Shown, Value, View, table};
use crate::xml::name::dav;
use crate::xml::{Element, Name, Writer};

/// Properties that one request may name: three times what the most curious client asks for. Each is answered for each
/// resource.
pub const NAMES_MAX: usize = 200;

/// A property asked for by name.
#[derive(Clone, Copy)]
enum Row {
    Live(&'static LiveProperty),
    /// Dead, or nothing at all.
    Other,
}

/// Where properties are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A PROPFIND.
    Propfind,
    /// A report, which may ask for calendar-data.
    Report,
}

/// Whether properties that are not there are told (RFC 8144 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// They are, with 404.
    Full,
    /// They are left out.
    Minimal,
}

/// Which properties are asked for.
pub struct Wanted {
    what: What,
    /// Properties by name: all that is asked for, or what comes on top of all.
    named: Vec<(Element, Row)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Named,
    All,
    Names,
}

impl Wanted {
    /// Those that `DAV:prop` names.
    ///
    /// # Errors
    /// 400 for more than [`NAMES_MAX`].
    pub fn named(prop: &Element, asker: Asker) -> Result<Self, Failure> {
        Ok(Self { what: What::Named, named: rows(prop, asker)? })
    }

    /// `DAV:allprop`, with those that `DAV:include` names (RFC 4918 §9.1).
    ///
    /// # Errors
    /// 400 for more than [`NAMES_MAX`].
    pub fn all(include: Option<&Element>) -> Result<Self, Failure> {
        let named = include.map(|include| rows(include, Asker::Propfind)).transpose()?;
        Ok(Self { what: What::All, named: named.unwrap_or_default() })
    }

    /// `DAV:propname`.
    pub fn names() -> Self {
        Self { what: What::Names, named: Vec::new() }
    }

    /// What must be loaded to answer.
    pub fn needs(&self) -> Facets {
        let listed: Facets = match self.what {
            What::Named => Facets::NONE,
            What::All => of_rows(|row| row.shown == Shown::Always).or(Facets::DEAD),
            What::Names => of_rows(|row| row.shown != Shown::Reported).or(Facets::DEAD),
        };
        self.named.iter().fold(listed, |facets, (_, row)| match row {
            Row::Live(row) => facets.or(row.needs),
            Row::Other => facets.or(Facets::DEAD),
        })
    }
}

fn of_rows(shown: impl Fn(&LiveProperty) -> bool) -> Facets {
    table::all().filter(|row| shown(row)).fold(Facets::NONE, |facets, row| facets.or(row.needs))
}

fn rows(prop: &Element, asker: Asker) -> Result<Vec<(Element, Row)>, Failure> {
    if prop.elements().count() > NAMES_MAX {
        return Err(Failure::bad_request(format!("at most {NAMES_MAX} properties are asked for at once")));
    }
    let row_of = |element: &Element| {
        let row = table::find(element.name());
        row.filter(|row| row.shown != Shown::Reported || asker == Asker::Report)
    };
    Ok(prop
        .elements()
        .map(|element| (element.clone(), row_of(element).map_or(Row::Other, Row::Live)))
        .collect())
}

/// Writes the `DAV:response` of a resource.
pub fn write(view: &View, wanted: &Wanted, detail: Detail, out: &mut Writer) {
    out.open(dav("response"));
    out.text_element(dav("href"), &view.href());
    write_propstats(view, wanted, detail, out);
    out.close(dav("response"));
}

/// Writes the `DAV:propstat`s of a resource.
pub fn write_propstats(view: &View, wanted: &Wanted, detail: Detail, out: &mut Writer) {
    let before = out.len();
    open_propstat(out);
    let inner = out.len();
    let mut lacking: BTreeMap<u16, Vec<&Element>> = BTreeMap::new();
    let included = match wanted.what {
        What::Named => true,
        What::All => {
            write_all(view, out);
            true
        }
        What::Names => {
            write_names(view, out);
            false
        }
    };
    for (asked, row) in wanted.named.iter().filter(|_| included) {
        if wanted.what == What::All && is_in_allprop(view, asked, *row) {
            continue;
        }
        if let Err(status) = write_one(view, asked, *row, out) {
            lacking.entry(status.as_u16()).or_default().push(asked);
        }
    }
    if detail == Detail::Minimal || wanted.what == What::All {
        lacking.remove(&StatusCode::NOT_FOUND.as_u16());
    }
    if out.len() > inner || lacking.is_empty() {
        close_propstat(StatusCode::OK, out);
    } else {
        out.truncate(before);
    }
    for (status, names) in lacking {
        open_propstat(out);
        for element in names {
            out.empty(element.name());
        }
        close_propstat(StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND), out);
    }
}

/// Writes one `DAV:propstat` around properties that were written before.
pub fn write_propstat(status: StatusCode, properties: &str, out: &mut Writer) {
    open_propstat(out);
    out.raw(properties);
    close_propstat(status, out);
}

fn open_propstat(out: &mut Writer) {
    out.open(dav("propstat"));
    out.open(dav("prop"));
}

fn close_propstat(status: StatusCode, out: &mut Writer) {
    out.close(dav("prop"));
    write_status(status, out);
    out.close(dav("propstat"));
}

/// Writes a `DAV:status` (RFC 4918 §14.28), with a reason phrase, which some clients need.
pub fn write_status(status: StatusCode, out: &mut Writer) {
    let reason = status.canonical_reason().unwrap_or("Unknown");
    out.open(dav("status"));
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason] {
        out.text(part);
    }
    out.close(dav("status"));
}

/// One property as XML, if it has a value here.
pub fn property(view: &View, asked: &Element) -> Option<String> {
    let mut out = Writer::fragment();
    let row = table::find(asked.name()).map_or(Row::Other, Row::Live);
    write_one(view, asked, row, &mut out).ok()?;
    Some(out.finish())
}

fn is_in_allprop(view: &View, asked: &Element, row: Row) -> bool {
    match row {
        Row::Live(row) => row.shown == Shown::Always && row.on.meets(view.kind),
        Row::Other => view.dead().any(|(name, _)| name == asked.name()),
    }
}

fn write_one(view: &View, asked: &Element, row: Row, out: &mut Writer) -> Result<(), StatusCode> {
    match row {
        Row::Live(row) => write_live(view, row, asked, out),
        Row::Other => {
            let (_, xml) =
                view.dead().find(|(name, _)| *name == asked.name()).ok_or(StatusCode::NOT_FOUND)?;
            out.raw(xml);
            Ok(())
        }
    }
}

fn write_live(view: &View, row: &LiveProperty, asked: &Element, out: &mut Writer) -> Result<(), StatusCode> {
    if !row.on.meets(view.kind) {
        return Err(StatusCode::NOT_FOUND);
    }
    let mut value = Value::open(out, row.name);
    let read = match row.read {
        Read::Plain(read) => read(view, &mut value).ok_or(StatusCode::NOT_FOUND),
        Read::Asked(read) => read(view, asked, &mut value),
    };
    value.close(read)
}

fn write_all(view: &View, out: &mut Writer) {
    for row in table::all().filter(|row| row.shown == Shown::Always) {
        let _absent = write_live(view, row, &Element::named(row.name), out);
    }
    for (_, xml) in view.dead() {
        out.raw(xml);
    }
}

fn write_names(view: &View, out: &mut Writer) {
    let mut names: Vec<Name<'_>> = Vec::new();
    let mut thrown_away = Writer::fragment();
    for row in table::all().filter(|row| row.shown != Shown::Reported) {
        if write_live(view, row, &Element::named(row.name), &mut thrown_away).is_ok() {
            names.push(row.name);
        }
        thrown_away.truncate(0);
    }
    names.extend(view.dead().map(|(name, _)| name));
    for name in names {
        out.empty(name);
    }
}
