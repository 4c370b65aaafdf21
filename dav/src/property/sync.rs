//! Live properties of collection synchronisation (RFC 6578 §4).

use crate::property::{Facets, Kinds, LiveProperty};
use crate::xml::name::dav;

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // §4
    LiveProperty::protected(
        dav("sync-token"),
        Kinds::CALENDAR.or(Kinds::INBOX).or(Kinds::HOME).or(Kinds::NOTIFICATIONS),
        |view, out| out.text(&view.sync_token()?),
    )
    .needing(Facets::TREE),
];
