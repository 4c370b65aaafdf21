//! Managed attachments in an object: an ATTACH comes, is replaced or goes, in all instances or in some (RFC 8607 §3.4).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::instance::instance_name;
use super::parts::Parts;
use crate::component::{Component, Parameter, Property};
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::time::{DateOrTime, Instant};

/// Instances that one request may name.
const INSTANCES_MAX: usize = 200;

/// Which components of an object are meant: the `rid` of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Instances {
    /// All that there are.
    All,
    /// The master (`None`) and instances by their RECURRENCE-ID.
    These(Vec<Option<DateOrTime>>),
}

impl Instances {
    /// Reads `M`, RECURRENCE-IDs, or several of them with commas between; `None` where it is nothing of that.
    pub fn parse(rid: &str) -> Option<Self> {
        let one = |text: &str| match text.trim() {
            "M" | "m" => Some(None),
            text => DateOrTime::parse(text).map(Some),
        };
        let these = rid.split(',').map(one).collect::<Option<Vec<_>>>()?;
        (these.len() <= INSTANCES_MAX).then_some(Self::These(these))
    }
}

/// Why an attachment cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentFault {
    /// The object has no attachment of that id where it is looked for.
    #[error("the object has no such attachment")]
    ManagedId,
    /// An instance that the object does not have.
    #[error("the object has no such instance")]
    Instance,
    /// More octets than an attachment may have.
    #[error("an attachment has at most {0} octets")]
    TooLarge(usize),
    /// More attachments than an object may have.
    #[error("an object has at most {0} attachments")]
    TooMany(usize),
    /// The object speaks of a managed attachment that there is not.
    #[error("a MANAGED-ID names an attachment that is not there")]
    Parameter,
}

/// What an ATTACH of a managed attachment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// MANAGED-ID.
    pub managed_id: &'a str,
    /// Where it is read.
    pub address: &'a str,
    /// FMTTYPE.
    pub media_type: &'a str,
    /// FILENAME.
    pub file_name: &'a str,
    /// SIZE, in octets.
    pub octets: usize,
}

impl Attachment<'_> {
    fn property(&self) -> Property {
        let parameter =
            |name: &str, value: &str| Parameter { name: name.to_owned(), values: vec![value.to_owned()] };
        let parameters = vec![
            parameter("MANAGED-ID", self.managed_id),
            parameter("FMTTYPE", self.media_type),
            parameter("SIZE", &self.octets.to_string()),
            parameter("FILENAME", self.file_name),
        ];
        Property {
            name: "ATTACH".to_owned(),
            parameters,
            value: self.address.to_owned(),
            ..Property::default()
        }
    }
}

/// The managed attachments that an object speaks of: id and address.
pub fn managed(calendar: &Component) -> BTreeSet<(String, String)> {
    let attached = calendar.components.iter().flat_map(|component| component.properties_named("ATTACH"));
    attached
        .filter_map(|property| Some((property.parameter("MANAGED-ID")?.to_owned(), property.value.clone())))
        .collect()
}

/// The object with an attachment more.
///
/// # Errors
/// [`AttachmentFault::Instance`].
pub fn attach(
    held: &CalendarObject,
    on: &Instances,
    attachment: &Attachment<'_>,
    limits: &Limits,
) -> Result<Arc<[u8]>, AttachmentFault> {
    edit(held, on, limits, |component| {
        component.properties.push(attachment.property());
        true
    })
}

/// The object with another attachment wherever it has `managed_id`.
///
/// # Errors
/// [`AttachmentFault::ManagedId`].
pub fn replace(
    held: &CalendarObject,
    managed_id: &str,
    attachment: &Attachment<'_>,
    limits: &Limits,
) -> Result<Arc<[u8]>, AttachmentFault> {
    edit(held, &Instances::All, limits, |component| {
        let mut found = false;
        for property in component.properties.iter_mut().filter(|property| is_that(property, managed_id)) {
            *property = attachment.property();
            found = true;
        }
        found
    })
}

/// The object without an attachment.
///
/// # Errors
/// [`AttachmentFault::Instance`], [`AttachmentFault::ManagedId`].
pub fn detach(
    held: &CalendarObject,
    on: &Instances,
    managed_id: &str,
    limits: &Limits,
) -> Result<Arc<[u8]>, AttachmentFault> {
    edit(held, on, limits, |component| {
        let before = component.properties.len();
        component.properties.retain(|property| !is_that(property, managed_id));
        component.properties.len() < before
    })
}

fn is_that(property: &Property, managed_id: &str) -> bool {
    property.name == "ATTACH" && property.parameter("MANAGED-ID") == Some(managed_id)
}

/// Changes the components that are meant; an instance without a component of its own gets one.
fn edit(
    held: &CalendarObject,
    on: &Instances,
    limits: &Limits,
    change: impl Fn(&mut Component) -> bool,
) -> Result<Arc<[u8]>, AttachmentFault> {
    let mut parts = Parts::of(Some(held));
    let places: Vec<Option<Instant>> = match on {
        Instances::All => parts.list.keys().copied().collect(),
        Instances::These(these) => {
            let form = parts.form.clone();
            these.iter().map(|name| name.as_ref().map(|name| named(name, form.as_ref()))).collect()
        }
    };
    let mut changed = false;
    // What the instances say before the master changes, of which they are made.
    let mut described = Vec::new();
    for at in places {
        let component = parts.described(at, limits).ok_or(AttachmentFault::Instance)?;
        described.push((at, component));
    }
    for (at, mut component) in described {
        if change(&mut component) {
            changed = true;
            parts.put(at, component, held);
        }
    }
    if !changed {
        return Err(AttachmentFault::ManagedId);
    }
    parts.render(held).ok_or(AttachmentFault::Instance)
}

/// A name without a zone is one of the series' clock.
fn named(name: &DateOrTime, form: Option<&DateOrTime>) -> Instant {
    match (name, form) {
        (DateOrTime::Utc(_) | DateOrTime::Date(_), _) | (_, None) => instance_name(name, form),
        (_, Some(form)) => instance_name(&form.with_local(name.local()), Some(form)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
        DTSTART;TZID=Europe/Berlin:20260504T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=5\r\nX-OWN:kept ;as it is\r\n\
        END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260505T090000\r\n\
        DTSTART;TZID=Europe/Berlin:20260505T100000\r\nDURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    fn read(octets: Arc<[u8]>) -> CalendarObject {
        CalendarObject::read(octets, &Limits::default()).unwrap()
    }

    fn file(managed_id: &str) -> Attachment<'_> {
        Attachment {
            managed_id,
            address: "https://x.example/a/1",
            media_type: "text/plain",
            file_name: "a;\"b\".txt",
            octets: 3,
        }
    }

    /// How often an id stands in each component.
    fn held(object: &CalendarObject, id: &str) -> Vec<usize> {
        let count = |component: &Component| {
            component.properties.iter().filter(|property| is_that(property, id)).count()
        };
        object.components().map(count).collect()
    }

    #[test]
    fn to_all_to_some_and_away_again() {
        let limits = Limits::default();
        let series = read(Arc::from(SERIES.as_bytes()));
        let all = read(attach(&series, &Instances::All, &file("m1"), &limits).unwrap());
        assert_eq!(held(&all, "m1"), [1, 1]);
        assert!(String::from_utf8_lossy(all.octets()).contains("X-OWN:kept ;as it is\r\n"));
        let property = all.master().unwrap().property("ATTACH").unwrap();
        assert_eq!(property.parameter("FILENAME"), Some("a;\"b\".txt"));
        // The master, an override, and an instance that gets a component of its own.
        let some = Instances::parse("M,20260506T090000,20260507T070000Z").unwrap();
        let more = read(attach(&all, &some, &file("m2"), &limits).unwrap());
        assert_eq!(held(&more, "m2"), [1, 0, 1, 1]);
        assert_eq!(held(&more, "m1"), [1, 1, 1, 1]);
        let other = read(replace(&more, "m1", &file("m3"), &limits).unwrap());
        assert_eq!((held(&other, "m1"), held(&other, "m3")), (vec![0; 4], vec![1; 4]));
        let one = Instances::parse("20260505T090000").unwrap();
        let less = read(detach(&other, &one, "m3", &limits).unwrap());
        assert_eq!(held(&less, "m3"), [1, 0, 1, 1]);
        let none = read(detach(&less, &Instances::All, "m3", &limits).unwrap());
        assert_eq!(managed(none.calendar()).len(), 1);
    }

    #[test]
    fn what_is_not_there() {
        let limits = Limits::default();
        let series = read(Arc::from(SERIES.as_bytes()));
        let far = Instances::parse("20270505T090000").unwrap();
        assert_eq!(attach(&series, &far, &file("m"), &limits), Err(AttachmentFault::Instance));
        assert_eq!(detach(&series, &Instances::All, "m", &limits), Err(AttachmentFault::ManagedId));
        assert_eq!(replace(&series, "m", &file("n"), &limits), Err(AttachmentFault::ManagedId));
        for rid in ["", "x", "M,", &"M,".repeat(300)] {
            assert_eq!(Instances::parse(rid), None, "{rid}");
        }
    }
}
