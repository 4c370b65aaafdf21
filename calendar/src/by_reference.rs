//! Zones by reference: calendar data with or without the VTIMEZONEs of zones that everybody knows (RFC 7809 §3.1.3).
//!
//! What is left out or put in is decided by names: a standard zone's name means its standard rules to whoever asks not
//! to be told them. Every other octet stays as it was.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{Definitions, Edit, edited};
use crate::text;
use crate::time::{DateOrTime, Instant};
use crate::zone::{Zone, standard};

/// Which VTIMEZONEs calendar data comes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vtimezones {
    /// Those that stand in it.
    #[default]
    AsStored,
    /// Of every zone that it names (`CalDAV-Timezones: T`).
    Every,
    /// Of the zones that are not standard (`CalDAV-Timezones: F`).
    NotStandard,
}

/// 1970-01-01 and 2037-12-31: what readers know of a zone at least.
const KNOWN: (Instant, Instant) = (Instant::from_unix(0), Instant::from_unix(2_145_830_400));

/// VTIMEZONEs that are remembered at most; then all are forgotten.
const REMEMBERED_MAX: usize = 256;

impl Vtimezones {
    /// Calendar data with these VTIMEZONEs; what cannot be read stays as it is.
    pub fn text<'a>(self, octets: &'a [u8], limits: &Limits) -> Cow<'a, [u8]> {
        if self == Self::AsStored {
            return Cow::Borrowed(octets);
        }
        let Ok(parsed) = text::parse(octets, limits) else { return Cow::Borrowed(octets) };
        let lines_end_well = parsed.text.contains("\r\n");
        let mut edits = Vec::new();
        for calendar in &parsed.calendars {
            let left_out = calendar.components.iter().filter(|component| self.leaves_out(component));
            edits.extend(
                left_out.map(|component| Edit { octets: component.octets.clone(), text: String::new() }),
            );
            let Some(first) = calendar.components.first() else { continue };
            let mut added = self.lacking(calendar).concat();
            if !lines_end_well {
                added = added.replace("\r\n", "\n");
            }
            if !added.is_empty() {
                edits.push(Edit { octets: first.octets.start..first.octets.start, text: added });
            }
        }
        if edits.is_empty() {
            return Cow::Borrowed(octets);
        }
        Cow::Owned(edited(parsed.text.as_bytes(), edits).to_vec())
    }

    /// The same for a tree.
    pub fn apply(self, calendar: &mut Component) {
        if self == Self::AsStored {
            return;
        }
        let added = self.lacking(calendar);
        calendar.components.retain(|component| !self.leaves_out(component));
        if added.is_empty() {
            return;
        }
        let whole = format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", added.concat());
        if let Ok(parsed) = text::parse(whole.as_bytes(), &Limits::default()) {
            let zones = parsed.calendars.into_iter().flat_map(|calendar| calendar.components);
            calendar.components.splice(0..0, zones);
        }
    }

    fn leaves_out(self, component: &Component) -> bool {
        let is_standard = || component.text("TZID").is_some_and(|tzid| standard::is_standard(&tzid));
        self == Self::NotStandard && component.name == "VTIMEZONE" && is_standard()
    }

    /// The VTIMEZONEs to put in: of names that nothing defines, as far as it is known what they mean.
    fn lacking(self, calendar: &Component) -> Vec<String> {
        let definitions = Definitions::of(calendar);
        let mut named: HashMap<&str, Instant> = HashMap::new();
        let mut order: Vec<&str> = Vec::new();
        let mut defined: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![calendar];
        while let Some(component) = open.pop() {
            for property in &component.properties {
                let Some(tzid) = property.parameter("TZID").filter(|tzid| !defined.contains(tzid)) else {
                    continue;
                };
                let since_when = earliest(property);
                if let Some(known) = named.get_mut(tzid) {
                    *known = since_when.min(*known);
                } else if definitions.find(tzid).is_some()
                    || (self == Self::NotStandard && standard::is_standard(tzid))
                    || order.len() == Limits::ZONES_MAX
                {
                    defined.insert(tzid);
                } else {
                    named.insert(tzid, since_when);
                    order.push(tzid);
                }
            }
            open.extend(component.components.iter().filter(|inner| inner.name != "VTIMEZONE"));
        }
        let of_name = |tzid: &&str| vtimezone(tzid, named.get(tzid).copied().unwrap_or(KNOWN.0));
        order.iter().filter_map(of_name).collect()
    }
}

/// The earliest time that a property speaks of.
fn earliest(property: &Property) -> Instant {
    let starts = property.value.split(',').filter_map(|value| value.split('/').next());
    let readings = starts.filter_map(DateOrTime::parse).map(|value| Instant::from_utc(value.local()));
    readings.min().unwrap_or(KNOWN.0)
}

/// The VTIMEZONE of what `tzid` means to this server, good for readings from `since` on.
fn vtimezone(tzid: &str, since: Instant) -> Option<String> {
    static REMEMBERED: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
    let written = |from: Instant| Some(Zone::named(tzid)?.called(tzid).to_vtimezone(from, KNOWN.1));
    // A day for the offset.
    if since < KNOWN.0.plus(86_400) {
        return written(since.plus(-86_400));
    }
    let remembered = || REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = remembered().get(tzid) {
        return Some(known.clone());
    }
    let written = written(KNOWN.0)?;
    let mut all = remembered();
    if all.len() >= REMEMBERED_MAX {
        all.clear();
    }
    all.insert(tzid.to_owned(), written.clone());
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
        TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

    fn event(zones: &str, tzids: &[&str]) -> String {
        let lines: Vec<String> =
            tzids.iter().map(|tzid| format!("X-AT;TZID=\"{tzid}\":20260105T090000\r\n")).collect();
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-ODD;A=b : c\r\n{zones}BEGIN:VEVENT\r\nUID:1\r\n{}END:VEVENT\r\n\
             END:VCALENDAR\r\n",
            lines.concat()
        )
    }

    fn given(how: Vtimezones, text: &str) -> String {
        String::from_utf8(how.text(text.as_bytes(), &Limits::default()).into_owned()).unwrap()
    }

    #[test]
    fn standard_zones_are_left_out_and_others_stay() {
        let own = BERLIN.replace("Europe/Berlin", "Customized");
        let text = event(&format!("{BERLIN}{own}"), &["Europe/Berlin", "Customized"]);
        assert_eq!(given(Vtimezones::AsStored, &text), text);
        assert_eq!(given(Vtimezones::Every, &text), text);
        let without = given(Vtimezones::NotStandard, &text);
        assert_eq!(without, event(&own, &["Europe/Berlin", "Customized"]));
        assert_eq!(given(Vtimezones::NotStandard, &without), without);
    }

    #[test]
    fn what_is_lacking_is_put_in() {
        let tzids = ["Europe/Berlin", "W. Europe Standard Time", "Moon/Sea"];
        let text = event("", &tzids);
        let every = given(Vtimezones::Every, &text);
        for tzid in &tzids[..2] {
            assert_eq!(every.matches(&format!("BEGIN:VTIMEZONE\r\nTZID:{tzid}\r\n")).count(), 1, "{every}");
        }
        assert_eq!(every.matches("BEGIN:VTIMEZONE").count(), 2);
        // What was there is there, octet for octet.
        let (before, rest) = every.split_once("BEGIN:VTIMEZONE").unwrap();
        let (_, after) = rest.rsplit_once("END:VTIMEZONE\r\n").unwrap();
        assert_eq!(format!("{before}{after}"), text);
        assert_eq!(given(Vtimezones::Every, &every), every);
        // A name that is not standard is told what it means in any case.
        let own = given(Vtimezones::NotStandard, &text);
        assert!(
            own.contains("TZID:W. Europe Standard Time\r\n") && !own.contains("TZID:Europe/Berlin"),
            "{own}"
        );
        let bare = event("", &["Europe/Berlin"]).replace("\r\n", "\n");
        let every = given(Vtimezones::Every, &bare);
        assert!(every.contains("BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n") && !every.contains('\r'), "{every}");
    }

    #[test]
    fn what_is_put_in_is_what_the_name_means() {
        for (tzid, at) in [("America/New_York", "20260705T090000"), ("Asia/Kolkata", "19430705T090000")] {
            let text = event("", &[tzid]).replace("20260105T090000", at);
            let every = given(Vtimezones::Every, &text);
            let read = |text: &str| {
                let parsed = text::parse(text.as_bytes(), &Limits::default()).unwrap();
                Zone::of_vtimezone(&parsed.calendars[0].components[0]).unwrap()
            };
            let local = DateOrTime::parse(at).unwrap().local();
            assert_eq!(
                read(&every).instant_of(local),
                Zone::named(tzid).unwrap().instant_of(local),
                "{every}"
            );
        }
    }

    #[test]
    fn trees_are_done_as_texts() {
        let zones = format!("{BERLIN}{}", BERLIN.replace("Europe/Berlin", "Mine"));
        for text in [event("", &["Europe/Berlin", "GMT+01:00"]), event(&zones, &["Europe/Berlin", "Mine"])] {
            for how in [Vtimezones::AsStored, Vtimezones::Every, Vtimezones::NotStandard] {
                let parsed = text::parse(text.as_bytes(), &Limits::default()).unwrap();
                let mut tree = parsed.calendars.into_iter().next().unwrap();
                how.apply(&mut tree);
                let again = text::parse(given(how, &text).as_bytes(), &Limits::default()).unwrap();
                assert_eq!(text::serialise(&tree), text::serialise(&again.calendars[0]), "{how:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_stays() {
        for text in ["", "nothing", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "BEGIN:VEVENT"] {
            for how in [Vtimezones::Every, Vtimezones::NotStandard] {
                assert_eq!(given(how, text), text);
            }
        }
    }
}
