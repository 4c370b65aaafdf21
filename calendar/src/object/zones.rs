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

/// Zones that were resolved before, by TZID and the text of the VTIMEZONE: the objects of a feed share their rules.
#[derive(Default)]
pub(crate) struct ZoneCache(HashMap<(String, String), Option<Zone>>);

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
                let known = self.0.entry((tzid.to_owned(), text.to_owned()));
                zones.insert(tzid.to_owned(), known.or_insert_with(|| resolve(vtimezone, tzid)).clone());
            }
            open.extend(component.components.iter().filter(|inner| inner.name != "VTIMEZONE"));
        }
        Ok(zones)
    }
}

/// The rules of the VTIMEZONE, else what the name means, else what the VTIMEZONE's X-LIC-LOCATION means.
pub(super) fn resolve(vtimezone: Option<&Component>, tzid: &str) -> Option<Zone> {
    vtimezone
        .and_then(Zone::of_vtimezone)
        .or_else(|| Zone::named(tzid))
        .or_else(|| Zone::named(&vtimezone?.text("X-LIC-LOCATION")?))
}
