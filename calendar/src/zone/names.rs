//! What a TZID means where nothing defines it: IANA names behind prefixes, Windows names, names of UTC, plain offsets.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Zone;

/// CLDR's windowsZones, territory 001: Windows name, tab, IANA name.
static WINDOWS_ZONES: &str = include_str!("../data/windows-zones.tsv");

/// Octets of a TZID that is looked at; longer ones name nothing.
const TZID_OCTETS_MAX: usize = 255;

/// The zone that `tzid` names.
pub(super) fn zone(tzid: &str) -> Option<Zone> {
    if tzid.len() > TZID_OCTETS_MAX {
        return None;
    }
    let quotes_and_spaces = |character: char| character.is_whitespace() || matches!(character, '"' | '\'');
    let mut name = tzid.trim_matches(quotes_and_spaces);
    // Some writers repeat the parameter's name in its value.
    if name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("TZID=")) {
        name = name[5..].trim_matches(quotes_and_spaces);
    }
    let name = name.replace("\\,", ",");
    of_utc(&name)
        .or_else(|| of_offset(&name))
        .or_else(|| Zone::iana(&name))
        .or_else(|| of_windows(&name))
        .or_else(|| of_display_name(&name))
        .or_else(|| behind_prefix(&name))
}

fn of_utc(name: &str) -> Option<Zone> {
    const NAMES: [&str; 9] = [
        "UTC",
        "Z",
        "GMT",
        "Etc/UTC",
        "Coordinated Universal Time",
        "Universal Coordinated Time",
        "tzone://Microsoft/Utc",
        "(UTC) Coordinated Universal Time",
        "(GMT) Coordinated Universal Time",
    ];
    NAMES.iter().any(|utc| utc.eq_ignore_ascii_case(name)).then(|| Zone::utc().clone())
}

fn of_windows(name: &str) -> Option<Zone> {
    static ZONES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
        let rows = WINDOWS_ZONES.lines().filter(|line| !line.starts_with('#'));
        rows.filter_map(|line| line.split_once('\t'))
            .map(|(windows, iana)| (windows.to_ascii_lowercase(), iana))
            .collect()
    });
    ZONES.get(&name.to_ascii_lowercase()).and_then(|iana| Zone::iana(iana))
}

/// `GMT+01:00`, `UTC-5`, `UTC +0530`, `+02:00`: east of UTC is positive.
fn of_offset(name: &str) -> Option<Zone> {
    let upper = name.to_ascii_uppercase();
    let prefixed = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT"));
    let written = prefixed.unwrap_or(&upper).trim();
    let (sign, digits) = match written.as_bytes().first()? {
        b'+' => (1, &written[1..]),
        b'-' => (-1, &written[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once([':', '.']) {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None if digits.len() <= 2 => (digits, "0"),
        _ => return None,
    };
    let number = |text: &str| {
        text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = hours * 3600 + minutes * 60;
    match seconds {
        0 => Some(Zone::utc().clone()),
        _ if hours <= 15 && minutes < 60 => Zone::fixed(name, sign * seconds),
        _ => None,
    }
}

/// Names that Windows shows to people, `(UTC+01:00) Amsterdam, Berlin, Bern`: one of the cities has an IANA zone whose
/// standard offset is the one shown; or the region names one.
fn of_display_name(name: &str) -> Option<Zone> {
    const REGIONS: [(&str, &str); 8] = [
        ("eastern time", "America/New_York"),
        ("central time", "America/Chicago"),
        ("mountain time", "America/Denver"),
        ("pacific time", "America/Los_Angeles"),
        ("atlantic time", "America/Halifax"),
        ("alaska", "America/Anchorage"),
        ("hawaii", "Pacific/Honolulu"),
        ("newfoundland", "America/St_Johns"),
    ];
    const CONTINENTS: [&str; 8] =
        ["Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian"];
    let (offset, places) = match name.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((offset, places)) => {
            (Some(of_utc(offset).or_else(|| of_offset(offset))?.offset_at(JANUARY)), places.trim())
        }
        None if name.contains(',') => (None, name),
        None => return None,
    };
    let fits = |zone: &Zone| {
        offset.is_none_or(|offset| offset == zone.offset_at(JANUARY) || offset == zone.offset_at(JULY))
    };
    let lower = places.to_ascii_lowercase();
    let region =
        REGIONS.iter().find(|(region, _)| lower.starts_with(region)).and_then(|(_, iana)| Zone::iana(iana));
    region.filter(fits).or_else(|| {
        places.split(',').take(12).map(|city| city.trim().replace(' ', "_")).find_map(|city| {
            CONTINENTS.iter().find_map(|continent| Zone::iana(&format!("{continent}/{city}")).filter(fits))
        })
    })
}

/// Instants in two seasons of 2026, to compare offsets at.
const JANUARY: crate::time::Instant = crate::time::Instant::from_unix(1_768_435_200);
const JULY: crate::time::Instant = crate::time::Instant::from_unix(1_784_073_600);

/// `/freeassociation.sourceforge.net/Europe/Berlin`, `US-Eastern`, `America/New York`.
fn behind_prefix(name: &str) -> Option<Zone> {
    let segments: Vec<&str> = name.split('/').filter(|segment| !segment.is_empty()).collect();
    let longest_first = (0..segments.len()).rev().take(3).rev();
    for from in longest_first {
        let rest = segments[from..].join("/");
        if rest == name {
            continue;
        }
        if let Some(zone) = of_utc(&rest).or_else(|| Zone::iana(&rest)).or_else(|| of_windows(&rest)) {
            return Some(zone);
        }
    }
    let underscored = name.replace(' ', "_");
    let respelled = if underscored.contains('/') { underscored } else { underscored.replacen('-', "/", 1) };
    (respelled != name && respelled.contains('/'))
        .then(|| Zone::iana(respelled.trim_start_matches('/')))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_sort() {
        for (tzid, iana) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            (" \"Europe/Berlin\" ", "Europe/Berlin"),
            ("TZID=Europe/Berlin", "Europe/Berlin"),
            ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
            ("/mozilla.org/20050126_1/America/Boise", "America/Boise"),
            (
                "/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires",
                "America/Argentina/Buenos_Aires",
            ),
            ("/America/New_York", "America/New_York"),
            ("posix/Europe/Vaduz", "Europe/Vaduz"),
            ("US-Eastern", "US/Eastern"),
            ("America/New York", "America/New_York"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("eastern standard time", "America/New_York"),
            ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam"),
            ("(GMT-05:00) Eastern Time (US & Canada)", "America/New_York"),
            ("Pacific Time (US & Canada)\\, Tijuana", "America/Los_Angeles"),
            ("Kuala Lumpur, Singapore", "Asia/Kuala_Lumpur"),
            ("tzone://Microsoft/Utc", "UTC"),
            ("Z", "UTC"),
        ] {
            assert_eq!(zone(tzid).as_ref().map(Zone::name), Some(iana), "{tzid}");
        }
    }

    #[test]
    fn offsets() {
        for (tzid, seconds) in
            [("GMT+01:00", 3600), ("UTC-5", -18_000), ("UTC +0530", 19_800), ("+02:00", 7200), ("GMT+0", 0)]
        {
            assert_eq!(zone(tzid).map(|zone| zone.offset_at(JULY)), Some(seconds), "{tzid}");
        }
    }

    #[test]
    fn every_windows_name_is_known() {
        let rows: Vec<&str> = WINDOWS_ZONES.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(rows.len() > 130);
        for row in rows {
            let (windows, _) = row.split_once('\t').unwrap();
            assert!(zone(windows).is_some(), "{row}");
        }
    }

    #[test]
    fn unknown_names() {
        for tzid in [
            "",
            "/",
            "Customized Time Zone",
            "Europe/Germany",
            "LOLOLOL",
            "localtime",
            "../../etc/passwd",
            "-",
        ] {
            assert_eq!(zone(tzid), None, "{tzid}");
        }
    }
}
