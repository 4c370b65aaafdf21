//! What is asked of the service: the actions, and their addresses and parameters (RFC 7808 §5).

use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Extent;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::CONTEXT;
use super::pattern::Pattern;
use super::problem::Problem;

/// An action, as it is declared.
pub struct Declared {
    /// Its name.
    pub name: &'static str,
    /// Its address behind the context path (RFC 6570).
    pub template: &'static str,
    /// Its parameters, and whether they must be there.
    pub parameters: &'static [(&'static str, bool)],
    /// Where it is defined.
    pub standard: &'static str,
}

/// The rows.
pub const ACTIONS: &[Declared] = &[
    Declared { name: "capabilities", template: "/capabilities", parameters: &[], standard: "RFC 7808 §5.1" },
    Declared {
        name: "list",
        template: "/zones{?changedsince}",
        parameters: &[("changedsince", false)],
        standard: "RFC 7808 §5.2",
    },
    Declared {
        name: "get",
        template: "/zones{/tzid}{?start,end}",
        parameters: &[("start", false), ("end", false)],
        standard: "RFC 7808 §5.3",
    },
    Declared {
        name: "expand",
        template: "/zones{/tzid}/observances{?start,end}",
        parameters: &[("start", true), ("end", true)],
        standard: "RFC 7808 §5.4",
    },
    Declared {
        name: "find",
        template: "/zones{?pattern}",
        parameters: &[("pattern", true)],
        standard: "RFC 7808 §5.5",
    },
    Declared { name: "leapseconds", template: "/leapseconds", parameters: &[], standard: "RFC 7808 §5.6" },
];

impl Declared {
    /// The action as clients are told of it.
    pub(super) fn told(&self) -> serde_json::Value {
        let parameter =
            |(name, required): &(&str, bool)| json!({ "name": name, "required": required, "multi": false });
        json!({
            "name": self.name,
            "uri-template": format!("{CONTEXT}{}", self.template),
            "parameters": self.parameters.iter().map(parameter).collect::<Vec<_>>(),
        })
    }
}

/// What is asked.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    Capabilities,
    List { since: Option<String> },
    Find(Pattern),
    Get { tzid: String, extent: Extent },
    Expand { tzid: String, span: Span },
    LeapSeconds,
}

impl Action {
    /// What an address below the context path asks for. The context path itself tells what there is; a slash in the
    /// name of a zone may come encoded or not.
    pub(super) fn read(path: &str, query: &str) -> Result<Self, Problem> {
        let path = path.strip_prefix(CONTEXT).unwrap_or(path).trim_matches('/');
        let parameters = Parameters::read(query);
        match path {
            "" | "capabilities" => return Ok(Self::Capabilities),
            "leapseconds" => return Ok(Self::LeapSeconds),
            "zones" => return parameters.list_or_find(),
            _ => {}
        }
        let named = path.strip_prefix("zones/").ok_or_else(Problem::action)?;
        let (named, expands) = match named.strip_suffix("/observances") {
            Some(named) => (named, true),
            None => (named, false),
        };
        let tzid = percent_decode_str(named).decode_utf8().map_err(|_| Problem::no_zone())?.into_owned();
        let (start, end) = parameters.range()?;
        if !expands {
            return Ok(Self::Get { tzid, extent: Extent { start, end } });
        }
        let (start, end) = (start.ok_or_else(Problem::start)?, end.ok_or_else(Problem::end)?);
        Ok(Self::Expand { tzid, span: Span::new(start, end) })
    }
}

/// The parameters of a query, decoded; others than those of the actions are passed over.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(query: &str) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
        )
    }

    /// The one value of a parameter, if it is there.
    fn only(&self, name: &str, twice: Problem) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(twice),
            (value, None) => Ok(value),
        }
    }

    fn list_or_find(&self) -> Result<Action, Problem> {
        let pattern = self.only("pattern", Problem::pattern())?;
        let since = self.only("changedsince", Problem::changed_since())?;
        match (pattern, since) {
            (Some(_), Some(_)) => Err(Problem::changed_since()),
            (Some(pattern), None) => Ok(Action::Find(Pattern::read(pattern).ok_or_else(Problem::pattern)?)),
            (None, since) => Ok(Action::List { since: since.map(str::to_owned) }),
        }
    }

    /// `start` and `end`; an end lies after the start.
    fn range(&self) -> Result<(Option<Instant>, Option<Instant>), Problem> {
        let start = self.only("start", Problem::start())?;
        let start = start.map(|text| instant(text).ok_or_else(Problem::start)).transpose()?;
        let end = self.only("end", Problem::end())?;
        let end = end.map(|text| instant(text).ok_or_else(Problem::end)).transpose()?;
        match (start, end) {
            (Some(start), Some(end)) if end <= start => Err(Problem::end()),
            range => Ok(range),
        }
    }
}

/// `2026-01-01T00:00:00Z` (RFC 3339 §5.6), in UTC.
fn instant(text: &str) -> Option<Instant> {
    let text = text.to_ascii_uppercase();
    let has_form = text.len() == 20
        && text.bytes().enumerate().all(|(at, octet)| match at {
            4 | 7 => octet == b'-',
            10 => octet == b'T',
            13 | 16 => octet == b':',
            19 => octet == b'Z',
            _ => octet.is_ascii_digit(),
        });
    let digits: String = text.chars().filter(|each| !matches!(each, '-' | ':')).collect();
    match DateOrTime::parse(&digits).filter(|_| has_form)? {
        DateOrTime::Utc(instant) => Some(instant),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Result<Action, &'static str> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        Action::read(&format!("{CONTEXT}{path}"), query).map_err(|problem| problem.name)
    }

    #[test]
    fn addresses_and_what_they_ask() {
        let york = || "America/New_York".to_owned();
        for path in ["/zones/America%2FNew_York", "/zones/America/New_York", "/zones/America%2fNew%5FYork/"] {
            assert_eq!(read(path), Ok(Action::Get { tzid: york(), extent: Extent::default() }), "{path}");
        }
        let year = "start=2008-01-01T00:00:00Z&end=2009-01-01t00:00:00z";
        let span = Span::new(Instant::from_unix(1_199_145_600), Instant::from_unix(1_230_768_000));
        for query in [year.to_owned(), year.replace(':', "%3A"), format!("x=y&{year}&&z")] {
            let path = format!("/zones/America%2FNew_York/observances?{query}");
            assert_eq!(read(&path), Ok(Action::Expand { tzid: york(), span }), "{path}");
        }
        assert_eq!(read(""), Ok(Action::Capabilities));
        assert_eq!(read("/zones/?changedsince=a%20b"), Ok(Action::List { since: Some("a b".to_owned()) }));
        assert_eq!(read("/leapseconds"), Ok(Action::LeapSeconds));
        assert!(matches!(read("/zones?pattern=*york"), Ok(Action::Find(_))));
    }

    #[test]
    fn what_is_wrong_has_a_name() {
        for (address, name) in [
            ("/elsewhere", "invalid-action"),
            ("/zonesX", "invalid-action"),
            ("/zones?changedsince=1&changedsince=2", "invalid-changedsince"),
            ("/zones?changedsince=1&pattern=x", "invalid-changedsince"),
            ("/zones?pattern=a&pattern=b", "invalid-pattern"),
            ("/zones?pattern=a*b", "invalid-pattern"),
            ("/zones?pattern=", "invalid-pattern"),
            ("/zones/%ff", "tzid-not-found"),
            ("/zones/UTC?start=2008-01-01", "invalid-start"),
            ("/zones/UTC?start=2008-01-01T00:00:00", "invalid-start"),
            ("/zones/UTC?start=2008-13-01T00:00:00Z", "invalid-start"),
            ("/zones/UTC?start=2008-01-01T00:00:00Z&start=2008-01-01T00:00:00Z", "invalid-start"),
            ("/zones/UTC?end=x", "invalid-end"),
            ("/zones/UTC?start=2008-01-01T00:00:00Z&end=2008-01-01T00:00:00Z", "invalid-end"),
            ("/zones/UTC/observances?end=2008-01-01T00:00:00Z", "invalid-start"),
            ("/zones/UTC/observances?start=2008-01-01T00:00:00Z", "invalid-end"),
            ("/zones/UTC/observances?start=%00%ff", "invalid-start"),
        ] {
            assert_eq!(read(address), Err(name), "{address}");
        }
    }
}
