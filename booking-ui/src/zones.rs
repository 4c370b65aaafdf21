//! Time zones as visitors choose them: the common ones, grouped by region, with the offset valid on a date.

use std::sync::LazyLock;

use calendar::time::Instant;
use calendar::zone::Zone;

use crate::english;

/// The zones offered without being asked for; any other IANA name works through `?tz=`.
#[rustfmt::skip]
const COMMON: &[(&str, &[&str])] = &[
    ("Africa", &[
        "Abidjan", "Accra", "Addis_Ababa", "Algiers", "Cairo", "Casablanca", "Dakar", "Johannesburg", "Khartoum",
        "Kinshasa", "Lagos", "Luanda", "Maputo", "Nairobi", "Tripoli", "Tunis",
    ]),
    ("America", &[
        "Anchorage", "Argentina/Buenos_Aires", "Asuncion", "Bogota", "Caracas", "Chicago", "Costa_Rica", "Denver",
        "Edmonton", "Guatemala", "Guayaquil", "Halifax", "Havana", "Jamaica", "La_Paz", "Lima", "Los_Angeles",
        "Mexico_City", "Montevideo", "New_York", "Nuuk", "Panama", "Phoenix", "Puerto_Rico", "Regina", "Santiago",
        "Santo_Domingo", "Sao_Paulo", "St_Johns", "Tijuana", "Toronto", "Vancouver", "Winnipeg",
    ]),
    ("Asia", &[
        "Almaty", "Amman", "Baghdad", "Baku", "Bangkok", "Beirut", "Colombo", "Dhaka", "Dubai", "Ho_Chi_Minh",
        "Hong_Kong", "Jakarta", "Jerusalem", "Kabul", "Karachi", "Kathmandu", "Kolkata", "Kuala_Lumpur", "Manila",
        "Novosibirsk", "Qatar", "Riyadh", "Seoul", "Shanghai", "Singapore", "Taipei", "Tashkent", "Tbilisi", "Tehran",
        "Tokyo", "Ulaanbaatar", "Vladivostok", "Yangon", "Yekaterinburg", "Yerevan",
    ]),
    ("Atlantic", &["Azores", "Canary", "Cape_Verde", "Reykjavik"]),
    ("Australia", &["Adelaide", "Brisbane", "Darwin", "Hobart", "Lord_Howe", "Melbourne", "Perth", "Sydney"]),
    ("Europe", &[
        "Amsterdam", "Athens", "Belgrade", "Berlin", "Brussels", "Bucharest", "Budapest", "Copenhagen", "Dublin",
        "Helsinki", "Istanbul", "Kyiv", "Lisbon", "London", "Madrid", "Moscow", "Oslo", "Paris", "Prague", "Riga",
        "Rome", "Sofia", "Stockholm", "Tallinn", "Vienna", "Vilnius", "Warsaw", "Zurich",
    ]),
    ("Indian", &["Maldives", "Mauritius"]),
    ("Pacific", &["Auckland", "Chatham", "Fiji", "Guam", "Honolulu", "Kiritimati", "Port_Moresby", "Tongatapu"]),
];

/// Old names that browsers still give, and the names of today.
const RENAMED: &[(&str, &str)] = &[
    ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ("America/Godthab", "America/Nuuk"),
    ("Asia/Calcutta", "Asia/Kolkata"),
    ("Asia/Dacca", "Asia/Dhaka"),
    ("Asia/Katmandu", "Asia/Kathmandu"),
    ("Asia/Rangoon", "Asia/Yangon"),
    ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
    ("Asia/Ulan_Bator", "Asia/Ulaanbaatar"),
    ("Atlantic/Faeroe", "Atlantic/Faroe"),
    ("Etc/GMT", "UTC"),
    ("Etc/UCT", "UTC"),
    ("Etc/UTC", "UTC"),
    ("Etc/Universal", "UTC"),
    ("Etc/Zulu", "UTC"),
    ("Europe/Kiev", "Europe/Kyiv"),
    ("GMT", "UTC"),
    ("Pacific/Enderbury", "Pacific/Kanton"),
    ("Pacific/Ponape", "Pacific/Pohnpei"),
    ("Pacific/Truk", "Pacific/Chuuk"),
];

/// The common zones with their rules, by region.
static OFFERED: LazyLock<Vec<(&str, Vec<Zone>)>> = LazyLock::new(|| {
    let zones = |region: &str, cities: &[&str]| {
        cities.iter().filter_map(|city| Zone::iana(&format!("{region}/{city}"))).collect()
    };
    COMMON.iter().map(|(region, cities)| (*region, zones(region, cities))).collect()
});

/// The zone that `name` means, under its name of today.
pub(crate) fn zone(name: &str) -> Option<Zone> {
    let renamed = RENAMED.iter().find(|(old, _)| old.eq_ignore_ascii_case(name));
    let name = renamed.map_or(name, |(_, new)| *new);
    // A name typed by hand in another case gets its usual spelling where it is one of ours.
    let offered = OFFERED.iter().flat_map(|(_, zones)| zones);
    offered
        .into_iter()
        .find(|zone| zone.name().eq_ignore_ascii_case(name))
        .cloned()
        .or_else(|| Zone::iana(name))
}

/// The name as people read it: `America/New York`.
pub(crate) fn display(zone: &Zone) -> String {
    zone.name().replace('_', " ")
}

/// One line of the list of zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZoneOption {
    /// IANA name.
    pub(crate) name: String,
    /// `Kathmandu (UTC+5:45)`.
    pub(crate) label: String,
    /// Whether it is the one in use.
    pub(crate) current: bool,
}

/// A region and its zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// `Asia`.
    pub(crate) name: &'static str,
    /// Its zones.
    pub(crate) zones: Vec<ZoneOption>,
}

/// All zones to choose from, `current` among them, with the offsets valid at `at`.
pub(crate) fn regions(current: &Zone, at: Instant) -> Vec<Region> {
    let mut regions: Vec<Region> = OFFERED
        .iter()
        .map(|(name, zones)| Region {
            name,
            zones: zones.iter().map(|zone| option(zone, current, at)).collect(),
        })
        .collect();
    regions.push(Region { name: "Other", zones: vec![option(Zone::utc(), current, at)] });
    if !regions.iter().flat_map(|region| &region.zones).any(|zone| zone.current) {
        let mut own = option(current, current, at);
        own.label = format!("{} ({})", display(current), english::offset(current.offset_at(at)));
        regions.insert(0, Region { name: "Chosen", zones: vec![own] });
    }
    regions
}

fn option(zone: &Zone, current: &Zone, at: Instant) -> ZoneOption {
    let city = zone.name().rsplit('/').next().unwrap_or_default().replace('_', " ");
    ZoneOption {
        name: zone.name().to_owned(),
        label: format!("{city} ({})", english::offset(zone.offset_at(at))),
        current: zone.name() == current.name(),
    }
}

#[cfg(test)]
mod tests {
    use calendar::civil::date;

    use super::*;

    fn november() -> Instant {
        Instant::from_utc(date(2026, 11, 24).at(9, 0, 0, 0))
    }

    #[test]
    fn every_common_zone_is_known() {
        let listed: usize = COMMON.iter().map(|(_, cities)| cities.len()).sum();
        let known: usize = OFFERED.iter().map(|(_, zones)| zones.len()).sum();
        assert_eq!(listed, known);
        assert!((110..=150).contains(&listed), "{listed}");
    }

    #[test]
    fn old_names_become_those_of_today() {
        assert_eq!(zone("Asia/Calcutta").unwrap().name(), "Asia/Kolkata");
        assert_eq!(zone("Etc/UTC").unwrap().name(), "UTC");
        assert_eq!(zone("europe/paris").unwrap().name(), "Europe/Paris");
        assert!(zone("Mars/Phobos").is_none());
        assert!(zone("../../etc/passwd").is_none());
        for (_, new) in RENAMED {
            assert!(zone(new).is_some(), "{new}");
        }
    }

    #[test]
    fn offsets_are_those_of_the_date() {
        let summer = Instant::from_utc(date(2026, 7, 1).at(9, 0, 0, 0));
        let paris = zone("Europe/Paris").unwrap();
        let label = |at| {
            let regions = regions(&paris, at);
            regions.iter().flat_map(|region| region.zones.clone()).find(|zone| zone.current).unwrap().label
        };
        assert_eq!(label(november()), "Paris (UTC+1)");
        assert_eq!(label(summer), "Paris (UTC+2)");
    }

    #[test]
    fn an_uncommon_zone_is_among_them_too() {
        let eucla = zone("Australia/Eucla").unwrap();
        let regions = regions(&eucla, november());
        assert_eq!(regions[0].zones[0].label, "Australia/Eucla (UTC+8:45)");
        let current = regions.iter().flat_map(|region| &region.zones).filter(|zone| zone.current).count();
        assert_eq!(current, 1);
    }
}
