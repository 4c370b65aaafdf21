//! Where the rules of time zones come from on this machine: the system's database if there is one, else the bundled.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use calendar::time::Instant;
use dav::timezones::{LeapSeconds, ZoneData};

/// Where systems keep the database; the first that is there counts.
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
/// What is said of a database that does not say itself which it is.
const NAMELESS: &str = "system";
/// Octets that are read of a file.
const OCTETS_MAX: u64 = 64 * 1024;

/// What is known of the rules here.
pub fn zone_data() -> ZoneData {
    FOLDERS
        .iter()
        .map(Path::new)
        .find(|folder| folder.join("UTC").is_file())
        .map_or_else(ZoneData::default, of)
}

fn of(folder: &Path) -> ZoneData {
    let rules = folder.join("tzdata.zi");
    let first = opened(&rules).and_then(|mut file| {
        let mut line = String::new();
        file.read_line(&mut line).ok().map(|_| line)
    });
    let version = first.as_deref().and_then(ZoneData::version_of).unwrap_or(NAMELESS).to_owned();
    let modified = rules.metadata().or_else(|_| folder.metadata()).and_then(|facts| facts.modified()).ok();
    let seconds = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = seconds.and_then(|since| i64::try_from(since.as_secs()).ok()).map(Instant::from_unix);
    let bundled = LeapSeconds::default();
    let of_system = opened(&folder.join("leap-seconds.list")).and_then(|mut file| {
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        LeapSeconds::read(&text)
    });
    let leap_seconds = of_system.filter(|list| list.expires > bundled.expires).unwrap_or(bundled);
    ZoneData { version, modified, leap_seconds }
}

fn opened(path: &Path) -> Option<impl BufRead> {
    Some(BufReader::new(File::open(path).ok()?.take(OCTETS_MAX)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_database_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let nameless = of(folder.path());
        assert_eq!((nameless.version.as_str(), nameless.modified.is_some()), (NAMELESS, true));
        assert_eq!(nameless.leap_seconds, LeapSeconds::default());
        fs::write(folder.path().join("tzdata.zi"), "# version 2031c\nR d 1916").unwrap();
        fs::write(folder.path().join("leap-seconds.list"), "#$ 9000000000\n#@ 9000000001\n2272060800 10\n")
            .unwrap();
        let named = of(folder.path());
        assert_eq!(named.version, "2031c");
        assert_eq!(named.leap_seconds.offsets.len(), 1);
    }
}
