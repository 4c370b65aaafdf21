//! Live properties of calendarserver.org and Apple.
//!
//! Colour and order have no row: they are dead properties, kept with their attributes as they were set.

use crate::backend::ctag;
use crate::property::{Kinds, LiveProperty};
use crate::xml::name::calendar_server;

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // The CTag moves whenever the sync-token does.
    LiveProperty::protected(calendar_server("getctag"), Kinds::CALENDAR.or(Kinds::INBOX), |view, out| {
        out.text(&ctag(view.collection.as_ref()?.token))
    }),
    // What Apple Calendar shows of a principal.
    LiveProperty::protected(calendar_server("email-address-set"), Kinds::PRINCIPAL, |view, out| {
        for address in &view.principal.as_ref()?.addresses {
            if let Some(mail) = address.mail() {
                out.writer().text_element(calendar_server("email-address"), mail);
            }
        }
        Some(())
    }),
];
