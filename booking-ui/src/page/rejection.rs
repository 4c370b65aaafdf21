//! Why a time could not be had, and the nearest that can: shown above the form, each one press away.

use booking::desk::NotBooked;
use booking::slot::Slot;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use calendar::zone::Zone;
use http::StatusCode;

use crate::english::{self, Clock};
use crate::page::problem::{rejection_status, sentence};

/// Another time to take instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alternative {
    /// `09:30`, or `Wed 25 Nov, 09:00` where it is on another day.
    pub(crate) text: String,
    /// The instant.
    pub(crate) value: String,
}

/// Why a form comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// The reason's name, for machines.
    pub(crate) name: String,
    /// In words.
    pub(crate) reason: String,
    /// What to take instead.
    pub(crate) alternatives: Vec<Alternative>,
    /// Fields with what to do about each.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// Who reads it.
pub(crate) struct Reader<'a> {
    /// Their zone.
    pub(crate) zone: &'a Zone,
    /// How they write hours.
    pub(crate) clock: Clock,
    /// The time they asked for.
    pub(crate) asked: Instant,
}

/// What a form shows of the desk's no, with its status; none where no form can help.
pub(crate) fn of(not_booked: &NotBooked, reader: &Reader<'_>) -> Option<(StatusCode, Rejected)> {
    match not_booked {
        NotBooked::Rejected { why, alternatives } => {
            let status = rejection_status(why.name);
            (status != StatusCode::GONE)
                .then(|| (status, rejected(why.name, &why.reason, alternatives, reader)))
        }
        NotBooked::Refused(Refusal::NotBookable { name, reason }) => {
            Some((rejection_status(name), rejected(name, reason, &[], reader)))
        }
        NotBooked::Refused(Refusal::NotFound) | NotBooked::NotFound => None,
        NotBooked::Refused(_) => {
            let reason =
                "This could not be saved just now. Nothing was booked. Please try again in a moment.";
            let rejected = Rejected { reason: reason.to_owned(), ..Rejected::default() };
            Some((StatusCode::SERVICE_UNAVAILABLE, rejected))
        }
        NotBooked::Invalid(fields) => {
            let fields = fields.iter().map(|(field, text)| (*field, sentence(text))).collect();
            let rejected = Rejected { name: "invalid".to_owned(), fields, ..Rejected::default() };
            Some((StatusCode::UNPROCESSABLE_ENTITY, rejected))
        }
    }
}

/// A rule's no in words: a time that was taken is named.
fn rejected(name: &str, reason: &str, alternatives: &[Slot], reader: &Reader<'_>) -> Rejected {
    let asked = reader.zone.local_of(reader.asked);
    let reason = match name {
        "slot_taken" => format!("{} has just been taken.", english::clock_time(asked, reader.clock)),
        _ => sentence(reason),
    };
    let alternatives = alternatives
        .iter()
        .map(|slot| {
            let start = reader.zone.local_of(slot.span.start);
            let time = english::clock_time(start, reader.clock);
            let same_day = start.date() == asked.date();
            let text = if same_day { time } else { format!("{}, {time}", english::short_date(start.date())) };
            Alternative { text, value: slot.span.start.to_ical() }
        })
        .collect();
    Rejected { name: name.to_owned(), reason, alternatives, fields: Vec::new() }
}

impl Rejected {
    /// What is wrong with `field`.
    pub(crate) fn field(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
    }

    /// Whether the time itself cannot be had.
    pub(crate) fn is_about_time(&self) -> bool {
        self.fields.is_empty() && !self.name.is_empty() && self.name != "not_fresh"
    }
}

#[cfg(test)]
mod tests {
    use booking::rule::Rejection;
    use calendar::time::Span;

    use super::*;

    fn slot(start: &str) -> Slot {
        let start = Instant::from_utc(start.parse().unwrap());
        Slot { span: Span::new(start, start.plus(1800)) }
    }

    #[test]
    fn alternatives_name_their_day_only_where_it_is_another() {
        let kathmandu = Zone::iana("Asia/Kathmandu").unwrap();
        let asked = slot("2026-11-24T17:45:00").span.start;
        let reader = Reader { zone: &kathmandu, clock: Clock::Hours24, asked };
        let no = NotBooked::Rejected {
            why: Rejection { name: "slot_taken", reason: "taken".to_owned() },
            alternatives: vec![slot("2026-11-24T17:15:00"), slot("2026-11-24T18:15:00")],
        };
        let (status, rejected) = of(&no, &reader).unwrap();
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(rejected.reason, "23:30 has just been taken.");
        let texts: Vec<_> = rejected.alternatives.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, ["23:00", "Wed 25 Nov, 00:00"]);
        assert_eq!(rejected.alternatives[0].value, "20261124T171500Z");
    }

    #[test]
    fn a_wrong_field_is_422_and_a_failing_store_503() {
        let reader = Reader { zone: Zone::utc(), clock: Clock::Hours24, asked: Instant::from_unix(0) };
        let invalid = NotBooked::Invalid(vec![("email", "write an address like ada@example.org".to_owned())]);
        let (status, rejected) = of(&invalid, &reader).unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(rejected.field("email"), Some("Write an address like ada@example.org."));
        assert_eq!(rejected.field("name"), None);
        let (status, _) = of(&NotBooked::Refused(Refusal::Contended), &reader).unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(of(&NotBooked::NotFound, &reader).is_none());
    }
}
