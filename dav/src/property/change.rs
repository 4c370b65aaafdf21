//! What setting or removing a property means: a change that the backend decides on, or a failure (RFC 4918 §9.2).

use http::StatusCode;

use crate::backend::PropertyChange;
use crate::condition::{CANNOT_MODIFY_PROTECTED_PROPERTY, Failure};
use crate::property::{Write, table};
use crate::xml::Element;

/// Octets of one dead property.
pub const DEAD_PROPERTY_OCTETS_MAX: usize = 64 * 1024;

/// When a property is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// While its collection is made.
    Creation,
    /// Afterwards.
    Update,
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// `DAV:set`.
    Set,
    /// `DAV:remove`.
    Remove,
}

/// The change that an instruction on a property of a collection means.
///
/// # Errors
/// DAV:cannot-modify-protected-property, or what is wrong with the value.
pub fn of(element: &Element, instruction: Instruction, moment: Moment) -> Result<PropertyChange, Failure> {
    let set = (instruction == Instruction::Set).then_some(element);
    let Some(row) = table::find(element.name()) else {
        // Before it is written, which for a hostile one would cost more than its octets.
        let is_small = |octets: usize| octets <= DEAD_PROPERTY_OCTETS_MAX;
        let xml = match set {
            Some(element) if is_small(element.octets_min()) => Some(element.standing_alone()),
            Some(_) => return Err(too_large()),
            None => None,
        };
        if xml.as_ref().is_some_and(|xml| !is_small(xml.len())) {
            return Err(too_large());
        }
        return Ok(PropertyChange::Dead(element.name().to_pair(), xml));
    };
    match row.write {
        Write::Accepts(read) => read(set),
        Write::AtCreation(read) if moment == Moment::Creation => read(set),
        Write::AtCreation(_) | Write::Protected => Err(Failure::of(
            CANNOT_MODIFY_PROTECTED_PROPERTY,
            format!("{} is set by the server", element.name().local),
        )),
    }
}

fn too_large() -> Failure {
    let reason = format!("a property has at most {DEAD_PROPERTY_OCTETS_MAX} octets");
    Failure::new(StatusCode::INSUFFICIENT_STORAGE, reason)
}
