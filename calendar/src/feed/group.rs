//! Which components of a feed make one object.

use std::collections::{HashMap, HashSet};

use super::kind_of;
use crate::component::Component;
use crate::object::{Kind, revision};
use crate::warning::{Warning, WarningKind};

/// The components of one object, in order of the text.
pub(super) struct Group<'a> {
    pub(super) components: Vec<&'a Component>,
    /// Which VCALENDAR each stands in.
    pub(super) calendars: Vec<usize>,
    /// The UID to write, where theirs is missing or taken.
    pub(super) written_uid: Option<String>,
    kind: Kind,
}

/// All groups of a feed.
pub(super) struct Groups<'a> {
    pub(super) in_order: Vec<Group<'a>>,
}

impl<'a> Groups<'a> {
    /// Groups by UID. Of components that claim the same place, the last of the highest revision is taken.
    pub(super) fn of(calendars: &'a [Component], warnings: &mut Vec<Warning>) -> Self {
        let mut groups = Self { in_order: Vec::new() };
        let mut by_uid: HashMap<String, usize> = HashMap::new();
        let mut uids_made: HashMap<String, usize> = HashMap::new();
        for (calendar_at, calendar) in calendars.iter().enumerate() {
            for component in &calendar.components {
                let Some(kind) = kind_of(component) else { continue };
                let given = component.text("UID");
                let written = given.as_deref().map(as_written).filter(|uid| !uid.trim().is_empty());
                let made = written.is_none();
                let mut uid = written.unwrap_or_else(|| made_uid(component, &mut uids_made));
                if made {
                    warnings.push(Warning::new(WarningKind::MissingUid, component.line, &uid));
                }
                let mut rewritten = made || given.as_ref() != Some(&uid);
                if by_uid.get(&uid).is_some_and(|at| groups.in_order[*at].kind != kind) {
                    // Two kinds cannot share a UID in one collection (RFC 4791 §5.3.2.1).
                    warnings.push(Warning::new(WarningKind::DuplicateUid, component.line, &uid));
                    uid = format!("{uid}-{}", kind.component_name().to_ascii_lowercase());
                    rewritten = true;
                }
                let at = *by_uid.entry(uid.clone()).or_insert(groups.in_order.len());
                if at == groups.in_order.len() {
                    groups.in_order.push(Group {
                        components: Vec::new(),
                        calendars: Vec::new(),
                        written_uid: None,
                        kind,
                    });
                }
                if rewritten {
                    groups.in_order[at].written_uid = Some(uid);
                }
                groups.in_order[at].components.push(component);
                groups.in_order[at].calendars.push(calendar_at);
            }
        }
        groups.in_order.iter_mut().for_each(|group| group.leave_out_superseded(warnings));
        groups
    }
}

impl Group<'_> {
    fn leave_out_superseded(&mut self, warnings: &mut Vec<Warning>) {
        if self.components.len() < 2 {
            return;
        }
        let mut read: HashMap<Place, usize> = HashMap::new();
        for (at, component) in self.components.iter().enumerate() {
            let taken = read.entry(place(component)).or_insert(at);
            if *taken != at {
                warnings.push(Warning::new(
                    WarningKind::DuplicateUid,
                    component.line,
                    uid_or_empty(component),
                ));
                if revision(component) >= revision(self.components[*taken]) {
                    *taken = at;
                }
            }
        }
        let kept: HashSet<usize> = read.into_values().collect();
        let mut at = 0;
        self.components.retain(|_| {
            at += 1;
            kept.contains(&(at - 1))
        });
        at = 0;
        self.calendars.retain(|_| {
            at += 1;
            kept.contains(&(at - 1))
        });
    }
}

/// What names a component within its series: nothing for the master, else RECURRENCE-ID with its zone.
type Place = Option<(String, Option<String>)>;

fn place(component: &Component) -> Place {
    let id = component.property("RECURRENCE-ID")?;
    Some((as_written(&id.value).trim().to_owned(), id.parameter("TZID").map(as_written)))
}

fn uid_or_empty(component: &Component) -> &str {
    component.property("UID").map_or("", |uid| uid.value.as_str())
}

/// A value without the control characters that are left out where it must be written: with them it would be another.
fn as_written(value: &str) -> String {
    value.chars().filter(|letter| !letter.is_control() || matches!(letter, '\t' | '\n')).collect()
}

/// A UID made of DTSTART, SUMMARY and RRULE, so that it is the same at the next fetch; numbered where several agree.
fn made_uid(component: &Component, made: &mut HashMap<String, usize>) -> String {
    let mut hash = Fnv::new();
    for name in ["DTSTART", "SUMMARY", "RRULE"] {
        let property = component.property(name);
        hash.add(property.and_then(|property| property.parameter("TZID")).unwrap_or_default());
        hash.add(property.map_or("", |property| property.value.trim()));
    }
    let uid = format!("{:032x}", hash.0);
    let count = made.entry(uid.clone()).or_default();
    *count += 1;
    if *count == 1 { format!("{uid}@uid.missing") } else { format!("{uid}-{count}@uid.missing") }
}

/// FNV-1a of 128 bits: not against enemies, but the same in every version of this program.
struct Fnv(u128);

impl Fnv {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn add(&mut self, text: &str) {
        // A separator that UTF-8 does not have keeps the fields apart.
        for octet in text.bytes().chain(std::iter::once(0xff)) {
            self.0 = (self.0 ^ u128::from(octet)).wrapping_mul(Self::PRIME);
        }
    }
}
