//! VFREEBUSY out (RFC 5545 §3.6.4, RFC 4791 §7.10).

use crate::busy::set::BusySet;
use crate::time::{Instant, Span};

/// A VCALENDAR with one VFREEBUSY: one FREEBUSY property a type, periods in UTC with both ends, folded, CRLF.
pub fn vfreebusy(busy: &BusySet, window: Span, now: Instant, uid: &str) -> String {
    let _ = (busy, window, now, uid);
    todo!()
}
