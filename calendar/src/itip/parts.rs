//! The components of a held object while a message or an edit changes them, and the text that comes of it.
//!
//! What is not changed keeps its octets: of a component that is changed only the lines that differ are written anew. A
//! property without a place in the text (`octets` of no length) is one that was written here.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::instance::{about_of, described, instance_of};
use super::ledger::{About, Revision};
use super::{NotApplied, compose, range};
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{CalendarObject, Edit, edited};
use crate::text::{ContentLine, content_line, fold, serialise, unfold};
use crate::time::{DateOrTime, Instant};

/// One component and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    /// The instance it describes; `None`: the whole.
    pub(super) at: Option<Instant>,
    pub(super) component: Component,
    /// The object whose VTIMEZONEs its TZIDs mean.
    pub(super) origin: &'a CalendarObject,
    /// Where it, or what it replaces, stands in the held object.
    place: Option<&'a Component>,
}

/// The components of one object: master and overrides, by the instance they describe.
#[derive(Clone, Debug)]
pub(super) struct Parts<'a> {
    base: Option<&'a CalendarObject>,
    /// DTSTART of the series, by which the names of its instances are read.
    pub(super) form: Option<DateOrTime>,
    pub(super) list: BTreeMap<Option<Instant>, Part<'a>>,
    /// The master alone, for questions about its rule.
    series: OnceCell<Option<CalendarObject>>,
}

impl<'a> Parts<'a> {
    /// The components of `base`. Of several that describe the same the last revision counts; the others stay in the
    /// text.
    pub(super) fn of(base: Option<&'a CalendarObject>) -> Self {
        let form = base.and_then(form_of);
        let mut parts = Self { base, form, list: BTreeMap::new(), series: OnceCell::new() };
        let Some(object) = base else { return parts };
        for component in object.components() {
            let Ok(at) = parts.name_of(object, component) else { continue };
            let known = parts.list.get(&at).map(|part| Revision::of(&part.component));
            if known.is_none_or(|known| known <= Revision::of(component)) {
                let part = Part { at, component: component.clone(), origin: object, place: Some(component) };
                parts.list.insert(at, part);
            }
        }
        parts
    }

    /// The instance that a component of `object` describes in this series, `None` being the whole; refused if its
    /// RECURRENCE-ID cannot be read.
    pub(super) fn name_of(
        &self,
        object: &CalendarObject,
        component: &Component,
    ) -> Result<Option<Instant>, NotApplied> {
        match about_of(object, component, self.form.as_ref()) {
            Some(About::Whole) => Ok(None),
            Some(About::Instance(at) | About::From(at)) => Ok(Some(at)),
            None => Err(NotApplied::Lacks("RECURRENCE-ID")),
        }
    }

    pub(super) fn find(&self, at: Option<Instant>) -> Option<&Part<'a>> {
        self.list.get(&at)
    }

    /// What describes `at`, to be changed; the rule of the master stays what it was for [`Self::derived`].
    pub(super) fn find_mut(&mut self, at: Option<Instant>) -> Option<&mut Part<'a>> {
        self.list.get_mut(&at)
    }

    pub(super) fn master(&self) -> Option<&Part<'a>> {
        self.find(None)
    }

    /// The instances that have a component of their own.
    pub(super) fn instances(&self) -> Vec<Instant> {
        self.list.keys().copied().flatten().collect()
    }

    /// What the master, or what ranges over it, says of the instance at `at`, whether or not it has a component of its
    /// own; `None` where the rule makes no such instance.
    pub(super) fn derived(&self, at: Instant, limits: &Limits) -> Option<Component> {
        let master = self.master()?;
        if let Some(range) = range::ranging_over(self, at) {
            return range::derived(self, range, at, limits);
        }
        let series = self.series.get_or_init(|| {
            let calendar = compose::calendar(master.origin, None, vec![master.component.clone()]);
            CalendarObject::read(serialise(&calendar).into_bytes().into(), limits).ok()
        });
        let instance = instance_of(series.as_ref()?, at, limits)?;
        Some(described(&master.component, master.origin, &instance))
    }

    /// What describes `at`: its component, or the rule of the master.
    pub(super) fn described(&self, at: Option<Instant>, limits: &Limits) -> Option<Component> {
        match self.find(at) {
            Some(part) => Some(part.component.clone()),
            None => self.derived(at?, limits),
        }
    }

    pub(super) fn remove(&mut self, at: Option<Instant>) {
        self.list.remove(&at);
        self.forget_rule(at);
    }

    /// Puts `component` (of `origin`, or made here) in place of what described `at`.
    pub(super) fn put(&mut self, at: Option<Instant>, component: Component, origin: &'a CalendarObject) {
        let component = detached(component);
        match self.list.get_mut(&at) {
            Some(part) => {
                part.component = component;
                part.origin = origin;
            }
            None => {
                self.list.insert(at, Part { at, component, origin, place: None });
            }
        }
        self.forget_rule(at);
    }

    fn forget_rule(&mut self, at: Option<Instant>) {
        if at.is_none() {
            self.series = OnceCell::new();
        }
    }

    /// The object that they make; `None` where nothing is left. `frame` gives the VCALENDAR where nothing was held.
    pub(super) fn render(&self, frame: &CalendarObject) -> Option<Arc<[u8]>> {
        if self.list.is_empty() {
            return None;
        }
        let keeps = |base: &CalendarObject| self.list.values().any(|part| std::ptr::eq(part.origin, base));
        if let Some(base) = self.base.filter(|base| keeps(base)) {
            return Some(self.edited(base));
        }
        let origin = self.list.values().next().map_or(frame, |part| part.origin);
        let components = self.list.values().map(|part| part.component.clone()).collect();
        let calendar = compose::calendar(origin, None, components);
        Some(Arc::from(serialise(&calendar).into_bytes()))
    }

    fn edited(&self, base: &'a CalendarObject) -> Arc<[u8]> {
        let mut edits = Vec::new();
        let known = Self::of(Some(base));
        for old in known.list.values() {
            let Some(place) = old.place else { continue };
            match self.find(old.at) {
                None => edits.push(Edit { octets: place.octets.clone(), text: String::new() }),
                Some(part) if !std::ptr::eq(part.origin, base) => {
                    let component = compose::renamed_zones(&part.component, part.origin, base);
                    edits.push(Edit { octets: place.octets.clone(), text: serialise(&component) });
                }
                Some(part) => component_edits(base, place, &part.component, &mut edits),
            }
        }
        let end = base.components().map(|component| component.octets.end).max().unwrap_or_default();
        for part in self.list.values().filter(|part| known.find(part.at).is_none()) {
            let component = compose::renamed_zones(&part.component, part.origin, base);
            edits.push(Edit { octets: end..end, text: serialise(&component) });
        }
        let start = base.components().map(|component| component.octets.start).min().unwrap_or_default();
        let mut zones = BTreeSet::new();
        for part in self.list.values().filter(|part| !std::ptr::eq(part.origin, base)) {
            let missing = compose::missing_zones(&part.component, part.origin, base);
            // Several parts may bring the same one.
            zones.extend(missing.iter().map(serialise));
        }
        edits.extend(zones.into_iter().map(|text| Edit { octets: start..start, text }));
        edited(base.source(), edits)
    }
}

/// DTSTART of the series that `object` holds.
pub(super) fn form_of(object: &CalendarObject) -> Option<DateOrTime> {
    object.date_or_time(object.master()?.property("DTSTART")?)
}

/// What turns the text of `old` into `new`, line by line.
fn component_edits(base: &CalendarObject, old: &Component, new: &Component, edits: &mut Vec<Edit>) {
    if old == new {
        return;
    }
    let Some(first) = old.properties.first() else {
        return edits.push(Edit { octets: old.octets.clone(), text: serialise(new) });
    };
    let removal = |octets: &Range<usize>| Edit { octets: octets.clone(), text: String::new() };
    let kept: BTreeSet<usize> = new.properties.iter().map(|property| property.octets.start).collect();
    let mut gone: BTreeMap<usize, &Property> =
        old.properties.iter().map(|each| (each.octets.start, each)).collect();
    gone.retain(|start, _| !kept.contains(start));
    let mut cursor = first.octets.start;
    for property in &new.properties {
        if !property.octets.is_empty() {
            cursor = property.octets.end;
            continue;
        }
        // In the place of the line that it replaces, if it does.
        let replaced = gone.get(&cursor).copied().filter(|replaced| replaced.name == property.name);
        let octets = replaced.map_or(cursor..cursor, |replaced| replaced.octets.clone());
        let line = replaced.and_then(|replaced| with_changed_parameters(base, replaced, property));
        if replaced.is_some() {
            gone.remove(&octets.start);
        }
        cursor = octets.end;
        edits.push(Edit { octets, text: line.unwrap_or_else(|| content_line(property)) });
    }
    edits.extend(gone.values().map(|property| removal(&property.octets)));
    let left_out = |inner: &&Component| !new.components.iter().any(|kept| kept.octets == inner.octets);
    edits.extend(old.components.iter().filter(left_out).map(|inner| removal(&inner.octets)));
    let ends = old.components.iter().map(|inner| inner.octets.end);
    let end = ends.chain(old.properties.iter().map(|property| property.octets.end)).max().unwrap_or(cursor);
    for inner in new.components.iter().filter(|inner| inner.octets.is_empty()) {
        edits.push(Edit { octets: end..end, text: serialise(inner) });
    }
}

/// The line of `old` with the parameters of `new` where these differ, the rest as it was written; `None` where more
/// than parameter values differs.
fn with_changed_parameters(base: &CalendarObject, old: &Property, new: &Property) -> Option<String> {
    if old.name != new.name || old.value != new.value || old.parameters.len() > new.parameters.len() {
        return None;
    }
    let mut line = unfold(std::str::from_utf8(base.source().get(old.octets.clone())?).ok()?);
    for (place, parameter) in new.parameters.iter().enumerate() {
        let known = old.parameters.get(place).filter(|known| known.name == parameter.name);
        if known == Some(parameter) {
            continue;
        }
        // How a value is written, the writer knows.
        let alone = Property { parameters: vec![parameter.clone()], ..new.clone() };
        let written = unfold(&content_line(&alone));
        let value = ContentLine::split(&written)?.parameter_value(&written, &parameter.name)?;
        let (text, parts) = (&written[value], ContentLine::split(&line)?);
        line = match (known, parts.parameter_value(&line, &parameter.name)) {
            (Some(_), Some(place)) => format!("{}{text}{}", &line[..place.start], &line[place.end..]),
            (None, None) => {
                let (before, after) = line.split_at(parts.value.start.checked_sub(1)?);
                format!("{before};{}={text}{after}", parameter.name)
            }
            _ => return None,
        };
    }
    let reads_back = ContentLine::split(&line)?;
    let says = (reads_back.parameters(&line), line.get(reads_back.value)?);
    (says == (new.parameters.clone(), &new.value)).then(|| fold(&line))
}

/// The same component as one that was written here: without places in a text.
pub(super) fn detached(mut component: Component) -> Component {
    component.octets = 0..0;
    component.properties.iter_mut().for_each(|property| property.octets = 0..0);
    component.components = component.components.into_iter().map(detached).collect();
    component
}
