//! Zones remembered: reading a VTIMEZONE and writing out a zone's rules take a thousand times longer than the questions
//! that need them.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use calendar::limits::Limits;
use calendar::object::{CalendarObject, ZoneCache};
use calendar::text::{self, TextError};
use calendar::time::Instant;
use calendar::zone::Zone;
use sha2::{Digest, Sha256};

/// What is remembered at most of each kind.
const REMEMBERED_MAX: usize = 64;

/// 1900-01-01 to 2200-01-01: what ends is indexed wherever it lies, and must be built anew where rules change there.
const YEARS: (Instant, Instant) = (Instant::from_unix(-2_208_988_800), Instant::from_unix(7_258_118_400));

/// What was found for some keys; the oldest is forgotten first.
pub(crate) struct Remembered<K, V>(Mutex<Vec<(K, V)>>);

impl<K: PartialEq, V: Clone> Remembered<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// What is remembered for the key that `is_it`, else what `make` makes.
    pub(crate) fn or_else(&self, is_it: impl Fn(&K) -> bool, make: impl FnOnce() -> (K, V)) -> V {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all().iter().find(|(key, _)| is_it(key)).map(|(_, value)| value.clone());
        known.unwrap_or_else(|| {
            let (key, value) = make();
            let mut all = all();
            if all.len() >= REMEMBERED_MAX {
                all.remove(0);
            }
            all.push((key, value.clone()));
            value
        })
    }
}

thread_local! {
    /// What the VTIMEZONEs of objects mean, to each thread that reads them.
    static OF_OBJECTS: RefCell<ZoneCache> = RefCell::default();
}

/// Reads an object that is kept or about to be.
///
/// # Errors
/// See [`CalendarObject::read`].
pub(crate) fn read_object(octets: Arc<[u8]>, limits: &Limits) -> Result<CalendarObject, TextError> {
    OF_OBJECTS.with_borrow_mut(|known| CalendarObject::read_with(octets, limits, known))
}

/// The zone that the first VTIMEZONE of some iCalendar text defines (RFC 4791 §5.2.2).
pub(crate) fn defined_by(timezone: &str, limits: &Limits) -> Option<Zone> {
    static ZONES: Remembered<String, Option<Zone>> = Remembered::new();
    let read = || {
        let parsed = text::parse(timezone.as_bytes(), limits).ok()?;
        let calendar = parsed.calendars.first()?;
        calendar.components_named("VTIMEZONE").next().and_then(Zone::of_vtimezone)
    };
    ZONES.or_else(|known| known == timezone, || (timezone.to_owned(), read()))
}

/// A digest of the name and the rules of a zone: two definitions may share a name.
pub(crate) fn rules_of(zone: &Zone) -> [u8; 32] {
    static RULES: Remembered<Zone, [u8; 32]> = Remembered::new();
    let digest = || {
        let mut hash = Sha256::new();
        hash.update(zone.name());
        hash.update([0]);
        hash.update(zone.to_vtimezone(YEARS.0, YEARS.1));
        hash.finalize().into()
    };
    RULES.or_else(|known| known == zone, || (zone.clone(), digest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_was_found_and_bounded() {
        let squares: Remembered<usize, usize> = Remembered::new();
        for number in (0..1000).chain(990..1000) {
            assert_eq!(
                squares.or_else(|known| *known == number, || (number, number * number)),
                number * number
            );
        }
        assert_eq!(squares.0.lock().unwrap().len(), REMEMBERED_MAX);
        assert_eq!(squares.or_else(|known| *known == 995, || (995, 0)), 995 * 995);
    }

    #[test]
    fn zones_of_one_name_differ_by_their_rules() {
        let text = |offset: &str| {
            format!(
                "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
                 TZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"
            )
        };
        let zone = |offset| defined_by(&text(offset), &Limits::default()).unwrap();
        assert_eq!(rules_of(&zone("+0100")), rules_of(&zone("+0100")));
        assert_ne!(rules_of(&zone("+0100")), rules_of(&zone("+0200")));
        assert!(defined_by("nothing", &Limits::default()).is_none());
    }
}
