//! What the TZIDs of one calendar mean (RFC 5545 §3.2.19, specification 2.2).

use std::collections::HashMap;

use crate::component::Component;
use crate::limits::Limits;
use crate::text::TextError;
use crate::zone::Zone;

/// The VTIMEZONEs of a calendar by their TZID.
pub(crate) struct Definitions<'a> {
    exact: HashMap<String, &'a Component>,
    /// Without regard to case, quotes and spaces around.
    bare: HashMap<String, &'a Component>,
}

impl<'a> Definitions<'a> {
    /// Of several with one TZID the first counts.
    pub(crate) fn of(calendar: &'a Component) -> Self {
        let mut definitions = Self { exact: HashMap::new(), bare: HashMap::new() };
        for vtimezone in calendar.components_named("VTIMEZONE") {
            let Some(tzid) = vtimezone.text("TZID") else { continue };
            definitions.bare.entry(bare(&tzid)).or_insert(vtimezone);
            definitions.exact.entry(tzid).or_insert(vtimezone);
        }
        definitions
    }

    /// The VTIMEZONE that a TZID parameter means.
    pub(crate) fn find(&self, tzid: &str) -> Option<&'a Component> {
        self.exact.get(tzid).or_else(|| self.bare.get(&bare(tzid))).copied()
    }
}

fn bare(tzid: &str) -> String {
    tzid.trim_matches([' ', '\t', '"']).to_lowercase()
}

/// Zones that are remembered at most, and octets of the texts that define them; then all are forgotten.
const REMEMBERED_MAX: usize = 128;
const OCTETS_MAX: usize = 512 * 1024;

/// Zones that were resolved before, by TZID and the text of the VTIMEZONE: the objects of a feed or collection share
/// their rules, and what a zone was once asked need not be reckoned again. Bounded.
#[derive(Debug, Default)]
pub struct ZoneCache {
    zones: HashMap<(String, String), Option<Zone>>,
    octets: usize,
}

impl ZoneCache {
    /// Every TZID that the properties of `calendar` name, with its zone; `source` is the calendar's text.
    pub(super) fn zones_of(
        &mut self,
        calendar: &Component,
        source: &str,
    ) -> Result<HashMap<String, Option<Zone>>, TextError> {
        let definitions = Definitions::of(calendar);
        let mut zones = HashMap::new();
        let mut open = vec![calendar];
        while let Some(component) = open.pop() {
            for property in &component.properties {
                let Some(tzid) = property.parameter("TZID") else { continue };
                if zones.contains_key(tzid) {
                    continue;
                }
                if zones.len() == Limits::ZONES_MAX {
                    let reason = format!("more than {} time zones", Limits::ZONES_MAX);
                    return Err(TextError::new(property.line, "TZID", reason));
                }
                let vtimezone = definitions.find(tzid);
                let text = vtimezone.and_then(|zone| source.get(zone.octets.clone())).unwrap_or_default();
                let zone = self.zone((tzid, text), || resolve(vtimezone, tzid));
                zones.insert(tzid.to_owned(), zone);
            }
            open.extend(component.components.iter().filter(|inner| inner.name != "VTIMEZONE"));
        }
        Ok(zones)
    }

    fn zone(&mut self, (tzid, text): (&str, &str), resolve: impl FnOnce() -> Option<Zone>) -> Option<Zone> {
        let key = (tzid.to_owned(), text.to_owned());
        if let Some(known) = self.zones.get(&key) {
            return known.clone();
        }
        let zone = resolve();
        self.octets += tzid.len() + text.len();
        if self.zones.len() >= REMEMBERED_MAX || self.octets > OCTETS_MAX {
            self.zones.clear();
            self.octets = tzid.len() + text.len();
        }
        self.zones.insert(key, zone.clone());
        zone
    }
}

/// The rules of the VTIMEZONE, else what the name means, else what the VTIMEZONE's X-LIC-LOCATION means.
pub(super) fn resolve(vtimezone: Option<&Component>, tzid: &str) -> Option<Zone> {
    vtimezone
        .and_then(Zone::of_vtimezone)
        .or_else(|| Zone::named(tzid))
        .or_else(|| Zone::named(&vtimezone?.text("X-LIC-LOCATION")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_right() {
        let mut cache = ZoneCache::default();
        let mut asked = 0;
        for number in 0..1000 {
            let (tzid, text) = (format!("zone{}", number / 2), "x".repeat(3000 * (number % 2)));
            for _ in 0..2 {
                let zone = cache.zone((&tzid, &text), || {
                    asked += 1;
                    Zone::named("Europe/Berlin").filter(|_| number % 2 == 0)
                });
                assert_eq!(zone.is_some(), number % 2 == 0, "{number}");
            }
            assert!(cache.zones.len() <= REMEMBERED_MAX && cache.octets <= OCTETS_MAX);
        }
        assert_eq!(asked, 1000);
    }
}
