//! Live properties of collection synchronisation (RFC 6578 §4).

use crate::property::{Kinds, LiveProperty};
use crate::xml::name::dav;

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // §4
    LiveProperty::protected(dav("sync-token"), Kinds::CALENDAR.or(Kinds::INBOX), |view, out| {
        out.text(&view.collection.as_ref()?.token.to_uri())
    }),
];
