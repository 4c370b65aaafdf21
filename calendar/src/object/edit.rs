//! Changing single properties of an object in place: every other octet stays as it was.

use std::ops::Range;
use std::sync::Arc;

use super::CalendarObject;
use crate::component::{Component, Property};
use crate::text;

/// A stretch of the source and what stands there afterwards.
pub(crate) struct Edit {
    /// Where, in [`CalendarObject::source`]; of no length to insert.
    pub(crate) octets: Range<usize>,
    /// What is put there: whole folded lines, or nothing.
    pub(crate) text: String,
}

/// `source` with all `edits` applied. They must not overlap; those that do not fit are left out.
pub(crate) fn edited(source: &[u8], mut edits: Vec<Edit>) -> Arc<[u8]> {
    edits.sort_by_key(|edit| (edit.octets.start, edit.octets.end));
    let mut octets =
        Vec::with_capacity(source.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut copied = 0;
    for edit in edits {
        let Some(kept) = source.get(copied..edit.octets.start) else { continue };
        octets.extend_from_slice(kept);
        octets.extend_from_slice(edit.text.as_bytes());
        copied = edit.octets.end;
    }
    octets.extend_from_slice(source.get(copied..).unwrap_or_default());
    Arc::from(octets)
}

impl CalendarObject {
    /// The octets with property `name` (upper case) set to `value` (raw, already escaped) in every component of the
    /// object's kind: written in place of the first of that name, else as the first property. The rest stays octet for octet.
    ///
    /// The text becomes UTF-8 if it was not.
    pub fn with_property(&self, name: &str, value: &str) -> Arc<[u8]> {
        let line = text::fold(&format!("{name}:{}", single_line(value)));
        let edits = self.components().filter_map(|component| {
            let before = |first: &Property| first.octets.start..first.octets.start;
            let octets = component.property(name).map(|property| property.octets.clone());
            let octets = octets.or_else(|| component.properties.first().map(before))?;
            Some(Edit { octets, text: line.clone() })
        });
        edited(self.source(), edits.collect())
    }

    /// The octets without the properties called `name` (upper case) of every component of the object's kind.
    pub fn without_property(&self, name: &str) -> Arc<[u8]> {
        let edits = self
            .components()
            .flat_map(|component: &Component| component.properties_named(name))
            .map(|property| Edit { octets: property.octets.clone(), text: String::new() });
        edited(self.source(), edits.collect())
    }
}

/// A raw value that cannot end its line.
fn single_line(value: &str) -> String {
    value.chars().filter(|character| !character.is_control() || *character == '\t').collect()
}
