//! What a client may write into a scheduling object (RFC 6638 §3.2.4).

use calendar::address::Address;
use calendar::collection::ObjectName;
use calendar::itip::attendee_may;
use calendar::object::CalendarObject;
use calendar::refusal::{Barred, Refusal};

use crate::scheduling::people::{self, Role};
use crate::scheduling::place;
use crate::world::{World, refusal_of};

/// An object with an organizer, and what the owner of the calendar is to it.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) object: CalendarObject,
    pub(crate) role: Role,
}

impl Invitation {
    /// The object in these octets, if the server schedules for somebody with `addresses`.
    pub(crate) fn of(object: Option<CalendarObject>, addresses: &[Address]) -> Option<Self> {
        let object = object?;
        let role = people::role(&object, addresses)?;
        Some(Self { object, role })
    }
}

/// Whether a client of somebody with `addresses` may make `after` of `before`; `None` is no scheduling object.
///
/// # Errors
/// [`Refusal::Scheduling`].
pub(crate) fn may_change(
    before: Option<&Invitation>,
    after: Option<&Invitation>,
    replaced_by: Option<&CalendarObject>,
    addresses: &[Address],
) -> Result<(), Refusal> {
    if let Some(after) = after {
        one_organizer(&after.object)?;
    }
    let Some(before) = before else { return Ok(()) };
    match (before.role, replaced_by) {
        (_, None) => Ok(()),
        (Role::Attendee, Some(_)) if !people::server_answers(&before.object) => Ok(()),
        (Role::Attendee, Some(object)) => {
            if object.uid() != before.object.uid() {
                return Err(Refusal::Scheduling(Barred::AttendeeChange { property: "UID".to_owned() }));
            }
            attendee_may(&before.object, object, addresses)
                .map_err(|reason| Refusal::Scheduling(Barred::AttendeeChange { property: reason.property }))
        }
        (Role::Organizer, Some(object)) => {
            let given_away = people::organizers(object).any(|who| !addresses.contains(&who));
            let property = match (object.uid() == before.object.uid(), given_away) {
                (false, _) => "UID",
                (_, true) => "ORGANIZER",
                _ => return Ok(()),
            };
            Err(Refusal::Scheduling(Barred::OrganizerChange { property: property.to_owned() }))
        }
    }
}

fn one_organizer(object: &CalendarObject) -> Result<(), Refusal> {
    let mut organizers = people::organizers(object);
    let first = organizers.next();
    if organizers.all(|other| Some(&other) == first.as_ref()) {
        return Ok(());
    }
    Err(Refusal::Scheduling(Barred::OrganizersDiffer))
}

/// Whether the owner has no other scheduling object with this UID than `name` (RFC 6638 §3.2.4.1), one that leaves in
/// the same change aside.
///
/// # Errors
/// [`Barred::SecondResource`].
pub(crate) async fn only_one(
    world: &World,
    name: &ObjectName,
    uid: &str,
    leaves: Option<&ObjectName>,
) -> Result<(), Refusal> {
    let Some(owner) = world.owner(name.collection.owner.as_str()) else { return Ok(()) };
    let addresses = people::addresses_of(&owner);
    for copy in world.store.copies_of(&name.collection.owner, uid).await.map_err(refusal_of)? {
        if copy == *name || Some(&copy) == leaves || copy.collection == name.collection {
            // Two in one calendar are another matter (RFC 4791 §5.3.2.1).
            continue;
        }
        let Some((record, _)) = world.store.collection(&copy.collection).await.map_err(refusal_of)? else {
            continue;
        };
        if !place::schedules(&record) {
            continue;
        }
        let Some(stored) = world.store.object(&copy).await.map_err(refusal_of)? else { continue };
        if Invitation::of(people::read(world, &stored.octets), &addresses).is_some() {
            return Err(Refusal::Scheduling(Barred::SecondResource(copy)));
        }
    }
    Ok(())
}
