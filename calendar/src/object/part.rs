//! Parts of an object read as events: what lies inside its components recurs like an event (RFC 7953 §3.1).

use std::sync::Arc;

use super::{CalendarObject, Kind};
use crate::component::Component;

impl CalendarObject {
    /// An event made of `parts`, a master and its overrides, in the zones of this object. It has this object's UID and
    /// octets, so that it is of use for its times alone.
    pub(crate) fn as_events(&self, parts: Vec<&Component>) -> Self {
        let as_event = |part: &Component| Component { name: "VEVENT".to_owned(), ..part.clone() };
        let calendar = Component {
            name: "VCALENDAR".to_owned(),
            components: parts.into_iter().map(as_event).collect(),
            ..Component::default()
        };
        let mut event = Self {
            octets: Arc::clone(&self.octets),
            decoded: self.decoded.clone(),
            calendar: Arc::new(calendar),
            uid: self.uid.clone(),
            kind: Kind::Event,
            master: None,
            zones: Arc::clone(&self.zones),
            warnings: Vec::new(),
        };
        event.master = event.choose_master();
        event
    }
}
