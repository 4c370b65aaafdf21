//! The DNS records by which a calendar app finds the server from a mail address (RFC 6764 §3, §4). Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use crate::config::settings::Settings;

/// Seconds that others keep a record.
const TTL: u32 = 3600;

/// What belongs into one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Zone {
    /// Whose zone.
    pub(super) domain: String,
    /// What they are for.
    pub(super) why: String,
    /// The records as zone files have them; none where there can be none.
    pub(super) records: Vec<String>,
}

/// The records for every domain in which an owner has an address.
pub(super) fn of(settings: &Settings) -> Vec<Zone> {
    let Some(public) = super::public(settings) else { return Vec::new() };
    let addresses = settings.hosts.iter().flat_map(|host| &host.owner.addresses);
    let domains: BTreeSet<String> = addresses
        .filter_map(|address| Some(address.mail()?.rsplit_once('@')?.1.to_ascii_lowercase()))
        .collect();
    domains.into_iter().map(|domain| zone(domain, &public)).collect()
}

fn zone(domain: String, (host, port, secure): &(String, u16, bool)) -> Zone {
    // A record leads to a name: an address or this machine alone has none that others could ask for.
    let is_named = host.parse::<IpAddr>().is_err() && host.contains('.');
    if !is_named {
        let why = format!(
            "No DNS records for accounts set up from an address @{domain}: {host} is no name that others can ask for."
        );
        return Zone { domain, why, records: Vec::new() };
    }
    let (offered, other) = if *secure { ("_caldavs", "_caldav") } else { ("_caldav", "_caldavs") };
    let host = host.to_ascii_lowercase();
    let records = vec![
        format!("{offered}._tcp.{domain}.  {TTL} IN SRV 0 1 {port} {host}."),
        format!("{offered}._tcp.{domain}.  {TTL} IN TXT \"path=/dav/\""),
        // What is not offered is said to be so (RFC 2782).
        format!("{other}._tcp.{domain}.  {TTL} IN SRV 0 0 0 ."),
    ];
    let why = format!(
        "DNS records of {domain}, so that apps find the server from an address @{domain} (RFC 6764):"
    );
    Zone { domain, why, records }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lead_to_a_name_by_the_way_that_is_offered() {
        let told = zone("example.org".to_owned(), &("Cal.Example.org".to_owned(), 443, true));
        assert_eq!(
            told.records,
            [
                "_caldavs._tcp.example.org.  3600 IN SRV 0 1 443 cal.example.org.",
                "_caldavs._tcp.example.org.  3600 IN TXT \"path=/dav/\"",
                "_caldav._tcp.example.org.  3600 IN SRV 0 0 0 .",
            ]
        );
        let plain = zone("example.org".to_owned(), &("cal.example.org".to_owned(), 8080, false));
        assert!(plain.records[0].starts_with("_caldav._tcp.example.org.  3600 IN SRV 0 1 8080 "));
        for host in ["192.0.2.7", "2001:db8::1", "localhost"] {
            let none = zone("example.org".to_owned(), &(host.to_owned(), 443, true));
            assert!(none.records.is_empty() && none.why.contains(host), "{none:?}");
        }
    }
}
