//! What one object makes busy (RFC 4791 §7.10, specification 3.4).

use crate::address::Address;
use crate::busy::set::BusyPeriod;
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::recur::ExpansionError;
use crate::time::Span;
use crate::zone::Zone;

/// In whose eyes and in which calendar an object is read.
#[derive(Clone, Debug)]
pub struct BusyReading<'a> {
    /// The zone of dates and floating times.
    pub zone: &'a Zone,
    /// The addresses of the calendar's owner: their PARTSTAT decides.
    pub owner: &'a [Address],
    /// Bounds of the expansion.
    pub limits: &'a Limits,
}

/// The busy periods of `object` that share time with `window`, whole (not clipped), not merged.
///
/// TRANSP, STATUS, the owner's PARTSTAT (DECLINED free; NEEDS-ACTION, TENTATIVE tentative),
/// X-MICROSOFT-CDO-BUSYSTATUS as the provider table 0.1 says, VFREEBUSY periods. An event of zero or negative length
/// makes nothing busy.
///
/// # Errors
/// [`ExpansionError`]; the caller counts the whole window as busy and says so.
pub fn of_object(
    object: &CalendarObject,
    reading: &BusyReading<'_>,
    window: Span,
) -> Result<Vec<BusyPeriod>, ExpansionError> {
    let _ = (object, reading, window);
    todo!()
}
